"""What goes wrong before the process is the service, and what the system does to it: told by systemd alone."""

from __future__ import annotations

import re
import shlex

from svcctl.operations.explaining.facts import Explanation, Facts, Mend
from svcctl.operations.explaining.failure import Failure
from svcctl.operations.explaining.runs import OUT_OF_MEMORY, REFUSED_STEP
from svcctl.operations.explaining.statuses import STEPS

_EXEC, _CREDENTIALS, _NAMESPACE = 203, 243, 226
_STEP = re.compile(r"Failed at step \S+ spawning (?P<program>.+): (?P<why>[^:]+)$")
_ENVIRONMENT = "Failed to load environment files: "


def step(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a process that systemd ended before it was the service: its status is one of systemd's own."""
    found = STEPS.get(failure.status)
    if failure.code != "exited" or found is None:
        return None
    entry = next(
        (
            each
            for each in reversed(failure.run.entries)
            if each.about.get("message_id") == REFUSED_STEP and _STEP.search(each.message)
        ),
        None,
    )
    why = _STEP.search(entry.message) if entry else None
    reason = f" ({why['why']})" if why else ""
    message = f"systemd could not start it: {found.failed}{reason}; status {failure.status}/{found.name}"
    if failure.status == _EXEC:
        program = why["program"] if why else facts.python
        message = (
            f"systemd could not start it: {program} cannot be executed{reason}; status {_EXEC}/{found.name}"
        )
        mends = _program(program, facts)
    elif failure.status == _CREDENTIALS:
        mends = _credentials(facts)
    else:
        named = " and ".join(f"{each}=" for each in found.directives)
        advice = f"look at {named} in the unit" if named else "look at the unit"
        mends = (Mend(advice=advice, command=_cat(facts)),)
    return failure.explain(found.name.lower().replace("_", "-"), message, *mends, phase="starting")


def _program(program: str, facts: Facts) -> tuple[Mend, ...]:
    if program != facts.python:
        return (
            Mend(
                advice=f"see whether {program} is there and may be executed",
                command=f"ls -l {shlex.quote(program)}",
            ),
        )
    return (
        Mend(
            advice=f"make the interpreter again at {program}, with svcctl in it; then",
            command=facts.command("start"),
        ),
        Mend(advice="or install it with another one: --python PYTHON instead of that", command=facts.repeat),
    )


def _credentials(facts: Facts) -> tuple[Mend, ...]:
    name = facts.name.partition("@")[0]
    mends = []
    for key, _, path in (each.partition(":") for each in facts.credentials):
        if path.startswith("/"):
            mends.append(
                Mend(advice=f"see whether {path} is there, for {key}", command=f"ls -l {shlex.quote(path)}")
            )
        else:
            put = f"svcctl credential set{facts.flag} {name} {shlex.quote(key)}"
            mends.append(Mend(advice=f"if {key} is the one that is missing, put it in place", command=put))
    listing = f"svcctl credential list{facts.flag} {name}"
    return (*mends, Mend(advice="see which there are", command=listing))


def environment_file(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a file of variables that is not there."""
    entry = failure.run.said(_ENVIRONMENT)
    if entry is None:
        return None
    why = entry.message.rpartition(": ")[2]
    which = " or ".join(facts.environment_files) or "a file of EnvironmentFile="
    message = f"systemd could not start it: {which} cannot be read ({why})"
    mends = (
        Mend(advice=f"make {which}; then", command=facts.command("start")),
        Mend(
            advice="or install it again without the --env-file, or with -FILE if it may be missing",
            command=facts.repeat,
        ),
    )
    return failure.explain("environment-file", message, *mends, phase="starting")


def resources(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain a start for which the system had no means."""
    if failure.result != "resources":
        return None
    entry = failure.run.said("Failed to ")
    why = f": {entry.message.partition(': ')[2]}" if entry else ""
    message = f"the system refused systemd what the start needs{why}"
    return failure.explain(
        "resources", message, Mend(advice="look at the whole of it", command=facts.journal), phase="starting"
    )


def out_of_memory(failure: Failure, facts: Facts) -> Explanation | None:
    """Explain the end by the kernel's, or systemd's, hand for want of memory."""
    if failure.result != "oom-kill" and OUT_OF_MEMORY not in failure.run.kinds:
        return None
    limit = facts.service.get("MemoryMax")
    limited = limit.isdecimal()
    allowed = f" of {int(limit) / (1 << 20):.0f} MiB (MemoryMax=)" if limited else " that the machine has"
    message = f"the kernel killed it for want of memory: it needed more than the memory{allowed}"
    mends = [
        Mend(advice="see what it used, and what of it grows", command=f"svcctl top{facts.flag} {facts.name}")
    ]
    if limited:
        mends.append(
            Mend(
                advice="give it more: another --set Service.MemoryMax=… in the installation",
                command=facts.repeat,
            )
        )
    return failure.explain("out-of-memory", message, *mends)


def _cat(facts: Facts) -> str:
    return f"systemctl{facts.flag} cat {facts.service.name}"
