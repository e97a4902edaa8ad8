"""``python -P -m svcctl.runtime``: what generated units call to run an application."""

from __future__ import annotations

import gc
import sys

if __name__ == "__main__":
    # What is imported stays for good, so looking for garbage in it takes a tenth of the start for nothing.
    gc.disable()

from svcctl.errors import EX_OK, SvcctlError, UsageError
from svcctl.runtime.runner import run

HELP = """\
usage: python -P -m svcctl.runtime [--inherit UNIT] [--installed DIGESTS] [--log-level LEVEL]
                                   [--log-format FORMAT] APPLICATION

Run APPLICATION, a .tac file or module:attribute, in the foreground and tell the init system how it is.

  --inherit UNIT       every listener has to be handed over by the init system; UNIT names it in errors
  --installed DIGESTS  what the units were made from; the log says when they no longer fit the application
  --log-level LEVEL    debug, info (default), warning, error or critical
  --log-format FORMAT  auto (default: the journal's form if stderr is the journal), text, json or journal
  --help               show this text
"""

_OPTIONS = {
    "--inherit": "inherit",
    "--installed": "installed",
    "--log-level": "log_level",
    "--log-format": "log_format",
}


def main(arguments: list[str]) -> int:
    """Run the command with its arguments; return its exit status."""
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(HELP)
        return EX_OK
    try:
        target, options = parse(arguments)
        return run(target, **options)
    except SvcctlError as error:
        sys.stderr.write(f"svcctl: {error}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        return error.exit_status


def parse(arguments: list[str]) -> tuple[str, dict[str, str]]:
    """Return the application and the options for :func:`svcctl.runtime.runner.run`.

    By hand, since argparse alone takes as long to import as the rest of the runner.

    Raises:
        UsageError: The arguments are none that this command takes.
    """
    targets: list[str] = []
    options: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, given, value = argument.partition("=")
        if argument == "--":
            targets.extend(rest)
        elif name in _OPTIONS:
            options[_OPTIONS[name]] = _required(value if given else next(rest, ""), name)
        elif argument.startswith("-"):
            raise UsageError(f"there is no option {argument}", hint="--help lists the options")
        else:
            targets.append(argument)
    if len(targets) != 1:
        raise UsageError(
            f"exactly one application is needed, not {len(targets)}", hint="--help shows the usage"
        )
    return targets[0], options


def _required(value: str, name: str) -> str:
    if not value:
        raise UsageError(f"option {name} needs a value", hint="--help lists the options")
    return value


if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    sys.exit(main(sys.argv[1:]))
