"""Says what an installation would come to, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.generate.systemd import render
from svcctl.generate.systemd.unit import Reason
from svcctl.host import analyze
from svcctl.host import machine as machines
from svcctl.host.machine import Machine
from svcctl.manifest.model import Manifest
from svcctl.operations import preparation
from svcctl.operations.preparation import Prepared
from svcctl.operations.request import InstallRequest
from svcctl.plan.model import Diagnostic, File


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What an application would be as a service.

    Attributes:
        name: Name of its units.
        manifest: What it is.
        files: What would be written.
        diagnostics: What is wrong or notable.
        reasons: Each directive with its reason.
        exposure: systemd's score of the sandbox, 0 (best) to 10; ``None`` if there is no tool to tell.
        verified: systemd has looked at the units; its complaints are among the diagnostics.
        unverified: Why it has not; empty if it has.
    """

    name: str
    manifest: Manifest
    files: tuple[File, ...]
    diagnostics: tuple[Diagnostic, ...]
    reasons: tuple[Reason, ...]
    exposure: float | None
    verified: bool
    unverified: str

    @property
    def usable(self) -> bool:
        """Nothing stands against installing it."""
        return all(item.severity != "error" for item in self.diagnostics)


def check(request: InstallRequest) -> CheckResult:
    """Describe an application, render its units and have systemd-analyze look at them if it is there.

    Args:
        request: As for :func:`svcctl.operations.install.install`.

    Raises:
        SvcctlError: The application does not load, or an argument cannot be used.
    """
    machine = machines.find(request.scope, request.root, version=request.systemd_version)
    prepared = preparation.prepare(request, machine)
    unverified = _why_unverified(prepared, machine)
    complaints = () if unverified else analyze.verify(prepared.rendering.files, machine)
    diagnostics = (
        *prepared.rendering.diagnostics,
        *(Diagnostic(severity="error", subject="systemd-analyze", message=line) for line in complaints),
    )
    return CheckResult(
        name=prepared.options.name,
        manifest=prepared.description.manifest,
        files=prepared.rendering.files,
        diagnostics=diagnostics,
        reasons=render.explain(prepared.description.manifest, prepared.options),
        exposure=preparation.exposure(prepared),
        verified=not unverified,
        unverified=unverified,
    )


def _why_unverified(prepared: Prepared, machine: Machine) -> str:
    if any(item.severity == "error" for item in prepared.rendering.diagnostics):
        return "they are not complete"
    if not analyze.available():
        return "there is no systemd-analyze here"
    here = machines.find(machine.scope).version
    if here != machine.version:
        return f"the units are for systemd {machine.version}, here is {here}"
    if machine.scope == "user" and not machine.booted:
        return "no systemd manages services for this user now"
    return ""
