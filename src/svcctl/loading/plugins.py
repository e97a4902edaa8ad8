"""Plug-ins: makers of services that distributions bring along, as entry points of the group ``svcctl.plugins``.

An entry point's name is what one types. It leads to a maker, see
:class:`svcctl.application.options.maker.IServiceMaker`, to a class of makers, or to a module with ``Options`` and
``makeService(options)`` or the older ``updateApplication(app, config)``. A maker may have ``needs``, too: the needs of
its application, as a mapping or as a function of the options. Source: the entry points specification of the Python
packaging guide. Where Twisted is installed, the plug-ins of twistd are there, too, as ``twisted:NAME``.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from svcctl.application.interfaces import IProcess
from svcctl.application.options.maker import ServiceMaker
from svcctl.application.service import Application
from svcctl.errors import ConfigurationError, SvcctlError, UsageError
from svcctl.loading.failure import raised
from svcctl.loading.plugin import Plugin
from svcctl.loading.tac import expect_twisted

#: The group of entry points.
GROUP = "svcctl.plugins"

#: What stands before the names of the plug-ins of twistd.
TWISTED = "twisted:"

_T = TypeVar("_T")


class Broken(NamedTuple):
    """A plug-in that cannot be used.

    Attributes:
        name: What one would type.
        distribution: Name and version of what brought it along.
        reason: One line.
    """

    name: str
    distribution: str
    reason: str


class Plugins(NamedTuple):
    """All plug-ins.

    Attributes:
        found: Those that can be used, by their names, in the order of these.
        broken: The others.
    """

    found: dict[str, Plugin]
    broken: tuple[Broken, ...]


def find() -> Plugins:
    """Return all plug-ins; one that is broken takes no other with it.

    Each is loaded as far as its description needs it.
    """
    found: dict[str, Plugin] = {}
    broken: list[Broken] = []
    for name, entry_points in sorted(_entry_points().items()):
        owners = _owners(entry_points)
        try:
            found[name] = _load(name, entry_points)
        except SvcctlError as error:
            broken.append(Broken(name, owners, error.message))
    found.update(sorted((name, each) for name, each in _of_twisted().items() if each.maker.complete))
    return Plugins(found, tuple(broken))


def get(name: str) -> Plugin:
    """Return the plug-in of a name; no other is loaded.

    Raises:
        UsageError: There is none; the hint has the most similar one.
        ConfigurationError: Two distributions have one of that name, or it is no plug-in.
        ApplicationLoadError: Its code raised an error.
    """
    if name.startswith(TWISTED):
        return _chosen(name, _of_twisted(required=True))
    return _load(name, _chosen(name, _entry_points()))


def _chosen(name: str, known: Mapping[str, _T]) -> _T:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        file = "" if name.startswith(TWISTED) else f"; a file is written {name}.tac or ./{name}"
        raise UsageError(f"there is no plug-in {name!r}", hint=f"{meant}svcctl plugins lists them{file}")
    return known[name]


def _of_twisted(*, required: bool = False) -> dict[str, Plugin]:
    """Return the plug-ins of twistd.

    Raises:
        ConfigurationError: Twisted is not installed, and required.
        ApplicationLoadError: It cannot be loaded.
    """
    if find_spec("twisted") is None:
        if not required:
            return {}
        raise ConfigurationError(
            f"{sys.executable} finds no Twisted", hint="install it for that interpreter, with svcctl[twisted]"
        )
    expect_twisted()
    try:
        from svcctl.interop.twisted import plugins  # noqa: PLC0415 (only where Twisted is)

        return {
            f"{TWISTED}{name}": Plugin(f"{TWISTED}{name}", each.distribution, each)
            for name, each in plugins.find()
        }
    except ImportError as error:
        raise raised("Twisted", error) from None


def make_application(
    name: str,
    arguments: Sequence[str],
    *,
    appname: str | None = None,
    uid: str | int | None = None,
    gid: str | int | None = None,
) -> Application:
    """Return the application that a plug-in makes of a command line; it has the plug-in's name.

    Args:
        name: The plug-in.
        arguments: Its options.
        appname: What the process is called; ``None`` leaves that alone.
        uid: User to run as, by name or number.
        gid: Group to run as, by name or number.

    Raises:
        UsageError: There is no such plug-in, or an argument is not what it takes.
        HelpRequestedError: Help is asked for.
        ConfigurationError: Two distributions have one of that name, or it is no plug-in.
        ApplicationLoadError: Its code raised an error, or made no service.
    """
    expect_twisted()
    plugin = get(name)
    options = plugin.read(arguments)
    whole = plugin.whole(options)
    application = whole or Application(name, description=plugin.description, needs=plugin.needs(options))
    process = application.getComponent(IProcess)
    process.processName = appname
    process.uid = process.uid if uid is None else uid
    process.gid = process.gid if gid is None else gid
    if whole is None:
        plugin.add_to(application, options)
    return application


def module_of(plugin: Plugin) -> str:
    """Return the name of the module that a plug-in's code is in, as far as one can tell."""
    if isinstance(plugin.maker, ServiceMaker) or plugin.name.startswith(TWISTED):
        return str(plugin.maker.module)
    if isinstance(plugin.maker, ModuleType):
        return plugin.maker.__name__
    return str(type(plugin.maker).__module__)


def _entry_points() -> dict[str, list[metadata.EntryPoint]]:
    """Return the entry points by their names; a distribution that is seen twice on the path counts once."""
    found: dict[str, dict[tuple[str, str], metadata.EntryPoint]] = {}
    for each in metadata.entry_points(group=GROUP):
        found.setdefault(each.name, {}).setdefault((each.value, _owner(each)), each)
    return {name: list(several.values()) for name, several in found.items()}


def _load(name: str, entry_points: list[metadata.EntryPoint]) -> Plugin:
    if len(entry_points) > 1:
        owners = _owners(entry_points)
        raise ConfigurationError(f"the plug-in {name!r} is claimed by {owners}", hint="uninstall one of them")
    entry_point = entry_points[0]
    owner = _owner(entry_point)
    try:
        maker: Any = entry_point.load()
        if isinstance(maker, type):
            maker = maker()
        return Plugin(name, owner, maker)
    except (SvcctlError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 (its code can raise anything)
        raise raised(f"the plug-in {name!r} of {owner}", error) from None


def _owners(entry_points: list[metadata.EntryPoint]) -> str:
    return " and ".join(sorted(_owner(each) for each in entry_points))


def _owner(entry_point: metadata.EntryPoint) -> str:
    dist = entry_point.dist
    return f"{dist.name} {dist.version}" if dist else entry_point.value
