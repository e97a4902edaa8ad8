"""Names that a new package must not have, since something else has them already.

What is looked at does not depend on what is installed where the package is made: neither the local users, of whom the
package may have made one itself, nor the files of other packages, which the package's own folders cannot meet.
"""

from __future__ import annotations

from collections.abc import Iterable

from svcctl.errors import CommandError, Problem
from svcctl.generate.debian.naming import is_package_name
from svcctl.host import commands

_APT = "apt-cache"
_UNKNOWN = 100  # its status where it knows no such package

#: Users and groups of Debian's essential parts and of daemons that many systems have.
#: Source: passwd.master and group.master of base-passwd; sysusers.d(5) files of systemd; the maintainer scripts and
#: sysusers.d files of the daemons' packages.
_OF_BASE = """
    _apt adm audio backup bin cdrom daemon dialout dip disk fax floppy games gnats irc kmem list lp mail man news nobody
    nogroup operator plugdev proxy root sasl shadow src staff sudo sync sys tape tty users utmp uucp video voice www-data
"""
_OF_SYSTEMD = """
    clock empower input kvm render sgx systemd-bus-proxy systemd-coredump systemd-journal systemd-journal-gateway
    systemd-journal-remote systemd-journal-upload systemd-network systemd-oom systemd-resolve systemd-timesync wheel
"""
_OF_DAEMONS = """
    Debian-exim Debian-gdm Debian-snmp _chrony _flatpak _lldpd _rpc _rspamd _ssh amavis arpwatch asterisk avahi bind
    bitlbee ceph clamav colord couchdb crontab cups-pk-helper debian-spamd debian-tor dhcpd dnsmasq docker dovecot
    dovenull epmd fetchmail freerad ftp geoclue git gitlab-runner gluster grafana haproxy hplip icecast2 influxdb jenkins
    knot kubernetes libvirt libvirt-qemu lightdm lxd lpadmin memcache messagebus minidlna mlocate mongodb mosquitto munin
    mysql nagios named netdev nginx nm-openvpn ntp ntpsec nut opendkim opendmarc openldap pcscd plocate policyd-spf polkitd
    postdrop postfix postgres prometheus prosody pulse puppet rabbitmq redis rtkit sambashare saned scanner sddm slurm
    smmsp smmta snmp speech-dispatcher sshd ssl-cert statd stunnel4 swift tcpdump tftp tomcat tss turnserver unbound usbmux
    uuidd varnish vcache vnstat whoopsie xrdp zabbix zookeeper
"""
_TAKEN = frozenset(f"{_OF_BASE} {_OF_SYSTEMD} {_OF_DAEMONS}".split())


def package_clashes(package: str, maintainer: str) -> tuple[Problem, ...]:
    """Return whether apt knows another package of that name.

    One with the same maintainer is an earlier version of this one. Where there is no apt, or it has no lists, nothing
    is known.

    Args:
        package: Name of the package.
        maintainer: ``Name <mail>``.

    Example:
        >>> package_clashes("no package's name", "Ann <ann@example.org>")
        ()
    """
    if not is_package_name(package) or not commands.available(_APT):
        return ()
    try:
        known = commands.run([_APT, "show", package], accept=(0, _UNKNOWN)).stdout
    except CommandError:
        return ()
    others = [line.partition(":")[2].strip() for line in known.split("\n") if line.startswith("Maintainer:")]
    other = next((each for each in others if each != maintainer), "")
    if not other:
        return ()
    message = f"there is another package {package}, of {other}: apt would take one for the other; choose another name"
    return (Problem("package", message),)


def account_clashes(users: Iterable[str]) -> tuple[Problem, ...]:
    """Return which users of a package have the names of others'.

    A service would run as the other one: systemd and systemd-sysusers take a user that is there already.

    Args:
        users: The names that were chosen for it; not one that the application asks for itself, which it may share.
            Source: systemd.exec(5), ``DynamicUser=``; sysusers.d(5).

    Example:
        >>> [problem.where for problem in account_clashes(["postgres", "echo"])]
        ['user postgres']
    """
    why = "Debian, systemd or a well-known daemon has an account of that name: choose another name for the service"
    return tuple(Problem(f"user {name}", why) for name in sorted(_TAKEN.intersection(users)))
