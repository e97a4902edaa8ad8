"""Stands in for the child process that describes an application; the real one has tests of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from svcctl.loading.report import Description, Interpreter
from svcctl.manifest.model import Manifest
from tests.fakes.manifests import echo_manifest


class FakeDescribe:
    """Describes every application as the manifest it is given.

    Attributes:
        manifest: What to say; may be exchanged between two calls.
        error: What to raise instead, if anything.
        targets: What was to be described.
        arguments: What the last of them was given.
        environments: The variables that the applications would have had.
        user: Whom the last of them was to be described as.
        passphrases: The passphrases that they were described with.
        version: The interpreter's version.
    """

    def __init__(self) -> None:
        self.manifest: Manifest = echo_manifest()
        self.error: Exception | None = None
        self.targets: list[str] = []
        self.arguments: tuple[str, ...] = ()
        self.user: str | None = None
        self.environments: list[dict[str, str]] = []
        self.passphrases: list[str | None] = []
        self.version = "3.11.2"

    def __call__(
        self,
        target: str,
        arguments: Sequence[str] = (),
        *,
        python: str,
        user: str | None,
        environment: Mapping[str, str],
        time_limit: float = 60.0,
        passphrase: str | None = None,
    ) -> Description:
        """Return the manifest as :func:`svcctl.loading.describe.describe` does."""
        assert time_limit > 0
        self.targets.append(target)
        self.arguments = tuple(arguments)
        self.user = user
        self.environments.append(dict(environment))
        self.passphrases.append(passphrase)
        if self.error is not None:
            raise self.error
        interpreter = Interpreter(
            executable=python,
            version=self.version,
            prefix="/usr",
            base_prefix="/usr",
            library_paths=("/usr/lib",),
            svcctl_version="0.1.0",
        )
        return Description(self.manifest, interpreter)
