"""What the user should know about a rendering: errors that make it unusable, warnings, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from svcctl.endpoints.grammar import parse_endpoint
from svcctl.endpoints.rare import Haproxy, Stdio, Unixgram
from svcctl.endpoints.values import Systemd, Unix, unwrapped
from svcctl.generate.windows.definition import one_line
from svcctl.generate.windows.fields import ignored_fields
from svcctl.generate.windows.options import WindowsOptions
from svcctl.manifest.model import Manifest, Needs
from svcctl.plan.model import Diagnostic

_SECRET = re.compile(r"TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|KEY|CREDENTIAL", re.IGNORECASE)

_LOOPBACK = ("127.", "::1", "localhost")


def diagnose(manifest: Manifest, options: WindowsOptions) -> tuple[Diagnostic, ...]:
    """Return every diagnostic of one rendering.

    Raises:
        EndpointError: A listener's description does not parse.
    """
    return (
        *_listeners(manifest, options),
        *_opaque(manifest),
        *_paths(manifest.needs),
        *_environment(manifest.needs, options),
        *ignored_fields(manifest),
    )


def _listeners(manifest: Manifest, options: WindowsOptions) -> Iterator[Diagnostic]:
    for node in manifest.tree.walk():
        for listener in node.listeners:
            endpoint = unwrapped(parse_endpoint(listener.endpoint))
            if isinstance(endpoint, Unix | Unixgram | Systemd | Stdio | Haproxy):
                message = f"{listener.endpoint}: a service of Windows has no such socket"
                hint = "listen on tcp:PORT:interface=127.0.0.1"
                yield Diagnostic(severity="error", subject=node.path, message=message, hint=hint)
            elif not endpoint.interface.startswith(_LOOPBACK):
                message = f"{listener.endpoint}: the firewall of Windows may keep others from it"
                rule = f"{options.name}-{listener.name}"
                protocol = "UDP" if endpoint.datagrams else "TCP"
                hint = (
                    f"New-NetFirewallRule -Name {rule} -DisplayName {rule} -Direction Inbound "
                    f"-Protocol {protocol} -LocalPort {endpoint.port}"
                )
                yield Diagnostic(severity="note", subject=node.path, message=message, hint=hint)


def _opaque(manifest: Manifest) -> Iterator[Diagnostic]:
    for node in manifest.tree.walk():
        if node.kind == "opaque":
            message = f"nothing is known about {node.class_name}, nor whether it works on Windows"
            yield Diagnostic(severity="note", subject=node.path, message=message)


def _paths(needs: Needs) -> Iterator[Diagnostic]:
    for field, verb in (("reads", "reads"), ("writes", "writes"), ("programs", "starts")):
        paths: tuple[str, ...] = getattr(needs, field)
        if paths:
            message = f"the application {verb} {', '.join(paths)}"
            hint = "see that they are there, and that the service's account may use them"
            yield Diagnostic(severity="warning", subject=f"needs.{field}", message=message, hint=hint)


def _environment(needs: Needs, options: WindowsOptions) -> Iterator[Diagnostic]:
    given = {name.upper() for name, _ in options.environment}
    for name in sorted(name for name in given if _SECRET.search(name)):
        message = "everybody on the machine can read the variables of a service"
        hint = "put the secret into a file that only the service's account reads"
        yield Diagnostic(severity="warning", subject=f"--env {name}", message=message, hint=hint)
    known = {each.name: _described(each.expects, each.default) for each in needs.settings}
    missing = [name for name in dict.fromkeys((*needs.environment, *known)) if name.upper() not in given]
    if missing:
        texts = [f"{name} ({known[name]})" if name in known else name for name in missing]
        message = f"the application reads {', '.join(texts)}"
        yield Diagnostic(
            severity="note", subject="needs.environment", message=message, hint="set what it needs with --env"
        )


def _described(expects: str, default: str | None) -> str:
    otherwise = "which has to be set" if default is None else f"else {one_line(default) or 'none'}"
    return f"{one_line(expects)}, {otherwise}"
