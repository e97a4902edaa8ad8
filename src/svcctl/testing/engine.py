"""Drives a service's state machine with what really happens: messages, ends of processes, the clock.

Everything is done by a thread of its own, so that a barrier is answered and a missed watchdog has its effect whatever
the test does meanwhile. :class:`svcctl.testing.init.FakeInit` is what tests see of it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence

from svcctl.runtime.receiver import Datagram, Receiver, parse
from svcctl.testing.events import (
    Changed,
    Dropped,
    Event,
    Exited,
    Ignored,
    Launched,
    Message,
    Signalled,
    Stored,
)
from svcctl.testing.launch import End, Process
from svcctl.testing.store import Store
from svcctl.testing.unit import Order, Phase, Unit

Observer = Callable[[Event], None]

#: Seconds for the keeper to tell how a process ended that its parent may have waited for.
_GRACE = 0.2

#: Milliseconds between two looks at a main process whose end nobody here is told.
_LOOK_INTERVAL = 50

_FOREIGN = "not from the main process"


class Engine:
    """The thread, and what it works on; everything here is used with :attr:`changed` held.

    Args:
        unit: The state machine.
        store: The descriptor store.
        survivors: What the service leaves behind lives on.
        observer: Called with each event, from whichever thread.

    Attributes:
        changed: Told after every event.
        events: What happened so far.
        pid: The main process; 0 if there is none.
        address: The value for ``$NOTIFY_SOCKET``.
        broken: What has ended the thread before its time, such as an observer's error.
    """

    def __init__(self, unit: Unit, store: Store, *, survivors: bool, observer: Observer | None) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.unit = unit
        self.store = store
        self.events: list[Event] = []
        self.pid = 0
        self.broken: Exception | None = None
        self._survivors = survivors
        self._observer = observer
        self._receiver = Receiver()
        self.address = self._receiver.address
        self._process: Process | None = None
        self._lost = 0.0
        self._alien = False
        self._shown = unit.phase, unit.reason
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="svcctl-fake-init", daemon=True)
        self._thread.start()

    def launched(self, process: Process, descriptors: Sequence[str]) -> None:
        """Watch a process that was started."""
        now = time.monotonic()
        self._process = process
        self.pid = process.pid
        self._lost = 0.0
        self._alien = False
        self.unit.launched(now)
        self.tell(Launched(now, process.pid, tuple(descriptors)))
        self.moved()

    def obey(self, order: Order | None) -> None:
        """Send a signal to the main process, if there is one to be sent."""
        if order is not None and self._process is not None and self.pid:
            self.tell(Signalled(time.monotonic(), order.signal, self.pid, order.reason))
            self._process.send(self.pid, order.signal)
            if self._alien and order.signal is signal.SIGTERM and self.unit.phase is Phase.STOPPING:
                # Its end would not be noticed, so systemd does not wait for it.
                self.obey(Order(signal.SIGKILL, "another process's child is not waited for"))
        self.moved()

    def tell(self, event: Event) -> None:
        """Write an event down."""
        self.events.append(event)
        if self._observer is not None:
            self._observer(event)
        self.changed.notify_all()

    def moved(self) -> None:
        """Write down the state if it is another one, and have the thread look at its clock."""
        shown = self.unit.phase, self.unit.reason
        if shown != self._shown:
            self._shown = shown
            self.tell(Changed(time.monotonic(), self.unit.phase.value, self.unit.reason))
        if threading.current_thread() is not self._thread:
            with contextlib.suppress(BlockingIOError):  # full: it will look anyway
                os.write(self._wake, b".")

    def close(self) -> None:
        """Kill what is left and end the thread."""
        with self.changed:
            self._closing = True
            self.moved()
        self._thread.join()
        if self._process is not None:
            if self.pid:
                self._process.send(self.pid, signal.SIGKILL)
            self._process.close()
        self.store.clear()
        self._receiver.close()
        os.close(self._woken)
        os.close(self._wake)

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001 (whoever waits raises it)
            with self.changed:
                self.broken = error
                self.changed.notify_all()

    def _serve(self) -> None:
        while True:
            ready = self._wait()
            with self.changed:
                if self._closing:
                    return
                if self._woken in ready:
                    os.read(self._woken, 4096)
                # Messages first: who has ended may have said something before.
                ends = [] if self._process is None else self._process.ends()
                self._take_messages()
                self._take_ends(ends)
                for name in self.store.hung_up():
                    self.tell(Dropped(time.monotonic(), name, "the other end hung up"))
                if self.pid:
                    self.obey(self.unit.tick(time.monotonic()))

    def _wait(self) -> set[int]:
        poller = select.poll()
        poller.register(self._woken, select.POLLIN)
        poller.register(self._receiver, select.POLLIN)
        with self.changed:
            limits: list[int] = []
            if self._process is not None and not self._process.gone:
                poller.register(self._process.connection, select.POLLIN)
                limits += [] if self.pid in {0, self._process.pid} else [_LOOK_INTERVAL]
            for entry in self.store.entries:
                if entry.polled:
                    poller.register(entry.descriptor, 0)  # wakes for a hang-up alone
            due = self.unit.due if self.pid else None
        if due is not None:
            limits.append(max(0, int((due - time.monotonic()) * 1000) + 1))
        return {descriptor for descriptor, _ in poller.poll(min(limits, default=None))}

    def _take_messages(self) -> None:
        poller = select.poll()
        poller.register(self._receiver, select.POLLIN)
        while poller.poll(0):
            datagram = self._receiver.take()
            descriptors = list(datagram.descriptors)
            try:
                self._take(datagram, descriptors)
            finally:
                for each in descriptors:
                    os.close(each)

    def _take(self, datagram: Datagram, descriptors: list[int]) -> None:
        """Take in one message; what is left in ``descriptors`` is closed, which a barrier waits for."""
        now = time.monotonic()
        fields = parse(datagram.data)
        refused = _why_unreadable(datagram, fields)
        if not refused and datagram.pid not in {self.pid, 0}:
            refused = _FOREIGN
        if refused or not self.pid:
            self.tell(Ignored(now, fields, datagram.pid, refused or _FOREIGN))
            return
        self.tell(Message(now, fields, datagram.pid, len(descriptors)))
        if fields.get("BARRIER") == "1":
            return
        self._follow(now, fields)
        if not _is_text(datagram.data):  # then there is no status at all
            fields = {**fields, "STATUS": ""}
        order = self.unit.message(now, fields)
        self._store(now, fields, descriptors)
        self.obey(order)

    def _follow(self, now: float, fields: dict[str, str]) -> None:
        text = fields.get("MAINPID", str(self.pid))
        if text == str(self.pid) or self._process is None:
            return
        pid = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(2**31)) else 0
        if pid > 1 and self._process.owns(pid):
            self.pid = pid
            self._alien = not self._process.adopted(pid)
        else:
            told = {"MAINPID": text}
            self.tell(Ignored(now, told, self.pid, "no process of this service"))

    def _store(self, now: float, fields: dict[str, str], descriptors: list[int]) -> None:
        name = fields.get("FDNAME")
        if fields.get("FDSTOREREMOVE") == "1" and name is not None:
            for _ in range(self.store.remove(name)):
                self.tell(Dropped(now, name, "the service asked for it"))
        if fields.get("FDSTORE") == "1":
            given, descriptors[:] = list(descriptors), []
            for taken, refused in self.store.put(fields, given):
                self.tell(Dropped(now, taken, refused) if refused else Stored(now, taken))

    def _take_ends(self, ends: Sequence[End]) -> None:
        process = self._process
        if process is None:
            return
        for end in ends:
            self._exited(end.pid, end.code, core=end.core)
        if self.pid and self._is_lost(process):
            self._exited(self.pid, None, core=False)
        if process.gone and not self.unit.ended:
            process.close()
            self._process = None
            self.unit.all_ended()
            self.moved()

    def _is_lost(self, process: Process) -> bool:
        """Return whether the main process is gone, and nobody here will ever hear how it ended."""
        if process.gone:
            return True
        if self.pid == process.pid or process.owns(self.pid):
            self._lost = 0.0
            return False
        self._lost = self._lost or time.monotonic()
        return time.monotonic() - self._lost > _GRACE

    def _exited(self, pid: int, code: int | None, *, core: bool) -> None:
        main = pid == self.pid
        self.tell(Exited(time.monotonic(), pid, code, core, main))
        if not main or self._process is None:
            return
        self.pid = 0
        self.unit.main_ended(None if self._alien else code, core=core)
        self.moved()
        self._process.leave_rest() if self._survivors else self._process.kill_rest()


def _is_text(data: bytes) -> bool:
    """Return whether the status text of a message, if it has one, is UTF-8."""
    lines = [line for line in data.split(b"\n") if line.startswith(b"STATUS=")]
    try:
        b"".join(lines[:1]).decode()
    except UnicodeDecodeError:
        return False
    return True


def _why_unreadable(datagram: Datagram, fields: dict[str, str]) -> str:
    """Return why systemd takes no notice of a message; empty if it does."""
    if datagram.cut:
        return "it is too long"
    if b"\0" in datagram.data[:-1]:
        return "it holds a NUL byte"
    if fields.get("BARRIER") == "1":
        if datagram.data.rstrip(b"\n\0") != b"BARRIER=1":
            return "BARRIER=1 has to stand alone"
        if len(datagram.descriptors) != 1:
            return "BARRIER=1 wants exactly one descriptor"
    return ""
