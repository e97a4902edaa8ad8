"""The folders and the secrets that a service is given: what a unit asks for with ``StateDirectory=`` and the like.

Source: systemd.exec(5).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from svcctl.errors import UsageError

#: The folders a service may be given, and the variables that name them.
VARIABLES = {
    "state": "STATE_DIRECTORY",
    "runtime": "RUNTIME_DIRECTORY",
    "cache": "CACHE_DIRECTORY",
    "logs": "LOGS_DIRECTORY",
    "configuration": "CONFIGURATION_DIRECTORY",
}


class Places:
    """What a service is given below one folder.

    Args:
        folder: The folder.
        directories: Which of :data:`VARIABLES` it gets.
        credentials: Secrets, by name.

    Raises:
        UsageError: There is no such directory, or a credential's name is no file name.
    """

    def __init__(
        self, folder: Path, directories: Collection[str], credentials: Mapping[str, str | bytes]
    ) -> None:
        for name in directories:
            if name not in VARIABLES:
                raise UsageError(
                    f"there is no {name!r} directory", hint=f"choose from {', '.join(VARIABLES)}"
                )
        for name in credentials:
            if name in {"", ".", ".."} or "/" in name:
                raise UsageError(f"{name!r} is no name of a credential", hint="give the name of a file")
        self.folder = folder
        self._directories = directories
        self._credentials = credentials

    def make(self) -> dict[str, str]:
        """Make what is not there, and return the variables that tell where it is."""
        variables = {}
        for name in self._directories:
            path = self.folder / name
            path.mkdir(mode=0o700, exist_ok=True)
            variables[VARIABLES[name]] = str(path)
        if self._credentials:
            variables["CREDENTIALS_DIRECTORY"] = str(self._write_credentials())
        return variables

    def service_ended(self) -> None:
        """Remove what does not outlive a run."""
        shutil.rmtree(self.folder / "runtime", ignore_errors=True)
        shutil.rmtree(self.folder / "credentials", ignore_errors=True)

    def _write_credentials(self) -> Path:
        path = self.folder / "credentials"
        path.mkdir(mode=0o700)
        for name, secret in self._credentials.items():
            (path / name).touch(mode=0o600)
            (path / name).write_bytes(secret.encode() if isinstance(secret, str) else secret)
            (path / name).chmod(0o400)
        return path
