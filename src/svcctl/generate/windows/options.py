"""What the Windows target has to be told beyond the manifest: facts about the machine and choices of its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from svcctl.plan.windows import Start, Variable


class BundledFile(NamedTuple):
    """One file that an installer brings.

    Attributes:
        path: Below the application's folder, with ``/`` between its parts.
        digest: SHA-256 of its content, hexadecimal.
    """

    path: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsOptions:
    r"""How and where an application becomes a service of Windows.

    Attributes:
        name: Short name of the service.
        application: What to run: an absolute path, ``module:attribute`` or the name of a plug-in.
        arguments: What the plug-in is given.
        interpreter: Absolute path of the base interpreter, such as ``C:\Program Files\Python311\python.exe``.
        python: Absolute path of the interpreter that has the application's packages.
        packages: Absolute path of the folder that svcctl itself is in, such as ``…\Lib\site-packages``.
        directory: Absolute path of the application's folder, which it runs in and an installer puts it into.
        data: Absolute path of the folder for what it keeps; empty for ``C:\ProgramData\NAME``.
        account: Who it runs as; empty for an account of its own, ``NT SERVICE\NAME``.
        start: When it starts.
        dependencies: Short names of the services that have to run before it.
        environment: Variables, in order; anybody on the machine can read them.
        small: The service host's process runs it itself, without a second one.
        settings: Fields of :class:`~svcctl.plan.windows.Hosted` by hand: limits in milliseconds, numbers of failures.
        bundle: Files below ``directory``, the interpreter among them, that an installer has to bring; empty for no
            installer.
    """

    name: str
    application: str
    interpreter: str
    python: str
    packages: str
    directory: str
    arguments: tuple[str, ...] = ()
    data: str = ""
    account: str = ""
    start: Start = "automatic"
    dependencies: tuple[str, ...] = ()
    environment: tuple[Variable, ...] = ()
    small: bool = False
    settings: tuple[tuple[str, int], ...] = ()
    bundle: tuple[BundledFile, ...] = ()
