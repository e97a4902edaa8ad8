"""Where tasks and threads stand."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.internet import TCPServer
from svcctl.application.service import MultiService, Service
from svcctl.application.tree.record import record_of
from svcctl.runtime import stacks


async def innermost(event: asyncio.Event) -> None:
    """Wait."""
    await event.wait()


async def waiting(event: asyncio.Event) -> None:
    """Wait for who waits."""
    await innermost(event)


class Worker(Service):
    """Has tasks in the background."""

    name = "worker"

    def startService(self) -> None:
        """Begin."""
        self.event = asyncio.Event()
        self.spawn(waiting(self.event)).set_name("one")
        self.spawn(waiting(self.event)).set_name("two")


async def started() -> MultiService:
    """Return a tree with a worker in it, which has begun to wait."""
    root = MultiService()
    root.setName("shop")
    Worker().setServiceParent(root)
    await lifecycle.start(root)
    await asyncio.sleep(0)
    return root


def test_tasks_have_the_path_of_their_service_and_where_they_stand() -> None:
    """The innermost frame is the last one; the task that asks is running."""

    async def main() -> list[stacks.Stack]:
        root = await started()
        found = stacks.of_tasks(asyncio.get_running_loop(), record_of(root))
        await lifecycle.stop(root)
        return found

    current, one, two = asyncio.run(main())
    assert (current.running, current.path) == (True, "")
    assert (one.name, two.name, one.path, one.running) == ("one", "two", "shop/worker", False)
    names = [frame.rpartition(" in ")[2] for frame in one.frames]
    assert names == ["waiting", "innermost", "Event.wait"]
    assert one.frames[0].startswith(f"{__file__}:")


def test_the_handler_of_a_connection_has_the_path_of_its_server() -> None:
    """Of the service that has accepted it."""
    there = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        there.set()
        await reader.read()

    async def main() -> list[stacks.Stack]:
        server = TCPServer(0, handle, interface="127.0.0.1")
        server.setName("web")
        await lifecycle.start(server)
        _, writer = await asyncio.open_connection(*server.address)
        await there.wait()
        found = stacks.of_tasks(asyncio.get_running_loop(), record_of(server))
        writer.close()
        await writer.wait_closed()
        await lifecycle.stop(server)
        return found

    (handler,) = [each for each in asyncio.run(main()) if each.path]
    assert handler.path == "web"
    assert any("handle" in frame for frame in handler.frames)


def test_a_blocked_loop_can_be_looked_into_from_another_thread() -> None:
    """It says where the loop's thread stands, and which task that is."""
    found: list[str] = []
    asked, answered = threading.Event(), threading.Event()

    async def main() -> None:
        root = await started()
        loop, thread = asyncio.get_running_loop(), threading.get_ident()

        def ask() -> None:
            asked.wait(20)
            found.extend([stacks.text(loop, record_of(root)), stacks.place(thread)])
            answered.set()

        asking = threading.Thread(target=ask)
        asking.start()
        asked.set()
        assert answered.wait(20)  # blocks the loop
        asking.join()
        await lifecycle.stop(root)

    asyncio.run(main())
    text, place = found
    assert "thread MainThread" in text
    assert "running now" in text
    assert "main" in text
    assert "in Event.wait" in place or "in Condition.wait" in place


def test_tasks_that_stand_at_one_place_are_told_once() -> None:
    """With their number and one stack."""

    async def main() -> str:
        root = await started()
        text = stacks.text(asyncio.get_running_loop(), record_of(root))
        await lifecycle.stop(root)
        return text

    text = asyncio.run(main())
    assert "shop/worker: 2 tasks\n" in text
    assert text.count("in innermost") == 1


def test_the_text_is_bounded_and_counts_what_does_not_fit() -> None:
    """Whatever is going on."""

    async def sleeper(name: str) -> None:
        scope: dict[str, Any] = {}
        exec(f"async def {name}(event): await event.wait()", scope)  # noqa: S102 (makes functions of many names)
        await scope[name](asyncio.Event())

    async def main() -> str:
        root = await started()
        many = [asyncio.create_task(sleeper(f"f{number}")) for number in range(300)]
        await asyncio.sleep(0)
        text = stacks.text(asyncio.get_running_loop(), record_of(root), limit=5000)
        for task in many:
            task.cancel()
        await lifecycle.stop(root)
        return text

    text = asyncio.run(main())
    assert len(text) < 5100
    assert text.splitlines()[-1].endswith("more that do not fit")


def test_deep_stacks_are_cut() -> None:
    """The innermost frames say most."""

    def deep(levels: int) -> list[stacks.Stack]:
        return deep(levels - 1) if levels else stacks.of_threads()

    here = next(each for each in deep(100) if each.name == threading.current_thread().name)
    assert len(here.frames) == stacks.DEPTH
    assert here.frames[-1].endswith("of_threads")
