r"""Command lines of Windows: one text, which the program that is started splits into its arguments.

Source: Microsoft, ``CommandLineToArgvW`` and "Parsing C command-line arguments". Blanks and tabs separate; a quotation
mark begins or ends a part in which they do not; backslashes are plain unless a quotation mark follows: then two stand
for one, and an odd one makes the mark plain. In the name of the program, which comes first, backslashes are always
plain and a quotation mark cannot be written.

Example:
    >>> print(join(("C:\\Program Files\\Python\\python.exe", "-c", 'print("a b")', "C:\\dir\\", "")))
    "C:\Program Files\Python\python.exe" -c "print(\"a b\")" C:\dir\ ""
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from svcctl.errors import UsageError

#: Characters of a command line that ``CreateProcessW`` takes, without the one that ends it.
LONGEST = 32_766

_PLAIN = re.compile(r'[^\s"]+')


def join(arguments: Sequence[str]) -> str:
    """Return the command line that a program splits into these arguments.

    Args:
        arguments: The program's name first.

    Raises:
        UsageError: There is no program, its name has a quotation mark, an argument a NUL, or all are too long.
    """
    if not arguments or not arguments[0] or '"' in arguments[0]:
        raise UsageError(
            f"a command line of Windows cannot begin with {arguments[0] if arguments else ''!r}",
            hint="give the path of a program; no quotation mark can be in it",
        )
    for argument in arguments:
        if "\0" in argument:
            raise UsageError(f"argument {argument!r} cannot be passed on: it has a NUL", hint="leave it out")
    line = " ".join((f'"{arguments[0]}"', *map(quote, arguments[1:])))
    if len(line.encode("utf-16-le", "surrogatepass")) > LONGEST * 2:
        raise UsageError(
            f"a command line of {len(line)} characters is longer than Windows allows ({LONGEST})",
            hint="put what is long into a file",
        )
    return line


def quote(argument: str) -> str:
    r"""Return an argument, not the program's name, as it is written in a command line.

    Example:
        >>> print(quote("a b\\"), quote('"'), quote("\\\\x"))
        "a b\\" "\"" \\x
    """
    if _PLAIN.fullmatch(argument):
        return argument
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', argument)
    return '"' + re.sub(r"(\\+)\Z", r"\1\1", escaped) + '"'
