"""What is said of facts that were recorded from the cases of ``tests/systemd/test_explain.py`` on both versions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.host import journal, systemd
from svcctl.operations.explaining.facts import Explanation, Facts, Unit
from svcctl.operations.explaining.verdict import Verdict, judge

RECORDED = {
    version: json.loads((Path(__file__).parent / f"recorded/systemd-{version}.json").read_text())
    for version in (252, 257)
}

#: Each case with its causes, the phase and the service of the first, and what its message has.
CAUSES: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "mistake": (("mistake-in-file",), "loading", "", "line 2: RuntimeError: oh dear"),
    "port": (
        ("address-in-use",),
        "binding",
        "StreamServerEndpointService[1]",
        "it cannot listen on tcp:9002:interface=127.0.0.1, because another process does",
    ),
    "port-socket": (("address-in-use",), "binding", "", "another process listens on 127.0.0.1:9003"),
    "missing-socket": (
        ("missing-socket",),
        "binding",
        "StreamServerEndpointService[1]",
        "no socket named tcp-14004-127.0.0.1 was handed over (there is: tcp-9004-127.0.0.1)",
    ),
    "hang": (
        ("hanging-start",),
        "starting",
        "store",
        "everybody waits for faulty5/store, which stands at /srv/app/faulty5.tac:30 in Store.startService",
    ),
    "start-timeout": (("start-timeout",), "loading", "", "at the limit (2s)"),
    "denied": (("sandbox",), "starting", "store", "does not let faulty7/store write /etc/faulty"),
    "crash": (("failed-service",), "serving", "store", "RuntimeError: the disk is gone"),
    "crash-restarted": (("failed-service",), "serving", "store", "RuntimeError: the disk is gone"),
    "segv": (("signal-segv",), "serving", "", "SIGSEGV ended the process while it served"),
    "kill": (("signal-kill",), "serving", "", "somebody asked systemd to send it"),
    "watchdog": (("watchdog",), "serving", "", "stood still at /srv/app/faulty12.tac:53 in answer"),
    "stop-killed": (("killed-stop",), "stopping", "", "at the limit (6s), so systemd killed it"),
    "stop-slow": (
        ("cut-stop",),
        "stopping",
        "store",
        "faulty14/store did not end in time, which stood at /srv/app/faulty14.tac:39 in Store.stopService",
    ),
    "credential": (("credentials",), "starting", "", "(Protocol error); status 243/CREDENTIALS"),
    "interpreter": (("exec",), "starting", "", "/opt/gone/bin/python cannot be executed (No such file"),
    "environment-file": (("environment-file",), "starting", "", "/etc/faulty.env cannot be read"),
    "namespace": (("namespace",), "starting", "", "status 226/NAMESPACE"),
    "user": (("user",), "starting", "", "its user is not there or cannot be taken"),
    "trigger-limit": (("mistake-in-file", "trigger-limit"), "loading", "", "oh dear"),
    "start-limit": (("mistake-in-file", "start-limit"), "loading", "", "oh dear"),
    "fine": ((), "", "", ""),
    "never": ((), "", "", ""),
    "stopped": ((), "", "", ""),
}

#: What is less exact without the journal, or not known at all.
WITHOUT = {"environment-file": "resources", "crash-restarted": "restarted", "port-socket": "socket"}


def recorded(version: int, name: str) -> Facts:
    """Return the facts of a case."""
    case = RECORDED[version][name]
    units = [
        Unit(
            unit,
            systemd._properties("\n".join(found["shown"])),
            tuple(
                journal._entry(entry, int(entry["__REALTIME_TIMESTAMP"]) / 1e6) for entry in found["entries"]
            ),
        )
        for unit, found in case["units"].items()
    ]
    return Facts(
        name=case["name"],
        flag="",
        application=case["path"],
        python="/opt/svcctl/bin/python",
        repeat=f"svcctl install {case['path']}",
        service=units[0],
        sockets=tuple(units[1:]),
        environment_files=("/etc/faulty.env",) if name == "environment-file" else (),
    )


def unread(facts: Facts) -> Facts:
    """Return facts as they are for somebody who may not read the journal."""
    return replace(
        facts,
        service=facts.service._replace(entries=()),
        sockets=tuple(unit._replace(entries=()) for unit in facts.sockets),
        unread="the journal is not for you to read",
    )


def first(verdict: Verdict) -> Explanation:
    """Return the cause."""
    assert verdict.fault
    return verdict.explanations[0]


@pytest.mark.parametrize("version", RECORDED)
def test_every_recorded_case_is_known(version: int) -> None:
    """Both ways."""
    assert set(RECORDED[version]) == set(CAUSES)


@pytest.mark.parametrize("name", CAUSES)
@pytest.mark.parametrize("version", RECORDED)
def test_what_was_recorded_is_explained(version: int, name: str) -> None:
    """The cause, what follows from it, when, where, and at least one thing to do."""
    facts = recorded(version, name)
    causes, phase, path, message = CAUSES[name]
    verdict = judge(facts)
    assert tuple(each.cause for each in verdict.explanations) == causes
    assert verdict.fault == bool(causes)
    if not causes:
        assert verdict.before is None
        return
    found = first(verdict)
    assert message in found.message.replace(".<locals>.<listcomp>", "")
    assert (found.phase, found.path) == (phase, f"{facts.name}/{path}" if path else "")
    assert found.at > 1.7e9
    assert found.evidence
    assert all(each.mends and each.mends[-1].advice for each in verdict.explanations)


@pytest.mark.parametrize("name", [name for name, (causes, *_) in CAUSES.items() if causes])
@pytest.mark.parametrize("version", RECORDED)
def test_without_the_journal_what_systemd_shows_is_explained(version: int, name: str) -> None:
    """The unit has its last status, how it ended, and the last words of the application."""
    verdict = judge(unread(recorded(version, name)))
    assert first(verdict).cause == WITHOUT.get(name, CAUSES[name][0][0])


@pytest.mark.parametrize("version", RECORDED)
def test_the_evidence_has_frames_of_the_application_and_the_word_of_systemd(version: int) -> None:
    """Marks below the code and places in Python itself are left out."""
    stacks = first(judge(recorded(version, "watchdog"))).evidence
    assert "  /srv/app/faulty12.tac:53 in answer" in stacks
    assert not [line for line in stacks if "asyncio" in line or "/svcctl/" in line]
    assert "faulty12.service: Watchdog timeout (limit 2s)!" in stacks
    frames = first(judge(recorded(version, "mistake"))).evidence
    assert '  File "/srv/app/faulty1.tac", line 2, in f' in frames
    assert not [line for line in frames if set(line) <= set(" ~^")]
    assert len(frames) == len(set(frames))


@pytest.mark.parametrize("version", RECORDED)
def test_a_start_after_a_fault_is_well_and_what_happened_before_is_told(version: int) -> None:
    """Somebody started it again: that is no restart by systemd."""
    facts = recorded(version, "crash-restarted")
    again = facts.service._replace(shown={**facts.service.shown, "NRestarts": "0"})
    verdict = judge(replace(facts, service=again))
    assert not verdict.fault
    assert verdict.before is not None
    assert verdict.before.cause == "failed-service"


def test_the_holder_of_an_address_is_named() -> None:
    """If anybody could see it."""
    facts = replace(recorded(257, "port"), holders=(("127.0.0.1:9002", "nginx (pid 7)"),))
    assert "because nginx (pid 7) does" in first(judge(facts)).message
    facts = replace(recorded(257, "port-socket"), holders=(("127.0.0.1:9003", "nginx (pid 7)"),))
    assert "because nginx (pid 7) listens on 127.0.0.1:9003" in first(judge(facts)).message


def test_the_credentials_of_the_unit_are_named() -> None:
    """A file, or what is put in place."""
    facts = replace(recorded(257, "credential"), credentials=("key:/etc/nokey", "db"))
    commands = [mend.command for mend in first(judge(facts)).mends]
    assert commands == [
        "ls -l /etc/nokey",
        "svcctl credential set faulty16 db",
        "svcctl credential list faulty16",
    ]
