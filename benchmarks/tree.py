"""Trees: what starting and stopping a service costs, what it weighs, and how well a graph uses its time.

The cost of a service, in flat and nested trees of 1 000 to 100 000, is compared with creating and awaiting one
no-op asyncio task; memory is that of an idle service in a tree that is ready; the graph has services that take
10 ms each to start, and is compared with its critical path, and so are bare asyncio tasks that sleep in its order.

    python benchmarks/tree.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import statistics
import sys
import time
import tracemalloc

from svcctl.application import lifecycle
from svcctl.application.service import MultiService, Service

SIZES = (1_000, 10_000, 100_000)
COST_GOAL = 1.0
#: The cost of a service in the largest tree against that in the smallest.
LINEAR_GOAL = 1.5
MEMORY_GOAL = 1024
GRAPH_GOAL = 1.1
CHILDREN = 10
STARTS_IN = 0.01


def flat(size: int) -> MultiService:
    """Return a tree in which all services are side by side."""
    root = MultiService()
    for _ in range(size - 1):
        root.addService(Service())
    return root


def nested(size: int) -> MultiService:
    """Return a tree in which each collection has ten children, some of them collections."""
    root = MultiService()
    level, count = [root], 1
    while count < size:
        below = []
        for parent in level:
            for _ in range(min(CHILDREN, size - count)):
                child = MultiService() if count * CHILDREN < size else Service()
                parent.addService(child)
                count += 1
                if isinstance(child, MultiService):
                    below.append(child)
        level = below
    return root


async def noop() -> None:
    """Do nothing."""


async def seconds_per_task(count: int) -> float:
    """Return what creating and awaiting a task that does nothing takes."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(count):
        await loop.create_task(noop())
    return (time.perf_counter() - began) / count


async def seconds_per_service(root: MultiService, size: int) -> float:
    """Return what starting and stopping a service of a tree takes."""
    began = time.perf_counter()
    await lifecycle.start(root)
    await lifecycle.stop(root, 1000.0)
    return (time.perf_counter() - began) / size


async def cost(rounds: int) -> bool:
    """Measure start and stop; tell whether the goals are met."""
    await seconds_per_service(flat(10), 10)  # loads what only a stop needs
    met = True
    for shape in (flat, nested):
        medians = {}
        for size in SIZES:
            services, tasks = [], []
            for _ in range(rounds):
                root = shape(size)
                gc.collect()
                tasks.append(await seconds_per_task(size))
                services.append(await seconds_per_service(root, size))
            medians[size] = statistics.median(services)
            ratio = medians[size] / statistics.median(tasks)
            met &= ratio <= COST_GOAL
            print(
                f"{shape.__name__:>8} {size:>7}: {1e6 * medians[size]:5.2f} us a service, "
                f"{ratio:4.2f} x one no-op task (goal {COST_GOAL:g})"
            )
        growth = medians[SIZES[-1]] / medians[SIZES[0]]
        met &= growth <= LINEAR_GOAL
        print(
            f"{shape.__name__:>8}  growth: {growth:4.2f} from {SIZES[0]} to {SIZES[-1]} (goal {LINEAR_GOAL:g})"
        )
    return met


async def memory(size: int = 10_000) -> bool:
    """Measure what an idle service weighs; tell whether the goal is met."""
    gc.collect()
    tracemalloc.start()
    root = flat(size)
    await lifecycle.start(root)
    gc.collect()
    weight = tracemalloc.get_traced_memory()[0] / size
    tracemalloc.stop()
    await lifecycle.stop(root, 1000.0)
    print(f"  memory: {weight:4.0f} bytes an idle service (goal {MEMORY_GOAL})")
    return weight <= MEMORY_GOAL


class Slow(Service):
    """A service that takes 10 ms to start."""

    async def startService(self) -> None:
        """Start."""
        await asyncio.sleep(STARTS_IN)


def random_graph(size: int, seed: int) -> tuple[MultiService, int]:
    """Return a collection in which each service comes after up to three others, and the length of its longest path."""
    choice = random.Random(seed)  # noqa: S311 (the same graph each time)
    root = MultiService()
    lengths: list[int] = []
    for number in range(size):
        before = choice.sample(range(number), min(number, choice.randrange(4)))
        service = Slow()
        service.setName(f"s{number}")
        service.after = [f"s{each}" for each in before]
        root.addService(service)
        lengths.append(1 + max((lengths[each] for each in before), default=0))
    return root, max(lengths)


async def seconds_in_bare_tasks(root: MultiService) -> float:
    """Return what the same sleeps in the same order take in tasks of asyncio, and nothing else."""
    loop = asyncio.get_running_loop()
    followers: dict[str, list[str]] = {str(each.name): [] for each in root}
    counts = {str(each.name): len(each.after or ()) for each in root}
    for each in root:
        for name in each.after or ():
            followers[name].append(str(each.name))
    done = loop.create_future()
    left = len(counts)

    async def sleep(name: str) -> None:
        nonlocal left
        await asyncio.sleep(STARTS_IN)
        left -= 1
        if not left:
            done.set_result(None)
        for follower in followers[name]:
            counts[follower] -= 1
            if not counts[follower]:
                tasks.append(loop.create_task(sleep(follower)))

    began = time.perf_counter()
    tasks = [loop.create_task(sleep(name)) for name, count in list(counts.items()) if not count]
    await done
    return time.perf_counter() - began


async def graph(rounds: int, size: int = 1_000) -> bool:
    """Measure the start of a graph against its critical path, made of the same sleeps; tell whether the goal is met."""
    starts, paths, bare = [], [], []
    root, longest = random_graph(size, seed=1)
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(longest):
            await asyncio.sleep(STARTS_IN)
        paths.append(time.perf_counter() - began)
        bare.append(await seconds_in_bare_tasks(root))
        began = time.perf_counter()
        await lifecycle.start(root)
        starts.append(time.perf_counter() - began)
        await lifecycle.stop(root)
    ratio = statistics.median(starts) / statistics.median(paths)
    print(
        f"   graph: {1000 * statistics.median(starts):4.0f} ms for {size} services of 10 ms, "
        f"{ratio:4.2f} x the critical path of {longest} (goal {GRAPH_GOAL:g}; "
        f"bare tasks {statistics.median(bare) / statistics.median(paths):4.2f})"
    )
    return ratio <= GRAPH_GOAL


def main() -> None:
    """Measure all of it; the exit status tells whether the goals are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    met = [asyncio.run(cost(rounds)), asyncio.run(memory()), asyncio.run(graph(rounds))]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
