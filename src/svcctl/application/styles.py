"""How objects change between the code that saved them and the code that loads them.

Example:
    >>> class Keys(Versioned):
    ...     persistenceVersion = 1
    ...
    ...     def upgradeToVersion1(self):  # before, there was only the last key
    ...         self.keys = [self.__dict__.pop("key")]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from svcctl.errors import SavedStateError

#: Where an object that is being loaded keeps the versions that it was saved with, until it has its state.
_VERSIONS = "_svcctl_versions"

#: Objects that have been loaded and not upgraded yet, by identity, with the versions that they were saved with.
_pending: dict[int, tuple[Versioned, dict[str, int]]] = {}


class Versioned:
    """Base of classes whose saved objects are brought up to date when they are loaded.

    It does not matter where in the list of bases it stands, nor whether the objects were saved before the class had
    it: those are of version 0.

    Attributes:
        persistenceVersion: Version of what this class, without its bases, keeps in its objects. Raise it with the
            code, and write ``upgradeToVersionN()`` for each N from 1 on where there is something to do.
        persistenceForgets: Names of attributes of this class that are not saved.
    """

    persistenceVersion = 0
    persistenceForgets: tuple[str, ...] = ()

    def __reduce_ex__(self, protocol: Any) -> Any:  # noqa: ANN401 (what pickle passes and takes)
        reduced = super().__reduce_ex__(max(int(protocol), 2))
        if not isinstance(reduced, tuple):
            return reduced
        function, arguments, *rest = reduced
        forgotten = {name for base in _bases(type(self)) for name in vars(base).get("persistenceForgets", ())}
        if rest:
            rest[0] = _without(rest[0], forgotten | {_VERSIONS})
        return (remake, (function, arguments, _versions(type(self))), *rest)

    def __setstate__(self, state: Any) -> None:  # noqa: ANN401 (what __getstate__ returned)
        known = vars(self).pop(_VERSIONS, None)
        slots: dict[str, Any] = {}
        if isinstance(state, tuple):
            state, slots = state
        vars(self).update(state or {})
        for name, value in slots.items():
            setattr(self, name, value)
        if known is None:  # saved before the class had versions
            _pending[id(self)] = (self, {})


class Ephemeral:
    """Base of classes whose objects are not saved: what is loaded in their place is an empty ``Ephemeral``."""

    def __reduce_ex__(self, protocol: Any) -> tuple[type[Ephemeral], tuple[()]]:  # noqa: ANN401 (what pickle passes)
        return (Ephemeral, ())


def doUpgrade() -> None:
    """Bring every object up to date that has been loaded and needs it.

    Raises:
        SavedStateError: One was saved by newer code.
    """
    try:
        while _pending:
            _upgrade(next(iter(_pending)))
    finally:
        _pending.clear()


def requireUpgrade(obj: Any) -> Any:  # noqa: ANN401 (any object)
    """Bring one object up to date now, from the upgrade of another one that uses it, and return it."""
    if id(obj) in _pending:
        _upgrade(id(obj))
    return obj


def forget_pending() -> None:
    """Drop what a load that has failed would have upgraded."""
    _pending.clear()


def remake(function: Any, arguments: Any, versions: dict[str, int]) -> Any:  # noqa: ANN401 (what pickle needs to make an object)
    """Make an object that was saved with these versions; saved files call it."""
    made = function(*arguments)
    vars(made)[_VERSIONS] = versions
    if versions != _versions(type(made)):
        _pending[id(made)] = (made, versions)
    return made


def _upgrade(identity: int) -> None:
    """Upgrade one object: bases before what inherits them, one version after the other."""
    versioned, saved = _pending.pop(identity)
    vars(versioned).pop(_VERSIONS, None)
    for base in reversed(list(_bases(type(versioned)))):
        version, current = _saved_version(base, saved), vars(base).get("persistenceVersion", 0)
        if version > current:
            raise SavedStateError(
                f"{_name(base)} was saved with version {version} and its code is of version {current}",
                hint="use the newer code again, or start from a file that was saved before",
            )
        for step in range(version + 1, current + 1):
            upgrade = vars(base).get(f"upgradeToVersion{step}")
            if upgrade is not None:
                upgrade(versioned)


def _saved_version(base: type, saved: dict[str, int]) -> int:
    """Return the version of a class in an object as it was saved; the class may have been in another module."""
    if _name(base) in saved:
        return saved[_name(base)]
    elsewhere = [version for name, version in saved.items() if name.partition(":")[2] == base.__qualname__]
    return elsewhere[0] if len(elsewhere) == 1 else 0


def _bases(kind: type) -> Iterator[type]:
    return (base for base in kind.__mro__ if issubclass(base, Versioned) and base is not Versioned)


def _versions(kind: type) -> dict[str, int]:
    return {
        _name(base): vars(base)["persistenceVersion"]
        for base in _bases(kind)
        if "persistenceVersion" in vars(base)
    }


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _without(state: Any, names: set[str]) -> Any:  # noqa: ANN401 (what __getstate__ returned)
    if isinstance(state, tuple) and isinstance(state[0], dict):
        return (_without(state[0], names), *state[1:])
    if isinstance(state, dict):
        return {name: value for name, value in state.items() if name not in names}
    return state
