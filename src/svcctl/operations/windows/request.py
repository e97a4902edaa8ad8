"""What an installation on Windows is asked to be, and the arguments that ask for it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.loading.target import is_plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsRequest:
    r"""The arguments of ``svcctl install`` on Windows.

    Attributes:
        application: What names it, as :func:`svcctl.loading.target.resolve` reads it.
        arguments: The options of a plug-in.
        name: Name of the service; ``None`` takes the stem of the file, the package of the object, or the plug-in's name.
        python: The interpreter that runs it; ``None`` for the one that runs svcctl.
        environment: Variables for the service; anybody on the machine can read them.
        account: Who it runs as; empty for an account of its own, ``NT SERVICE\NAME``.
        depends: Short names of the services that have to run before it.
        data: Folder for what it keeps; empty for ``C:\ProgramData\NAME``.
        settings: Fields of the definition by hand.
        small: The service host's process runs it itself.
        enable: Start it with Windows.
        delayed: With ``enable``: two minutes after it.
        now: Start it as soon as it is installed.
    """

    application: str
    arguments: tuple[str, ...] = ()
    name: str | None = None
    python: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    account: str = ""
    depends: tuple[str, ...] = ()
    data: str = ""
    settings: tuple[tuple[str, int], ...] = ()
    small: bool = False
    enable: bool = False
    delayed: bool = False
    now: bool = False


def to_options(request: WindowsRequest) -> tuple[str, ...]:
    r"""Return the arguments after ``svcctl install`` that ask for the same.

    When it starts is not among them, since that is done once.

    Example:
        >>> to_options(WindowsRequest(application="C:\\srv\\echo.tac", account="LocalSystem"))
        ('C:\\srv\\echo.tac', '--account', 'LocalSystem')
    """
    if is_plugin(request.application):  # whatever follows it is its own
        return (*_values(request), request.application, *request.arguments)
    return (request.application, *_values(request))


def _values(request: WindowsRequest) -> Iterator[str]:
    if request.small:
        yield "--small"
    single = {
        "--name": request.name,
        "--python": request.python,
        "--account": request.account,
        "--data": request.data,
    }
    for option, value in single.items():
        if value:
            yield from (option, value)
    for pair in request.environment:
        yield from ("--env", "=".join(pair))
    for service in request.depends:
        yield from ("--depends", service)
    for field, number in request.settings:
        yield from ("--set", f"{field}={number}")
