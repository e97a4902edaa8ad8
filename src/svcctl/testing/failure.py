"""The error of a test that waited for something that did not come."""

from __future__ import annotations

from svcctl.errors import SvcctlError


class ExpectationError(SvcctlError, AssertionError):
    """A service did something else than it was expected to.

    Its text has all that is needed to see why: the transcript, and what the service wrote to stderr.

    Args:
        message: One line: what was expected, and what came instead.
        transcript: What happened so far, as text.
        output: The end of what the service wrote to stderr.
    """

    code = "expectation"

    def __init__(self, message: str, *, transcript: str, output: str) -> None:
        super().__init__(message)
        self.transcript = transcript
        self.output = output

    def __str__(self) -> str:
        said = f"\n--- stderr ---\n{self.output}" if self.output else ""
        return f"{self.message}\n--- transcript ---\n{self.transcript}{said}"
