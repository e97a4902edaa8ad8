"""Options of either form, a class in the framework's manner or a typed dataclass, read and looked at in one way."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from svcctl.application.options.table import Table


def read_options(kind: Any, words: Sequence[str], program: str) -> Any:  # noqa: ANN401 (a class of options, and an instance of it)
    """Return the options that a command line gives.

    Args:
        kind: A dataclass, a subclass of :class:`~svcctl.application.usage.Options`, or whatever makes an object with
            ``parseOptions``.
        words: The command line.
        program: What stands before it, for the help.

    Raises:
        UsageError: A word is not what was declared.
        HelpRequestedError: Help is asked for.
        TypeError: The declaration itself is wrong.
    """
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        from svcctl.application.options import record  # noqa: PLC0415 (one of two forms)

        return record.parse(kind, words, program)
    options = kind()
    if not getattr(options, "program", ""):
        options.program = program
    options.parseOptions(list(words))
    return options


def table_of(kind: Any) -> Table:  # noqa: ANN401 (a class of options)
    """Return what options there are.

    Args:
        kind: As for :func:`read_options`.

    Raises:
        TypeError: The declaration itself is wrong.
    """
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        from svcctl.application.options import record  # noqa: PLC0415 (one of two forms)

        return record.table(kind)
    options = kind()
    made: Table = options.table()
    return made
