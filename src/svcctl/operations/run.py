"""Runs an application in the foreground, or as a daemon on a machine without an init system."""

from __future__ import annotations

from svcctl.errors import UsageError
from svcctl.runtime import daemon, loops, options, privileges, runner
from svcctl.runtime.options import RunOptions

#: How an application is run if nothing is said about it.
PLAIN = RunOptions()


def run(
    application: str, how: RunOptions = PLAIN, *, log_level: str = "info", log_format: str = "auto"
) -> int:
    """Run an application until it ends and return its exit status.

    Args:
        application: A path, ``module:attribute``, or the name of a plug-in, whose arguments are among the options.
        how: How it is run.
        log_level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
        log_format: ``auto``, ``text``, ``json`` or ``journal``.

    Raises:
        UsageError: A plug-in does not take its arguments.
        HelpRequestedError: A plug-in was asked for its help.
    """
    _read_arguments(application, how)
    if how == PLAIN:
        return runner.run(application, log_level=log_level, log_format=log_format)
    return runner.run(application, log_level=log_level, log_format=log_format, options=how)


def run_daemon(
    application: str, how: RunOptions = PLAIN, *, log_level: str = "info", log_format: str = "auto"
) -> daemon.Started:
    """Start an application in a session of its own and return once it is ready.

    Without a log file, the system's log or a logger, what it logs is thrown away.

    Args:
        application: As for :func:`run`.
        how: How it is run.
        log_level: As for :func:`run`.
        log_format: As for :func:`run`.

    Raises:
        UsageError: It cannot be done in the background, or a plug-in does not take its arguments.
        SvcctlError: It ended before it was ready; the message is its reason.
    """
    _read_arguments(application, how)
    if how.debug:
        raise UsageError("--debug needs somebody in front of it", hint="leave --daemonize out")
    if how.logfile == "-":
        raise UsageError("a daemon has no stdout to log to", hint="name a file: --logfile FILE")
    secret = None
    if how.encrypted or how.passphrase in {"prompt", "stdin"}:
        from svcctl.application.persisting.passphrases import resolve  # noqa: PLC0415 (only for encrypted files)

        # Asked here, where there is a terminal; on its way it is on no command line and in no environment.
        secret = resolve(how.passphrase or None)
        how = how._replace(encrypted=True, passphrase="stdin")  # noqa: S106 (where it is, not what it is)
    log_file, owner = how.logfile or None, privileges.look_up(how.uid or None, how.gid or None).uid
    levels = ["--log-level", log_level, "--log-format", log_format]
    arguments = [*levels, *options.to_arguments(how._replace(logfile="")), "--", application, *how.arguments]
    return daemon.daemonize(arguments, log_file=log_file, owner=owner, secret=secret)


def reactors() -> list[str]:
    """Return a line for each event loop there is; one that cannot be used here begins with ``!``."""
    return loops.describe()


def _read_arguments(application: str, how: RunOptions) -> None:
    """Let a plug-in read its arguments here, where a mistake is told to whom has made it."""
    from svcctl.loading.target import is_plugin  # noqa: PLC0415 (the runner loads without it, too)

    options.is_saved(application, how)  # before anybody is asked for a passphrase
    if not how.kind and is_plugin(application):
        from svcctl.loading.plugins import get  # noqa: PLC0415 (only for plug-ins)

        get(application).read(how.arguments)
