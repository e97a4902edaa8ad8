"""What the user names as an application: one rule for every command."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Sequence
from types import CoroutineType, ModuleType
from typing import TYPE_CHECKING, Literal, NamedTuple

from svcctl.errors import ApplicationLoadError, ApplicationNotFoundError, UsageError

if TYPE_CHECKING:
    from svcctl.application.service import Application

_OBJECT = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_SUFFIX = re.compile(r"[^:]\.\w+")
_PLUGIN = re.compile(r"(twisted:)?[A-Za-z0-9][\w-]*")
#: Endings of files that hold a saved application; those with an ``e`` are encrypted.
_SAVED = (".tap", ".tas", ".etap", ".etas")

Kind = Literal["tac", "saved", "object", "plugin"]


class Target(NamedTuple):
    """Where an application comes from.

    Attributes:
        kind: ``tac`` for a file, ``saved`` for one that holds a saved application, ``object`` for
            ``module:attribute``, ``plugin`` for the name of a plug-in.
        value: The path, ``module:attribute`` or name; as given.
    """

    kind: Kind
    value: str


def resolve(text: str) -> Target:
    r"""Return what a text names; looks at nothing but the text.

    It is a path if it has a ``/`` (on Windows also a ``\``) or a suffix, or is ``.`` or ``..``; a plug-in of Twisted's
    if it is ``twisted:NAME``; ``module:attribute`` if it has a ``:`` between dotted names; and else the name of a
    plug-in. A file that looks like one of the latter is written ``./a:b.tac``.

    Raises:
        UsageError: It is none of these.

    Example:
        >>> resolve("package.module:attribute").kind
        'object'
    """
    if "\0" in text:
        raise UsageError(f"{text!r} names no application: it holds a NUL character", hint="write NAME.tac")
    if "/" in text or os.sep in text or text in {".", ".."}:
        return _file(text)
    if text.startswith("twisted:") and is_plugin(text):
        return Target("plugin", text)
    if _OBJECT.fullmatch(text):
        return Target("object", text)
    if ":" in text:
        raise UsageError(
            f"{text!r} is no module:attribute",
            hint="write dotted names on both sides, or ./ before a file's name",
        )
    if _SUFFIX.search(text):
        return _file(text)
    if is_plugin(text):
        return Target("plugin", text)
    raise UsageError(
        f"{text!r} names no application",
        hint=f"write {text or 'NAME'}.tac or ./{text or 'NAME'} for a file, module:attribute, or a plug-in's name",
    )


def is_plugin(text: str) -> bool:
    """Return whether a text names a plug-in: what follows it on a command line is its own."""
    return _PLUGIN.fullmatch(text) is not None


def _file(path: str) -> Target:
    return Target("saved" if path.endswith(_SAVED) else "tac", path)


def load(text: str, arguments: Sequence[str] = ()) -> Application:
    """Return the application that a text names; see :func:`resolve`.

    Args:
        text: The application.
        arguments: What follows it on a command line: the options of a plug-in.

    Raises:
        UsageError: The text names nothing, or the arguments are not what it takes.
        HelpRequestedError: The help of a plug-in's options is asked for.
        ApplicationNotFoundError: There is no such file or module.
        ApplicationLoadError: Its code raised an error, or gives no ``Application``.
        SavedStateError: The file with the saved application cannot be used.
    """
    target = resolve(text)
    if target.kind == "plugin":
        from svcctl.loading.plugins import make_application  # noqa: PLC0415 (only for plug-ins)

        return make_application(target.value, arguments)
    refuse_arguments(text, arguments)
    if target.kind == "object":
        return load_object(target.value)
    if target.kind == "saved":
        from svcctl.loading.saved import load_saved  # noqa: PLC0415 (only for saved applications)

        return load_saved(target.value)
    from svcctl.loading.tac import load_tac  # noqa: PLC0415 (a module's application needs no .tac)

    return load_tac(target.value)


def refuse_arguments(text: str, arguments: Sequence[str]) -> None:
    """Refuse what follows an application that is no plug-in.

    Raises:
        UsageError: Something does.
    """
    if arguments:
        raise UsageError(
            f"{text} takes no arguments, and there is {arguments[0]!r}",
            hint="only a plug-in has options of its own; those of svcctl stand before or behind the application",
        )


def load_object(text: str) -> Application:
    """Return the application at ``module:attribute``, or what a callable there returns without arguments.

    The module is looked for in ``sys.path`` as it is: the working directory is not added.

    Raises:
        ApplicationNotFoundError: There is no such module.
        ApplicationLoadError: Its code raised an error, or gives no ``Application``.
    """
    from svcctl.application.service import Application  # noqa: PLC0415 (a wrong name is told without it)
    from svcctl.loading.failure import no_application, raised  # noqa: PLC0415 (not for .tac files)
    from svcctl.loading.tac import adapted, expect_twisted  # noqa: PLC0415 (the same)

    name, _, attribute = text.partition(":")
    expect_twisted()
    module = _import(name)
    if "." not in attribute and not hasattr(module, attribute):
        raise no_application(f"module {name}", vars(module), attribute)
    try:
        found: object = module
        for step in attribute.split("."):
            found = getattr(found, step)
        application = adapted(found() if callable(found) and not isinstance(found, Application) else found)
    except KeyboardInterrupt:
        raise  # from outside: somebody wants the loading to end
    except BaseException as error:  # noqa: BLE001 (the user's code can raise anything)
        raise raised(getattr(module, "__file__", None) or name, error) from None
    if isinstance(application, Application):
        return application
    if application is found:
        raise no_application(f"module {name}", {attribute: found}, attribute)
    if isinstance(application, CoroutineType):
        application.close()
    raise ApplicationLoadError(
        f"{text}() returned an object of type {type(application).__qualname__}, not an Application",
        hint="let it return the Application, without async",
    )


def _import(name: str) -> ModuleType:
    from svcctl.loading.failure import raised  # noqa: PLC0415 (not for .tac files)

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ApplicationNotFoundError(
                f"{sys.executable} finds no module {error.name!r}",
                hint="install it for that interpreter (the working directory is not searched), or name a .tac file",
            ) from None
        raise raised(f"module {name}", error) from None
    except KeyboardInterrupt:
        raise  # from outside: somebody wants the loading to end
    except BaseException as error:  # noqa: BLE001 (the user's code can raise anything)
        raise raised(f"module {name}", error) from None
