"""The generation of files that an installation replaced: kept in its receipt, so that it can be brought back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from svcctl.host import files, systemd
from svcctl.host.machine import Machine
from svcctl.plan.codec import encode_receipt
from svcctl.plan.model import File, Generation, Plan, Receipt, SavedFile

#: What systemd applies to a service that runs, or that only a start asks for.
_TAKES_EFFECT = re.compile(
    r"TimeoutStartSec|TimeoutStopSec|Restart\w*|SuccessExitStatus|ExecReload|StartLimit\w+"
)
#: Says what the units were made from, and is no more than that to the process.
_MADE_FROM = re.compile(r" --installed \S+")
_HARMLESS_SECTIONS = ("Unit", "Install")


def remember(receipt: Receipt, before: Receipt | None, machine: Machine, *, changed: bool) -> Receipt:
    """Return a receipt with the generation before it.

    Args:
        receipt: Of the new installation.
        before: Of the one that it replaces.
        machine: Where.
        changed: Some file is going to be another one; else the generation before is still the same.
    """
    if before is None:
        return receipt
    return replace(receipt, previous=snapshot(before, machine) if changed else before.previous)


def snapshot(receipt: Receipt, machine: Machine) -> Generation:
    """Return what is installed now as a generation that can be brought back."""
    saved = []
    for file in receipt.files:
        now = files.read(machine.root, file.path)
        if now is not None:
            written = int(Path(f"{machine.root}{file.path}").stat().st_mtime)
            saved.append(SavedFile(path=file.path, content=_text(now.data), mode=now.mode, written=written))
    return Generation(files=tuple(saved), receipt=encode_receipt(replace(receipt, previous=None)))


def restart_reasons(plan: Plan, before: Receipt, service: str, machine: Machine) -> tuple[str, ...]:
    """Return what in new units a process that runs cannot take up: nothing, if another one can take over from it.

    The new process would be in the sandbox of the old one, so that has to be what the units ask for. What the process
    was started with is what is there now, or else, if it is older, the generation before.

    Args:
        plan: What is going to be installed.
        before: Receipt of what is there.
        service: The service that runs.
        machine: Where.
    """
    since = systemd.started(machine, (service,)).get(service)
    if since is None:
        return ("nothing is known of the process",)
    new = {file.path: _text(file.content) for file in plan.files}
    reasons: list[str] = []
    for file in before.files:
        now = files.read(machine.root, file.path)
        present = _text(now.data) if now is not None else ""
        started_with: str | None = present
        if now is not None and Path(f"{machine.root}{file.path}").stat().st_mtime > since:
            started_with = _before(before, file.path, since)
        if started_with is None:
            reasons.append(f"{_name(file.path)} has changed more than once since it was started")
        else:
            reasons += _differences(file.path, started_with, new.get(file.path, present))
    reasons += [f"{_name(path)} is new" for path in new if path not in {file.path for file in before.files}]
    reasons += [f"{_name(removal.path)} goes" for removal in plan.removals]
    return tuple(dict.fromkeys(reasons))


def _before(receipt: Receipt, path: str, since: float) -> str | None:
    """Return what a file was before the last change; ``None`` if that is younger than a process, too, or unknown."""
    saved = receipt.previous.files if receipt.previous is not None else ()
    found = next((each for each in saved if each.path == path), None)
    return found.content if found is not None and found.written <= since else None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _differences(path: str, old: str, new: str) -> list[str]:
    before, after = _directives(old), _directives(new)
    changed = [key for key in (before | after) if before.get(key) != after.get(key)]
    return [
        f"{_name(path)}: {directive}="
        for section, directive in changed
        if not _is_harmless(section, directive)
    ]


def _is_harmless(section: str, directive: str) -> bool:
    if section in _HARMLESS_SECTIONS:
        return True
    return section == "Service" and _TAKES_EFFECT.fullmatch(directive) is not None


def _directives(text: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the values of each directive of a unit, in order; comments and what the units were made from left out."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith(("#", ";")):
            directive, _, value = line.partition("=")
            key = (section, directive)
            found[key] = (*found.get(key, ()), _MADE_FROM.sub("", value))
    return found


def files_of(generation: Generation, machine: Machine) -> tuple[File, ...]:
    """Return the files of a generation that are not as it has them."""
    wanted = []
    for saved in generation.files:
        content = saved.content.encode("utf-8", "surrogateescape")
        now = files.read(machine.root, saved.path)
        if now is None or (now.data, now.mode) != (content, saved.mode):
            wanted.append(File(path=saved.path, content=content, mode=saved.mode))
    return tuple(wanted)
