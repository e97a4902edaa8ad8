"""``python -P -m svcctl.runtime``: what generated units call to run an application."""

from __future__ import annotations

import gc
import sys
from typing import Any

if __name__ == "__main__":
    # What is imported stays for good, so looking for garbage in it takes a tenth of the start for nothing.
    gc.disable()

from svcctl.errors import EX_OK, SvcctlError
from svcctl.runtime.runner import run

#: What units say; whatever else there is to be read, and every mistake, is left to the module of all options.
_OPTIONS = {
    "--inherit": "inherit",
    "--installed": "installed",
    "--log-level": "log_level",
    "--log-format": "log_format",
}


def main(arguments: list[str]) -> int:
    """Run the command with its arguments; return its exit status."""
    try:
        target, options = parse(arguments)
        if not target:
            from svcctl.runtime.options import HELP  # noqa: PLC0415 (only for help)

            sys.stdout.write(HELP)
            return EX_OK
        return run(target, **options)
    except SvcctlError as error:
        if error.code == "help":  # of a plug-in; nothing is wrong
            sys.stdout.write(str(error))
            return EX_OK
        sys.stderr.write(f"svcctl: {error}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        return error.exit_status


def parse(arguments: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the application and the options for :func:`svcctl.runtime.runner.run`.

    Returns:
        An empty application if help is asked for.

    Raises:
        UsageError: The arguments are none that this command takes.
    """
    target = ""
    options: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in _OPTIONS:
            options[_OPTIONS[name]] = value if equals else next(rest, "")
        elif target or argument.startswith("-") or not any(mark in argument for mark in "/.:"):
            return _parse_all(arguments)
        else:
            target = argument
    return (target, options) if target and all(options.values()) else _parse_all(arguments)


def _parse_all(arguments: list[str]) -> tuple[str, dict[str, Any]]:
    from svcctl.runtime import options  # noqa: PLC0415 (only if there is more than units say)

    return options.parse(arguments)


if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    sys.exit(main(sys.argv[1:]))
