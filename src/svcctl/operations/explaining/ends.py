"""How a process ended where it could not say why: limits of time, signals, statuses."""

from __future__ import annotations

import re
import shlex

from svcctl.operations.explaining.facts import Explanation, Facts, Mend
from svcctl.operations.explaining.failure import Failure
from svcctl.operations.explaining.statuses import SIGNALS, SYSEXITS

_WAITING = re.compile(r"waiting for (?P<path>\S+)")
_HANGS = re.compile(r"(?P<path>\S+) has given no heartbeat for (?P<for>.+)")
_BLOCKED = re.compile(r"not answered for (?P<for>\S+ s).*? and is at (?P<place>.+?)(?:;|$)")
_CRASHES = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS"}


def watchdog(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain the end by the watchdog: the event loop stood still, or a service gave no sign of life."""
    if failure.result != "watchdog":
        return None
    text = failure.report.text if failure.report else failure.said
    silent, blocked = _HANGS.search(text), _BLOCKED.search(text)
    if silent:
        message = f"{silent['path']} gave no heartbeat for {silent['for']}, so systemd ended the process"
        path = silent["path"]
        advice = f"see where {path} stands in the stacks; let it beat where it gets on, or allow it more: heartbeat_timeout"
    elif blocked:
        message = f"the event loop stood still at {blocked['place']}, so systemd ended the process: nothing was served meanwhile"
        path = failure.path
        advice = "move what takes long there into a thread: await asyncio.to_thread(…)"
    else:
        message = "it gave systemd no sign of life, so systemd ended the process"
        path = failure.path
        advice = "see in the journal where it stood"
    stacks = Mend(advice="see all stacks", command=f"{_journalctl(facts)} SVCCTL_CODE=watchdog -n 1")
    return failure.explain("watchdog", message, Mend(advice=advice), stacks, path=path, phase="serving")


def start_limit_of_systemd(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a start that systemd ended, since the process said neither that it serves nor why it does not."""
    if failure.result != "timeout" or failure.phase != "starting":
        return None
    found = _WAITING.search(failure.said)
    path = found["path"] if found else next((each.path for each in failure.run.reports if each.path), "")
    limit = facts.service.get("TimeoutStartUSec")
    message = f"systemd ended its start at the limit ({limit or 'TimeoutStartSec='})"
    if path:
        message += f": everybody waited for {path}, and the event loop did not get on"
    else:
        message += ": the file of the application was still being loaded, or a socket opened"
    advice = (
        f"see what {path or 'the file'} does for so long"
        if path
        else ("see what the file does for so long while it is loaded: work belongs into startService")
    )
    describe = f"svcctl describe {shlex.quote(facts.application)}"
    return failure.explain(
        "start-timeout",
        message,
        Mend(advice=advice, command="" if path else describe),
        Mend(
            advice='if it only takes longer, allow it: Application("…", start_timeout=SECONDS); then',
            command=facts.repeat,
        ),
        path=path,
        phase="starting" if path else "loading",
    )


def stop_limit_of_systemd(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a stop that ended with SIGKILL."""
    if failure.result != "timeout" or failure.phase != "stopping":
        return None
    told = (each.path for each in failure.run.reports if each.code in {"stop", "stop-timeout"})
    cut = list(dict.fromkeys(told))
    limit = facts.service.get("TimeoutStopUSec")
    message = f"its stop was cut: it had not ended at the limit ({limit or 'TimeoutStopSec='}), so systemd killed it"
    if cut:
        message += f"; before that it told of {', '.join(cut)}, which did not stop as it should"
        advice = f"see what {cut[0]} does for so long at its stop"
    else:
        message += "; the process did not get so far as to say which of its services it waited for"
        advice = "something blocks the event loop at the stop: a stopService that waits without await, a thread that does not end"
    longer = 'if it only takes longer, allow it: Application("…", stop_timeout=SECONDS); then'
    return failure.explain(
        "killed-stop",
        message,
        Mend(advice=advice, command=facts.journal),
        Mend(advice=longer, command=facts.repeat),
        path=cut[0] if cut else "",
    )


def signal(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain the end by a signal."""
    name = failure.signal
    if not name:
        return None
    request = failure.run.said("on client request")
    where = {"serving": "while it served", "stopping": "while it stopped"}.get(
        failure.phase, "while it started"
    )
    why = "somebody asked systemd to send it" if request else SIGNALS.get(name, "somebody sent it")
    message = f"{name} ended the process {where}: {why}"
    if name in _CRASHES and not request:
        core = f"coredumpctl info {facts.service.name}"
        mends = [
            Mend(advice="see the stack of the crash, if systemd-coredump is installed", command=core),
            Mend(
                advice="have Python tell where it was: --env PYTHONFAULTHANDLER=1 in the installation",
                command=facts.repeat,
            ),
        ]
    elif name == "SIGKILL" and not request:
        mends = [
            Mend(
                advice="see whether it was the kernel",
                command="journalctl -k --grep 'Out of memory|oom-kill'",
            )
        ]
    else:
        mends = [Mend(advice="nothing is wrong with it by itself; start it", command=facts.command("start"))]
    return failure.explain(f"signal-{name.removeprefix('SIG').lower()}", message, *mends)


def status(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain the end by an exit status, as far as that tells."""
    if failure.code != "exited" or not failure.status:
        return None
    meaning = SYSEXITS.get(failure.status)
    means = f", which stands for {meaning}" if meaning else ""
    said = f": {failure.report.text}" if failure.report else f": {failure.said}" if failure.said else ""
    message = f"its process ended with status {failure.status}{means}{said}"
    hint = failure.report.hint if failure.report else ""
    return failure.explain(
        "exit-status",
        message,
        Mend(advice=hint or "look at what it logged before", command=facts.journal),
    )


def protocol(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a process that ended well but too early."""
    if failure.result != "protocol":
        return None
    message = "its process ended without an error before it had said that it serves"
    advice = "it may end by itself: sys.exit() while it is loaded, or another program in ExecStart="
    return failure.explain(
        "ended-early", message, Mend(advice=advice, command=facts.journal), phase="starting"
    )


def anything(failure: Failure, facts: Facts) -> Explanation:
    """Say what is known where nothing else fits."""
    message = f"systemd says that it failed with the result {failure.result!r}"
    return failure.explain("other", message, Mend(advice="look at the whole of it", command=facts.journal))


def _journalctl(facts: Facts) -> str:
    return f"journalctl{facts.flag} -u {facts.service.name}"
