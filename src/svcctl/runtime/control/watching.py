"""Those who want to hear what happens in the tree, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from svcctl.application.live.book import Book, now
from svcctl.application.live.services import text_of
from svcctl.application.tree.acting import find
from svcctl.application.tree.record import Transition, path_of
from svcctl.errors import describe_cause

if TYPE_CHECKING:
    from svcctl.runtime.control.connection import Connection

_KINDS = {
    "Transition": "transition",
    "RestartScheduled": "restart_scheduled",
    "RestartLimitReached": "restart_limit_reached",
    "ServiceFinished": "service_finished",
}


class Watchers:
    """Clients and the branch that each of them wants to hear of.

    Args:
        book: The book that is told of what happens.
        phase: The phase that the process is in.
    """

    def __init__(self, book: Book, phase: str) -> None:
        self._book = book
        self._clients: dict[Connection, tuple[str, int]] = {}
        self._phase = phase

    def add(self, client: Connection, path: str) -> None:
        """Tell a client of what happens from now on; the first thing is that it is told.

        Raises:
            NoSuchServiceError: There is nothing at the path.
        """
        top = path_of(find(self._book.root, path)) if path else ""
        if not self._clients:
            self._book.followers.append(self._happened)
        self._clients[client] = (top, 0)
        client.reply({"event": {"kind": "watching", "time": now(), "path": top}}, continues=True)

    def remove(self, client: Connection) -> bool:
        """Tell a client nothing more; return whether it was told anything before."""
        if self._clients.pop(client, None) is None:
            return False
        if not self._clients:
            self._book.followers.remove(self._happened)
        return True

    def phase(self, phase: str) -> None:
        """Tell everybody that the process has come into a phase."""
        if phase != self._phase and self._clients:
            self._send({"kind": "phase", "time": now(), "path": "", "before": self._phase, "after": phase})
        self._phase = phase

    def _happened(self, event: Any, moment: int) -> None:  # noqa: ANN401 (events need no common class)
        kind = _KINDS.get(type(event).__name__)
        if kind is None:
            return
        facts: dict[str, Any] = {"kind": kind, "time": moment, "path": event.path}
        if isinstance(event, Transition):
            facts["before"] = event.before.value.replace(" ", "_")
            facts["after"] = event.after.value.replace(" ", "_")
        error = getattr(event, "error", None)
        if error is not None:
            facts["error"] = text_of(describe_cause(error))
        for name in ("attempt", "delay"):
            if hasattr(event, name):
                facts[name] = getattr(event, name)
        self._send(facts)

    def _send(self, facts: dict[str, Any]) -> None:
        path = facts["path"]
        for client, (top, lost) in tuple(self._clients.items()):
            if top and path and path != top and not path.startswith(f"{top}/"):
                continue
            if client.slow:
                self._clients[client] = (top, lost + 1)
                continue
            client.reply({"event": {**facts, "lost": lost} if lost else facts}, continues=True)
            if lost:
                self._clients[client] = (top, 0)
