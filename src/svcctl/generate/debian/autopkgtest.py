"""The test that a source package brings: its service is up after the installation, and takes connections.

Source: https://people.debian.org/~mpitt/autopkgtest/README.package-tests.html; systemctl(1), ``show``.
"""

from __future__ import annotations

from svcctl.generate.debian.model import ProgramFile
from svcctl.generate.debian.payload import Payload
from svcctl.manifest.model import Manifest

#: What the test needs besides the package.
TRIGGERS = ("python3",)

_CONTROL = """\
Tests: service
Depends: @, python3
Restrictions: isolation-container, needs-root
"""
_TEST = '''\
#!/usr/bin/python3
"""The services are active, and every socket that they listen on takes a connection."""

import socket
import subprocess
import sys

SERVICES = {services}
SOCKETS = {sockets}


def shown(unit, name):
    command = ["systemctl", "show", "--value", f"--property={{name}}", unit]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def connect(address):
    if address.startswith(("/", "@")):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(address.replace("@", "\\0", 1))
        return
    host, _, port = address.rpartition(":")
    host = {{"0.0.0.0": "127.0.0.1", "[::]": "localhost"}}.get(host, host.strip("[]"))
    socket.create_connection((host, int(port)), timeout=30).close()


def check_services():
    for unit in SERVICES:
        if (state := shown(unit, "ActiveState")) != "active":
            sys.exit(f"{{unit}} is {{state}}")


check_services()
for unit in SOCKETS:
    for line in shown(unit, "Listen").splitlines():
        address, _, kind = line.rpartition(" ")
        if kind == "(Stream)":
            connect(address)
            print(f"{{unit}} takes connections at {{address}}")
check_services()
'''


def package_tests(manifest: Manifest, payload: Payload) -> tuple[ProgramFile, ...]:
    """Return the files of ``debian/tests``; none if nothing can be seen before somebody has set it up.

    That is so where an application has to be given settings or secrets first, and where all units are templates.

    Args:
        manifest: The application.
        payload: Its units.
    """
    needs = manifest.needs
    services = [unit for unit in payload.services if "@" not in unit]
    if not services or needs.credentials or any(setting.default is None for setting in needs.settings):
        return ()
    sockets = [unit for unit in payload.sockets if "@" not in unit]
    test = _TEST.format(services=services, sockets=sockets)
    return (
        ProgramFile(path="/debian/tests/control", content=_CONTROL.encode()),
        ProgramFile(path="/debian/tests/service", content=test.encode(), mode=0o755),
    )
