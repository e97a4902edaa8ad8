"""Clients that connect without pause while something is done to a service: run inside a machine, prints counts as JSON.

Usage: load.py PORT TIMES PAUSE SAID COMMAND... Each client waits for PAUSE seconds between two requests. One request
per connection. Where SAID is empty, a request carries a token of its own, so that an answer that is lost or belongs to
somebody else is seen; else it is the request and what its answer has to contain, both in hexadecimal, as REQUEST:ANSWER.
Clients are bounded in number, requests and time.
"""

from __future__ import annotations

import asyncio
import collections
import itertools
import json
import sys
import time

CLIENTS = 20
MOST_REQUESTS = 1_000_000
#: Requests that are answered before the command is run again.
BETWEEN = 120
ANSWER_LIMIT = 30.0
TOTAL_LIMIT = 900.0


async def request(port: int, asked: bytes, wanted: bytes) -> str:
    """Send one request and say what became of it; the answer is all of its own token, or contains what is wanted."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        return f"connect: {type(error).__name__}"
    try:
        writer.write(asked)
        reading = reader.readuntil(wanted) if wanted else reader.read()
        answer = await asyncio.wait_for(reading, ANSWER_LIMIT)
    except (OSError, asyncio.IncompleteReadError) as error:
        return f"request: {type(error).__name__}"
    finally:
        writer.close()
    return "answered" if wanted or answer == asked else f"answer: {answer!r}"


async def client(
    port: int,
    pause: float,
    said: tuple[bytes, bytes] | None,
    numbers: itertools.count[int],
    over: asyncio.Event,
    counts: dict[str, int],
    waits: list[float],
) -> None:
    """Send requests one after the other until the end."""
    while not over.is_set() and (number := next(numbers)) < MOST_REQUESTS:
        begun = time.monotonic()
        counts[await request(port, *(said or (b"%d\n" % number, b"")))] += 1
        waits.append(time.monotonic() - begun)
        await asyncio.sleep(pause)


async def repeat(command: list[str], times: int, counts: dict[str, int]) -> None:
    """Run the command again and again, each time in the midst of the service's work."""
    for _ in range(times):
        enough = counts["answered"] + BETWEEN
        while counts["answered"] < enough:  # noqa: ASYNC110 - the clients count
            await asyncio.sleep(0.001)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        counts["done" if await process.wait() == 0 else "failed"] += 1


async def main(
    port: int, times: int, pause: float, said: tuple[bytes, bytes] | None, command: list[str]
) -> dict[str, object]:
    """Run clients and the command side by side; the clients outlast it."""
    counts: dict[str, int] = collections.Counter()
    over, numbers = asyncio.Event(), itertools.count()
    waits: list[float] = []
    begun = time.monotonic()
    async with asyncio.timeout(TOTAL_LIMIT), asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client(port, pause, said, numbers, over, counts, waits))
        await repeat(command, times, counts)
        over.set()
    seconds = time.monotonic() - begun
    waits.sort()
    return {
        "counts": counts,
        "seconds": round(seconds, 1),
        "per_second": round(counts["answered"] / seconds),
        "median_ms": round(waits[len(waits) // 2] * 1000, 1),
        "longest_ms": round(waits[-1] * 1000, 1),
    }


if __name__ == "__main__":
    given, _, expected = sys.argv[4].partition(":")
    both = (bytes.fromhex(given), bytes.fromhex(expected)) if expected else None
    result = asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), both, sys.argv[5:]))
    print(json.dumps(result))  # noqa: T201 - the result
