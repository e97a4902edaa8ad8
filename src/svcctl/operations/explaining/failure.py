"""One failure of a service, put together from its run in the journal and from what systemd shows of the unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from svcctl.host.journal import Entry
from svcctl.operations.explaining.facts import Explanation, Facts, Mend
from svcctl.operations.explaining.runs import (
    EXITED,
    FAILED,
    OUT_OF_MEMORY,
    REFUSED_STEP,
    STARTED,
    STOPPING,
    Report,
    Run,
    by_systemd,
)
from svcctl.operations.explaining.statuses import signal_name

#: Lines of evidence that are shown.
MOST = 12

#: Entries of systemd's that say how it ended.
_ENDING = {EXITED, FAILED, REFUSED_STEP, OUT_OF_MEMORY}

#: Results of processes that were ended without a word.
_BY_SIGNAL = {"signal", "core-dump", "oom-kill"}

#: Numbers of ``ExecMainCode``, as waitid(2) has them.
_CODES = {1: "exited", 2: "killed", 3: "dumped"}

#: The status of a process that has ended tells what it last reported, and where the record is not to be had.
_SAID: tuple[tuple[str, str], ...] = (
    (r"(?:stopped with errors: )?(?P<path>\S+) did not stop within ", "stop-timeout"),
    (r"(?:stopped with errors: )?(?P<path>\S+) failed to stop: ", "stop"),
    (r"(?P<path>\S+) failed to (?:bind|start): ", "start"),
    (r"(?P<path>\S+) failed: ", "service-failed"),
    (r"watchdog: ", "watchdog"),
    (r"(?P<file>.+), line \d+(?:, column \d+)?: ", "application-load"),
)
_SERVING = re.compile(r"(?:reloaded, )?\d+/\d+ ready$")

#: Places in Python itself, and in svcctl: they are not where an application stands.
PYTHONS = re.compile(r"<frozen |\S*/lib/python[\d.]+/(?!site-packages|dist-packages)")
_OURS = "/site-packages/svcctl/"

_MARKS = re.compile(r"[\s~^]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a run of a service went wrong.

    Attributes:
        unit: The service unit.
        result: systemd's word for it.
        code: How the main process ended: ``exited``, ``killed`` or ``dumped``; empty if there was none.
        status: Its exit status, or the number of the signal; 0 if there was none.
        said: What the application said last in ``STATUS=``; empty if that is not known.
        phase: What it was about.
        at: When it ended, in seconds since 1970; 0 if that is not known.
        report: The record that tells of the fault, ``None`` if there is none.
        run: All that the journal has of it.
    """

    unit: str
    result: str
    code: str
    status: int
    said: str
    phase: str
    at: float
    report: Report | None
    run: Run

    @property
    def signal(self) -> str:
        """The name of the signal that ended it; empty if none did."""
        return signal_name(self.status) if self.code in {"killed", "dumped"} else ""

    @property
    def path(self) -> str:
        """The service in the tree that it was about."""
        return self.report.path if self.report else ""

    def evidence(self) -> tuple[str, ...]:
        """Return a few lines of the journal, else what the application said last."""
        lines = [*self._reported(), *(entry.message.split("\n")[0] for entry in self._by_systemd())]
        return tuple(dict.fromkeys(lines)) or ((self.said,) if self.said else ())

    def _reported(self) -> list[str]:
        if self.report is None:
            return []
        lines = self.report.lines
        if self.report.code == "watchdog":
            lines = tuple(line for line in lines if not (PYTHONS.match(line.strip()) or _OURS in line))
        return [self.report.text, *shortened(lines)]

    def _by_systemd(self) -> Iterator[Entry]:
        marks = (
            "timed out",
            "Killing process",
            "client request",
            "Failed to ",
            "OOM killer",
            "Watchdog timeout",
        )
        for entry in self.run.entries:
            kind = entry.about.get("message_id", "")
            own = by_systemd(entry) and any(mark in entry.message for mark in marks)
            if kind in _ENDING or (own and not kind):
                yield entry

    def explain(
        self, cause: str, message: str, *mends: Mend, path: str | None = None, phase: str | None = None
    ) -> Explanation:
        """Return an explanation with all that is the same in each."""
        return Explanation(
            cause=cause,
            unit=self.unit,
            message=message,
            path=self.path if path is None else path,
            phase=self.phase if phase is None else phase,
            at=self.at,
            evidence=self.evidence(),
            mends=mends,
        )


def of_run(run: Run, facts: Facts) -> Failure | None:
    """Return how a run of the service went wrong; ``None`` if it did not.

    What systemd shows of the unit is about its last run alone.
    """
    unit = facts.service
    last = run.invocation == unit.get("InvocationID")
    code, ended_with = run.ended
    status = int(ended_with) if ended_with.isdecimal() else 0
    result, said = run.result, ""
    if last:
        said = unit.get("StatusText")
        shown = unit.get("Result")
        result = result or ("" if shown == "success" else shown)
        code = code or _CODES.get(unit.number("ExecMainCode"), "")
        status = status or unit.number("ExecMainStatus")
    if not result:
        return None
    # Whoever could tell of a fault has ended by itself; what was told before was about something else.
    mute = result in _BY_SIGNAL
    report = None if mute else _report(run) or _from_status(said)
    return Failure(
        unit=unit.name,
        result=result,
        code=code,
        status=status,
        said=said,
        phase=_phase(run, report, result, said),
        at=run.time,
        report=report,
        run=run,
    )


def _report(run: Run) -> Report | None:
    """Return the report that tells why it ended: of a watchdog the last one, else the first of the last process.

    What a process reports after the first follows from that; one that was to take over and failed has a number of
    its own.
    """
    watched = [each for each in run.reports if each.code == "watchdog"]
    if run.result == "watchdog" and watched:
        return watched[-1]
    others = [each for each in run.reports if each.code not in {"watchdog", "reload"}]
    return next((each for each in others if each.pid == others[-1].pid), None)


def _from_status(said: str) -> Report | None:
    for pattern, code in _SAID:
        found = re.match(pattern, said)
        if found is not None:
            return Report(said, found.groupdict().get("path") or "", code)
    return None


def _phase(run: Run, report: Report | None, result: str, said: str) -> str:
    if result == "timeout":
        stopping = run.said("State 'stop-") is not None or said.startswith("stopping")
        return "stopping" if stopping else "starting"
    if report is not None:
        return _phase_of(report)
    if STOPPING in run.kinds or said.startswith("stopping"):
        return "stopping"
    if STARTED in run.kinds or _SERVING.match(said):
        return "serving"
    return "starting"


def _phase_of(report: Report) -> str:
    if report.code in {"application-load", "application-not-found", "saved-state"}:
        return "loading"
    if report.code == "start":
        return "binding" if " failed to bind: " in report.text else "starting"
    if report.code in {"stop", "stop-timeout"}:
        return "stopping"
    return "serving" if report.code in {"service-failed", "watchdog"} else "starting"


def shortened(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines that matter most, in their order: of a traceback the end, of stacks the beginning."""
    kept = tuple(line for line in lines if not _MARKS.fullmatch(line))
    if len(kept) <= MOST:
        return kept
    traceback = any(line.startswith("Traceback ") for line in kept)
    return ("…", *kept[-MOST:]) if traceback else (*kept[:MOST], "…")
