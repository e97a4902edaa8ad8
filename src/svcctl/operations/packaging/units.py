"""The units of a packaged application: those of an installation, for where the package has it."""

from __future__ import annotations

import os
import re

from svcctl.generate.debian import private
from svcctl.generate.debian.releases import Release
from svcctl.generate.systemd import render
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.loading.report import Description
from svcctl.manifest.model import Manifest
from svcctl.manifest.relocation import relocated
from svcctl.operations import starting
from svcctl.operations.request import InstallRequest
from svcctl.plan.model import Rendering

_USER = re.compile(r"^User=(.+)$", re.MULTILINE)


def packaged(description: Description, service: InstallRequest, package: str) -> Manifest:
    """Return the manifest of an application with the paths that the package gives it.

    Args:
        description: The application where it was written.
        service: What was asked for, with absolute paths.
        package: Name of the package.
    """
    interpreter = description.interpreter
    moves = [(interpreter.executable, private.interpreter(package))]
    if interpreter.prefix != interpreter.base_prefix:
        moves.append((interpreter.prefix, private.environment_folder(package)))
    if service.application.startswith("/"):
        moves.append((os.path.dirname(service.application), private.application_folder(package)))  # noqa: PTH120 (a path of two systems)
    return relocated(description.manifest, moves)


def units(manifest: Manifest, service: InstallRequest, package: str, release: Release) -> Rendering:
    """Return the units, and the files of users and folders that go with them.

    Args:
        manifest: With the paths of the package.
        service: What was asked for, with absolute paths.
        package: Name of the package and of its units.
        release: Which systemd they are for.

    Raises:
        SvcctlError: As :func:`svcctl.generate.systemd.render.render`.
    """
    return render.render(manifest, systemd_options(service, package, release))


def systemd_options(service: InstallRequest, package: str, release: Release) -> SystemdOptions:
    """Return what the units are made with; the arguments are those of :func:`units`."""
    return SystemdOptions(
        name=package,
        scope="system",
        version=release.systemd,
        application=target(service.application, package),
        arguments=service.arguments,
        python=private.interpreter(package),
        exec_paths=(f"/usr/bin/python{release.python}",),
        sockets=service.sockets,
        environment=service.environment,
        environment_files=service.environment_files,
        settings=service.settings,
        after=service.after,
        requires=service.requires,
        instances=service.instances,
        listen=service.listen,
        passphrase_file=starting.file_of(service.passphrase),
        made_by="svcctl deb",
    )


def target(application: str, package: str) -> str:
    """Return what the units call an application: its file where the package has it, or its name.

    Example:
        >>> target("/home/ann/echo.tac", "echo")
        '/usr/share/echo/echo.tac'
    """
    if not application.startswith("/"):
        return application
    return f"{private.application_folder(package)}/{application.rpartition('/')[2]}"


def chosen_users(manifest: Manifest, units: Rendering) -> frozenset[str]:
    """Return the users that the units name and the application has not asked for."""
    named = {name for file in units.files for name in _USER.findall(file.content.decode())}
    return frozenset(named - {str(manifest.identity.uid)})
