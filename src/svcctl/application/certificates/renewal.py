"""A TLS context that is made anew while connections are made with it: tried first, then used, taken back on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Renewal(ABC, Generic[_T]):
    """What is in force, what has been tried, and what was in force before; subclasses say how to make one.

    Attributes:
        current: What is in force; ``None`` before the first one.
    """

    current: _T | None = None
    _tried: _T | None = None
    _former: _T | None = None

    @abstractmethod
    def make(self) -> _T:
        """Make one from what the files hold now."""

    def renew(self) -> None:
        """Put a new one in force; after an error the one before stays."""
        self.current, self._tried = self.make(), None

    def check(self) -> None:
        """Make one, and keep it for :meth:`apply`."""
        self._tried = None
        self._tried = self.make()

    def apply(self) -> None:
        """Put in force what was tried, or a new one; after an error the one before stays."""
        made = self.make() if self._tried is None else self._tried
        self.current, self._former, self._tried = made, self.current, None

    def revert(self) -> None:
        """Put in force again what was so before :meth:`apply`."""
        if self._former is not None:
            self.current, self._former = self._former, None
