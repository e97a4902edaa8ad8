"""Describes an application and decides what service of Windows it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from svcctl.errors import ConfigurationError, UsageError
from svcctl.generate.windows.definition import receipt
from svcctl.generate.windows.options import WindowsOptions
from svcctl.generate.windows.problems import diagnose
from svcctl.host.windows.machine import Found, Machine, Python
from svcctl.loading.report import Description
from svcctl.operations.refusing import refuse
from svcctl.operations.windows import describing
from svcctl.operations.windows.request import WindowsRequest, to_options
from svcctl.plan.model import Diagnostic
from svcctl.plan.windows import Start, Variable, WindowsReceipt, WindowsService
from svcctl.plan.windows_rights import reads_profiles


class Prepared(NamedTuple):
    """An application as it would be on a machine.

    Attributes:
        receipt: What would be remembered, the service with it.
        diagnostics: What the user should know.
    """

    receipt: WindowsReceipt
    diagnostics: tuple[Diagnostic, ...]

    @property
    def service(self) -> WindowsService:
        """The service."""
        return self.receipt.service


def absolute(request: WindowsRequest) -> WindowsRequest:
    """Return the request with every path made absolute, and its name known.

    Raises:
        UsageError: The application is no path, ``module:attribute`` or name of a plug-in, or no service can have that name.
    """
    if request.delayed and not request.enable:
        raise UsageError("--delayed says how --enable is meant", hint="give --enable, too, or leave it out")
    application = describing.absolute(request.application)
    return replace(
        request,
        application=application,
        name=describing.name_of(application, request.name),
        python=describing.whole_path(request.python) if request.python else None,
    )


def prepare(request: WindowsRequest, machine: Machine, found: Found | None) -> Prepared:
    """Describe an application in a process of its own and decide what service it becomes.

    Args:
        request: Made :func:`absolute`.
        machine: Where it is to be.
        found: The service of that name, if there is one.

    Raises:
        SvcctlError: The application, its interpreter or an argument is not as it has to be.
    """
    name = request.name or ""
    python = describing.interpreter(request.python)
    place = machine.interpreters.look_at(python)
    # Before it is looked at: the description would take its time.
    refuse(name, _unreadable(request, python, place, machine), what="a service of Windows")
    description = describing.described(
        request.application, request.arguments, request.python, request.environment
    )
    options = WindowsOptions(
        name=name,
        application=request.application,
        arguments=request.arguments,
        interpreter=place.base,
        python=python,
        packages=place.packages,
        directory=_directory(request, python),
        data=request.data,
        account=request.account,
        start=_start(request, found),
        dependencies=request.depends,
        environment=tuple(Variable(*each) for each in request.environment),
        settings=request.settings,
        small=request.small,
    )
    made = receipt(description.manifest, options, python_version=place.version, repeat=to_options(request))
    need_files(made.service, machine)
    return Prepared(made, diagnose(description.manifest, options))


def describe_again(made: WindowsReceipt) -> Description:
    """Describe an installed application as it is now.

    Raises:
        SvcctlError: As :func:`svcctl.loading.describe.describe`.
    """
    python = made.service.hosted.python
    return describing.described(made.application, made.arguments, python, made.environment)


def need_files(service: WindowsService, machine: Machine) -> None:
    """Check that there is what the service manager and the service host start.

    Raises:
        ConfigurationError: Something of it is missing.
    """
    for path in (service.interpreter, service.host, service.hosted.python):
        if not machine.folders.exists(path):
            raise ConfigurationError(
                f"{path} is not there, so nothing could start the service",
                hint="repair that Python, or name another one with --python",
            )


def _directory(request: WindowsRequest, python: str) -> str:
    """Return the folder that it runs in: that of its file, else that of its interpreter."""
    path = request.application if describing.is_file(request.application) else python
    folder = path.rpartition("\\")[0]
    return f"{folder}\\" if folder.endswith(":") else folder


def _start(request: WindowsRequest, found: Found | None) -> Start:
    if request.enable:
        return "delayed" if request.delayed else "automatic"
    match found.start if found is not None else "manual":
        case "automatic":
            return "automatic"
        case "delayed":
            return "delayed"
    return "manual"


def _unreadable(
    request: WindowsRequest, python: str, place: Python, machine: Machine
) -> Iterator[Diagnostic]:
    """Yield an error for each part below the profile of a user, which the service's account may not look into."""
    account = request.account or f"NT SERVICE\\{request.name}"
    if reads_profiles(account):
        return
    profiles = f"{machine.folders.profiles()}\\".lower()
    paths = {"python": python, "interpreter": place.base, "svcctl": place.packages}
    if describing.is_file(request.application):
        paths["application"] = request.application
    for subject, path in paths.items():
        lowered = path.lower()
        if lowered.startswith(profiles) and not lowered.startswith(f"{profiles}public\\"):
            message = f"{path} is in the profile of a user, which {account} cannot read"
            hint = "move it to a folder such as C:\\Program Files, or choose another --account"
            yield Diagnostic(severity="error", subject=subject, message=message, hint=hint)
