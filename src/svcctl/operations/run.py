"""Runs an application in the foreground, or as a daemon on a machine without an init system."""

from __future__ import annotations

from svcctl.runtime import daemon, runner


def run(application: str, *, log_level: str = "info", log_format: str = "auto") -> int:
    """Run an application until it ends and return its exit status.

    Args:
        application: A path or ``module:attribute``.
        log_level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
        log_format: ``auto``, ``text``, ``json`` or ``journal``.
    """
    return runner.run(application, log_level=log_level, log_format=log_format)


def run_daemon(
    application: str, *, log_file: str | None = None, log_level: str = "info", log_format: str = "auto"
) -> daemon.Started:
    """Start an application in a session of its own and return once it is ready.

    Args:
        application: A path or ``module:attribute``.
        log_file: Where it logs to; ``None`` throws the log away.
        log_level: As for :func:`run`.
        log_format: As for :func:`run`.

    Raises:
        SvcctlError: It ended before it was ready; the message is its last status.
    """
    arguments = ["--log-level", log_level, "--log-format", log_format, application]
    return daemon.daemonize(arguments, log_file=log_file)
