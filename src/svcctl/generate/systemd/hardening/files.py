"""The lines about what the service reads, writes and executes."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.generate.systemd.addresses import path_of
from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directives import Parts, Paths, Words
from svcctl.generate.systemd.hardening.guards import NO, YES, Guard

#: What ``ProtectHome=`` hides.
HOMES = ("/home", "/root", "/run/user")
#: What ``PrivateTmp=`` hides.
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 (named to keep code out of them)

#: Where the loader and the C library are: hier(7) and the file system layout of merged /usr.
_SYSTEM_LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")


def files(context: Context) -> Iterator[Guard]:
    """Yield the lines that decide what the service can do with files."""
    yield _home(context)
    yield from _proc(context)
    yield from _written(context)
    yield from _executed(context)
    if context.needs.machine_code:
        reason = f"{context.name} makes machine code at run time."
        yield Guard("MemoryDenyWriteExecute", NO, reason)
    else:
        yield Guard("MemoryDenyWriteExecute", YES, "Memory that it writes cannot be executed.")


def is_below(path: str, folders: tuple[str, ...]) -> bool:
    """Return whether the path is one of the folders or lies in one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _home(context: Context) -> Guard:
    paths = [path for path in (*context.needs.reads, *context.needs.writes) if is_below(path, HOMES)]
    if context.needs.home or paths:
        what = ", ".join(paths) if paths else "files under /home"
        return Guard("ProtectHome", Words(("read-only",)), f"{context.name} reads {what}.")
    return Guard("ProtectHome", YES, "It sees nothing of people's files.")


def _proc(context: Context) -> Iterator[Guard]:
    needs = context.needs
    if needs.foreign_processes:
        reason = f"{context.name} looks at processes of other users."
        yield Guard("ProtectProc", Words(("default",)), reason)
    else:
        yield Guard("ProtectProc", Words(("invisible",)), "It sees no processes of other users.")
    kernel_files = [path for path in needs.reads if is_below(path, ("/proc",))]
    if needs.foreign_processes or needs.process_table or kernel_files:
        what = ", ".join(kernel_files) or "/proc beyond its own process, such as /proc/stat"
        yield Guard("ProcSubset", Words(("all",)), f"{context.name} reads {what}.")
    else:
        yield Guard("ProcSubset", Words(("pid",)), "Of /proc it sees processes only.")


def _written(context: Context) -> Iterator[Guard]:
    folder = code_folder(context)
    if folder:
        yield Guard("ReadOnlyPaths", Paths((folder,)), "It cannot change its own code, wherever that lies.")
    sockets = [path_of(bound.endpoint) for bound in context.own]
    folders = tuple(dict.fromkeys(path.rpartition("/")[0] or "/" for path in sockets if path))
    if context.needs.writes:
        reason = f"{context.name} writes {', '.join(context.needs.writes)}."
        yield Guard("ReadWritePaths", Paths(context.needs.writes), reason)
    if folders:
        yield Guard("ReadWritePaths", Paths(folders), f"{context.name} makes its own sockets there.")


def code_folder(context: Context) -> str:
    """Return the folder of the application's file; empty for ``module:attribute``."""
    application = context.options.application
    return application.rpartition("/")[0] if application.startswith("/") else ""


def _executed(context: Context) -> Iterator[Guard]:
    needs = context.needs
    if "*" in needs.programs:
        yield Guard("NoExecPaths", Words(), f"{context.name} starts programs not known beforehand.")
        return
    reason = "It starts no other program; execution of all others is denied."
    if needs.programs:
        reason = (
            f"It may start only {', '.join(needs.programs)} (scripts need their interpreter in this list)."
        )
    yield Guard("NoExecPaths", Paths(("/",), optional=False), reason)
    interpreter = (context.options.python, *context.options.exec_paths)
    paths = tuple(dict.fromkeys((*interpreter, *_SYSTEM_LIBRARIES)))
    yield Guard("ExecPaths", Paths(paths), "The interpreter and the libraries it loads.")
    yield from _also_executed(context)


def _also_executed(context: Context) -> Iterator[Guard]:
    needs = context.needs
    if needs.programs:
        yield Guard("ExecPaths", Paths(needs.programs), f"{context.name} starts these programs.")
    if needs.executable_state:
        state: Parts = context.state_path
        yield Guard("ExecPaths", Paths((state,)), f"{context.name} runs or loads code from its state folder.")


def reloads_by_command(context: Context) -> bool:
    """Return whether systemd is too old to send the signal to reload itself.

    Source: systemd 253 brought ``Type=notify-reload``.
    """
    return context.manifest.lifecycle.reload and context.options.version < 253  # noqa: PLR2004 (a systemd version)
