"""A saved application on its way from whoever may read its file to the process that may execute it.

Root can read the file and the key that it was sealed with, and must not execute what is in it; the user without
rights may execute it and can read neither. So root verifies the file, and what is in it goes through a pipe: one
line of JSON, then the application as it was saved, decrypted.
"""

from __future__ import annotations

import json
from typing import BinaryIO

from svcctl.application.persisting import files
from svcctl.application.persisting.files import State
from svcctl.errors import ApplicationLoadError


def verified(path: str, passphrase: str | None) -> State:
    """Return what a file holds that is to be described; nothing in it is executed.

    The one before it does not take its place: somebody has named this one.

    Args:
        path: Path of the file.
        passphrase: What an encrypted file was encrypted with.

    Raises:
        SvcctlError: As :func:`svcctl.application.persisting.files.read_state`.
    """
    return files.read_state(path, passphrase=passphrase, itself=True, bare=True)


def pack(state: State) -> bytes:
    """Return what goes through the pipe."""
    facts = {"path": state.path, "facts": state.facts, "digest": state.digest}
    return json.dumps(facts).encode("ascii") + b"\n" + state.body


def unpack(pipe: BinaryIO) -> State:
    """Return what has come through the pipe, up to its end.

    Raises:
        ApplicationLoadError: It is nothing that :func:`pack` has made.
    """
    try:
        given = json.loads(pipe.readline())
        return State(given["path"], given["facts"], pipe.read(), None, given["digest"])
    except (ValueError, KeyError, TypeError):
        raise ApplicationLoadError(
            "the saved application was not handed over",
            hint="is the svcctl of its interpreter another version than this one?",
        ) from None
