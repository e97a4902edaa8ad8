"""How ``units/svcctl@.service`` and its socket are made: by the generator, for an application it knows nothing about.

What only these two have (the file is chosen by the instance, the socket is optional) replaces the generated lines;
the sandbox is untouched.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from svcctl.generate.systemd.context import make_context
from svcctl.generate.systemd.directives import INSTANCE, Command, Text, Value, Words
from svcctl.generate.systemd.listeners import inherited
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.generate.systemd.service import service_lines
from svcctl.generate.systemd.sockets import socket_lines
from svcctl.generate.systemd.unit import Line, Unit, write
from svcctl.manifest.model import ApplicationInfo, Manifest, Needs, Origin, ServiceNode
from tests.verify.cases import make_node

UNITS = Path(__file__).parents[2] / "units"

#: Folder of the applications; the instance's name is the file's stem.
APPLICATIONS = "/etc/svcctl"

SERVICE_HEADER = (
    "Runs the application in /etc/svcctl/INSTANCE.tac:",
    '"systemctl enable --now svcctl@INSTANCE", if it listens itself or on nothing;',
    '"systemctl enable --now svcctl@INSTANCE.socket", if it listens on systemd:domain=UNIX:name=svcctl.',
    "INSTANCE is at most 22 letters, digits, - and _, since each instance has a user of that name.",
    "Its state is in /var/lib/svcctl-apps/INSTANCE. To allow more or less: systemctl edit svcctl@INSTANCE.",
    '"svcctl install" makes units that fit one application and shut what it does not need.',
)
SOCKET_HEADER = (
    "Listens on /run/svcctl/INSTANCE.sock for the application in /etc/svcctl/INSTANCE.tac, which has to listen on",
    "systemd:domain=UNIX:name=svcctl; its service starts with the first connection.",
)
OPTIONS = SystemdOptions(
    name="svcctl",
    scope="system",
    version=252,
    application=f"{APPLICATIONS}/instance.tac",
    python="/usr/bin/python3",
    exec_paths=("/usr/local/lib",),
    instances=True,
    listen=(("svcctl", "/run/svcctl/%i.sock"),),
)


def template_units() -> dict[str, str]:
    """Return the text of both units by file name."""
    service = Unit("svcctl@.service", SERVICE_HEADER, _service())
    socket = Unit("svcctl@.socket", SOCKET_HEADER, _socket())
    return {unit.name: write(unit).decode() for unit in (service, socket)}


def _service() -> tuple[Line, ...]:
    context = make_context(_manifest(), replace(OPTIONS, listen=()))
    context = replace(context, directory=("svcctl-apps/", INSTANCE))
    application = (f"{APPLICATIONS}/", INSTANCE, ".tac")
    own: dict[str, Value] = {
        "Description": Text((INSTANCE, ", run by svcctl")),
        "ExecStart": Command(OPTIONS.python, ("-P", "-m", "svcctl.runtime", application)),
        "SyslogIdentifier": Text((INSTANCE,)),
        # Instances are applications that have nothing to do with each other.
        "User": Words((("_svcctl-", INSTANCE),)),
    }
    return tuple(line._replace(value=own.get(line.directive, line.value)) for line in service_lines(context))


def _socket() -> tuple[Line, ...]:
    endpoint = "systemd:domain=UNIX:name=svcctl"
    context = make_context(_manifest(endpoint), OPTIONS)
    ((bound, address),) = inherited(context.bounds, OPTIONS)
    lines = socket_lines(bound, address, context.service, OPTIONS)
    description = Text(("Socket of ", INSTANCE, ", run by svcctl"))
    own: dict[str, Value] = {"Description": description}
    return tuple(line._replace(value=own.get(line.directive, line.value)) for line in lines)


def _manifest(*endpoints: str) -> Manifest:
    tree = make_node("the application", *endpoints) if endpoints else _EMPTY
    return Manifest(
        application=ApplicationInfo(name="An application"),
        tree=tree,
        origin=Origin(kind="tac", digest=""),
        needs=Needs(network="outbound"),
    )


_EMPTY = ServiceNode(
    path="the application", kind="collection", class_name="svcctl.application.service.MultiService"
)
