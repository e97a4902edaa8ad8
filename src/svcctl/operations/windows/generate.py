"""Makes, on any machine, what makes a service of an application on Windows: scripts, or the source of an installer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from svcctl.generate.windows.options import WindowsOptions
from svcctl.generate.windows.render import render
from svcctl.host.output import write_together
from svcctl.loading.report import Description
from svcctl.operations.refusing import refuse
from svcctl.operations.windows import bundle as bundles
from svcctl.operations.windows import describing
from svcctl.operations.windows.bundle import Bundle
from svcctl.plan.model import Diagnostic
from svcctl.plan.windows import Start, Variable

#: Folder beside the source of an installer with what that brings.
FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    r"""The arguments of ``svcctl generate windows``.

    Attributes:
        application: What names it here, as :func:`svcctl.loading.target.resolve` reads it.
        arguments: The options of a plug-in.
        output: Folder for what is made; empty for ``NAME-windows`` in the working directory.
        name: Name of the service; ``None`` takes the stem of the file, the package of the object, or the plug-in's name.
        python: The interpreter here that the application is loaded with; ``None`` for the one that runs svcctl.
        environment: Variables for the service.
        directory: The application's folder on Windows; empty for ``C:\Program Files\NAME``.
        interpreter: The base interpreter there; empty for where Python's installer puts it for all users, or for the
            one in the bundle.
        account: Who it runs as; empty for an account of its own.
        start: When it starts.
        depends: Short names of the services that have to run before it.
        data: Folder there for what it keeps; empty for ``C:\ProgramData\NAME``.
        settings: Fields of the definition by hand.
        small: The service host's process runs it itself.
        bundle: Folder here with what an installer brings; empty for no installer.
    """

    application: str
    arguments: tuple[str, ...] = ()
    output: str = ""
    name: str | None = None
    python: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    directory: str = ""
    interpreter: str = ""
    account: str = ""
    start: Start = "automatic"
    depends: tuple[str, ...] = ()
    data: str = ""
    settings: tuple[tuple[str, int], ...] = ()
    small: bool = False
    bundle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateResult:
    """What was made.

    Attributes:
        name: Name of the service.
        directory: The application's folder on Windows.
        paths: The files and folders, absolute.
        installer: There is the source of an installer among them.
        diagnostics: What the user should know.
        written: They were written; False for a dry run.
    """

    name: str
    directory: str
    paths: tuple[str, ...]
    installer: bool
    diagnostics: tuple[Diagnostic, ...]
    written: bool


def generate(request: GenerateRequest, *, dry_run: bool = False) -> GenerateResult:
    """Describe an application and write what makes a service of Windows of it.

    The application's file is executed in a process of its own, as an unprivileged user where the caller is root.

    Args:
        request: What to make.
        dry_run: Say what would be written, and write nothing.

    Raises:
        SvcctlError: It cannot be made; nothing is written.
    """
    application = describing.absolute(request.application)
    name = describing.name_of(application, request.name)
    if request.bundle:
        bundles.need_folder(request.bundle)
    folder = describing.whole_path(request.bundle) if request.bundle else ""
    description = describing.described(application, request.arguments, request.python, request.environment)
    bundle = None
    if folder:
        bundle = bundles.read_bundle(folder, application if describing.is_file(application) else "")
    options = _options(request, application, name, description, bundle, folder)
    rendering = render(description.manifest, options)
    refuse(name, rendering.diagnostics, what="a service of Windows")
    contents = {file.path[1:]: file.content for file in rendering.files}
    trees = {FILES: bundle.files} if bundle is not None else {}
    output = Path(request.output or f"{name}-windows").absolute()
    if not dry_run:
        write_together(output, contents, trees)
    return GenerateResult(
        name=name,
        directory=options.directory,
        paths=tuple(str(output / each) for each in (*contents, *trees)),
        installer=bundle is not None,
        diagnostics=rendering.diagnostics,
        written=not dry_run,
    )


def _options(
    request: GenerateRequest,
    application: str,
    name: str,
    description: Description,
    bundle: Bundle | None,
    folder: str,
) -> WindowsOptions:
    directory = request.directory or f"C:\\Program Files\\{name}"
    version = "".join(description.interpreter.version.split(".")[:2])
    if bundle is None:
        interpreter = f"C:\\Program Files\\Python{version}\\python.exe"
        python, packages = f"{directory}\\venv\\Scripts\\python.exe", f"{directory}\\venv\\Lib\\site-packages"
    else:
        interpreter = python = _below(directory, bundle.interpreter)
        packages = _below(directory, bundle.packages)
    if describing.is_file(application):
        application = _below(directory, bundles.application_in(folder, application))
    return WindowsOptions(
        name=name,
        application=application,
        arguments=request.arguments,
        interpreter=request.interpreter or interpreter,
        python=python,
        packages=packages,
        directory=directory,
        data=request.data,
        account=request.account,
        start=request.start,
        dependencies=request.depends,
        environment=tuple(Variable(*each) for each in request.environment),
        settings=request.settings,
        small=request.small,
        bundle=bundle.listed() if bundle is not None else (),
    )


def _below(directory: str, path: str) -> str:
    inside = path.replace("/", "\\")
    return f"{directory}\\{inside}" if inside else directory
