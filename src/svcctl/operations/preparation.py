"""Describes an application and renders its units: what install and check have in common."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from svcctl.endpoints.grammar import parse_endpoint
from svcctl.endpoints.values import Endpoint, Udp
from svcctl.errors import ConfigurationError
from svcctl.generate.systemd import render
from svcctl.generate.systemd.addresses import AddressError, of_endpoint
from svcctl.generate.systemd.hardening.files import HOMES, TEMPORARY, is_below
from svcctl.generate.systemd.names import UnitNames, check_service_name
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.host import analyze, environment
from svcctl.host import machine as machines
from svcctl.host.machine import Machine, is_ordinary, unprivileged_user
from svcctl.loading import tac, target
from svcctl.loading.describe import describe
from svcctl.loading.report import Description
from svcctl.manifest.model import Manifest
from svcctl.operations import credential, starting
from svcctl.operations.request import InstallRequest
from svcctl.plan.model import Diagnostic, Rendering

_LISTEN = re.compile(r"^Listen(Stream|Datagram|SequentialPacket)=(.+)$", re.MULTILINE)


class Prepared(NamedTuple):
    """An application as it would be on a machine.

    Attributes:
        request: What was asked for, with the paths made absolute.
        application: Absolute path, ``module:attribute`` or plug-in, as the units name it.
        description: The manifest and what is known about the interpreter.
        options: The target's options.
        rendering: The files.
        units: Names of the units.
        addresses: What would be listened on, as :func:`svcctl.host.addresses.parse` takes it apart.
    """

    request: InstallRequest
    application: str
    description: Description
    options: SystemdOptions
    rendering: Rendering
    units: UnitNames
    addresses: tuple[str, ...]


def prepare(request: InstallRequest, machine: Machine) -> Prepared:
    """Describe an application in a process of its own and render its units.

    Raises:
        SvcctlError: The application, its interpreter or an argument is not as it has to be.
    """
    request = absolute(request)
    name = name_of(request)
    starting.need_file(request)
    described = describe_requested(request)
    options = _options(request, machine, name, described)
    rendering = render.render(described.manifest, options)
    known = {item.subject for item in rendering.diagnostics}
    hidden = tuple(item for item in hidden_code(request, machine) if item.subject not in known)
    lingers = machine.scope == "user" and machines.lingers()
    keys = described.manifest.needs.credentials
    missing = credential.missing(keys, name, machine, options.settings)
    known_here = (item for item in rendering.diagnostics if not (lingers and item.subject == "linger"))
    rendering = replace(
        rendering,
        diagnostics=(
            *hidden,
            *_assumptions(machine),
            *starting.problems(request, machine),
            *missing,
            *known_here,
        ),
    )
    units = render.unit_names(described.manifest, options)
    return Prepared(
        request=request,
        application=options.application,
        description=described,
        options=options,
        rendering=rendering,
        units=units,
        addresses=addresses(described.manifest, options, rendering, units),
    )


def _assumptions(machine: Machine) -> tuple[Diagnostic, ...]:
    if not machine.version_assumed:
        return ()
    message = (
        f"no systemd was found below {machine.root}, so the units are for systemd {machine.version}, "
        "the oldest that is supported"
    )
    hint = "give its version: --systemd VERSION"
    return (Diagnostic(severity="note", subject="--systemd", message=message, hint=hint),)


def describe_requested(request: InstallRequest) -> Description:
    """Run the application's file in a child, unprivileged and with the service's variables, to see what it is.

    Raises:
        SvcctlError: As :func:`svcctl.loading.describe.describe`.
    """
    variables = dict(request.environment)
    for path in request.environment_files:
        variables |= environment.read(path)
    return describe(
        request.application,
        request.arguments,
        passphrase=starting.passphrase_of(request),
        python=request.python or sys.executable,
        user=_reader(request),
        environment=variables,
    )


def _reader(request: InstallRequest) -> str | None:
    """Return whom to read the application as: who it is to run as anyway, if an option says so; else somebody without rights."""
    nobody = unprivileged_user()
    settings = {f"{section}.{directive}": value for section, directive, value in request.settings}
    user = settings.get("Service.User", "")
    return user if nobody is not None and not request.root and is_ordinary(user) else nobody


def absolute(request: InstallRequest) -> InstallRequest:
    """Return the request with every path made absolute; links stay, since they may be meant to move.

    Raises:
        SvcctlError: The application is no path, ``module:attribute`` or name of a plug-in.
    """
    found = target.resolve(request.application)
    return replace(
        request,
        application=_whole_path(found.value) if found.kind in {"tac", "saved"} else found.value,
        python=_whole_path(request.python or sys.executable),
        root=os.path.realpath(request.root) if request.root else "",
        environment_files=tuple(_whole_path(path) for path in request.environment_files),
        passphrase=starting.absolute_source(request.passphrase),
    )


def hidden_code(request: InstallRequest, machine: Machine) -> tuple[Diagnostic, ...]:
    """Return an error for the application and the interpreter if a service of the system could not see them.

    Links are followed: what only seems to be elsewhere is hidden all the same.

    Args:
        request: With its paths made absolute.
        machine: Where it would be installed.
    """
    if machine.scope == "user":
        return ()
    found = []
    for subject, path in (("application", request.application), ("python", request.python or sys.executable)):
        real = os.path.realpath(path) if path.startswith("/") else path
        hidden = next((each for each in (path, real) if is_below(each, (*HOMES, *TEMPORARY))), None)
        if hidden is not None and not (request.root and is_below(hidden, (request.root,))):
            link = f" is a link to {real}, and that" if hidden != path else ""
            message = f"{path}{link} is under a home folder or one for temporary files, which the service cannot see"
            hint = "move it to a folder such as /opt, or install for one user with --user"
            found.append(Diagnostic(severity="error", subject=subject, message=message, hint=hint))
    return tuple(found)


def exposure(prepared: Prepared) -> float | None:
    """Return systemd's score of the service's sandbox; ``None`` if there is no tool to tell."""
    for file in prepared.rendering.files:
        if file.path.endswith(f"/{prepared.units.service}"):
            return analyze.exposure(file)
    return None


def name_of(request: InstallRequest) -> str:
    """Return the name that the units get: the one asked for, the stem of the file, the object's package, or the plug-in's own.

    Raises:
        UsageError: No unit can have that name.
    """
    if request.name is not None:
        return check_service_name(request.name)
    if request.application.startswith("/"):
        return check_service_name(Path(request.application).stem)
    return check_service_name(request.application.partition(":")[0].partition(".")[0])


def _whole_path(path: str) -> str:
    optional = path.startswith("-")
    # Links stay as they are: a link to the current release is meant to move.
    whole = tac.absolute(path.removeprefix("-"))
    return f"-{whole}" if optional else whole


def _options(request: InstallRequest, machine: Machine, name: str, described: Description) -> SystemdOptions:
    interpreter = described.interpreter
    real = os.path.realpath(interpreter.executable)
    return SystemdOptions(
        name=name,
        scope=machine.scope,
        version=machine.version,
        application=_below(machine.root, request.application),
        arguments=request.arguments,
        python=_below(machine.root, request.python or sys.executable),
        exec_paths=tuple(
            dict.fromkeys(_below(machine.root, path) for path in (real, *interpreter.library_paths))
        ),
        unit_directory=machine.unit_directory,
        sockets=request.sockets,
        environment=request.environment,
        environment_files=request.environment_files,
        settings=request.settings,
        after=request.after,
        requires=request.requires,
        instances=request.instances,
        listen=request.listen,
        passphrase_file=_below(machine.root, starting.file_of(request.passphrase)),
    )


def _below(root: str, path: str) -> str:
    """Return a path of this machine as a system sees it whose tree is at ``root``."""
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def addresses(
    manifest: Manifest, options: SystemdOptions, rendering: Rendering, units: UnitNames
) -> tuple[str, ...]:
    """Return what an application listens on, as :class:`~svcctl.plan.model.Receipt` has it.

    Args:
        manifest: The application.
        options: What its units were made with.
        rendering: They.
        units: Their names.
    """
    found: list[str] = []
    listeners = manifest.listeners()
    endpoints = dict(zip(units.sockets, (listener.endpoint for listener in listeners), strict=False))
    for file in rendering.files:
        if file.path.endswith(".socket"):
            endpoint = parse_endpoint(endpoints[file.path.rpartition("/")[2]])
            for kind, address in _LISTEN.findall(file.content.decode()):
                port = kind == "Datagram" and not address.startswith(("/", "@"))
                found.append(f"{address}{_datagram(endpoint)}" if port else address)
    if not options.sockets:
        for listener in listeners:
            found += _own_address(listener.endpoint, instances=options.instances)
    return tuple(found)


def _datagram(endpoint: Endpoint) -> str:
    return "/udp/shared" if isinstance(endpoint, Udp) and endpoint.shared else "/udp"


def _own_address(text: str, *, instances: bool) -> list[str]:
    endpoint = parse_endpoint(text)
    try:
        address = of_endpoint(endpoint, instances=instances).text
    except AddressError:
        return []
    return [f"{address}{_datagram(endpoint)}" if isinstance(endpoint, Udp) else address]


def need_booted(machine: Machine) -> None:
    """Check that there is a systemd to install for.

    Raises:
        ConfigurationError: It does not run here.
    """
    if machine.booted or machine.root:
        return
    if machine.scope == "user":
        message = "no systemd manages services for this user now"
        raise ConfigurationError(message, hint="log in as that user (not by su or sudo), or use svcctl run")
    message = "systemd does not run this machine, so nothing could start the service"
    raise ConfigurationError(
        message, hint="use --root DIR for the tree of another system, or svcctl run --daemonize here"
    )
