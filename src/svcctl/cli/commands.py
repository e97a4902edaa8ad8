"""Typer, also one before 0.9, as in Debian 12: it reads options neither in ``Annotated`` nor of a type ``X | None``."""

from __future__ import annotations

import copy
import functools
import inspect
import types
from collections.abc import Callable
from typing import Annotated, Any, Optional, TypeVar, cast, get_args, get_origin, get_type_hints

import typer

Function = TypeVar("Function", bound=Callable[..., Any])

#: Its options had to be given as default values, so that one without a value of its own had to say ``...``.
_OLD = inspect.signature(typer.Option).parameters["default"].default is inspect.Parameter.empty


class Commands(typer.Typer):
    """A group of commands; their functions declare options and arguments in ``Annotated``.

    An argument begins with ``...``, which every Typer takes: ``typer.Argument(..., metavar="APP")``.
    """

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Function], Function]:  # noqa: ANN401 (as Typer has them)
        """Return the decorator that makes a function a command."""
        register = super().command(*args, **kwargs)
        return lambda function: register(_readable(function))

    def callback(self, *args: Any, **kwargs: Any) -> Callable[[Function], Function]:  # noqa: ANN401 (the same)
        """Return the decorator that has a function take the options of the group itself."""
        register = super().callback(*args, **kwargs)
        return lambda function: register(_readable(function))


def _readable(function: Function) -> Function:
    """Return a function that the Typer at hand can read."""
    return cast("Function", _with_defaults(function)) if _OLD else function


def _with_defaults(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that declares its options as default values."""
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    declared = [_declared(parameter, hints[name]) for name, parameter in signature.parameters.items()]

    @functools.wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever the function takes and returns)
        return function(*args, **kwargs)

    command.__annotations__ = {parameter.name: parameter.annotation for parameter in declared}
    vars(command)["__signature__"] = signature.replace(parameters=declared)
    return command


def _declared(parameter: inspect.Parameter, hint: Any) -> inspect.Parameter:  # noqa: ANN401 (a type of any form)
    """Return a parameter with its option as the default value."""
    if get_origin(hint) is not Annotated:
        return parameter.replace(annotation=_plain(hint))
    kind, given = get_args(hint)
    info = copy.copy(given)
    if info.default is not ...:  # the first name of an option stood where Typer expects the default
        info.param_decls = (info.default, *info.param_decls)
    info.default = ... if parameter.default is parameter.empty else parameter.default
    return parameter.replace(annotation=_plain(kind), default=info)


def _plain(hint: Any) -> Any:  # noqa: ANN401 (the same)
    """Return a type with ``X | None`` in its older form."""
    if not isinstance(hint, types.UnionType):
        return hint
    (kind,) = (each for each in get_args(hint) if each is not types.NoneType)
    return Optional[kind]  # noqa: UP045 (the older form is the point)
