"""What a change of a service of Windows would do, for showing it before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from svcctl.host.windows.machine import Found
from svcctl.plan.model import Diagnostic
from svcctl.plan.windows import WindowsReceipt, WindowsService, encode_definition


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsPreview:
    """A change of a service; see :class:`svcctl.operations.preview.Change`.

    Attributes:
        name: The service's name.
        lines: What would be done.
        diagnostics: What the user should know about it.
    """

    name: str
    lines: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def changes(self) -> bool:
        """There is anything to do at all."""
        return bool(self.lines)

    @property
    def exposure(self) -> None:
        """Nothing tells it there."""


#: Asked before anything is changed; False leaves everything as it is.
WindowsApprove = Callable[[WindowsPreview], bool]


def differing(wanted: WindowsReceipt, before: WindowsReceipt | None) -> list[str]:
    """Return what differs between two services but for their start, in words."""
    if before is None:
        return ["everything"]
    before = replace(before, service=replace(before.service, start=wanted.service.start))
    service = [name for name in _names(wanted.service, before.service) if name != "hosted"]
    found = [*service, *_names(wanted.service.hosted, before.service.hosted)]
    if not found and wanted != before:
        return ["what svcctl remembers of it"]
    return [name.replace("_", " ") for name in found]


def edited(service: WindowsService, found: Found) -> list[str]:
    """Return what is not as it is to be, in words.

    Args:
        service: As it is to be.
        found: How it is configured.
    """
    pairs = {
        "command line": (service.command_line(), found.command_line),
        "account": (service.account.lower(), found.account.lower()),
        "start": (service.start, found.start),
        "definition": (encode_definition(service.hosted), found.definition),
    }
    return [what for what, (one, other) in pairs.items() if one != other]


def _names(one: WindowsService | object, other: object) -> list[str]:
    return [
        field.name
        for field in fields(one)  # type: ignore[arg-type]  # both are records of one kind
        if getattr(one, field.name) != getattr(other, field.name)
    ]
