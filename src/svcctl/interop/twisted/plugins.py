"""The plug-ins that twistd runs, as plug-ins of ours: ``twisted:NAME``.

Source: ``twisted.application.service.IServiceMaker`` and the plug-in system of Twisted, which finds the modules in
folders ``twisted/plugins`` on the path.
"""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from typing import Any

from twisted.application import service
from twisted.plugin import getPlugins
from twisted.python import usage
from twisted.scripts.twistd import ServerOptions

from svcctl.application.options.asked import HelpRequestedError
from svcctl.application.options.table import Command, Option, Table
from svcctl.application.service import Application
from svcctl.errors import UsageError
from svcctl.interop.twisted.application import adapted


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Twisted's own modules say of their age to themselves, while they are loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class Maker:
    """What makes services of a command line, with the names that makers have here.

    Args:
        real: The plug-in of Twisted's.

    Attributes:
        module: Name of the module that its code is in.
        description: One line for people.
    """

    def __init__(self, real: Any) -> None:  # noqa: ANN401 (plug-ins need no common class)
        self.real = real
        self.module: str = getattr(real, "module", None) or type(real).__module__
        self.description = str(real.description)

    @property
    def distribution(self) -> str:
        """Name and version of what brought it along; of a module between Twisted's plug-ins, its name."""
        return (
            self.module
            if self.module.startswith("twisted.plugins.")
            else _owner(self.module.partition(".")[0])
        )

    @property
    def complete(self) -> bool:
        """Whether what it needs is there: several that Twisted brings along need an extra of Twisted's."""
        try:
            with _quiet():
                return self.real.options is not None
        except ImportError:
            return not self.module.startswith("twisted.")

    def options(self) -> Options:
        """Return its options."""
        with _quiet():
            return Options(self.real.options(), str(self.real.tapname))

    def makeService(self, options: Options) -> Any:  # noqa: ANN401 (a service of Twisted's)
        """Return the service that options ask for."""
        return self.real.makeService(options.real)

    def makeApplication(self, made: Any, options: Options) -> Application | None:  # noqa: ANN401, N802 (the same; like makeService)
        """Return the application for a service, as twistd makes it."""
        whole = service.Application(self.real.tapname, *options.user)
        made.setServiceParent(whole)
        application = adapted(whole)
        if application is not None:
            application.description = self.description
        return application


class Options:
    """Options of Twisted's, with the methods that options have here.

    Args:
        real: The options.
        name: The plug-in whose they are; empty for those of a sub-command.
    """

    program = ""
    #: User and group that the plug-in has chosen to run as.
    user: tuple[int | None, int | None] = (None, None)

    def __init__(self, real: Any, name: str = "") -> None:  # noqa: ANN401 (Twisted's classes are unknown to the type checker)
        self.real = real
        self._name = name

    def parseOptions(self, words: Sequence[str]) -> None:
        """Read a command line, as part of one of twistd's: plug-ins may look at what that says, and change it.

        Raises:
            UsageError: A word is not what was declared.
            HelpRequestedError: Help, or the version, is asked for.
        """
        said = io.StringIO()
        around = ServerOptions()
        try:
            with contextlib.redirect_stdout(said):
                around.parseOptions(["--nodaemon", self._name, *words])
        except usage.UsageError as error:
            raise UsageError(str(error), hint=f"{self.program} --help shows the options") from None
        except SystemExit as ended:
            text = said.getvalue()
            if not text:
                raise
            if ended.code:
                raise UsageError(
                    " ".join(text.split()), hint=f"{self.program} --help shows the options"
                ) from None
            raise HelpRequestedError(text) from None
        self.real = around.subOptions
        self.user = around["uid"], around["gid"]

    def table(self) -> Table:
        """Return what there is."""
        return _table(self.real)


@functools.cache
def _owner(package: str) -> str:
    """Return name and version of the distribution that a package is in; looking into all of them takes its time."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        owners = packages_distributions().get(package, [])
        if not owners:
            return package
        found = distribution(owners[0])
    return f"{found.name} {found.version}"


def _table(real: Any) -> Table:  # noqa: ANN401 (the same)
    letters = {name: letter for letter, name in real.synonyms.items() if len(letter) == 1}
    options = [
        Option(
            name,
            _nothing,
            takes=each.endswith("="),
            short=letters.get(name, ""),
            doc=" ".join((real.docs.get(name) or _told(real, name)).split()),
            default=real.defaults.get(name),
        )
        for each in real.longOpt
        if (name := each.rstrip("=")) not in {"help", "version"}
    ]
    commands = [
        Command(name, short or "", functools.partial(_made, kind), doc or "")
        for name, short, kind, doc in getattr(real, "subCommands", ())
    ]
    return Table(
        tuple(options),
        tuple(commands),
        getattr(real, "defaultSubCommand", None) or "",
        about=getattr(real, "longdesc", None) or "",
    )


def _told(real: Any, name: str) -> str:  # noqa: ANN401 (the same)
    """Return what the method of an option says of it."""
    return getattr(real, f"opt_{name.replace('-', '_')}", _nothing).__doc__ or ""


def _made(kind: Any) -> Options:  # noqa: ANN401 (the same)
    return Options(kind())


def _nothing(_: str) -> None:
    """Stand for what reads an option: Twisted's own code does."""


def find() -> Iterator[tuple[str, Maker]]:
    """Yield the plug-ins that can be loaded, with their names; Twisted logs what is wrong with the others."""
    with _quiet():
        found = list(getPlugins(service.IServiceMaker))
    for each in found:
        yield str(each.tapname), Maker(each)
