"""What observers of a tree are told beside :class:`~svcctl.application.tree.record.Transition`.

Every event has ``path``, a text form of one line, and ``fields()`` for logs and other programs; logging is one
consumer of them, not their purpose.
"""

from __future__ import annotations

from typing import NamedTuple

from svcctl.errors import describe_cause


class RestartScheduled(NamedTuple):
    """A service that failed will be started again.

    Attributes:
        path: Its path.
        attempt: Its restarts within the period of the supervision, with this one.
        delay: Seconds until then.
        error: Why it failed.
    """

    path: str
    attempt: int
    delay: float
    error: BaseException

    def __str__(self) -> str:
        return (
            f"{self.path} is restarted in {self.delay:.1f} s ({self.attempt}.): {describe_cause(self.error)}"
        )

    def fields(self) -> dict[str, object]:
        """Return the event as names and values."""
        return {
            "path": self.path,
            "attempt": self.attempt,
            "delay": self.delay,
            "error": describe_cause(self.error),
        }


class RestartLimitReached(NamedTuple):
    """The children of a collection failed more often than it allows; now it has failed itself.

    Attributes:
        path: The collection's path.
        restarts: How many restarts it allows.
        within: In how many seconds.
        error: The last failure.
    """

    path: str
    restarts: int
    within: float
    error: BaseException

    def __str__(self) -> str:
        from svcctl.wording import counted  # noqa: PLC0415 (only for this failure)

        limit = f"more than {counted(self.restarts, 'restart')} within {self.within:g} s"
        return f"{self.path} gives up, {limit}: {describe_cause(self.error)}"

    def fields(self) -> dict[str, object]:
        """Return the event as names and values."""
        return {
            "path": self.path,
            "restarts": self.restarts,
            "within": self.within,
            "error": describe_cause(self.error),
        }


class ServiceFinished(NamedTuple):
    """A service has done its work.

    Attributes:
        path: Its path.
    """

    path: str

    def __str__(self) -> str:
        return f"{self.path} has finished"

    def fields(self) -> dict[str, object]:
        """Return the event as names and values."""
        return {"path": self.path}


Event = RestartScheduled | RestartLimitReached | ServiceFinished
