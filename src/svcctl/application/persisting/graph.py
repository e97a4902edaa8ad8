"""Everything that an application holds, as the steps that rebuild it: what pickle works out as it writes."""

from __future__ import annotations

import copyreg
import pickle
import sys
from types import FunctionType
from typing import Any

from svcctl.application.persisting import scripts
from svcctl.application.persisting.errors import UnsavableError
from svcctl.application.persisting.live import is_live
from svcctl.application.persisting.pickling import one_origin

_PROTOCOL = 4
#: Types that are written as they are shown.
ATOMS = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))
CONTAINERS = (list, dict, tuple, set, frozenset)
#: What has no module of its own but a way to be reached.
_NAMELESS = {type(None): "type(None)", type(...): "type(...)", type(NotImplemented): "type(NotImplemented)"}
_HINT = "leave it out in the __getstate__ of whoever holds it, or define it in a module"


class Node:
    """One object and what it is made of.

    Attributes:
        value: The object.
        uses: How often it is held.
        items: What a container holds; of a dictionary, keys and values in turn.
        place: Module and name of a class or function.
        maker: What makes an instance, and what that is given.
        state: What it is filled with then; ``None`` for nothing.
        setter: What fills it; ``None`` for the usual way.
        extension: What is added to a list of a class of its own.
        entries: Keys and values in turn that are added to a dictionary of a class of its own.
    """

    __slots__ = ("entries", "extension", "items", "maker", "place", "setter", "state", "uses", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.uses = 1
        self.items: list[Node] = []
        self.place: tuple[str, str] | None = None
        self.maker: list[Node] = []
        self.state: Node | None = None
        self.setter: Node | None = None
        self.extension: list[Node] = []
        self.entries: list[Node] = []


class Graph:
    """The objects of an application.

    Args:
        original: The application.

    Attributes:
        root: Its node.
        origin: Where to find the classes that it defines itself.
        modules: Where its other classes and functions are.

    Raises:
        UnsavableError: It holds what cannot be saved; the message has its path and its type.
    """

    def __init__(self, original: object) -> None:
        self.origin: dict[str, Any] | None = None
        self.modules: set[str] = set()
        self._known: dict[int, Node] = {}
        self._trail: list[str] = ["application"]
        try:
            self.root = self._node(original)
        except RecursionError:
            raise UnsavableError(
                "it is nested too deeply for this style", hint="save it in the style pickle"
            ) from None

    def _node(self, value: Any) -> Node:  # noqa: ANN401 (any object)
        if type(value) in ATOMS:
            return Node(value)
        if is_live(value):
            return Node(None)
        known = self._known.get(id(value))
        if known is not None:
            known.uses += 1
            return known
        node = self._known[id(value)] = Node(value)
        service = _path_of(value)
        trail = self._trail
        if service is not None:
            self._trail = [service]
        if type(value) in CONTAINERS:
            self._fill_container(node)
        elif isinstance(value, (type, FunctionType)):
            node.place = self._place(value, value.__qualname__)
        else:
            self._reduce(node)
        self._trail = trail
        return node

    def _at(self, step: str, value: object) -> Node:
        self._trail.append(step)
        node = self._node(value)
        self._trail.pop()
        return node

    def _fill_container(self, node: Node) -> None:
        value: Any = node.value
        if type(value) is dict:
            for key, held in value.items():
                node.items += [self._at(" (a key)", key), self._at(_step(key), held)]
        else:
            node.items = [self._at(f"[{index}]", held) for index, held in enumerate(value)]

    def _reduce(self, node: Node) -> None:
        value: Any = node.value
        reduced: Any
        try:
            known = copyreg.dispatch_table.get(type(value))
            reduced = known(value) if known is not None else value.__reduce_ex__(_PROTOCOL)
        except UnsavableError:
            raise
        except Exception as error:
            raise self._cannot(value) from error
        if isinstance(reduced, str):
            node.place = self._place(value, reduced)
            return
        parts: list[Any] = [*reduced, None, None, None, None]
        function, arguments, state, items, entries, setter = parts[:6]
        node.maker = [self._node(function), *(self._at("", each) for each in arguments)]
        if state is not None:
            node.state = self._state(state)
            node.setter = None if setter is None else self._node(setter)
        node.extension = [self._at(f"[{index}]", each) for index, each in enumerate(items or ())]
        for key, held in entries or ():
            node.entries += [self._at(" (a key)", key), self._at(_step(key), held)]

    def _state(self, state: object) -> Node:
        """Return the node of a state; a dictionary that was made for this is held by nobody else."""
        if type(state) is not dict:
            return self._node(state)
        node = self._known[id(state)] = Node(state)
        for name, held in state.items():
            node.items += [self._node(name), self._at(f".{name}", held)]
        return node

    def _place(self, value: Any, name: str) -> tuple[str, str]:  # noqa: ANN401 (a class, a function or the like)
        if isinstance(value, type) and value in _NAMELESS:
            return "", _NAMELESS[value]
        module = getattr(value, "__module__", None) or pickle.whichmodule(value, name)  # type: ignore[attr-defined]  # typeshed lacks it
        try:
            __import__(module)
            found: Any = sys.modules[module]
            for part in name.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError):
            found = None
        if found is not value:
            raise self._cannot(value, f"{module}.{name}, which nothing finds under that name")
        if module in scripts.NAMES:
            self.origin = one_origin(self.origin, module, name)
        else:
            self.modules.add(module)
        return module, name

    def _cannot(self, value: object, what: str = "") -> UnsavableError:
        kind = type(value)
        shown = (
            kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        )
        return UnsavableError(
            f"{''.join(self._trail)} cannot be saved: it is of type {shown}{f' ({what})' if what else ''}",
            hint=_HINT,
        )


def _path_of(value: object) -> str | None:
    """Return the path of a service in its tree, ``None`` for whatever is none."""
    if isinstance(value, type) or not hasattr(value, "startService"):
        return None
    from svcctl.application.tree.record import path_of, record_of  # noqa: PLC0415 (a saved object need not be a tree)

    return path_of(record_of(value))


def _step(key: object) -> str:
    return f"[{key.__qualname__}]" if isinstance(key, type) else f"[{key!r}]"
