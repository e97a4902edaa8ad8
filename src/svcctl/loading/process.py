"""A child process with a time limit whose output nobody trusts."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple, cast

_CHUNK = 65_536
#: Bytes that are kept of what a process writes to stdout and stderr.
MOST_OUTPUT = 8_192


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
    credentials: Credentials | None,
    environment: Mapping[str, str],
    time_limit: float,
    max_line: int,
    *,
    given: bytes = b"",
) -> Outcome:
    """Run a command that writes one line to a descriptor of its own.

    It runs in a session of its own, in a folder of its own, with nothing but ``environment``. At the end, whatever it
    has started in that session is killed, and the folder is removed with all that it has written there.

    Args:
        command: Argument list up to the descriptor's number, which follows it.
        arguments: What follows the number.
        credentials: Whom to run it as, without any further group; ``None`` for the caller.
        environment: All of its environment.
        time_limit: Seconds until it is killed.
        max_line: Length in bytes from which on its line is refused.
        given: What it gets on its standard input, once it has written anything to its descriptor. Before that it may
            still be open to other processes of its user.

    Raises:
        OSError: It cannot be started.
    """
    deadline = time.monotonic() + time_limit
    with _scratch(credentials) as folder:
        reading, writing = os.pipe()
        argv = [*command, str(writing), *arguments]
        try:
            process = _start(argv, writing, credentials, environment, folder=folder, fed=bool(given))
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        with process, open(reading, "rb", buffering=0) as pipe:  # noqa: PTH123 (a descriptor has no path)
            try:
                return _collect(process, pipe.fileno(), deadline, max_line, _Feed(process.stdin, given))
            finally:
                # Also after the leader's end: what it has started may still be there.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def _scratch(credentials: Credentials | None) -> Iterator[str]:
    """Give an empty folder of the process's user, where files that it makes are in nobody's way; ``/`` if there can be none."""
    try:
        folder = tempfile.mkdtemp(prefix="svcctl-")
    except OSError:
        yield "/"
        return
    try:
        if credentials is not None:
            os.chown(folder, *credentials)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    command: Sequence[str],
    writing: int,
    credentials: Credentials | None,
    environment: Mapping[str, str],
    *,
    folder: str,
    fed: bool,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(writing,),
        cwd=folder,
        env=dict(environment),
        umask=0o077,
        start_new_session=True,
        **_identity(credentials),
    )


class _Feed:
    """What a process is given, once it asks for it.

    Args:
        stdin: Where to; ``None`` if there is nothing.
        given: What it is.
    """

    def __init__(self, stdin: IO[bytes] | None, given: bytes) -> None:
        self._stdin = stdin
        self._rest = memoryview(given)

    def begin(self, selector: selectors.BaseSelector) -> None:
        """Watch for room in the pipe; more than one call does no harm."""
        if self._stdin is None or self._stdin.closed:
            return
        if self._stdin not in selector.get_map():
            os.set_blocking(self._stdin.fileno(), False)
            selector.register(self._stdin, selectors.EVENT_WRITE)

    def takes(self, key: selectors.SelectorKey, selector: selectors.BaseSelector) -> bool:
        """Write what the pipe takes now, if it is this that has room; close it at the end, or if nobody reads it."""
        if self._stdin is None or key.fileobj is not self._stdin:
            return False
        try:
            self._rest = self._rest[os.write(key.fd, self._rest[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest:
            selector.unregister(self._stdin)
            self._stdin.close()
        return True


def _identity(credentials: Credentials | None) -> dict[str, Any]:
    if credentials is None:
        return {}
    return {"user": credentials.uid, "group": credentials.gid, "extra_groups": []}


def _collect(
    process: subprocess.Popen[bytes], pipe: int, deadline: float, max_line: int, feed: _Feed
) -> Outcome:
    line, output = bytearray(), bytearray()
    streams = {pipe: line, cast("IO[bytes]", process.stdout).fileno(): output}
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while _any_open(selector, streams) and b"\n" not in line and len(line) <= max_line:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            for key, _ in ready:
                if feed.takes(key, selector):
                    continue
                chunk = os.read(key.fd, _CHUNK)
                streams[key.fd] += chunk
                del output[:-MOST_OUTPUT]
                if not chunk:
                    selector.unregister(key.fd)
            if line:
                feed.begin(selector)
            if not ready and time.monotonic() >= deadline:
                return Outcome(None, bytes(output), None, late=True)
    return _outcome(process, bytes(line), bytes(output), deadline, max_line)


def _any_open(selector: selectors.BaseSelector, streams: dict[int, bytearray]) -> bool:
    return any(key.fd in streams for key in selector.get_map().values())


def _outcome(
    process: subprocess.Popen[bytes], line: bytes, output: bytes, deadline: float, max_line: int
) -> Outcome:
    first, newline, _ = line.partition(b"\n")
    if newline and len(first) <= max_line:
        return Outcome(first, output, None, late=False)
    if len(line) > max_line:
        return Outcome(None, output, None, late=False)
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return Outcome(None, output, None, late=True)
    return Outcome(None, output, status, late=False)
