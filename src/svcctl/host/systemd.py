"""Talks to systemd through systemctl: the version's own client is the stable interface."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from svcctl.errors import CommandError, ConfigurationError
from svcctl.host import commands
from svcctl.host.machine import Machine
from svcctl.plan.model import Action

#: Jobs end within the limits of their units; ours would only hide them.
_NO_LIMIT = None

_TIME = re.compile(r"\w+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) UTC")


def systemctl(
    machine: Machine,
    *words: str,
    accept: Sequence[int] | None = (0,),
    time_limit: float | None = commands.TIME_LIMIT,
) -> commands.Output:
    """Run systemctl for this machine's scope and root.

    Raises:
        CommandError: As :func:`svcctl.host.commands.run`.
    """
    # Without a terminal systemctl neither pages nor asks for passwords.
    options = []
    if machine.scope == "user":
        options.append("--user")
    if machine.root:
        options.append(f"--root={machine.root}")
    return commands.run(("systemctl", *options, *words), accept=accept, time_limit=time_limit)


def act(machine: Machine, action: Action, *, alone: bool = False) -> None:
    """Do one action of a plan.

    Args:
        machine: Where.
        action: What.
        alone: Stopping sockets leaves the service that requires them running; it keeps those it was given.

    Raises:
        CommandError: systemd refused it or the unit failed; the message has the status that the unit reported.
        ConfigurationError: The machine has no tool for it.
    """
    match action.kind:
        case "daemon-reload":
            systemctl(machine, "daemon-reload")
        case "sysusers":
            _make_users(machine, action.units)
        case "stop" if alone:
            systemctl(machine, "stop", "--job-mode=ignore-dependencies", *action.units, time_limit=_NO_LIMIT)
        case "start" | "stop":
            change(machine, action.kind, action.units)
        case "enable" | "disable":
            _need_systemctl(machine)
            systemctl(machine, action.kind, *action.units)


def change(machine: Machine, verb: str, units: Sequence[str]) -> None:
    """Start, stop or restart units and wait until it is done.

    Raises:
        CommandError: A unit failed; the message has what it reported in ``STATUS=`` and its result.
    """
    try:
        systemctl(machine, verb, *units, time_limit=_NO_LIMIT)
    except CommandError as error:
        failures = _failures(machine, units)
        said = "; ".join(failures) or error.output
        user = "--user " if machine.scope == "user" else ""
        unit = failures[0].partition(":")[0] if failures else units[-1]
        hint = f"journalctl {user}-n 30 -u {unit}"
        raise CommandError(error.command, error.status, said, hint=hint) from error


def show(machine: Machine, units: Sequence[str], properties: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return properties of units: unit → property → value as systemd writes it.

    A unit that systemd does not know has ``LoadState`` ``not-found``.

    Raises:
        CommandError: systemd does not answer.
    """
    if not units:
        return {}
    wanted = ",".join(("Id", *properties))
    output = systemctl(machine, "show", f"--property={wanted}", "--", *units).stdout
    blocks = [_properties(block) for block in output.strip("\n").split("\n\n")]
    return {unit: block for unit, block in zip(units, blocks, strict=False) if block}


def started(machine: Machine, units: Sequence[str]) -> dict[str, float]:
    """Return for each service that runs when its main process was started, in seconds since 1970.

    Raises:
        CommandError: systemd does not answer.
    """
    if not machine.booted or not units:
        return {}
    wanted = "--property=Id,ActiveState,ExecMainStartTimestamp"
    # The usual form has whole seconds of the local time.
    output = systemctl(machine, "show", "--timestamp=us+utc", wanted, "--", *units).stdout
    blocks = [_properties(block) for block in output.strip("\n").split("\n\n")]
    found = {}
    for unit, block in zip(units, blocks, strict=False):
        time = _TIME.fullmatch(block.get("ExecMainStartTimestamp", ""))
        if time and block.get("ActiveState") in {"active", "reloading", "refreshing"}:
            found[unit] = datetime.fromisoformat(f"{time[1]}+00:00").timestamp()
    return found


