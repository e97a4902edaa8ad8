"""Signs texts with GnuPG, which asks for a passphrase itself: none is seen here.

Source: gpg(1), ``--clearsign`` and "How to specify a user ID"; debsign(1), whose signatures these are like.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from svcctl.errors import CommandError, ConfigurationError, UsageError
from svcctl.host import commands

_GPG = "gpg"

#: Where its keys are, and how its agent reaches the person who knows the passphrase.
_PASSED_ON = ("GNUPGHOME", "GPG_TTY", "TERM", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY")

#: Seconds in which somebody finds and types a passphrase.
_TIME_LIMIT = 600.0
_LIST_SECRET = ("--batch", "--with-colons", "--list-secret-keys")


def clearsign(text: str, key: str) -> str:
    """Return a text with a signature of it, readable as it is.

    Args:
        text: What is signed.
        key: Which secret key: its fingerprint or id, or a user of it, such as ``<ann@example.org>``.

    Raises:
        UsageError: That can be no key.
        ConfigurationError: There is no gpg, it has no such key, or it could not use it.
    """
    check_key(key)
    arguments = (_GPG, "--batch", "--no-tty", "--armor", f"--local-user={key}", "--clearsign")
    try:
        done = commands.run(arguments, given=text.encode(), time_limit=_TIME_LIMIT, variables=_variables())
    except CommandError as error:
        said = _reason(error.output.splitlines())
        hint = "try the same by hand: echo x | gpg --clearsign --local-user KEY"
        raise ConfigurationError(f"gpg did not sign with the key {key}: {said}", hint=hint) from error
    return done.stdout


def check_key(key: str) -> None:
    """Make sure that there is a secret key, before anything is built that it is to sign.

    Args:
        key: As for :func:`clearsign`.

    Raises:
        UsageError: That can be no key.
        ConfigurationError: There is no gpg, or it has no such key.
    """
    if not key.strip() or key.startswith("-") or not key.isprintable():
        raise UsageError(f"{key!r} names no key", hint="give a fingerprint, an id or <mail@host.domain>")
    if not commands.available(_GPG):
        raise ConfigurationError("cannot sign: gpg is not there", hint="apt install gpg, or leave out --sign")
    found = commands.run((_GPG, *_LIST_SECRET, "--", key), accept=None, variables=_variables())
    if found.status:
        hint = "gpg --list-secret-keys shows those it has; --sign-key takes the fingerprint of one"
        raise ConfigurationError(f"gpg has no secret key {key}", hint=hint)


def _variables() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # gpg would look at its standard input, which is the text.
    terminal = next((os.ttyname(each) for each in (0, 2) if os.isatty(each)), "")
    return {"GPG_TTY": terminal, **passed_on} if terminal else passed_on


def _reason(lines: Iterable[str]) -> str:
    told = [line.removeprefix("gpg: ").strip() for line in lines if line.strip()]
    return told[-1] if told else "it does not say why"
