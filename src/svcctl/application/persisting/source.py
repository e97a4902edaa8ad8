"""The style ``source``: an application as Python that rebuilds it, to be read by people.

Each object that is held more than once, or has a state, is made first and filled later, so that objects may hold
each other. What has been verified is executed as it is.
"""

from __future__ import annotations

import builtins
import copyreg
import keyword
import re
from typing import Any

from svcctl.application.persisting.errors import UnsavableError
from svcctl.application.persisting.graph import ATOMS, Graph, Node
from svcctl.application.persisting.layout import bracketed
from svcctl.application.persisting.scripts import NAMES
from svcctl.errors import SavedStateError, SvcctlError, describe_cause

#: What the file calls the application, as a ``.tac`` does.
VARIABLE = "application"
_SCRIPT = "here"
_HELPERS = ("fill", "make", "script")
#: An empty one, and the method that adds to it.
_MUTABLE = {"list": ("[]", "extend"), "dict": ("{}", "update"), "set": ("set()", "update")}
_LONGEST_NUMBER = 4000  # Python refuses to show longer ones in decimal digits


def write(original: object) -> tuple[bytes, dict[str, Any] | None]:
    """Return an application as Python source, and where to find the classes that it defines itself.

    Raises:
        UnsavableError: It holds what cannot be saved; the message has its path and its type.
    """
    graph = Graph(original)
    try:
        return _Writer(graph).text().encode("utf-8"), graph.origin
    except RecursionError:
        raise UnsavableError(
            "it is nested too deeply for this style", hint="save it in the style pickle"
        ) from None


def read(body: bytes) -> object:
    """Return the application that source rebuilds; it has been verified.

    Raises:
        SavedStateError: A class of it is not there any more, or raised an error, which is the cause.
    """
    names: dict[str, Any] = {"__name__": "__saved__"}
    try:
        exec(compile(body, "<saved application>", "exec", dont_inherit=True), names)  # noqa: S102 (verified)
    except SvcctlError:
        raise
    except (ModuleNotFoundError, AttributeError) as error:
        raise SavedStateError(
            f"it needs code that is not there: {describe_cause(error)}",
            hint="bring that code back or name its folder in PYTHONPATH; or leave the old name there for the new class",
        ) from error
    except Exception as error:
        raise SavedStateError(describe_cause(error), hint="what it holds no longer fits its code") from error
    return names[VARIABLE]


class _Writer:
    """Writes the objects of a graph, each after those that are needed to make it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._modules: set[str] = set()
        self._lines: list[str] = []
        self._names: dict[int, str] = {}
        self._taken = {*dir(builtins), *keyword.kwlist, *_HELPERS, VARIABLE, _SCRIPT}
        self._taken |= {module.partition(".")[0] for module in graph.modules}

    def text(self) -> str:
        """Return the whole source."""
        made = self._expression(self._graph.root)
        lines = [f"import {module}" for module in sorted(self._modules)]
        lines += ["from svcctl.application.persisting.rebuilding import fill, make, script", ""]
        if self._graph.origin is not None:
            given = [f"{name}={value!r}" for name, value in sorted(self._graph.origin.items())]
            lines += [f"{_SCRIPT} = script({', '.join(given)})", ""]
        lines += [*self._lines, *([] if made == VARIABLE else [f"{VARIABLE} = {made}"])]
        return "\n".join(lines) + "\n"

    def _expression(self, node: Node) -> str:
        """Return what stands for an object where it is held; before, write what it takes to make it."""
        value = node.value
        if type(value) in ATOMS:
            return _shown(value)
        if node.place is not None:
            return self._reached(*node.place)
        name = self._names.get(id(node))
        if name is not None:
            return name
        return self._instance(node) if node.maker else self._container(node)

    def _container(self, node: Node) -> str:
        kind = type(node.value).__name__
        if kind in _MUTABLE and node.uses > 1:  # it may hold itself
            empty, adding = _MUTABLE[kind]
            name = self._named(node, kind)
            self._lines.append(f"{name} = {empty}")
            if node.items:
                self._lines.append(f"{name}.{adding}({self._display(node)})")
            return name
        text = self._display(node)
        if node.uses == 1 or not node.items:
            return text
        name = self._named(node, kind)
        self._lines.append(f"{name} = {text}")
        return name

    def _display(self, node: Node) -> str:
        kind = type(node.value).__name__
        items = [self._expression(each) for each in node.items]
        if kind == "dict":
            return bracketed("{", [f"{key}: {held}" for key, held in _pairs(items)], "}")
        if kind == "tuple":
            return bracketed("(", items, ",)" if len(items) == 1 else ")")
        if kind == "list":
            return bracketed("[", items, "]")
        display = bracketed("{", sorted(items), "}")  # the order of a set changes from process to process
        if kind == "frozenset":
            return f"frozenset({display if items else ''})"
        return display if items else "set()"

    def _instance(self, node: Node) -> str:
        function, *arguments = node.maker
        given = [self._expression(each) for each in arguments]
        if function.value is copyreg.__newobj__:  # type: ignore[attr-defined]  # typeshed lacks it
            call = bracketed("make(", given, ")")
        else:
            call = bracketed(f"{self._expression(function)}(", given, ")")
        if node.uses == 1 and node.state is None and not node.extension and not node.entries:
            return call
        name = self._named(node, type(node.value).__name__)
        self._lines.append(f"{name} = {call}")
        self._fill(node, name)
        return name

    def _fill(self, node: Node, name: str) -> None:
        """Write what is done to an instance after it has been made, in the order in which pickle does it."""
        if node.extension:
            items = [self._expression(each) for each in node.extension]
            self._lines.append(f"{name}.extend({bracketed('[', items, ']')})")
        for key, held in _pairs([self._expression(each) for each in node.entries]):
            self._lines.append(f"{name}[{key}] = {held}")
        if node.state is not None:
            filler = "fill" if node.setter is None else self._expression(node.setter)
            self._lines += [bracketed(f"{filler}(", [name, self._expression(node.state)], ")"), ""]

    def _reached(self, module: str, name: str) -> str:
        if not module:
            return name
        if module in NAMES:
            return f"{_SCRIPT}.{name}"
        if module == "builtins":
            return name
        self._modules.add(module)
        return f"{module}.{name}"

    def _named(self, node: Node, kind: str) -> str:
        """Return a new name for an object, after its class."""
        if node is self._graph.root:
            self._names[id(node)] = VARIABLE
            return VARIABLE
        stem = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", kind).strip("_").lower() or "it"
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        self._names[id(node)] = name
        return name


def _pairs(items: list[str]) -> list[tuple[str, str]]:
    return list(zip(items[::2], items[1::2], strict=True))


def _shown(value: Any) -> str:  # noqa: ANN401 (one of the atoms)
    if type(value) is int and value.bit_length() > _LONGEST_NUMBER:
        return hex(value)
    if type(value) is float and (value != value or value in {float("inf"), float("-inf")}):  # noqa: PLR0124 (NaN alone differs from itself)
        return f'float("{value!r}")'
    if type(value) is complex:
        return f"complex({_shown(value.real)}, {_shown(value.imag)})"
    return repr(value)
