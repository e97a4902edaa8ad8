"""What is raised when options are asked for their help."""

from __future__ import annotations

from svcctl.errors import EX_OK, SvcctlError


class HelpRequestedError(SvcctlError):
    """Somebody asked for help: nothing is wrong, but there is nothing else to do either.

    The message is the help: lines, with a newline at the end. It belongs on stdout.
    """

    code = "help"
    exit_status = EX_OK
