"""Declares functions of Windows' libraries; only Windows can import what is declared.

Each raises ``OSError`` with Windows' number and text where it fails.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

#: The module, with the names that it has on Windows alone.
windows: Any = ctypes


def declare(
    library: Any,  # noqa: ANN401 (ctypes has no type for it)
    name: str,
    result: Any,  # noqa: ANN401 (the same)
    *arguments: Any,  # noqa: ANN401 (the same)
    failed: Callable[[Any], bool] | None = lambda result: not result,
    error: Callable[[Any], int] = lambda _: int(windows.get_last_error()),
) -> Callable[..., Any]:
    """Return a function of a library.

    Args:
        library: What it is in.
        name: Its name.
        result: Type of what it returns.
        arguments: Types of what it takes.
        failed: Tells by what it returned that it failed; ``None`` if it cannot fail.
        error: Tells by what it returned the error's number, if that is not what Windows remembers for the thread.
    """
    function: Any = getattr(library, name)
    function.restype = result
    function.argtypes = arguments

    def check(result: Any, _function: object, _arguments: object) -> Any:  # noqa: ANN401 (whatever it returns)
        if failed is not None and failed(result):
            raise windows.WinError(error(result))
        return result

    function.errcheck = check
    return function  # type: ignore[no-any-return]  # callable
