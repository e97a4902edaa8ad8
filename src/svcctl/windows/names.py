r"""Names that the service host, the application and whoever controls it agree on; any system can import this."""

from __future__ import annotations

#: What the names of all pipes begin with.
PIPES = "\\\\.\\pipe\\"

#: The variable in which an application finds the name of the pipe that it is controlled by.
CONTROL = "SVCCTL_CONTROL"


def control_pipe(service: str) -> str:
    r"""Return the name of the pipe by which the application of a service is controlled.

    Example:
        >>> print(control_pipe("echo"))
        \\.\pipe\svcctl-echo
    """
    return f"{PIPES}svcctl-{service}"
