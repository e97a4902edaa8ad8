"""What goes wrong with saved applications, beside :class:`~svcctl.errors.SavedStateError` itself."""

from __future__ import annotations

from svcctl.errors import EX_CONFIG, EX_DATAERR, SavedStateError, SvcctlError


class DamagedStateError(SavedStateError):
    """A file with a saved application has been altered or truncated, or was sealed with another key."""

    code = "damaged-state"


class StateNotSavedError(SvcctlError):
    """The system did not allow to save an application; what was saved before is still there."""

    code = "state-not-saved"
    exit_status = EX_CONFIG


class UnsavableError(StateNotSavedError):
    """An application holds what cannot be saved."""

    code = "unsavable"
    exit_status = EX_DATAERR
