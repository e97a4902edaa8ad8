"""Settings of a service: a class of typed fields, filled from the environment.

.. code-block:: python

    class Shop(Settings, prefix="SHOP_"):
        port: int = 8080
        debug: bool = False
        timeout: Duration = 30.0
        hosts: list[str] = ["localhost"]
        database: str

    settings = Shop()  # SHOP_PORT, SHOP_DEBUG … SHOP_DATABASE

A service finds its variables in ``/etc/default/NAME``. They stay what they are until it is started again.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, ClassVar, get_origin, get_type_hints

from svcctl.application.configuring import kinds
from svcctl.application.credentials import Secret
from svcctl.application.describing import asked
from svcctl.application.observing import opening
from svcctl.errors import EX_CONFIG, Problem, ProblemsError

__all__ = ["Duration", "Secret", "Settings", "SettingsError", "Size"]

#: Seconds, at least 0; in a variable also ``1.5s``, ``100ms``, ``5min``, ``2h``, ``1d``.
Duration = Annotated[float, kinds.DURATION]

#: Bytes, at least 0; in a variable also ``64K``, ``1M``, ``2G``, ``1T``, powers of 1024.
Size = Annotated[int, kinds.SIZE]

_MISSING = object()


class SettingsError(ProblemsError):
    """Variables are missing, or their values are none of what is wanted; holds every problem."""

    code = "settings"
    exit_status = EX_CONFIG


class Settings:
    """Base of settings: each annotated attribute of a subclass is a field, read from a variable.

    The variable's name is the prefix and the field's name, in capitals. A field without a default has to be set.
    Types are ``str``, ``int``, ``float``, ``bool`` (1/0, true/false, yes/no, on/off), ``Literal[…]``, an ``Enum``
    (by the name of a member), ``Path``, :data:`Duration`, :data:`Size`, :class:`Secret`, which is never shown,
    ``list[…]`` or ``tuple[…, ...]`` of these, separated by commas, and any of them ``| None``.

    An instance is filled when it is made, and cannot be changed. In a description, which knows the variables given
    at the installation but not ``/etc/default/NAME``, a field that has to be set and is not holds a placeholder: a
    text says so itself, all else is as empty as its type allows. A saved application reads its settings anew.

    Raises:
        SettingsError: Variables are missing or wrong; all of them are named.
        UsageError: A field is of a type that cannot be read.

    Example:
        >>> class Shop(Settings, prefix="SHOP_"):
        ...     port: int = 8080
        ...     debug: bool = False
        >>> Shop()
        Shop(port=8080, debug=False)
    """

    _prefix: ClassVar[str] = ""

    def __init_subclass__(cls, *, prefix: str | None = None, **others: Any) -> None:  # noqa: ANN401 (for other bases)
        super().__init_subclass__(**others)
        if prefix is not None:
            cls._prefix = prefix

    def __init__(self) -> None:
        problems: list[Problem] = []
        for field, kind in _fields_of(type(self)).items():
            default = getattr(type(self), field, _MISSING)
            variable = f"{self._prefix}{field}".upper()
            known = None if default is _MISSING else kinds.shown(kind, default)
            asked.for_variable(asked.Variable(variable, kind.expects, known))
            try:
                self.__dict__[field] = _value(variable, kind, default)
            except ValueError as error:
                problems.append(Problem(variable, str(error)))
        if problems:
            raise SettingsError(f"settings {type(self).__name__}", tuple(problems), hint=_hint())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} comes from the environment: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} comes from the environment: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a list may be in it

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


def _fields_of(cls: type[Settings]) -> dict[str, kinds.Kind]:
    hints = get_type_hints(cls, include_extras=True)
    return {
        name: kinds.kind_of(hint, f"{cls.__name__}.{name}")
        for name, hint in hints.items()
        if not name.startswith("_") and get_origin(hint) is not ClassVar
    }


def _value(variable: str, kind: kinds.Kind, default: Any) -> Any:  # noqa: ANN401 (of the field's type)
    text = os.environ.get(variable)
    if text is not None:
        try:
            return Secret(f"${variable}", text) if kind.secret else kind.read(text)
        except ValueError:
            raise ValueError(f"expected {kind.expects}, not {text!r}") from None
    if default is not _MISSING:
        return _own(variable, kind, default)
    if opening.describing:
        return kind.placeholder(variable)
    raise ValueError(f"is not set: expected {kind.expects}")


def _own(variable: str, kind: kinds.Kind, default: Any) -> Any:  # noqa: ANN401 (of the field's type)
    """Return a default as the value of one instance."""
    if kind.secret and default is not None:
        return Secret(f"${variable}", default)
    return list(default) if isinstance(default, list) else default


def _hint() -> str:
    return f"set them in {_file()}"


def _file() -> str:
    """Return the file that has the variables of this service, as far as it can be told from here."""
    if "INVOCATION_ID" not in os.environ:
        return "the environment; for a service, in /etc/default/NAME"
    name = _unit()
    if "MANAGERPID" in os.environ:
        return f"~/.config/{name}.env"
    return f"/etc/default/{name}"


def _unit() -> str:
    """Return the name of this process's unit without its suffix and instance. Source: cgroups(7)."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:  # noqa: PTH123 (pathlib is not needed for it)
            path = file.read().rstrip("\n").rpartition("/")[2]
    except OSError:
        path = ""
    return path.removesuffix(".service").partition("@")[0] if path.endswith(".service") else "NAME"
