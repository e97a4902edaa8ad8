"""Whether the sandbox hides or locks what the service has to reach."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.endpoints.rare import Tls
from svcctl.endpoints.values import Endpoint, Ssl, unwrapped
from svcctl.generate.systemd.addresses import path_of
from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directories import directories
from svcctl.generate.systemd.hardening.files import HOMES, TEMPORARY, code_folder, is_below
from svcctl.plan.model import Diagnostic


def placement_problems(context: Context) -> list[Diagnostic]:
    """Return what the service could not read, or could change although it should not."""
    problems = [*_code_problems(context), *_written_code(context)]
    if context.system:
        problems += [
            *_code_among_data(context),
            *_hidden_code(context),
            *_hidden_files(context),
            *_hidden_sockets(context),
        ]
    return problems


def _code_problems(context: Context) -> Iterator[Diagnostic]:
    for subject, path in (("application", context.options.application), ("python", context.options.python)):
        is_name = ":" in path or context.manifest.origin.kind == "plugin"
        is_code = subject == "application" and is_name and "/" not in path
        if not path.startswith("/") and not is_code:
            message = f"{path!r} is neither an absolute path nor module:attribute"
            yield _error(subject, message, "write its whole path")


def _hidden_code(context: Context) -> Iterator[Diagnostic]:
    options = context.options
    code = [("application", options.application), ("python", options.python)]
    code += [("python's libraries", path) for path in options.exec_paths]
    seen = set()
    for subject, path in code:
        if is_below(path, HOMES):
            why = "is under a home folder, which the service cannot see"
            hint = "move it to a folder such as /opt, or install for one user with --user"
        elif is_below(path, TEMPORARY):
            why = "is in a folder for temporary files, and the service has one of its own there"
            hint = "move it to a folder such as /opt"
        else:
            continue
        if subject not in seen:
            seen.add(subject)
            yield _error(subject, f"{path} {why}", hint)


def _written_code(context: Context) -> Iterator[Diagnostic]:
    folder = code_folder(context)
    for path in context.needs.writes:
        if folder and is_below(path, (folder,)):
            message = f"{path} is in the folder of the application's code, which a service must not change"
            yield _error("needs.writes", message, "let it write to its state folder, $STATE_DIRECTORY")


def _code_among_data(context: Context) -> Iterator[Diagnostic]:
    folder = code_folder(context)
    for root, path in directories(context):
        if folder == path:
            message = f"{folder} is the {root} folder of the service, so its code would be its to change"
            yield _error("application", message, "move it to a folder such as /opt")


def _hidden_files(context: Context) -> Iterator[Diagnostic]:
    for field, paths in (("needs.reads", context.needs.reads), ("needs.writes", context.needs.writes)):
        for path in paths:
            if is_below(path, TEMPORARY):
                message = f"{path} is not the host's: the service has a folder for temporary files of its own"
                hint = "exchange files through its runtime or state folder"
                yield Diagnostic(severity="warning", subject=field, message=message, hint=hint)
    for bound in context.bounds:
        yield from _keys(context, bound.node.path, unwrapped(bound.endpoint))


def _keys(context: Context, subject: str, endpoint: Endpoint) -> Iterator[Diagnostic]:
    match endpoint:
        case Tls(directory):
            paths = [directory]
        case Ssl():
            paths = [endpoint.privateKey, endpoint.certKey, endpoint.extraCertChain, endpoint.dhParameters]
        case _:
            paths = []
    for path in dict.fromkeys(paths):
        if (
            path
            and is_below(path, (*HOMES, *TEMPORARY))
            and not (context.needs.home and is_below(path, HOMES))
        ):
            yield _error(
                subject, f"{path} is hidden from the service", "move it to a folder such as /etc/ssl/private"
            )


def _hidden_sockets(context: Context) -> Iterator[Diagnostic]:
    for bound in context.own:
        if is_below(path_of(bound.endpoint), (*HOMES, *TEMPORARY)):
            message = f"{bound.listener.endpoint} would be seen by the service alone"
            yield _error(bound.node.path, message, "leave socket activation on, or use a path under /run")


def _error(subject: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(severity="error", subject=subject, message=message, hint=hint)
