"""Says how a service is and, if anything is wrong, what has happened: from all that is known to a few sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from svcctl.operations.explaining import before, ends, reported, units
from svcctl.operations.explaining.facts import Explanation, Facts, Mend
from svcctl.operations.explaining.failure import Failure, of_run
from svcctl.operations.explaining.runs import Run, runs
from svcctl.wording import counted

Case = Callable[[Failure, Facts], Explanation | None]

#: The first that has something to say is right: what is known more precisely comes first.
CASES: tuple[Case, ...] = (
    before.environment_file,
    before.step,
    before.resources,
    before.out_of_memory,
    ends.watchdog,
    ends.start_limit_of_systemd,
    ends.stop_limit_of_systemd,
    reported.settings,
    reported.mistake,
    reported.address,
    reported.missing_socket,
    reported.hanging_start,
    reported.cut_stop,
    reported.kept_out,
    reported.failed_service,
    ends.signal,
    ends.status,
    ends.protocol,
)

_RUNNING = {"active", "reloading", "refreshing"}
_OTHER = {
    "activating": "it is starting",
    "deactivating": "it is stopping",
    "failed": "it does not run: it failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a service is.

    Attributes:
        state: One sentence about the present.
        fault: Something is wrong, or was until systemd started it again.
        explanations: What has happened; the first is the cause, the others follow from it.
        before: What happened in an earlier run, if nothing is wrong now.
    """

    state: str
    fault: bool
    explanations: tuple[Explanation, ...] = ()
    before: Explanation | None = None


def judge(facts: Facts) -> Verdict:
    """Return what is to be said of a service."""
    broken = units.unusable(facts)
    if broken is not None:
        return Verdict(state="systemd has no unit to start", fault=True, explanations=(broken,))
    found = (*_service(facts), *units.sockets(facts), *units.refused(facts))
    active, sub = facts.service.get("ActiveState"), facts.service.get("SubState")
    if found:
        return Verdict(state=_state(facts), fault=True, explanations=found)
    present = units.present(facts)
    if present is not None:
        return Verdict(state=_state(facts), fault=True, explanations=(present,))
    if active in _RUNNING | {"activating"} or sub == "dead":
        return Verdict(state=_state(facts), fault=False, before=_earlier(facts))
    return Verdict(state=_state(facts), fault=False)


def explain(failure: Failure, facts: Facts) -> Explanation:
    """Return the explanation of one failure."""
    for case in CASES:
        found = case(failure, facts)
        if found is not None:
            return found
    return ends.anything(failure, facts)


def _service(facts: Facts) -> Iterator[Explanation]:
    """Yield why the service is down, or was until systemd started it again by itself."""
    unit = facts.service
    down = unit.get("ActiveState") == "failed" or unit.get("SubState").startswith("auto-restart")
    if not down and not unit.number("NRestarts"):
        return
    failure = _last_failure(facts)
    if failure is not None:
        yield explain(failure, facts)
    elif unit.number("NRestarts"):
        message = f"systemd has started it again {counted(unit.number('NRestarts'), 'time')}; why it ended is not known"
        mend = Mend(advice="see what the journal has of it", command=facts.journal)
        yield Explanation(cause="restarted", unit=unit.name, message=message, mends=(mend,))


def _last_failure(facts: Facts) -> Failure | None:
    found = runs(facts.service.entries)
    last = facts.service.get("InvocationID")
    if last and all(run.invocation != last for run in found):
        found = (*found, Run(last, ()))  # the journal has nothing of it, or is not to be had
    failures = (of_run(run, facts) for run in reversed(found))
    return next((each for each in failures if each is not None), None)


def _earlier(facts: Facts) -> Explanation | None:
    """Return what went wrong in the run before the present one, or in the last one; ``None`` if nothing did."""
    found = list(runs(facts.service.entries))
    if facts.service.get("ActiveState") in _RUNNING | {"activating"}:
        found = [run for run in found if run.invocation != facts.service.get("InvocationID")]
    failure = of_run(found[-1], facts) if found else None
    return explain(failure, facts) if failure is not None else None


def _state(facts: Facts) -> str:
    unit = facts.service
    active, sub = unit.get("ActiveState"), unit.get("SubState")
    restarts = unit.number("NRestarts")
    if active in _RUNNING:
        return f"it runs; systemd has started it again {counted(restarts, 'time')}" if restarts else "it runs"
    if sub.startswith("auto-restart"):
        return "it does not run; systemd is about to start it again"
    if active in _OTHER:
        return _OTHER[active]
    ran = unit.get("ExecMainStartTimestamp") or unit.get("InactiveEnterTimestamp") or unit.entries
    state = "it is stopped" if ran else "it has not been started since the machine was booted"
    listening = any(each.get("SubState") == "listening" for each in facts.sockets)
    return f"{state}; its sockets are open, the next client starts it" if listening else state
