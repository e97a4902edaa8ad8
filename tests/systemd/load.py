"""Clients that connect without pause while a service is restarted: run inside a machine, prints counts as JSON.

Usage: load.py PORT SERVICE RESTARTS. One request per connection; a request carries a token of its own, so that an
answer that is lost or belongs to somebody else is seen. Clients are bounded in number, requests and time.
"""

from __future__ import annotations

import asyncio
import collections
import itertools
import json
import sys

CLIENTS = 20
MOST_REQUESTS = 200_000
#: Requests that are answered before the next restart.
BETWEEN = 100
ANSWER_LIMIT = 30.0
TOTAL_LIMIT = 200.0


async def request(port: int, token: bytes) -> str:
    """Send one request and say what became of it."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        return f"connect: {type(error).__name__}"
    try:
        writer.write(token)
        answer = await asyncio.wait_for(reader.read(), ANSWER_LIMIT)
    except OSError as error:
        return f"request: {type(error).__name__}"
    finally:
        writer.close()
    return "answered" if answer == token else f"answer: {answer!r}"


async def client(
    port: int, numbers: itertools.count[int], over: asyncio.Event, counts: dict[str, int]
) -> None:
    """Send requests one after the other until the end."""
    while not over.is_set() and (number := next(numbers)) < MOST_REQUESTS:
        counts[await request(port, b"%d\n" % number)] += 1


async def restart(service: str, times: int, counts: dict[str, int]) -> None:
    """Restart the service again and again, each time in the midst of its work."""
    for _ in range(times):
        enough = counts["answered"] + BETWEEN
        while counts["answered"] < enough:  # noqa: ASYNC110 - the clients count
            await asyncio.sleep(0.001)
        process = await asyncio.create_subprocess_exec("systemctl", "restart", service)
        counts["restarted" if await process.wait() == 0 else "restart failed"] += 1


async def main(port: int, service: str, times: int) -> dict[str, int]:
    """Run clients and restarts side by side; the clients outlast the restarts."""
    counts: dict[str, int] = collections.Counter()
    over, numbers = asyncio.Event(), itertools.count()
    async with asyncio.timeout(TOTAL_LIMIT), asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client(port, numbers, over, counts))
        await restart(service, times, counts)
        over.set()
    return counts


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))))  # noqa: T201 - the result
