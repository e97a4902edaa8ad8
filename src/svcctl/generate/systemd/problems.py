"""What the user should know about a rendering: errors that make it unusable, warnings, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directories import directory_problems
from svcctl.generate.systemd.fields import ignored_problems
from svcctl.generate.systemd.hardening.network import is_network, outbound, own_network
from svcctl.generate.systemd.hardening.rights import capabilities_of
from svcctl.generate.systemd.hardening.sandbox import left_out
from svcctl.generate.systemd.identity import identity_problems
from svcctl.generate.systemd.listeners import Bound, problems
from svcctl.generate.systemd.placement import placement_problems
from svcctl.generate.systemd.service import GROWING_DELAY_SINCE, is_url
from svcctl.generate.text import one_line
from svcctl.manifest.model import connections_of
from svcctl.plan.model import Diagnostic, Severity

_OLDEST = 252
_FIRST_UNPRIVILEGED_PORT = 1024
_SECRET = re.compile(r"TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|KEY|CREDENTIAL", re.IGNORECASE)
_DECLARE = "declare what it needs in Application(…, needs={…}), or allow it with --set"


def diagnose(context: Context) -> tuple[Diagnostic, ...]:
    """Return every diagnostic of one rendering, by part: listeners, places, people, sandbox, versions, fields."""
    return (
        *problems(context.bounds, context.options),
        *_privileged_ports(context),
        *_same_ports(context),
        *placement_problems(context),
        *directory_problems(context),
        *identity_problems(context),
        *_targets(context),
        *_opaque(context),
        *_environment(context),
        *_versions(context),
        *_user_scope(context),
        *_homepage(context),
        *ignored_problems(context.manifest),
    )


def _privileged_ports(context: Context) -> Iterator[Diagnostic]:
    if "CAP_NET_BIND_SERVICE" in capabilities_of(context):
        return
    for bound in context.own_ports:
        port = _port(bound)
        if 0 < port < _FIRST_UNPRIVILEGED_PORT:
            message = (
                f"{bound.listener.endpoint}: ports below 1024 need a capability that PrivateUsers= voids"
            )
            hint = "leave socket activation on: systemd opens the port, and the service needs no capability"
            yield _diagnostic("error", bound.node.path, message, hint)


def _same_ports(context: Context) -> Iterator[Diagnostic]:
    if not context.options.instances:
        return
    for bound in context.own:
        message = f"{bound.listener.endpoint} would be opened by every instance"
        yield _diagnostic(
            "error", bound.node.path, message, "leave socket activation on, so that addresses can hold %i"
        )


def _port(bound: Bound) -> int:
    return getattr(bound.endpoint, "port", 0)


def _targets(context: Context) -> Iterator[Diagnostic]:
    needs = context.needs
    for target in needs.connects_to:
        if not is_network(target):
            message = f"{target!r} is not an IP address or network, so connections cannot be limited to it"
            yield _diagnostic("warning", "needs.connects_to", message, "write addresses, such as 10.0.0.0/8")
    if needs.connects_to and not outbound(context):
        message = 'addresses are named, but network is not "outbound": the service reaches none of them'
        yield _diagnostic("warning", "needs.connects_to", message, 'declare network="outbound"')
    for path, text in connections_of(context.manifest.tree) if not outbound(context) else ():
        message = f'connects to {text}, but the needs say network="{needs.network}": it may be refused'
        yield _diagnostic("warning", path, message, 'declare network="outbound", or leave that need out')
    if own_network(context) and needs.network == "none" and context.own_ports:
        message = "the application declares no network, but opens ports of its own"
        yield _diagnostic("warning", "needs.network", message, "leave socket activation on")


def _opaque(context: Context) -> Iterator[Diagnostic]:
    found: dict[str, list[str]] = {}
    for node in context.manifest.tree.walk():
        if node.kind == "opaque":
            found.setdefault(node.class_name, []).append(node.path)
    for name, paths in found.items():
        message = f"nothing is known about {name}, so nothing is allowed for it"
        if len(paths) > 1:
            message += f"; the same goes for {len(paths) - 1} more of that class"
        yield _diagnostic("note", paths[0], message, _DECLARE)


def _environment(context: Context) -> Iterator[Diagnostic]:
    given = {name for name, _ in context.options.environment}
    for name in sorted(name for name in given if _SECRET.search(name)):
        message = "everybody on this machine can read the variables in a unit"
        hint = "put it into a file that only root reads and name that with --env-file, or use a credential"
        yield _diagnostic("warning", f"Environment={name}", message, hint)
    known = (*context.needs.environment, *(each.name for each in context.needs.settings))
    missing = [name for name in dict.fromkeys(known) if name not in given]
    if missing and not context.options.environment_files:
        where = (
            f"/etc/default/{context.options.name}"
            if context.system
            else f"~/.config/{context.options.name}.env"
        )
        message = f"the application reads {', '.join(_described(context, name) for name in missing)}"
        yield _diagnostic("note", "needs.environment", message, f"set what it needs in {where}")


def _described(context: Context, variable: str) -> str:
    """Return a variable with what is known of it."""
    known = next((each for each in context.needs.settings if each.name == variable), None)
    if known is None:
        return variable
    otherwise = "which has to be set" if known.default is None else f"else {known.default or 'none'}"
    return f"{variable} ({one_line(known.expects)}, {one_line(otherwise)})"


def _versions(context: Context) -> Iterator[Diagnostic]:
    version = context.options.version
    if version < _OLDEST:
        message = f"these units are made for systemd {_OLDEST} and newer; {version} may ignore lines of them"
        yield _diagnostic("warning", "--systemd", message, "have systemd-analyze verify look at them there")
    if version < GROWING_DELAY_SINCE:
        message = f"systemd {version} has no RestartSteps= (254): the pause between restarts does not grow"
        yield _diagnostic("note", "RestartSteps", message, "")


def _user_scope(context: Context) -> Iterator[Diagnostic]:
    missing = left_out(context)
    if missing:
        message = f"a user's manager cannot apply {', '.join(missing)}"
        yield _diagnostic("note", "sandbox", message, "install for the system to have the whole sandbox")
    if not context.system:
        message = "the service runs while its user is logged in"
        yield _diagnostic("note", "linger", message, "to run it from boot on: loginctl enable-linger")


def _homepage(context: Context) -> Iterator[Diagnostic]:
    homepage = context.manifest.application.homepage
    if homepage and not is_url(homepage):
        message = f"{homepage!r} is not an http or https address that systemd takes, so it is left out"
        yield _diagnostic("warning", "application.homepage", message, "")


def _diagnostic(severity: Severity, subject: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(severity=severity, subject=subject, message=message, hint=hint)
