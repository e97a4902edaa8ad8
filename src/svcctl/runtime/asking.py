"""Asks a running application something through its control socket: one call, one answer."""

from __future__ import annotations

import json
import socket
from typing import Any, NamedTuple

#: Bytes of an answer; the interface's own limit is less.
_LIMIT = 2**20


class Answer(NamedTuple):
    """What came back.

    Attributes:
        parameters: What the answer carries.
        problem: Why the application has not done it; empty if it has.
    """

    parameters: dict[str, Any]
    problem: str


def ask(address: str, method: str, time_limit: float | None = None) -> Answer:
    """Call a method that takes nothing, and wait until it has come to its end.

    Args:
        address: Path of the control socket.
        method: The method, with the interface's name.
        time_limit: Seconds in which each part of the answer has to come; ``None``: as long as it takes.

    Raises:
        OSError: The application cannot be asked.
    """
    answer = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(time_limit)
        connection.connect(address)
        connection.sendall(json.dumps({"method": method, "parameters": {}}).encode() + b"\0")
        try:
            while not answer.endswith(b"\0") and len(answer) <= _LIMIT:
                received = connection.recv(65536)
                if not received:
                    return Answer({}, "the application has ended")
                answer += received
        except TimeoutError:
            return Answer({}, "the application does not answer in time")
        except OSError as error:
            return Answer({}, f"the application has ended ({error.strerror})")
    return _read(answer.rstrip(b"\0"))


def _read(answer: bytes) -> Answer:
    try:
        reply: Any = json.loads(answer)
        error, parameters = reply.get("error", ""), reply.get("parameters", {})
        reason = parameters.get("reason", "")
    except (ValueError, AttributeError):
        return Answer({}, "the application's answer makes no sense")
    return Answer(parameters, str(reason or error) if error else "")
