"""The folders that systemd makes for the service, and where it starts.

Source: systemd.exec(5), ``StateDirectory=`` and ``WorkingDirectory=``.
"""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.generate.systemd.addresses import path_of
from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directives import Octal, Parts, RawPath, Words
from svcctl.generate.systemd.hardening.files import is_below
from svcctl.generate.systemd.unit import Line
from svcctl.manifest.model import DirectoryRoot
from svcctl.plan.model import Diagnostic

#: Root of the manifest: directive, permission bits, where it lies for the system, environment variable.
_ROOTS: dict[DirectoryRoot, tuple[str, int, str, str]] = {
    "state": ("StateDirectory", 0o700, "/var/lib", "STATE_DIRECTORY"),
    "cache": ("CacheDirectory", 0o700, "/var/cache", "CACHE_DIRECTORY"),
    "runtime": ("RuntimeDirectory", 0o700, "/run", "RUNTIME_DIRECTORY"),
    "logs": ("LogsDirectory", 0o700, "/var/log", "LOGS_DIRECTORY"),
    # root owns this one and the service reads it.
    "config": ("ConfigurationDirectory", 0o755, "/etc", "CONFIGURATION_DIRECTORY"),
}

#: Below it is the runtime folder of each application that asks for none itself.
CONTROL_ROOT = "svcctl"

#: systemd's own folders, where it keeps those of dynamic users, and where svcctl keeps its receipts.
_TAKEN = frozenset({"private", "svcctl", "systemd"})


def directory_lines(context: Context) -> Iterator[Line]:
    """Yield the lines that make folders, then the one that starts the service in the right one."""
    for root in context.needs.directories:
        directive, mode, _, variable = _ROOTS[root]
        verb = "Reads its configuration in" if root == "config" else "Writes to"
        reason = f"{verb} the folder named in ${variable}."
        if root == "runtime" and _own_sockets_below(context):
            mode, reason = 0o755, f"{reason} Clients reach its socket there."
        yield Line("Service", directive, Words((context.directory,)), reason)
        yield Line("Service", f"{directive}Mode", Octal(mode), reason)
    if "runtime" in context.needs.directories and _own_sockets_below(context):
        kept = "Its socket there goes on to listen while it is restarted."
        yield Line("Service", "RuntimeDirectoryPreserve", Words(("restart",)), kept)
    if "runtime" not in context.needs.directories:
        # Not the folder of its name: what is not there for it may be there for something else.
        folder = (f"{CONTROL_ROOT}/{context.directory[0]}", *context.directory[1:])
        reason = "Root and its own user see and control it through the socket there."
        yield Line("Service", "RuntimeDirectory", Words((folder,)), reason)
        yield Line("Service", "RuntimeDirectoryMode", Octal(0o700), reason)
    where: Parts = context.state_path if "state" in context.needs.directories else "/"
    reason = "Relative paths are below its state folder." if where != "/" else "It has no folder to start in."
    yield Line("Service", "WorkingDirectory", RawPath(where), reason)


def directories(context: Context) -> tuple[tuple[DirectoryRoot, str], ...]:
    """Return each root in use with the absolute path of the application's folder below it, in system scope."""
    folder = str(context.directory[0]).rstrip("/")
    return tuple((root, f"{_ROOTS[root][2]}/{folder}") for root in context.needs.directories)


def directory_problems(context: Context) -> list[Diagnostic]:
    """Return folders that are somebody else's, and listeners that would be removed together with theirs."""
    problems = []
    for _, path in directories(context):
        if path.rpartition("/")[2] in _TAKEN:
            message = f"{path} would be its folder, and that belongs to the system"
            hint = "give the Application another name"
            problems.append(_error("application.name", message, hint))
    return problems + _removed_sockets(context)


def _removed_sockets(context: Context) -> list[Diagnostic]:
    roots = dict(directories(context))
    if not (context.options.sockets and "runtime" in roots):
        return []
    message = "lies in the runtime folder, which is removed whenever the service stops"
    hint = f"let it listen beside that folder, such as unix:/run/{context.options.name}.sock"
    return [
        _error(bound.node.path, f"{bound.listener.endpoint} {message}", hint)
        for bound in context.bounds
        if is_below(path_of(bound.endpoint), (roots["runtime"],))
    ]


def _error(subject: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(severity="error", subject=subject, message=message, hint=hint)


def _own_sockets_below(context: Context) -> bool:
    runtime = (dict(directories(context))["runtime"],)
    return any(is_below(path_of(bound.endpoint), runtime) for bound in context.own)
