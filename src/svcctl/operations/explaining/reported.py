"""What the application has reported itself before it ended."""

from __future__ import annotations

import re
import shlex

from svcctl.operations.explaining import sandbox
from svcctl.operations.explaining.facts import Explanation, Facts, Mend
from svcctl.operations.explaining.failure import PYTHONS, Failure

_ADDRESS = re.compile(r"cannot listen on (?P<endpoint>.+): (?P<why>[^:]+)$")
_PORT = re.compile(r"^(?:tcp6?|ssl|udp6?|tls):(?:port=)?(?P<port>\d+)")
_WAITING = re.compile(r"not ready within (?P<limit>\S+) s(?:, waiting at (?P<place>.+))?")
_CUT = re.compile(r"did not stop within (?P<limit>\S+) s(?:, waiting at (?P<place>.+))?")
_CREDENTIAL = re.compile(r"the credential (?P<key>[\w.@-]+) is missing")
_FILE = {"application-load", "application-not-found", "saved-state"}
_CONFIG = 78


def mistake(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a file that gives no application."""
    report = failure.report
    if report is None or report.code not in _FILE or failure.status == _CONFIG:
        return None
    if report.code == "application-not-found":
        message = f"its application cannot be read: {report.text}"
        mends = (Mend(advice="see whether it is there, for the service's user, too", command=_list(facts)),)
        return failure.explain("application-not-found", message, *mends, _start(facts))
    missing = _module(report.text)
    if missing:
        message = (
            f"its application cannot be loaded, since {facts.python} does not find {missing}: {report.text}"
        )
        install = f"{shlex.quote(facts.python)} -m pip install {missing}"
        advice = "install what it needs for its interpreter, if it bears that name"
        return failure.explain("missing-module", message, Mend(advice=advice, command=install), _start(facts))
    message = f"its application cannot be loaded: {report.text}"
    describe = f"svcctl describe --python {shlex.quote(facts.python)} {shlex.quote(facts.application)}"
    mends = (Mend(advice=f"mend {facts.application}; this shows whether it loads then", command=describe),)
    return failure.explain("mistake-in-file", message, *mends, _start(facts))


def settings(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a secret or a variable that is not there, or not as it has to be."""
    report = failure.report
    if report is None:
        return None
    found = _CREDENTIAL.search(report.text)
    name = facts.name.partition("@")[0]
    if found is not None:
        key = found["key"]
        message = f"it asks for the credential {key}, which it was not given"
        put = f"svcctl credential set{facts.flag} {name} {key}"
        mends = (Mend(advice="put it in place; then start it", command=put), _start(facts))
        return failure.explain("missing-credential", message, *mends)
    if failure.status != _CONFIG:
        return None
    message = f"something on this machine is not as it needs it: {report.text}"
    file = f"/etc/default/{name}" if not facts.flag else f"~/.config/{name}.env"
    advice = report.hint or f"set it right, in {file} if it is a variable"
    return failure.explain(
        "configuration", message, Mend(advice=f"{advice}; then", command=_start(facts).command)
    )


def address(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain an address that cannot be listened on."""
    report = failure.report
    found = _ADDRESS.search(report.text) if report else None
    if found is None:
        return None
    endpoint, why = found["endpoint"], found["why"]
    port = _PORT.match(endpoint)
    if "in use" in why:
        who = facts.holder(port["port"] if port else endpoint) or "another process"
        message = f"it cannot listen on {endpoint}, because {who} does"
        command = f"ss -lnp 'sport = :{port['port']}'" if port else "ss -lnxp"
        mends = (
            Mend(advice="see which one, and stop it or change the address; then start", command=command),
            _start(facts),
        )
        return failure.explain("address-in-use", message, *mends)
    message = f"it cannot listen on {endpoint}: {why}"
    if why == "Permission denied" and port and int(port["port"]) < 1024:  # noqa: PLR2004 (ip(7))
        advice = "have systemd open it: install it without --no-sockets"
        return failure.explain("address-forbidden", message, Mend(advice=advice, command=facts.repeat))
    if "Cannot assign" in why:
        advice = "see which addresses this machine has, and correct the endpoint"
        return failure.explain("address-unknown", message, Mend(advice=advice, command="ip address"))
    return failure.explain("address", message, Mend(advice="look at the whole of it", command=facts.journal))


def missing_socket(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a socket that was not handed over: it is closed, or the units know another one."""
    report = failure.report
    if report is None or " handed over" not in report.text or "no socket" not in report.text:
        return None
    closed = [unit.name for unit in facts.sockets if unit.get("ActiveState") != "active"]
    reason = report.text.partition(": ")[2] or report.text
    again = Mend(advice="if its listeners have changed, bring the units up to date", command=facts.repeat)
    message = f"systemd did not hand it the socket that it listens on: {reason}"
    if closed:
        message += f"; {', '.join(closed)} {'is' if len(closed) == 1 else 'are'} not open"
        return failure.explain(
            "missing-socket",
            message,
            Mend(advice="open the sockets and start", command=facts.command("start")),
            again,
        )
    return failure.explain(
        "missing-socket", message, again, Mend(advice="see what is different", command=facts.command("diff"))
    )


def hanging_start(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a start that was given up, since nothing became ready any more."""
    report = failure.report
    found = _WAITING.search(report.text) if report else None
    if report is None or found is None:
        return None
    place = f", which stands at {_own(found['place'])}" if found["place"] else ""
    message = f"its start was given up after {found['limit']} s in which nothing became ready: everybody waits for {report.path}{place}"
    mends = (
        Mend(advice=f"see what {report.path} waits for; then", command=facts.command("start")),
        Mend(
            advice='if it only takes longer, allow it: Application("…", start_timeout=SECONDS); then',
            command=facts.repeat,
        ),
    )
    return failure.explain("hanging-start", message, *mends)


def cut_stop(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a stop in which services were cut short."""
    cut = [each for each in failure.run.reports if each.code == "stop-timeout"]
    if not cut and failure.report is not None and failure.report.code == "stop-timeout":
        cut = [failure.report]
    if not cut or failure.report is None or failure.report.code not in {"stop", "stop-timeout"}:
        return None
    found = _CUT.search(cut[0].text)
    place = f", which stood at {_own(found['place'])}" if found and found["place"] else ""
    who = ", ".join(dict.fromkeys(each.path for each in cut))
    message = f"its stop was cut short: {who} did not end in time{place}"
    mends = (
        Mend(advice=f"see what {cut[0].path} waits for at its stop"),
        Mend(
            advice='if it only takes longer, allow it: Application("…", stop_timeout=SECONDS); then',
            command=facts.repeat,
        ),
    )
    return failure.explain("cut-stop", message, *mends, path=cut[0].path)


def kept_out(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain an error that the sandbox is behind."""
    report = failure.report
    if report is None:
        return None
    found = sandbox.denied("\n".join((report.text, *report.lines)), facts)
    if found is None:
        return None
    message = f"its sandbox ({found.rule.directive}=) does not let {report.path or 'it'} {found.what}"
    return failure.explain("sandbox", message, *sandbox.mends(found, facts))


def failed_service(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a service of the tree that failed, in whatever phase."""
    report = failure.report
    if report is None or report.code not in {"start", "stop", "service-failed"}:
        return None
    when = {
        "binding": "could not open what it listens on",
        "starting": "could not start, so everything that had started was stopped again",
        "stopping": "failed while it stopped",
    }.get(failure.phase, "failed while it served, so everything was stopped")
    what = re.sub(r"^.*? failed(?: to \w+)?: ", "", report.text)
    message = f"{report.path} {when}: {what}"
    advice = report.hint or "mend what the frames point at"
    cause = {"binding": "failed-bind", "starting": "failed-start", "stopping": "failed-stop"}
    return failure.explain(
        cause.get(failure.phase, "failed-service"),
        message,
        Mend(advice=f"{advice}; then", command=facts.command("start")),
    )


def _own(places: str) -> str:
    """Return the innermost of the places, innermost first, that is none of Python's own."""
    each = places.split(", ")
    return next((place for place in each if not PYTHONS.match(place)), each[-1])


def _module(text: str) -> str:
    found = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", text)
    return found[1].partition(".")[0] if found else ""


def _list(facts: Facts) -> str:
    return f"ls -l {shlex.quote(facts.application)}"


def _start(facts: Facts) -> Mend:
    return Mend(advice="then start it", command=facts.command("start"))
