"""Which modules a Python source imports, by its text alone."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

_FUNCTIONS = ("import_module", "__import__")


def imported(source: bytes) -> frozenset[str]:
    r"""Return the outermost names of the modules that a source imports, wherever in it.

    An import by ``import_module()`` or ``__import__()`` counts if its name is written out. Relative imports do not:
    they stay within the package. What does not parse imports nothing.

    Args:
        source: The text of a module or a ``.tac`` file.

    Example:
        >>> sorted(imported(b"import os.path, shop.orders\nfrom .sibling import name\nfrom db import connect"))
        ['db', 'os', 'shop']
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the source: not what is asked for here
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(name.partition(".")[0] for node in ast.walk(tree) for name in _names(node))


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=str(name), level=0):
            yield name
        case ast.Call(
            func=ast.Attribute(attr=called) | ast.Name(id=called), args=[ast.Constant(value=str(name)), *_]
        ):
            if called in _FUNCTIONS and not name.startswith("."):
                yield name
