"""What few applications listen on, handed over by systemd: each kind is answered to a real peer."""

from __future__ import annotations

import socket
import ssl
import tempfile
from pathlib import Path

from tests.systemd.apps import SECOND, App, installed, put
from tests.systemd.machine import Machine, wait_until
from tests.unit.application.certificates import openssl

GROUPS = ("239.255.0.1", "239.255.0.2")
#: Somebody without rights who wants to have a UDP port, too.
TAKER = """import socket, sys
taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taker.bind(("0.0.0.0", int(sys.argv[1])))
"""
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def test_datagrams_over_a_path_a_proxys_connections_and_groups_are_handed_over(machine: Machine) -> None:
    """The service has no network of its own; it joins the groups on the sockets that it inherits."""
    app = installed(machine, "handover", "--now")
    _assert_all_answer(app)
    assert machine.run(["stat", "-c", "%a", f"/run/{app.name}-notes"]).stdout.strip() == "620"
    assert app.property("PrivateNetwork") == "yes"
    machine.systemctl("restart", app.name)
    _assert_all_answer(app)


def test_groups_are_left_at_the_stop_although_the_socket_stays(machine: Machine) -> None:
    """The kernel's list of groups has it only while somebody listens."""
    app = installed(machine, "handover", "--now")
    assert _joined(machine)
    machine.systemctl("stop", app.service)
    assert machine.property(f"{app.name}-udp-{app.port}.socket", "ActiveState") == "active"
    assert not _joined(machine)


def test_groups_stay_joined_and_paths_stay_bound_over_an_upgrade_and_a_crash(machine: Machine) -> None:
    """Two processes have one socket; neither joins it twice nor leaves for the other."""
    app = installed(machine, "handover", "--now")
    first = app.property("MainPID")
    upgraded = machine.run(["svcctl", "upgrade", app.name])
    assert "has taken over" in upgraded.stderr
    assert wait_until(lambda: machine.run(["test", "-d", f"/proc/{first}"], check=False).returncode != 0)
    _assert_all_answer(app)
    machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", app.name)
    machine.wait_for_property(app.service, "NRestarts", "1")
    machine.wait_for_property(app.service, "ActiveState", "active")
    _assert_all_answer(app)


def test_a_port_for_groups_is_shared_with_others_that_allow_it(machine: Machine) -> None:
    """Who has it already is in nobody's way, and both get what is sent to the group."""
    app = put(machine, "handover")
    with machine.socket(kind=socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("", app.port))
        joined = socket.inet_aton(GROUPS[0]) + socket.inet_aton("127.0.0.1")
        other.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        assert "in use" not in app.install("--now").stderr
        assert _over_group(app, GROUPS[0]) == f"{GROUPS[0]} hello"
        assert other.recv(100) == b"hello"


def test_nobody_takes_the_udp_port_of_a_service_once_it_has_started(machine: Machine) -> None:
    """Before that anybody can: systemd opens such a port so that others may have it, too."""
    app = installed(machine, "kinds")
    take = [*NOBODY, "python3", "-c", TAKER, str(app.port)]
    machine.systemctl("start", f"{app.name}-udp-{app.port}-127.0.0.1.socket")
    machine.run(take)
    machine.systemctl("start", app.name)
    refused = machine.run(take, check=False)
    assert refused.returncode == 1
    assert "Address already in use" in refused.stderr
    machine.systemctl("stop", app.service)
    assert machine.run(take, check=False).returncode == 1


def test_certificates_of_a_folder_and_of_a_credential_are_served_and_renewed(machine: Machine) -> None:
    """The folder is for a group of the service, the credential is root's; the service reads both as nobody else."""
    app = put(machine, "hosts")
    folder = f"/etc/{app.name}-tls"
    first, renewed, secret = (_certificate(name) for name in ("shop.example", "shop.example", "club.example"))
    machine.run(["sh", "-c", "getent group tls-readers || groupadd --system tls-readers"])
    machine.write(f"{folder}/00-default.pem", first, mode=0o640)
    machine.write(f"/etc/credstore/{app.name}@{app.name}.pem", secret, mode=0o600)
    machine.run(["chgrp", "-R", "tls-readers", folder])
    machine.run(["chmod", "750", folder])
    app.install("--now")
    assert _shows(app, app.port, "127.0.0.1", "shop.example", first)
    assert _shows(app, app.port, "::1", "shop.example", first)
    assert _shows(app, app.port + SECOND, "127.0.0.1", "club.example", secret)
    machine.write(f"{folder}/00-default.pem", renewed, mode=0o640)
    machine.systemctl("reload", app.name)
    assert wait_until(lambda: _shows(app, app.port, "127.0.0.1", "shop.example", renewed))
    assert not _shows(app, app.port, "127.0.0.1", "shop.example", first)


def _assert_all_answer(app: App) -> None:
    """Ask over each of the sockets."""
    assert _over_path(app) == "unixgram hello"
    with app.machine.socket() as proxy:
        proxy.connect(("127.0.0.1", app.port))
        proxy.sendall(b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 443\r\nhello\n")
        assert proxy.recv(100) == b"client 192.0.2.7 4711\n"
    assert [_over_group(app, group) for group in GROUPS] == [f"{group} hello" for group in GROUPS]


def _over_group(app: App, group: str) -> str:
    """Send a datagram to a group and return the answer."""
    with app.machine.socket(kind=socket.SOCK_DGRAM) as peer:
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        peer.sendto(b"hello", (group, app.port))
        return peer.recv(100).decode()


def _over_path(app: App) -> str:
    """Send a datagram from a path of the machine to the service's and return the answer."""
    program = (
        "import os, socket, sys\n"
        "with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:\n"
        "    peer.settimeout(20)\n"
        "    peer.bind(sys.argv[1])\n"
        "    os.chmod(sys.argv[1], 0o666)\n"
        "    peer.sendto(b'hello', sys.argv[2])\n"
        "    print(peer.recv(100).decode(), end='')\n"
        "os.unlink(sys.argv[1])\n"
    )
    own, theirs = f"/run/{app.name}-peer", f"/run/{app.name}-notes"
    return app.machine.run(["python3", "-c", program, own, theirs]).stdout


def _joined(machine: Machine) -> bool:
    """Return whether anybody in the machine's network has joined one of the groups."""
    shown = machine.run(["ip", "maddress", "show", "dev", "lo"]).stdout
    return any(group in shown for group in GROUPS)


def _certificate(name: str) -> bytes:
    """Return a key and a certificate for a name, in one text."""
    with tempfile.TemporaryDirectory() as folder:
        subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
        made = ("-keyout", "key.pem", "-out", "certificate.pem", "-days", "2")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
        openssl(Path(folder), "req", "-x509", *curve, *made, *subject)
        return b"".join(Path(folder, part).read_bytes() for part in ("key.pem", "certificate.pem"))


def _shows(app: App, port: int, host: str, name: str, certificate: bytes) -> bool:
    """Ask with TLS for a host, and return whether the server shows this certificate; then a line has been exchanged."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate.decode())
    with app.machine.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as plain:
        plain.connect((host, port))
        try:
            client = context.wrap_socket(plain, server_hostname=name)
        except ssl.SSLCertVerificationError:
            return False
        with client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"
    return True
