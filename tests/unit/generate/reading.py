"""Reads generated files back, for tests that look at single lines."""

from __future__ import annotations

from svcctl.generate.systemd.options import SystemdOptions
from svcctl.generate.systemd.render import render
from svcctl.manifest.model import Manifest
from svcctl.plan.model import Diagnostic


def texts(manifest: Manifest, options: SystemdOptions) -> dict[str, str]:
    """Return the text of each file by its name."""
    rendering = render(manifest, options)
    return {file.path.rpartition("/")[2]: file.content.decode() for file in rendering.files}


def values(text: str, directive: str) -> list[str]:
    """Return the values of a directive in the order of its lines."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return [value for name, _, value in lines if name == directive]


def directives(text: str) -> list[str]:
    """Return the lines that are directives, without sections."""
    return [line for line in text.splitlines() if line and line[0] not in "#["]


def reason_above(text: str, directive: str) -> str:
    """Return the comment above the first line of a directive, joined to one line."""
    lines = text.splitlines()
    end = next(number for number, line in enumerate(lines) if line.startswith(f"{directive}="))
    while not lines[end - 1].startswith("#"):
        end -= 1
    start = end
    while lines[start - 1].startswith("#"):
        start -= 1
    return " ".join(line.removeprefix("# ") for line in lines[start:end])


def service(manifest: Manifest, options: SystemdOptions) -> str:
    """Return the text of the service unit."""
    return next(text for name, text in texts(manifest, options).items() if name.endswith(".service"))


def found(manifest: Manifest, options: SystemdOptions, severity: str = "") -> list[Diagnostic]:
    """Return the diagnostics of one severity, or all."""
    diagnostics = render(manifest, options).diagnostics
    return [one for one in diagnostics if severity in {"", one.severity}]
