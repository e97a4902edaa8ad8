"""Problems of several steps, which a person mends together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from svcctl.errors import Problem, ProblemsError
from svcctl.generate.debian.checks import ADVICE


class Problems:
    """What was found wrong so far.

    Example:
        >>> problems = Problems()
        >>> with problems.collected():
        ...     raise ProblemsError("no", (Problem("maintainer", "nobody is named"),))
        >>> problems.found
        [Problem(where='maintainer', message='nobody is named')]
    """

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.hint = ""

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Note the problems of a step that fails because of some, and go on behind it."""
        try:
            yield
        except ProblemsError as error:
            self.found += [each for each in error.problems if each not in self.found]
            self.hint = self.hint or error.hint

    def refuse(self, what: str) -> None:
        """End here if anything was found.

        Raises:
            ProblemsError: It holds all of it.
        """
        if self.found:
            raise ProblemsError(what, tuple(self.found), hint=self.hint or ADVICE)
