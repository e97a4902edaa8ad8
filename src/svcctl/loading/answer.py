"""What a child tells of an application: an untrusted line, or silence that has to be explained."""

from __future__ import annotations

import os
import re
import signal
from typing import NoReturn

from svcctl.application.options.asked import HelpRequestedError
from svcctl.errors import (
    EX_CONFIG,
    ApplicationLoadError,
    ApplicationNotFoundError,
    ConfigurationError,
    ProblemsError,
    SavedStateError,
    SvcctlError,
    UsageError,
)
from svcctl.loading.process import Outcome
from svcctl.loading.report import Description, Failure, Interpreter, LoadedModule, Report
from svcctl.manifest.model import SCHEMA_VERSION
from svcctl.manifest.validation import validate
from svcctl.records.text import MAX_BYTES, from_text

_MEND = "mend these in the application"
_LONGEST_MESSAGE = 2_000
_LONGEST_FRAMES = 20_000
_LONGEST_OUTPUT = 300
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CONTROLS_BUT_NEWLINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SEPARATORS = re.compile(r"[/\\]")
_VERSION = re.compile(r"[0-9]+\.[0-9]+[0-9A-Za-z.+-]{0,40}")


def explain_silence(
    target: str, outcome: Outcome, *, python: str, who: str, time_limit: float
) -> SvcctlError:
    """Return the error for a child that told nothing.

    Args:
        target: The application, as the user named it.
        outcome: What came of the child.
        python: The interpreter that it ran on.
        who: Whom it ran as, for the message.
        time_limit: How many seconds it had.
    """
    output = outcome.output.decode(errors="replace")
    said = _clean(" ".join(output.split())[-_LONGEST_OUTPUT:])
    tail = f"; it said: {said}" if said else ""
    if outcome.late:
        return ApplicationLoadError(
            f"{target} was not loaded within {time_limit:g} s{tail}",
            hint="do slow or endless work in startService(), not while the file is loaded",
        )
    if outcome.status is None:
        return ApplicationLoadError(
            f"{target} told more than {MAX_BYTES} bytes about itself", hint="make its tree smaller"
        )
    if "No module named" in output and "svcctl" in output:
        return ConfigurationError(
            f"{python} finds no svcctl, or none that {who} may read",
            hint=f"name one that has it with --python, or run: {python} -m pip install svcctl",
        )
    if "nknown option" in output and "-P" in output:
        return ConfigurationError(
            f"{python} is older than Python 3.11", hint="name a newer one with --python"
        )
    ended = f"ended with status {outcome.status}"
    if outcome.status < 0:
        ended = f"was ended by {signal.strsignal(-outcome.status) or 'a signal'} (signal {-outcome.status})"
    return ApplicationLoadError(
        f"the process that loaded {target} {ended} and told nothing{tail}",
        hint="the application must not end, replace or fork its process while it is loaded",
    )


def understand(target: str, line: bytes, digest: str | None = None) -> Description:
    """Return what a child told, once it has passed every check.

    Args:
        target: The application, as the user named it.
        line: What the child wrote.
        digest: SHA-256 of the saved application that it was given; ``None`` if it read a file itself.

    Raises:
        ApplicationNotFoundError: The child says so.
        UsageError: The child says so.
        HelpRequestedError: The child was asked for a plug-in's help.
        ConfigurationError: The child says so.
        SavedStateError: The child says so.
        ApplicationLoadError: The child says so, or what it wrote cannot be used.
        ProblemsError: The description breaks the rules of the manifest.
    """
    try:
        report = from_text(line.decode(), Report)
    except (UnicodeDecodeError, ProblemsError) as error:
        raise _garbled(target, _clean(str(error))) from None
    if report.error is not None:
        _raise(target, report.error)
    if report.manifest is None or report.interpreter is None:
        raise _garbled(target, "it holds neither a description nor an error")
    if not _is_plausible(report.interpreter):
        raise _garbled(target, "it tells of an interpreter that cannot be")
    problems = validate(report.manifest)
    if problems:
        raise ProblemsError(f"the description of {target}", problems, hint=_MEND)
    origin = report.manifest.origin
    if (origin.kind == "saved", origin.digest if digest else None) != (digest is not None, digest):
        raise _garbled(target, "it tells of another file")
    modules = tuple(LoadedModule(_clean(each.name), _clean(each.path)) for each in report.modules)
    return Description(report.manifest, report.interpreter, modules)


def _is_plausible(interpreter: Interpreter) -> bool:
    paths = (interpreter.executable, interpreter.prefix, interpreter.base_prefix, *interpreter.library_paths)
    return (
        all(
            os.path.isabs(path) and ".." not in _SEPARATORS.split(path) and not _CONTROLS.search(path)  # noqa: PTH117 (as it is)
            for path in paths
        )
        and _VERSION.fullmatch(interpreter.version) is not None
        and _VERSION.fullmatch(interpreter.svcctl_version) is not None
    )


def _garbled(target: str, reason: str) -> ApplicationLoadError:
    return ApplicationLoadError(
        f"what {target} told about itself cannot be used: {reason}"[:_LONGEST_MESSAGE],
        hint=f"its interpreter may have another svcctl; here it is manifest version {SCHEMA_VERSION}",
    )


def _raise(target: str, failure: Failure) -> NoReturn:
    """Raise what the child could not do as the error that it was there."""
    if failure.code == HelpRequestedError.code:
        raise HelpRequestedError(_CONTROLS_BUT_NEWLINES.sub("?", failure.message[:_LONGEST_FRAMES]))
    message, hint = _clean(failure.message), _clean(failure.hint)
    if failure.problems:
        problems = tuple(
            one._replace(where=_clean(one.where), message=_clean(one.message)) for one in failure.problems
        )
        raise ProblemsError(f"the description of {target}", problems, hint=hint or _MEND)
    if failure.code == ApplicationNotFoundError.code:
        raise ApplicationNotFoundError(message, hint=hint)
    if failure.code == UsageError.code:
        raise UsageError(message, hint=hint)
    if failure.code == ConfigurationError.code or failure.exit_status == EX_CONFIG:
        raise ConfigurationError(message, hint=hint)
    frames = _CONTROLS_BUT_NEWLINES.sub("?", failure.frames[-_LONGEST_FRAMES:])
    if failure.code == SavedStateError.code:
        raise SavedStateError(message, hint=hint, frames=frames)
    raise ApplicationLoadError(message, hint=hint, frames=frames)


def _clean(text: str) -> str:
    """Return a text of the child as one line that no terminal takes for a command."""
    return _CONTROLS.sub("?", text[:_LONGEST_MESSAGE])
