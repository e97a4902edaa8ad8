"""A service that goes on from the state it was stopped with, and begins with a saved application.

The file may be root's alone and hold secrets, and the service's user exists only while it runs: so systemd reads it
and hands it over. It was verified at the installation, with a key that no service gets to know; what the service
checks is its digest. Source: systemd.exec(5), ``LoadCredential=``.
"""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directives import Parts, Words
from svcctl.generate.systemd.unit import Line

#: How large the file may be, in bytes: systemd hands over 1 MiB to a service, all credentials and their names
#: together. Source: systemd.exec(5), "Credentials".
LARGEST = 1_000_000

_START = "svcctl-start"
_PASSPHRASE = "svcctl-passphrase"  # noqa: S105 (what it is called)


def resumption(context: Context) -> tuple[Parts, ...]:
    """Return the arguments for the runner that say where a saved application starts from."""
    if context.manifest.origin.kind != "saved":
        return ()
    arguments: tuple[Parts, ...] = ("--resume", context.manifest.origin.digest)
    file = context.options.passphrase_file
    if file:
        arguments += ("--passphrase", f"credential:{_PASSPHRASE}" if context.system else f"file:{file}")
    return arguments


def state_lines(context: Context) -> Iterator[Line]:
    """Yield the lines that hand the files of a saved application over; a user's service reads its user's files."""
    if context.manifest.origin.kind != "saved" or not context.system:
        return
    options = context.options
    reason = "What it begins with; later it goes on from what it has saved in its state folder."
    yield Line("Service", "LoadCredential", _path(_START, options.application), reason)
    if options.passphrase_file:
        reason = "What it begins with is encrypted, and so is what it saves."
        yield Line("Service", "LoadCredential", _path(_PASSPHRASE, options.passphrase_file), reason)


def _path(name: str, path: str) -> Words:
    """Return a credential and the file that it comes from; systemd 257 does not start a service if that has a blank."""
    return Words((f"{name}:{path}",))
