"""Makes an application of a plug-in and its options, and saves it to a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from svcctl.application.interfaces import IPersistable, IProcess
from svcctl.application.persisting import files, passphrases
from svcctl.application.service import Application
from svcctl.errors import UsageError
from svcctl.loading import plugins
from svcctl.loading.saved import load_saved
from svcctl.manifest.model import Needs

_SUFFIXES = {"pickle": "tap", "source": "tas"}
#: From the least to the most.
_NETWORKS = ("none", "inbound", "outbound")


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeRequest:
    """What to make.

    Attributes:
        plugin: The plug-in.
        arguments: Its options.
        output: Path of the file; ``None`` for the plug-in's name and the suffix of the style, in the working
            directory, or for ``append``.
        append: Path of a saved application that the service is added to; if it is not there, it is made.
        uid: User to run as, by name or number.
        gid: Group to run as, by name or number.
        appname: What the process is called.
        style: ``pickle`` or ``source``; ``None`` for that of the application appended to, else ``pickle``.
        encrypted: Encrypt the file, with a passphrase that is asked for.
        passphrase: Where the passphrase is, as :func:`svcctl.application.persisting.passphrases.resolve` takes it.
    """

    plugin: str
    arguments: tuple[str, ...] = ()
    output: str | None = None
    append: str | None = None
    uid: str | int | None = None
    gid: str | int | None = None
    appname: str | None = None
    style: str | None = None
    encrypted: bool = False
    passphrase: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of it.

    Attributes:
        path: The file.
        application: Name of the application in it.
        appended: It was there before, and has one service more.
        encrypted: It is encrypted.
    """

    path: str
    application: str
    appended: bool
    encrypted: bool


def make(request: MakeRequest) -> Made:
    """Make an application and save it.

    Raises:
        UsageError: There is no such plug-in, an argument is not what it takes, or the request contradicts itself.
        HelpRequestedError: The arguments ask for the plug-in's help.
        ApplicationLoadError: The plug-in's code raised an error, or made no service.
        SavedStateError: The application to append to cannot be used.
        SvcctlError: It cannot be saved.
    """
    if request.passphrase is not None and not request.encrypted and request.append is None:
        raise UsageError("--passphrase is for --encrypted", hint="add --encrypted")
    if request.style is not None and request.style not in _SUFFIXES:
        raise UsageError(f"there is no type {request.style!r}", hint="choose pickle or source")
    secret = passphrases.resolve(request.passphrase, confirm=True) if request.encrypted else None
    append = request.append if request.append is not None and os.path.lexists(request.append) else None
    application = _made(request) if append is None else _appended(append, request, secret)
    persistent: Any = application.getComponent(IPersistable)
    if append is None or request.style is not None:
        persistent.setStyle(request.style or "pickle")
    suffix = f"{'e' if request.encrypted else ''}{_SUFFIXES[request.style or 'pickle']}"
    path = request.output or request.append or f"{request.plugin}.{suffix}"
    persistent.save(filename=path, passphrase=secret)
    return Made(
        path=path,
        application=application.name,
        appended=append is not None,
        encrypted=bool(files.claims_of(path).get("cipher")),
    )


def _made(request: MakeRequest) -> Application:
    return plugins.make_application(
        request.plugin, request.arguments, appname=request.appname, uid=request.uid, gid=request.gid
    )


def _appended(path: str, request: MakeRequest, secret: str | None) -> Application:
    """Return the saved application with the service added."""
    application = load_saved(path, passphrase=_passphrase_of(path, request, secret))
    process = application.getComponent(IProcess)
    process.uid = process.uid if request.uid is None else request.uid
    process.gid = process.gid if request.gid is None else request.gid
    process.processName = request.appname or process.processName
    plugin = plugins.get(request.plugin)
    options = plugin.read(request.arguments)
    plugin.add_to(application, options)
    application.needs = both(application.needs, plugin.needs(options))
    return application


def both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stated needs of two applications together: what neither states stays to be found out.

    Example:
        >>> both({"network": "outbound", "reads": ["/a"]}, {"reads": ["/b"], "home": True})
        {'network': 'outbound', 'reads': ('/a', '/b'), 'home': True}
    """
    defaults = Needs()
    merged: dict[str, Any] = {}
    for name in dict.fromkeys((*first, *second)):
        default = getattr(defaults, name, None)
        one, other = first.get(name, default), second.get(name, default)
        if name == "network":
            merged[name] = max(one, other, key=_NETWORKS.index)
        elif isinstance(default, tuple):
            merged[name] = tuple(dict.fromkeys((*one, *other)))
        else:
            merged[name] = one or other
    return merged


def _passphrase_of(path: str, request: MakeRequest, secret: str | None) -> str | None:
    """Return the passphrase of the application to append to; ``None`` if it has none."""
    if not files.claims_of(path).get("cipher"):
        return None
    return secret or passphrases.resolve(request.passphrase)
