"""The reload of services that connect with certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from svcctl.application.clients.connecting import Dialer

Hook = Callable[[], None]


class Renewing:
    """Reads certificates again, for connections from then on. The hooks are ``None`` if there are none to be read."""

    _dialer: Dialer | None

    if TYPE_CHECKING:

        def _new_dialer(self) -> Dialer:
            """Make what connects; subclasses do."""

    @property
    def check_reload(self) -> Hook | None:
        """How to try what the files hold now."""
        dialer = self._present_dialer()
        return dialer.check if dialer.reads_files else None

    @property
    def reload(self) -> Hook | None:
        """How to use it."""
        dialer = self._present_dialer()
        return dialer.apply if dialer.reads_files else None

    @property
    def revert_reload(self) -> Hook | None:
        """How to go back to what was used before."""
        dialer = self._present_dialer()
        return dialer.revert if dialer.reads_files else None

    def _present_dialer(self) -> Dialer:
        return self._dialer or self._new_dialer()
