"""What is wrong with the units themselves: their files, their sockets, their limits, what they say at this moment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from svcctl.host.journal import Entry
from svcctl.operations.explaining import sandbox
from svcctl.operations.explaining.facts import Explanation, Facts, Mend, Unit
from svcctl.operations.explaining.failure import shortened
from svcctl.operations.explaining.runs import by_systemd, reports, split

_IN_USE = re.compile(r"\((?P<address>[^()]+)\): Address already in use")
_PORT = re.compile(r":(?P<port>\d+)$")
_WAITING = re.compile(r"waiting for (?P<path>\S+)")
_ERROR = 3
_LAST = 60
_TOO_QUICKLY = "Start request repeated too quickly"


def unusable(facts: Facts) -> Explanation | None:
    """Return why there is no unit that could be started; ``None`` if there is."""
    unit = facts.service
    state = unit.get("LoadState")
    if state in {"loaded", ""}:
        return None
    if state == "masked":
        command = f"systemctl{facts.flag} unmask {unit.name}"
        message = f"{unit.name} is masked, so that nobody can start it"
        return _of(unit, "masked", message, Mend(advice="take that back", command=command))
    if state == "not-found":
        message = f"{unit.name} is not there any more, or systemd has not read it yet"
        reload = Mend(advice="or have systemd read it", command=f"systemctl{facts.flag} daemon-reload")
        return _of(unit, "no-unit", message, Mend(advice="write it again", command=facts.repeat), reload)
    message = f"systemd cannot use {unit.name} ({state})"
    verify = Mend(
        advice="see what is wrong with it", command=f"systemd-analyze{facts.flag} verify {unit.name}"
    )
    return _of(unit, "bad-unit", message, verify, Mend(advice="or write it again", command=facts.repeat))


def sockets(facts: Facts) -> Iterator[Explanation]:
    """Yield why sockets are closed that should be open."""
    start = Mend(advice="mend the cause; then open it again", command=facts.command("start"))
    for unit in facts.sockets:
        if unit.get("ActiveState") != "failed":
            continue
        result, evidence = unit.get("Result"), _evidence(unit)
        if result == "trigger-limit-hit":
            message = f"{unit.name} is closed: clients waited for the service, and it failed each time it was started for them"
            yield _of(unit, "trigger-limit", message, start, evidence=evidence)
        elif result == "service-start-limit-hit":
            message = f"{unit.name} is closed: its service was started too often without coming up"
            yield _of(unit, "service-start-limit", message, start, evidence=evidence)
        else:
            yield _unopened(facts, unit, evidence)


def _unopened(facts: Facts, unit: Unit, evidence: tuple[str, ...]) -> Explanation:
    used = next((found for line in evidence if (found := _IN_USE.search(line))), None)
    if used is not None:
        address = used["address"]
        port = _PORT.search(address)
        message = f"systemd cannot open {unit.name}, because {facts.holder(port['port'] if port else address) or 'another process'} listens on {address}"
        command = f"ss -lnp 'sport = :{port['port']}'" if port else "ss -lnxp"
        which = Mend(advice="see which one, and stop it or change the address (--listen)", command=command)
        start = Mend(advice="then start it", command=facts.command("start"))
        return _of(unit, "address-in-use", message, which, start, evidence=evidence, phase="binding")
    why = evidence[0].partition(": ")[2] if evidence else f"its result is {unit.get('Result')!r}"
    message = f"systemd cannot open {unit.name}: {why}"
    mend = Mend(advice="look at the whole of it", command=f"journalctl{facts.flag} -n 30 -u {unit.name}")
    return _of(unit, "socket", message, mend, evidence=evidence, phase="binding")


def refused(facts: Facts) -> Iterator[Explanation]:
    """Yield why systemd does not even try to start the service."""
    unit = facts.service
    # It counts for the last run alone: whoever starts it by svcctl has systemd forget it.
    quick = [each for each in unit.entries[-5:] if by_systemd(each) and _TOO_QUICKLY in each.message]
    if unit.get("ActiveState") == "failed" and (quick or unit.get("Result") == "start-limit-hit"):
        message = f"systemd does not start {unit.name} again for now: it failed too often within {unit.get('StartLimitIntervalUSec') or 'a minute'}"
        mend = Mend(
            advice="mend the cause; this starts it in spite of the limit", command=facts.command("start")
        )
        yield _of(unit, "start-limit", message, mend, evidence=tuple(each.message for each in quick[-1:]))
    if unit.get("ConditionResult") == "no" and unit.number("ConditionTimestampMonotonic"):
        message = f"systemd skipped the last start of {unit.name}: a condition in the unit does not hold"
        mend = Mend(advice="see which", command=f"systemctl{facts.flag} status {unit.name}")
        yield _of(unit, "condition", message, mend)


def present(facts: Facts) -> Explanation | None:
    """Return what is wrong with a service that runs or is starting; ``None`` if nothing is known to be."""
    unit = facts.service
    said = unit.get("StatusText")
    mine = [each for each in unit.entries if each.about.get("invocation_id") == unit.get("InvocationID")]
    if said.startswith("reload failed"):
        path = said.partition(": ")[2].partition(" ")[0]
        told = [each for each in reports(mine) if each.code == "reload"][-1:]
        evidence = tuple(line for each in told for line in (each.text, *each.lines))[:12]
        mend = Mend(advice="mend what the reason names; then reload", command=facts.command("reload"))
        message = f"its last reload did not work, and it goes on as before: {said.partition(': ')[2]}"
        return _of(
            unit, "failed-reload", message, mend, evidence=evidence or (said,), phase="reloading", path=path
        )
    if said.startswith("watchdog: "):
        message = f"it hangs at this moment: {said.removeprefix('watchdog: ')}"
        mend = Mend(advice="see all stacks", command=facts.journal)
        return _of(unit, "watchdog", message, mend, evidence=(said,), phase="serving")
    kept_out = _kept_out(facts, mine)
    if kept_out is not None:
        return kept_out
    slow = [each for each in mine if each.message.startswith("start goes on: ")]
    if unit.get("ActiveState") != "activating" or not slow:
        return None
    waiting = _WAITING.search(said)
    text, facts_of_it = split(slow[-1].message)
    path = (slow[-1].facts | facts_of_it).get("path", "") or (waiting["path"] if waiting else "")
    message = f"its start does not get on: everybody waits for {path}"
    mend = Mend(advice=f"see what {path} waits for; the start is given up at its limit")
    return _of(unit, "slow-start", message, mend, evidence=(text,), phase="starting", path=path)


def _kept_out(facts: Facts, mine: Sequence[Entry]) -> Explanation | None:
    """Return what the sandbox kept a service from that runs on all the same."""
    errors = [each for each in mine if not by_systemd(each) and each.priority <= _ERROR][-_LAST:]
    lines = [line for each in errors for line in each.message.split("\n")]
    begins = [place for place, line in enumerate(lines) if line.startswith("Traceback ")]
    last = lines[max(begins[-1] - 1, 0) :] if begins else lines
    found = sandbox.denied("\n".join(last), facts)
    if found is None:
        return None
    message = f"it runs, but its sandbox ({found.rule.directive}=) does not let it {found.what}"
    unit = facts.service
    mends = sandbox.mends(found, facts)
    return _of(unit, "sandbox", message, *mends, evidence=shortened(last), phase="serving")


def _evidence(unit: Unit) -> tuple[str, ...]:
    found = [
        entry.message
        for entry in unit.entries
        if by_systemd(entry)
        and entry.about.get("invocation_id") == unit.get("InvocationID")
        and not entry.message.startswith("Listening on ")
    ]
    return tuple(found[-4:])


def _of(
    unit: Unit,
    cause: str,
    message: str,
    *mends: Mend,
    evidence: tuple[str, ...] = (),
    phase: str = "",
    path: str = "",
) -> Explanation:
    return Explanation(
        cause=cause,
        unit=unit.name,
        message=message,
        path=path,
        phase=phase,
        at=next((each.time for each in unit.entries[::-1] if each.message in evidence), 0.0),
        evidence=evidence,
        mends=mends,
    )
