"""Runs the clients of ``load.py`` in a machine while something is done to a service there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from tests.systemd.machine import Machine


class Load(NamedTuple):
    """What became of the requests.

    Attributes:
        answered: Requests that had their own answer.
        done: So many times the command succeeded.
        others: Whatever else there was, by name.
        per_second: Answers each second, over the whole time.
        longest_ms: Longest wait for an answer, from before the connection on.
        seconds: How long it all took.
    """

    answered: int
    done: int
    others: dict[str, int]
    per_second: int
    longest_ms: float
    seconds: float


def under_load(
    machine: Machine,
    port: int,
    times: int,
    *command: str,
    timeout: float = 240.0,
    pause: float = 0.0,
    said: tuple[bytes, bytes] | None = None,
) -> Load:
    """Run a command in a machine so many times, while clients connect to a port.

    Args:
        machine: The machine.
        port: Where a service answers.
        times: How often.
        command: The command.
        timeout: Limit for all of it, in seconds.
        pause: What each client waits between two requests, in seconds.
        said: What each client sends, and what the answer contains; ``None`` for lines that are answered with
            themselves.
    """
    program = Path(__file__).with_name("load.py").read_text()
    words = ":".join(each.hex() for each in said) if said else ""
    argv = ["python3", "-c", program, str(port), str(times), str(pause), words, *command]
    ran = machine.run(argv, check=False, timeout=timeout)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    counts = found["counts"]
    return Load(
        counts.pop("answered"),
        counts.pop("done", 0),
        counts,
        found["per_second"],
        found["longest_ms"],
        found["seconds"],
    )
