"""``debian/rules``: debhelper's sequence, and why it is left where it is.

Source: Debian policy, section 4.9; dh(1), debhelper(7), and the manual page of each helper that is named.
"""

from __future__ import annotations

from svcctl.generate.debian.releases import Distribution

_RULES = """\
#!/usr/bin/make -f

%:
	dh $@ --buildsystem=none

# What lies in {program}/ is finished: it was resolved, unpacked and stripped when this folder was written. Each of these
# would change files in it, or delete them for their names.
override_dh_clean:
	dh_clean -X{program}/

override_dh_update_autotools_config override_dh_strip override_dh_strip_nondeterminism override_dh_dwz:

# Its libraries are nobody else's.
override_dh_makeshlibs:

# No release is left out of the changelog for its age.
override_dh_installchangelogs:
	dh_installchangelogs --no-trim

# Programs read the list of what is bundled.
override_dh_compress:
	dh_compress -X.cdx.json

# Units are enabled, and forgotten on a purge, by debhelper's snippets. They are started, restarted and stopped by
# {package}.postinst and {package}.prerm: the snippets would restart the sockets as well, and refuse clients meanwhile.
# Bytecode is made there, too: dh_python3 would add dependencies on packages that are bundled. {package}.postrm deletes
# what the services wrote, which no snippet does.
override_dh_installsystemd:
	dh_installsystemd --no-start --no-stop-on-upgrade
"""

#: Until Debian 12, dh_installsystemd knows but the folder that is a link by now.
_MOVE = """\
	mkdir -p debian/{package}/usr/lib
	mv debian/{package}/lib/systemd debian/{package}/usr/lib/
	rmdir debian/{package}/lib
"""


def rules(package: str, program: str, *, moves: bool) -> str:
    """Return the text of the file.

    Args:
        package: Name of the package.
        program: The folder of the program, which the source package has beside ``debian``.
        moves: There are units, and they lie in ``/lib`` until dh_installsystemd has seen them.
    """
    return (_RULES + (_MOVE if moves else "")).format(package=package, program=program)


def moves_units(distribution: Distribution) -> bool:
    """Return whether a release's dh_installsystemd looks for units in ``/lib`` alone."""
    return distribution == "bookworm"
