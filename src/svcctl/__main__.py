"""``svcctl`` and ``python -m svcctl``."""

from __future__ import annotations

import sys

_INTERRUPTED = 130  # 128 and the number of the signal, as shells report it


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from svcctl.cli.main import run_command  # noqa: PLC0415 (an interrupt may come while this loads)

        sys.exit(run_command(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
