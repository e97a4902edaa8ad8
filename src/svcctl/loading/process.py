"""A child process with a time limit whose output nobody trusts."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple, cast

_CHUNK = 65_536
_MAX_OUTPUT = 8_192


class Credentials(NamedTuple):
    """Whom a process runs as, by numbers."""

    uid: int
    gid: int


class Outcome(NamedTuple):
    """What came of a process.

    Attributes:
        line: The first line that it wrote to its descriptor; ``None`` if it wrote none, or none within the limits.
        output: The last 8 KiB of what it wrote to stdout and stderr.
        status: Its exit status, negative for the signal that ended it; ``None`` if it was ended because it took too
            long, wrote too much, or had written its line.
        late: It took too long.
    """

    line: bytes | None
    output: bytes
    status: int | None
    late: bool


def run_confined(
    command: Sequence[str],
    arguments: Sequence[str],
    *,
    credentials: Credentials | None,
    environment: Mapping[str, str],
    time_limit: float,
    max_line: int,
) -> Outcome:
    """Run a command that writes one line to a descriptor of its own.

    It runs in a session of its own, in ``/``, without standard input, with nothing but ``environment``; whatever it
    has started in that session is killed at the end.

    Args:
        command: Argument list up to the descriptor's number, which follows it.
        arguments: What follows the number.
        credentials: Whom to run it as, without any further group; ``None`` for the caller.
        environment: All of its environment.
        time_limit: Seconds until it is killed.
        max_line: Length in bytes from which on its line is refused.

    Raises:
        OSError: It cannot be started.
    """
    deadline = time.monotonic() + time_limit
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [*command, str(writing), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            cwd="/",
            env=dict(environment),
            umask=0o077,
            start_new_session=True,
            **_identity(credentials),
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    with process, open(reading, "rb", buffering=0) as pipe:  # noqa: PTH123 (a descriptor has no path)
        try:
            return _collect(process, pipe.fileno(), deadline, max_line)
        finally:
            # Also after the leader's end: what it has started may still be there.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


def _identity(credentials: Credentials | None) -> dict[str, Any]:
    if credentials is None:
        return {}
    return {"user": credentials.uid, "group": credentials.gid, "extra_groups": []}


def _collect(process: subprocess.Popen[bytes], pipe: int, deadline: float, max_line: int) -> Outcome:
    line, output = bytearray(), bytearray()
    streams = {pipe: line, cast("IO[bytes]", process.stdout).fileno(): output}
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map() and b"\n" not in line and len(line) <= max_line:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                streams[key.fd] += chunk
                del output[:-_MAX_OUTPUT]
                if not chunk:
                    selector.unregister(key.fd)
            if not ready and time.monotonic() >= deadline:
                return Outcome(None, bytes(output), None, late=True)
    first, newline, _ = bytes(line).partition(b"\n")
    if newline and len(first) <= max_line:
        return Outcome(first, bytes(output), None, late=False)
    if len(line) > max_line:
        return Outcome(None, bytes(output), None, late=False)
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return Outcome(None, bytes(output), None, late=True)
    return Outcome(None, bytes(output), status, late=False)
