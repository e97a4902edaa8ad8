"""Encrypts saved applications with a passphrase: scrypt and AES-GCM, from the package ``cryptography``.

The parameters of scrypt are those that the OWASP Password Storage Cheat Sheet gives for 32 MiB of memory. What
precedes the ciphertext in the file, salt and nonce included, is authenticated with it.
"""

from __future__ import annotations

import os
from typing import Any

from svcctl.application.persisting.envelope import Opened
from svcctl.errors import ConfigurationError, SavedStateError, UsageError

NAME = "scrypt-aes256gcm"
_N, _R, _P = 2**15, 8, 3
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
#: What reading a file may cost at most, in bytes of memory.
_MOST_MEMORY = 2**30


class Cipher:
    """A passphrase that has been worked into a key.

    That takes a tenth of a second and 32 MiB, so it is done once for an application that is saved again and again;
    each time has a nonce of its own.

    Args:
        passphrase: At least one character.
        salt: Bytes that go with the passphrase.
        cost: n, r and p of scrypt.

    Raises:
        UsageError: The passphrase is empty.
        ConfigurationError: The package is not installed.
    """

    def __init__(self, passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> None:
        if not passphrase:
            raise UsageError("the passphrase is empty", hint="give it at least one character")
        self._salt = salt
        self._cost = cost
        self._secret = _derive(passphrase, salt, cost)

    @classmethod
    def new(cls, passphrase: str) -> Cipher:
        """Return the cipher for a passphrase that is used for the first time."""
        return cls(passphrase, os.urandom(_SALT_BYTES), (_N, _R, _P))

    def facts(self) -> dict[str, Any]:
        """Return what the file has to say about the encryption that comes next."""
        n, r, p = self._cost
        nonce = os.urandom(_NONCE_BYTES)
        return {"name": NAME, "n": n, "r": r, "p": p, "salt": self._salt.hex(), "nonce": nonce.hex()}

    def encrypt(self, line: bytes, body: bytes, facts: dict[str, Any]) -> bytes:
        """Return the body encrypted, with the nonce in the facts; the line is authenticated with it."""
        nonce = bytes.fromhex(facts["cipher"]["nonce"])
        encrypted: bytes = _aes()(self._secret).encrypt(nonce, body, line)
        return encrypted

    @classmethod
    def decrypt(cls, path: str, opened: Opened, passphrase: str | None) -> tuple[Cipher, bytes]:
        """Return the cipher of a file, to save it again, and its body decrypted.

        Args:
            path: The file, for messages.
            opened: What is in it.
            passphrase: ``None`` if there is none.

        Raises:
            SavedStateError: The passphrase is missing or wrong, or the file is encrypted in another way.
            ConfigurationError: The package is not installed.
        """
        if passphrase is None:
            raise SavedStateError(f"{path} is encrypted", hint="give the passphrase it was encrypted with")
        facts = opened.facts["cipher"]
        n, r, p = (facts.get(name) for name in "nrp")
        if facts.get("name") != NAME or not 128 * n * r <= _MOST_MEMORY:
            raise SavedStateError(
                f"{path} is encrypted in a way that this svcctl does not know: {facts.get('name')}",
                hint="use the svcctl that saved it",
            )
        cipher = cls(passphrase, bytes.fromhex(facts["salt"]), (n, r, p))
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 (an extra, and it is there by now)

        try:
            body = _aes()(cipher._secret).decrypt(bytes.fromhex(facts["nonce"]), opened.body, opened.line)
        except InvalidTag:
            raise SavedStateError(
                f"that is not the passphrase of {path}", hint="give the one it was encrypted with"
            ) from None
        return cipher, body


def _derive(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    try:
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "encryption takes the package cryptography, which is not installed",
            hint="install svcctl[crypto] for this interpreter, in Debian python3-cryptography",
        ) from error
    n, r, p = cost
    return Scrypt(salt=salt, length=_KEY_BYTES, n=n, r=r, p=p).derive(
        passphrase.encode("utf-8", "surrogateescape")
    )


def _aes() -> Any:  # noqa: ANN401 (a class of the extra)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (an extra)

    return AESGCM
