"""The service unit.

Source: systemd.service(5), systemd.unit(5), systemd.exec(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svcctl.errors import EX_UNAVAILABLE, PERMANENT_STATUSES, UsageError
from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.credentials import NOT_HANDED_OVER, credential_lines
from svcctl.generate.systemd.directives import (
    CONFIGURATION_ROOT,
    INSTANCE,
    UNIT,
    Assignment,
    Command,
    Duration,
    GlobPath,
    Number,
    Parts,
    Text,
    Url,
    Value,
    Variable,
    Words,
)
from svcctl.generate.systemd.directories import directory_lines
from svcctl.generate.systemd.hardening.files import reloads_by_command
from svcctl.generate.systemd.hardening.network import outbound
from svcctl.generate.systemd.hardening.sandbox import sandbox
from svcctl.generate.systemd.identity import identity_lines
from svcctl.generate.systemd.names import check_unit_name, instance_of
from svcctl.generate.systemd.state import resumption, state_lines
from svcctl.generate.systemd.unit import Line, title
from svcctl.manifest.codec import FINGERPRINT_LENGTH, fingerprint

_STOP_MARGIN_MS = 5_000
GROWING_DELAY_SINCE = 254
_STORE_TOLD_SINCE = 254
_URL = re.compile(r"https?://[\x21-\x7e]+")


def service_lines(context: Context) -> tuple[Line, ...]:
    """Return the lines of the service unit.

    Raises:
        UsageError: An option cannot be written into a unit.
    """
    return (
        *_unit_lines(context),
        *_process_lines(context),
        *_environment_lines(context),
        *_limit_lines(context),
        *_store_lines(context),
        *identity_lines(context),
        *directory_lines(context),
        *credential_lines(context),
        *state_lines(context),
        *(Line("Service", *guard) for guard in sandbox(context)),
        *_install_lines(context),
    )


def is_url(text: str) -> bool:
    """Return whether systemd takes the text as a web address (ASCII, no blanks)."""
    return bool(_URL.fullmatch(text))


def _unit_lines(context: Context) -> Iterator[Line]:
    application = context.manifest.application
    description = title(application.description) or title(application.name)
    yield _unit(
        "Description", Text((f"{description} (", INSTANCE, ")") if context.options.instances else description)
    )
    if is_url(application.homepage):
        yield _unit("Documentation", Url(application.homepage))
    yield from _socket_dependencies(context)
    yield from _dependencies(context)
    if context.options.sockets and context.bounds:
        reason = "A start limit that is hit would close the sockets; they carry a limit of their own."
        yield _unit("StartLimitIntervalSec", Duration(0), reason)
    else:
        reason = "After this many starts in this time it stays down until somebody looks."
        yield _unit("StartLimitIntervalSec", Duration(60_000), reason)
        yield _unit("StartLimitBurst", Number(20), reason)


def _socket_dependencies(context: Context) -> Iterator[Line]:
    sockets = [instance_of(bound.unit) for bound in context.bounds if bound.unit]
    for directive in ("Requires", "After"):
        for socket in sockets:
            yield _unit(directive, Words((socket,)), "Starting the service opens its sockets first.")


def _dependencies(context: Context) -> Iterator[Line]:
    if context.system and outbound(context):
        for directive in ("Wants", "After"):
            yield _unit(directive, Words(("network-online.target",)), f"{context.name} connects to others.")
    elif context.system and context.own_ports:
        yield _unit(
            "After",
            Words(("network.target",)),
            "It opens its ports itself and closes them before the network.",
        )
    for name in context.options.requires:
        yield _unit("Requires", Words((check_unit_name(name),)), "Asked for at the installation.")
    for name in (*context.options.requires, *context.options.after):
        yield _unit("After", Words((check_unit_name(name),)), "Asked for at the installation.")


def _process_lines(context: Context) -> Iterator[Line]:
    by_signal = context.manifest.lifecycle.reload and not reloads_by_command(context)
    yield _service(
        "Type", Words(("notify-reload" if by_signal else "notify",)), "It says itself when it serves."
    )
    yield _service("NotifyAccess", Words(("main",)), "Only its main process is believed.")
    yield _service("ExecStart", Command(context.options.python, _arguments(context)))
    if reloads_by_command(context):
        arguments: tuple[Parts, ...] = ("-P", "-m", "svcctl.runtime.reload", (Variable("MAINPID"),))
        reason = "It waits for the end of the reload, which this version of systemd does not do itself."
        yield _service("ExecReload", Command(context.options.python, arguments), reason)
    yield _service("SyslogIdentifier", Text(title(context.name)), "Its lines in the journal bear its name.")


def _arguments(context: Context) -> tuple[Parts, ...]:
    application = context.options.application
    if application.startswith("-"):
        raise UsageError(
            f"application {application!r} would be read as an option", hint="give its absolute path"
        )
    arguments: tuple[Parts, ...] = ("-P", "-m", "svcctl.runtime")
    if context.options.sockets and context.bounds:
        name: Parts = (UNIT,) if context.options.instances else context.service
        arguments += ("--inherit", name)
    manifest = context.manifest
    installed = f"{manifest.origin.digest[:FINGERPRINT_LENGTH]}-{fingerprint(manifest)}"
    arguments += ("--installed", installed, *resumption(context))
    return (*arguments, application, *context.options.arguments)


def _environment_lines(context: Context) -> Iterator[Line]:
    options = context.options
    for name, value in options.environment:
        yield _service("Environment", Assignment(name, value), "Given at the installation.")
    defaults: tuple[Parts, ...] = (f"/etc/default/{options.name}",)
    if not context.system:
        defaults = ((CONFIGURATION_ROOT, f"/{options.name}.env"),)
    elif options.instances:
        defaults += ((f"/etc/default/{options.name}@", INSTANCE),)
    for path in defaults:
        yield _service(
            "EnvironmentFile", GlobPath(path, optional=True), "Variables for it; what comes later wins."
        )
    for file in options.environment_files:
        path = file.removeprefix("-")
        if not path.startswith("/"):
            raise UsageError(
                f"environment file {file!r} is not an absolute path", hint="write its whole path"
            )
        yield _service("EnvironmentFile", GlobPath(path, optional=file != path), "Given at the installation.")


def _limit_lines(context: Context) -> Iterator[Line]:
    life = context.manifest.lifecycle
    yield _service(
        "TimeoutStartSec", Duration(life.start_limit_ms), "Its own limit; it asks for more while it advances."
    )
    stop = Duration(life.stop_limit_ms + _STOP_MARGIN_MS)
    yield _service("TimeoutStopSec", stop, "Its own budget and a margin, so that it ends by itself.")
    if life.watchdog_ms:
        yield _service("WatchdogSec", Duration(life.watchdog_ms), "A service that hangs longer is restarted.")
    yield _service(
        "KillMode", Words(("mixed",)), "The signal to stop goes to the main process, which stops the rest."
    )
    yield _service("Restart", Words(("on-failure",)), "A crash is not the end.")
    yield _service("RestartSec", Duration(1_000), "The first pause before it starts again.")
    if context.options.version >= GROWING_DELAY_SINCE:
        yield _service("RestartSteps", Number(6), "Each further pause is longer, up to a minute.")
        yield _service(
            "RestartMaxDelaySec", Duration(60_000), "Each further pause is longer, up to a minute."
        )
    permanent: tuple[int, ...] = PERMANENT_STATUSES
    if context.options.sockets and context.bounds:
        permanent = tuple(sorted((*permanent, EX_UNAVAILABLE)))  # a socket that was not handed over
    if context.needs.credentials:
        permanent += (NOT_HANDED_OVER,)
    statuses = Words(tuple(str(status) for status in permanent))
    yield _service("RestartPreventExitStatus", statuses, "A mistake does not go away by starting again.")


def _store_lines(context: Context) -> Iterator[Line]:
    """Yield what has descriptors kept over a restart; nothing if there are none. One more is for a change of one."""
    most = len(context.own) + (context.needs.descriptors and context.needs.descriptors + 1)
    if not most:
        return
    reason = "Its own listeners, and what its services ask to be kept, survive a restart and a crash."
    yield _service("FileDescriptorStoreMax", Number(most), reason)
    if context.options.version < _STORE_TOLD_SINCE:
        told = "This version of systemd does not say that by itself."
        yield _service("Environment", Assignment("FDSTORE", str(most)), told)


def _install_lines(context: Context) -> Iterator[Line]:
    target = "multi-user.target" if context.system else "default.target"
    yield Line("Install", "WantedBy", Words((target,)))
    for bound in context.bounds:
        if bound.unit:
            yield Line(
                "Install", "Also", Words((instance_of(bound.unit),)), "Its sockets are enabled with it."
            )


def _unit(directive: str, value: Value, reason: str = "") -> Line:
    return Line("Unit", directive, value, reason)


def _service(directive: str, value: Value, reason: str = "") -> Line:
    return Line("Service", directive, value, reason)
