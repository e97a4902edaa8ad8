"""The plug-in ``web``: serves files, or an ASGI or WSGI application. Needs the ``web`` extra."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svcctl.errors import ConfigurationError, UsageError
from svcctl.plugins.ports import listening


def folder(text: str) -> Path:
    """Return a folder by its absolute path.

    Raises:
        ValueError: There is none.
    """
    path = Path(text).absolute()
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}")
    return path


def module_attribute(text: str) -> str:
    """Return ``module:attribute`` as it is.

    Raises:
        ValueError: It has another form.
    """
    module, _, attribute = text.partition(":")
    if not all(part.isidentifier() for name in (module, attribute) for part in name.split(".")):
        raise ValueError("it is not module:attribute")
    return text


@dataclass(frozen=True, kw_only=True)
class Options:
    """Serves the files of a folder (--path), or an application: exactly one of --path, --app and --wsgi.

    Of a folder, files whose names begin with a dot and links that lead out of it are not shown; a file that has not
    changed since the client's copy is not sent again.
    """

    port: str = field(
        default="tcp:8080",
        metadata={
            "short": "p",
            "coerce": listening,
            "help": "Where to listen: a TCP port, or an endpoint such as ssl:443:privateKey=key.pem.",
        },
    )
    path: Path | None = field(default=None, metadata={"coerce": folder, "help": "The folder to serve."})
    app: str | None = field(
        default=None, metadata={"coerce": module_attribute, "help": "An ASGI application, module:attribute."}
    )
    wsgi: str | None = field(
        default=None, metadata={"coerce": module_attribute, "help": "A WSGI application, module:attribute."}
    )
    index: tuple[str, ...] = field(
        default=("index.html",),
        metadata={"short": "i", "help": "A file that stands for its folder; the first that is there does."},
    )
    listing: bool = field(default=False, metadata={"help": "Show what is in a folder without such a file."})
    threads: int = field(
        default=10, metadata={"units": "threads", "help": "How many requests --wsgi serves at once."}
    )
    log: bool = field(default=True, metadata={"help": "Log a line for each request."})

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        if sum(each is not None for each in (self.path, self.app, self.wsgi)) != 1:
            raise UsageError(
                "there is nothing to serve, or more than one thing",
                hint="give one of --path, --app and --wsgi",
            )
        if self.threads < 1:
            raise UsageError("--threads: there has to be one at least", hint="leave it out for 10")


class Site:
    """The ASGI application that options ask for, made at its first use.

    Args:
        options: What to serve.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (ASGI's)
        """Serve one request, or live through one lifespan."""
        await self.app(scope, receive, send)

    @property
    def app(self) -> Any:  # noqa: ANN401 (any ASGI application)
        """The application.

        Raises:
            ConfigurationError: It cannot be imported, or a library is missing.
        """
        if self._app is None:
            self._app = _made(self.options)
        return self._app

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is made anew."""
        return {"options": self.options, "_app": None}


def _made(options: Options) -> Any:  # noqa: ANN401 (any ASGI application)
    if options.path is not None:
        files = _needed("svcctl.plugins.files", "starlette")
        return files.site(options.path, options.index, listing=options.listing)
    if options.wsgi is not None:
        wrapper = _needed("a2wsgi", "a2wsgi")
        return wrapper.WSGIMiddleware(_imported(options.wsgi), workers=options.threads)
    return _imported(options.app or "")


def _needed(module: str, library: str) -> Any:  # noqa: ANN401 (a module)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"this needs {library}, which is not installed: {error}",
            hint="install svcctl with its extra: svcctl[web]",
        ) from error


def _imported(text: str) -> Any:  # noqa: ANN401 (any application)
    name, _, attribute = text.partition(":")
    try:
        found: Any = importlib.import_module(name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ConfigurationError(
            f"{text} cannot be served: {error}",
            hint="install it for this interpreter; the working directory is not searched",
        ) from error
    return found


def makeService(options: Options) -> Any:  # noqa: ANN401 (its class needs the extra)
    """Return the server.

    Raises:
        ConfigurationError: A library is missing, or the application cannot be imported.
    """
    asgi = _needed("svcctl.interop.asgi", "uvicorn")
    site = Site(options)
    _ = site.app  # what is missing is told now, not with the first request
    return asgi.ASGIService(options.port, site, access_log=options.log)


def needs(options: Options) -> dict[str, Any]:
    """Return what the application needs: the folder, unless the service sees it anyway."""
    return {"reads": [str(options.path)]} if options.path is not None else {}
