"""Immutable values that cost next to nothing to define.

The runner's start-up time is a feature, and it defines a few dozen kinds of values before it is ready. A frozen
dataclass costs over a millisecond each, a ``NamedTuple`` a third of one; a subclass of :class:`Value` a fiftieth.
Values that are not on the way to readiness are ordinary dataclasses.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Value:
    """Base of values: the annotated attributes of a subclass are its fields, in order.

    A field with a default may be left out. Values of one class are equal if their fields are, can be hashed and
    matched by position, and refuse assignment.

    Example:
        >>> class Point(Value):
        ...     x: int
        ...     y: int = 0
        >>> Point(1), Point(1, y=2).replace(x=5) == Point(5, 2)
        (Point(x=1, y=0), True)
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)
        setattr(cls, "__match_args__", cls._fields)  # noqa: B010 (type checkers derive it by themselves)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (type checkers see the fields instead)
        names = self._fields
        given = dict(zip(names, args, strict=False))
        wrong = [name for name in kwargs if name not in names or name in given]
        missing = [
            name for name in names[len(args) :] if name not in kwargs and not hasattr(type(self), name)
        ]
        if len(args) > len(names) or wrong or missing:
            raise TypeError(
                f"{type(self).__name__} takes {', '.join(names) or 'nothing'}; "
                f"got {len(args)} by position, wrong: {wrong}, missing: {missing}"
            )
        given.update(kwargs)
        self.__dict__.update((name, given[name] if name in given else getattr(self, name)) for name in names)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 (values of the fields' types)
        """Return the same value with other values in some fields."""
        return type(self)(**{**self.__dict__, **changes})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
