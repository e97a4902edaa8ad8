"""From a manifest and options to the definition of a service of Windows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from svcctl import __version__
from svcctl.errors import UsageError
from svcctl.generate.windows.options import WindowsOptions
from svcctl.manifest import codec
from svcctl.manifest.model import Manifest
from svcctl.plan.windows import (
    LONGEST_DISPLAY_NAME,
    Hosted,
    Variable,
    WindowsReceipt,
    WindowsService,
    check_name,
    check_path,
)
from svcctl.windows.names import CONTROL, control_pipe

#: Variables that name the folders an application keeps files in. Source: systemd.exec(5), whose names these are.
_VARIABLES = {
    "state": "STATE_DIRECTORY",
    "cache": "CACHE_DIRECTORY",
    "runtime": "RUNTIME_DIRECTORY",
    "logs": "LOGS_DIRECTORY",
    "config": "CONFIGURATION_DIRECTORY",
}

_LOGS = "logs"

#: What ``settings`` may set.
_SETTABLE = (
    "start_limit_ms",
    "stop_limit_ms",
    "watchdog_ms",
    "first_pause_ms",
    "longest_pause_ms",
    "most_failures",
    "healthy_ms",
    "log_bytes",
    "log_files",
)
_LONGEST_MS = 0x7FFF_FFFF

#: What Windows gives a service at its end beyond what it needs itself.
_MARGIN_MS = 10_000


def define(manifest: Manifest, options: WindowsOptions) -> WindowsService:
    """Return the service that an application becomes.

    Raises:
        UsageError: An option cannot be used: a name with blanks, a path that is none of Windows, a variable twice.
    """
    application = manifest.application
    packages = check_path("the folder of packages", options.packages)
    hosted = _hosted(manifest, options)
    return WindowsService(
        name=check_name(options.name),
        display_name=one_line(application.name)[:LONGEST_DISPLAY_NAME],
        description=one_line(application.description),
        interpreter=check_path("interpreter", options.interpreter),
        host=f"{packages}\\svcctl\\runtime\\windows\\__main__.py",
        account=_account(options),
        start=options.start,
        dependencies=tuple(check_name(name) for name in options.dependencies),
        preshutdown_ms=hosted.stop_limit_ms + _MARGIN_MS,
        hosted=hosted,
    )


def receipt(
    manifest: Manifest, options: WindowsOptions, *, python_version: str = "", repeat: tuple[str, ...] = ()
) -> WindowsReceipt:
    """Return what is to be remembered of the service that an application becomes.

    Args:
        manifest: The application.
        options: Where and how.
        python_version: Version of its interpreter, if that is known.
        repeat: The arguments that repeat the installation, if there are such.

    Raises:
        UsageError: As :func:`define`.
    """
    return WindowsReceipt(
        service=define(manifest, options),
        application=options.application,
        arguments=options.arguments,
        environment=options.environment,
        python_version=python_version,
        folders=folders(manifest, options),
        manifest_digest=codec.digest(manifest),
        manifest=codec.encode(manifest),
        options=repeat,
        svcctl_version=__version__,
        installer=bool(options.bundle),
    )


def folders(manifest: Manifest, options: WindowsOptions) -> tuple[str, ...]:
    """Return the folders that belong to the service, the one that the others are in first.

    Raises:
        UsageError: As :func:`define`.
    """
    root = data_folder(options)
    return (root, *(f"{root}\\{name}" for name in dict.fromkeys((_LOGS, *manifest.needs.directories))))


def data_folder(options: WindowsOptions) -> str:
    """Return the folder for what the application keeps.

    Raises:
        UsageError: It is no absolute path.
    """
    return check_path("data folder", options.data or f"C:\\ProgramData\\{options.name}")


def runner(*, bundled: bool) -> tuple[str, ...]:
    """Return how an interpreter becomes the runner of an application.

    Args:
        bundled: An installer has brought it, and can take away again only what stays as it was: no bytecode is written.
    """
    return ("-X", "utf8", "-P", *(("-B",) if bundled else ()), "-m", "svcctl.runtime")


def one_line(text: str) -> str:
    """Return a text as one line of printable characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _account(options: WindowsOptions) -> str:
    account = options.account or f"NT SERVICE\\{options.name}"
    if not account.isprintable() or '"' in account or ":" in account:
        raise UsageError(
            f"{account!r} is not the name of an account", hint=r"write DOMAIN\NAME, or LocalSystem"
        )
    return account


def _hosted(manifest: Manifest, options: WindowsOptions) -> Hosted:
    life = manifest.lifecycle
    root = data_folder(options)
    own = (
        *(Variable(_VARIABLES[name], f"{root}\\{name}") for name in manifest.needs.directories),
        Variable(CONTROL, control_pipe(options.name)),
    )
    arguments = (_application(options), *options.arguments)
    hosted = Hosted(
        python=check_path("interpreter", options.python),
        arguments=arguments if options.small else (*runner(bundled=bool(options.bundle)), *arguments),
        in_process=options.small,
        directory=check_path("folder", options.directory),
        environment=(*own, *_checked(options.environment, {variable.name for variable in own})),
        log=f"{root}\\{_LOGS}\\{options.name}.log",
        start_limit_ms=life.start_limit_ms,
        stop_limit_ms=life.stop_limit_ms,
        watchdog_ms=life.watchdog_ms,
        reload=life.reload,
    )
    hosted = replace(hosted, **_settings(options.settings))
    hosted.command_line()
    return hosted


def _settings(settings: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    for name, number in settings:
        if name not in _SETTABLE:
            raise UsageError(f"there is no setting {name!r}", hint=f"there are {', '.join(_SETTABLE)}")
        if not 0 <= number <= _LONGEST_MS:
            raise UsageError(f"{name} cannot be {number}", hint=f"give a number from 0 to {_LONGEST_MS}")
    return dict(settings)


def _application(options: WindowsOptions) -> str:
    application = options.application
    if application.startswith("-"):
        raise UsageError(
            f"application {application!r} would be read as an option", hint="give its absolute path"
        )
    if "\\" in application or "/" in application or application.endswith((".tac", ".tap")):
        return check_path("application", application)
    return application


def _checked(environment: tuple[Variable, ...], taken: set[str]) -> tuple[Variable, ...]:
    names = {name.upper() for name in taken}
    for name, value in environment:
        if not name or "=" in name or "\0" in name + value:
            raise UsageError(f"variable {name!r} cannot be set on Windows", hint="leave out = and NUL")
        if name.upper() in names:
            raise UsageError(
                f"variable {name} is set twice", hint="Windows knows no difference between its cases"
            )
        names.add(name.upper())
    return environment