def enabled(machine: Machine, units: Sequence[str]) -> dict[str, bool]:
    """Return for each unit whether it is enabled; also works on the tree of a machine that does not run."""
    if not machine.booted and not machine.root:
        return dict.fromkeys(units, False)
    states: dict[str, bool] = {}
    for unit in units:
        said = systemctl(machine, "is-enabled", unit, accept=None).stdout.split()
        states[unit] = said[:1] == ["enabled"]
    return states


def active(machine: Machine, units: Sequence[str]) -> dict[str, bool]:
    """Return for each unit whether it is active or on its way there; never on a machine that does not run."""
    if not machine.booted:
        return dict.fromkeys(units, False)
    running = {"active", "activating", "reloading", "deactivating", "refreshing"}
    shown = show(machine, units, ("ActiveState",))
    return {unit: shown.get(unit, {}).get("ActiveState") in running for unit in units}


def instances(machine: Machine, template: str) -> tuple[str, ...]:
    """Return the instances of a template unit that are loaded or enabled, sorted.

    Example:
        ``web@.service`` has the instances ``web@1.service`` and ``web@2.service``.
    """
    pattern = template.replace("@.", "@*.")
    # Not all versions list instances among the unit files; their links are where systemctl enable puts them.
    links = Path(f"{machine.root}{machine.unit_directory}").glob(f"*.wants/{pattern}")
    found = {link.name for link in links}
    if machine.booted:
        said = systemctl(machine, "list-units", "--all", "--plain", "--no-legend", "--full", "--", pattern)
        found |= {line.split()[0] for line in said.stdout.splitlines() if line.strip()}
    return tuple(sorted(found))


def forget(machine: Machine, units: Sequence[str]) -> None:
    """Make systemd forget that units have failed, so that removed ones leave nothing behind."""
    systemctl(machine, "reset-failed", *units, accept=None)


def _failures(machine: Machine, units: Sequence[str]) -> list[str]:
    shown = show(machine, units, ("ActiveState", "Result", "StatusText", "InvocationID"))
    failed = {unit: found for unit, found in shown.items() if found.get("Result", "success") != "success"}
    # Sockets have no StatusText.
    return [
        ": ".join(
            part
            for part in (
                unit,
                _in_words(found["Result"]),
                found.get("StatusText") or _last_words(found.get("InvocationID", "")),
            )
            if part
        )
        for unit, found in failed.items()
    ]


def _last_words(invocation: str) -> str:
    """Return the last line that a unit's own processes logged; empty if the journal has none for us."""
    if not invocation or not commands.available("journalctl"):
        return ""
    match = f"_SYSTEMD_INVOCATION_ID={invocation}"
    said = commands.run(("journalctl", "--quiet", "--output=cat", "--lines=1", match), accept=None).stdout
    return said.strip()


def _in_words(result: str) -> str:
    return _RESULTS.get(result, result)


#: What systemd's results mean where the word alone does not tell (systemd.service(5), systemd.socket(5)).
_RESULTS: Mapping[str, str] = {
    "resources": "the system refused what it needs (is the address in use?)",
    "trigger-limit-hit": "closed after too many starts in a row",
    "service-start-limit-hit": "closed because its service failed too often",
    "start-limit-hit": "started too often",
    "exit-code": "ended with an error",
    "protocol": "ended before it was ready",
    "timeout": "not ready in time",
    "watchdog": "did not answer the watchdog",
}


def _properties(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _make_users(machine: Machine, files: Sequence[str]) -> None:
    if not commands.available("systemd-sysusers"):
        raise ConfigurationError(
            "systemd-sysusers is not there to make the service's user",
            hint="install systemd, or make the user that the plan names by hand",
        )
    root = (f"--root={machine.root}",) if machine.root else ()
    commands.run(("systemd-sysusers", *root, *(f"{machine.root}{file}" for file in files)))


def _need_systemctl(machine: Machine) -> None:
    if machine.root and not commands.available("systemctl"):
        raise ConfigurationError(
            "systemctl is not there to enable units below --root",
            hint="leave --enable out and enable the units on the machine itself",
        )
