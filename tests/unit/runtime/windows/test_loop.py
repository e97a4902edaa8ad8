"""The loop of Windows notices signals; it works here as well."""

from __future__ import annotations

import _thread
import asyncio
import signal
import threading

from svcctl.runtime.windows.loop import SignalledLoop


def test_a_signal_wakes_a_loop_that_waits() -> None:
    """Also one that another thread only pretends, which interrupts no waiting of the system."""

    async def wait() -> str:
        loop = asyncio.get_running_loop()
        noticed = loop.create_future()
        previous = signal.signal(signal.SIGTERM, lambda *_: noticed.set_result("noticed"))
        try:
            threading.Thread(target=_thread.interrupt_main, args=(signal.SIGTERM,)).start()
            return str(await asyncio.wait_for(noticed, 60))
        finally:
            signal.signal(signal.SIGTERM, previous)

    with asyncio.Runner(loop_factory=SignalledLoop) as runner:
        assert runner.run(wait()) == "noticed"
    assert signal.set_wakeup_fd(-1) == -1
