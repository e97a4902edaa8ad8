"""What services do to an init system, what is done to them, and how they are in the end: one table for both kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.systemd.simulated import (
    Outcome,
    Setting,
    World,
    crash,
    noted,
    reload,
    restart,
    settled,
    start,
    stay,
    stop,
)


class Case(NamedTuple):
    """A service, what is done with it, and how it is in the end.

    Attributes:
        program: The service.
        steps: What is done after it was started.
        outcome: How it is in the end.
        setting: What its unit says.
        restarts: It is started again after a crash.
    """

    program: str
    outcome: Outcome
    steps: tuple[Callable[[World], None], ...] = ()
    setting: Setting = Setting()
    restarts: bool = False


SHORT = Setting(start=2.0, stop=2.0)
KEEPING = Setting(store=4)

#: A memfd that says how often it was handed back, and a listener.
STORING = """
found = dict(handed())
note(sorted(found))
if "state" in found:
    count = int(os.pread(found["state"], 9, 0)) + 1
    os.pwrite(found["state"], str(count).encode(), 0)
    note(count)
else:
    memory = os.memfd_create("state")
    os.pwrite(memory, b"0", 0)
    listener = socket.create_server(("127.0.0.1", 0))
    notify("FDSTORE=1", "FDNAME=state", fds=[memory])
    notify("FDSTORE=1", "FDNAME=web", fds=[listener.fileno()])
    barrier()
"""
READY = 'notify("READY=1", "STATUS=here")\n'

CASES = {
    "start and stop": Case(READY + "forever()", Outcome("inactive", "success", ("SIGTERM",)), (stop,)),
    "a status": Case(READY + "forever()", Outcome("active", "success", (), "here")),
    "an end before readiness": Case("note('bye')", Outcome("failed", "protocol", ("bye",))),
    "a failed start": Case("leave(3)", Outcome("failed", "exit-code", ())),
    "a start without progress": Case("forever()", Outcome("failed", "timeout", ("SIGTERM",)), setting=SHORT),
    "a start with progress, of three times the limit": Case(
        "for step in range(8):\n    notify('EXTEND_TIMEOUT_USEC=2000000')\n    time.sleep(0.8)\n"
        + READY
        + "forever()",
        Outcome("active", "success", (), "here"),
        setting=SHORT,
    ),
    "a start that stands still after some progress": Case(
        "for step in range(4):\n    notify('EXTEND_TIMEOUT_USEC=2000000')\n    time.sleep(0.8)\nforever()",
        Outcome("failed", "timeout", ("SIGTERM",)),
        setting=SHORT,
    ),
    "an extension that is shorter than the limit": Case(
        "notify('EXTEND_TIMEOUT_USEC=1')\ntime.sleep(0.5)\n" + READY + "forever()",
        Outcome("active", "success", (), "here"),
        setting=SHORT,
    ),
    "a stop beyond the limit": Case(
        "on('SIGTERM', lambda: note('no'))\n" + READY + "while True: time.sleep(1)",
        Outcome("failed", "timeout", ("no",)),
        (stop,),
        setting=SHORT,
    ),
    "a stop that asks for more time": Case(
        "def end():\n    for step in range(6):\n        notify('EXTEND_TIMEOUT_USEC=2000000')\n        time.sleep(0.8)\n"
        "    note('done')\n    leave()\non('SIGTERM', end)\n" + READY + "forever()",
        Outcome("inactive", "success", ("done",)),
        (stop,),
        setting=SHORT,
    ),
    "an end of its own accord": Case(
        READY + "notify('STOPPING=1')\nnote('end')",
        Outcome("inactive", "success", ("end",)),
        (settled("inactive"),),
    ),
    "an end of its own accord that never comes": Case(
        READY + "notify('STOPPING=1')\nforever()",
        Outcome("failed", "timeout", ()),
        (settled("failed"),),
        setting=SHORT,
    ),
    "a crash": Case(
        READY + "os.kill(os.getpid(), signal.SIGKILL)",
        Outcome("failed", "signal", (), "here"),
        (settled("failed"),),
    ),
    "an end by a clean signal": Case(
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n" + READY + "os.kill(os.getpid(), signal.SIGTERM)",
        Outcome("inactive", "success", ()),
        (settled("inactive"),),
    ),
    "a status other than 0": Case(
        READY + "leave(3)", Outcome("failed", "exit-code", (), "here"), (settled("failed"),)
    ),
    "a stop with a status other than 0": Case(
        "said('SIGTERM', 3)\n" + READY + "forever()",
        Outcome("failed", "exit-code", ("SIGTERM",), "here"),
        (stop,),
    ),
    "a missed watchdog": Case(
        "said('SIGABRT')\n" + READY + "forever()",
        Outcome("failed", "watchdog", ("SIGABRT",), "here"),
        (settled("failed"),),
        setting=Setting(watchdog=1.0),
    ),
    "a missed watchdog that is not heeded": Case(
        "on('SIGABRT', lambda: note('no'))\n" + READY + "while True: time.sleep(1)",
        Outcome("failed", "watchdog", ("no",), "here"),
        (settled("failed"),),
        setting=Setting(watchdog=1.0, stop=1.0),
    ),
    "a watchdog that is served": Case(
        READY + "while True:\n    notify('WATCHDOG=1')\n    time.sleep(0.3)",
        Outcome("active", "success", (), "here"),
        (stay(2.5),),
        setting=Setting(watchdog=1.0),
    ),
    "no watchdog before readiness": Case(
        "time.sleep(2)\n" + READY + "while True:\n    notify('WATCHDOG=1')\n    time.sleep(0.3)",
        Outcome("active", "success", (), "here"),
        setting=Setting(watchdog=1.0),
    ),
    "no watchdog while it stops": Case(
        "on('SIGTERM', lambda: (time.sleep(2.5), note('late'), leave()))\nsaid('SIGABRT')\n"
        + READY
        + "forever()",
        Outcome("inactive", "success", ("late",)),
        (stop,),
        setting=Setting(watchdog=1.0),
    ),
    "no watchdog after STOPPING": Case(
        "said('SIGABRT')\n" + READY + "notify('STOPPING=1')\ntime.sleep(2.5)\nnote('late')",
        Outcome("inactive", "success", ("late",)),
        (settled("inactive"),),
        setting=Setting(watchdog=1.0),
    ),
    "a watchdog that is pulled": Case(
        "said('SIGABRT')\n" + READY + "notify('WATCHDOG=trigger')\nforever()",
        Outcome("failed", "watchdog", ("SIGABRT",), "here"),
        (settled("failed"),),
    ),
    "a watchdog whose limit is changed": Case(
        "said('SIGABRT')\n" + READY + "notify('WATCHDOG_USEC=500000')\nforever()",
        Outcome("failed", "watchdog", ("SIGABRT",), "here"),
        (settled("failed"),),
        setting=Setting(watchdog=100.0),
    ),
    "a watchdog that is patient for once": Case(
        READY + "notify('EXTEND_TIMEOUT_USEC=20000000')\nforever()",
        Outcome("active", "success", (), "here"),
        (stay(2.5),),
        setting=Setting(watchdog=1.0),
    ),
    "a reload": Case(
        "def reload():\n    notify('RELOADING=1', f'MONOTONIC_USEC={time.monotonic_ns() // 1000}')\n    note('reload')\n"
        "    notify('READY=1', 'STATUS=again')\non('SIGHUP', reload)\n" + READY + "forever()",
        Outcome("active", "success", ("reload",), "again"),
        (reload, noted("reload"), settled("active")),
    ),
    "a reload that nobody asked for": Case(
        READY + "notify('RELOADING=1', f'MONOTONIC_USEC={time.monotonic_ns() // 1000}')\nforever()",
        Outcome("reloading", "success", (), "here"),
        (settled("reloading"),),
    ),
    "a reload beyond the limit": Case(
        "on('SIGHUP', lambda: notify('RELOADING=1', f'MONOTONIC_USEC={time.monotonic_ns() // 1000}'))\n"
        + READY
        + "forever()",
        Outcome("reloading", "success", (), "here"),
        (reload, settled("reloading"), stay(3)),
        setting=SHORT,
    ),
    "a reload that is not heeded": Case(
        "on('SIGHUP', lambda: note('SIGHUP'))\n" + READY + "forever()",
        Outcome("active", "success", ("SIGHUP",), "here"),
        (reload, noted("SIGHUP"), stay(3)),
        setting=SHORT,
    ),
    "a reload in one message": Case(
        "on('SIGHUP', lambda: (notify('RELOADING=1', f'MONOTONIC_USEC={time.monotonic_ns() // 1000}', 'READY=1',"
        " 'STATUS=again'), note('SIGHUP')))\n" + READY + "forever()",
        Outcome("active", "success", ("SIGHUP",), "again"),
        (reload, noted("SIGHUP"), settled("active")),
    ),
    "a reload without its time": Case(
        "on('SIGHUP', lambda: (note('reload'), notify('RELOADING=1'), notify('READY=1', 'STATUS=again')))\n"
        + READY
        + "forever()",
        Outcome("active", "success", ("reload",), "again"),
        (reload, noted("reload"), settled("active")),
        setting=SHORT,
    ),
    "a store over a restart": Case(
        STORING + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "['state', 'web']", "1"), "here"),
        (restart,),
        setting=KEEPING,
        restarts=True,
    ),
    "a store over two crashes": Case(
        STORING + READY + "forever()",
        Outcome("active", "success", ("[]", "['state', 'web']", "1", "['state', 'web']", "2"), "here"),
        (crash, crash),
        setting=KEEPING,
        restarts=True,
    ),
    "a store that a stop empties": Case(
        STORING + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "[]"), "here"),
        (stop, start),
        setting=KEEPING,
        restarts=True,
    ),
    "no store": Case(
        STORING + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "[]"), "here"),
        (restart,),
        restarts=True,
    ),
    "a store that is full": Case(
        "note(sorted(name for name, _ in handed()))\n"
        "for name in 'abc': notify('FDSTORE=1', f'FDNAME={name}', fds=[os.memfd_create(name)])\n"
        "barrier()\n" + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "['a', 'b']"), "here"),
        (restart,),
        setting=Setting(store=2),
        restarts=True,
    ),
    "a store in which names repeat, and a thing does not": Case(
        "note(sorted(name for name, _ in handed()))\none, two = os.memfd_create('1'), os.memfd_create('2')\n"
        "if not handed():\n"
        "    for each in (one, two, one): notify('FDSTORE=1', 'FDNAME=a', fds=[each])\n"
        "barrier()\n" + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "['a', 'a']"), "here"),
        (restart,),
        setting=KEEPING,
        restarts=True,
    ),
    "a store with several at once, and names that are none": Case(
        "note(sorted(name for name, _ in handed()))\nmade = [os.memfd_create(str(number)) for number in range(4)]\n"
        "if not handed():\n"
        "    notify('FDSTORE=1', fds=made[:2])\n    notify('FDSTORE=1', 'FDNAME=a:b', fds=made[2:3])\n"
        "    notify('FDSTORE=1', 'FDNAME=', fds=made[3:])\n"
        "barrier()\n" + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "['', 'stored', 'stored', 'stored']"), "here"),
        (restart,),
        setting=KEEPING,
        restarts=True,
    ),
    "a store from which something is taken": Case(
        "note(sorted(name for name, _ in handed()))\nif not handed():\n"
        "    for name in 'aab': notify('FDSTORE=1', f'FDNAME={name}', fds=[os.memfd_create(name)])\n"
        "    notify('FDSTOREREMOVE=1', 'FDNAME=a')\n    notify('FDSTOREREMOVE=1', 'FDNAME=unknown')\n"
        "barrier()\n" + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "['b']"), "here"),
        (restart,),
        setting=KEEPING,
        restarts=True,
    ),
    "a store that drops what hangs up, unless it is told not to": Case(
        "note(sorted(name for name, _ in handed()))\nif not handed():\n"
        "    for name, poll in (('dropped', ()), ('kept', ('FDPOLL=0',))):\n"
        "        ours, theirs = os.pipe()\n        notify('FDSTORE=1', f'FDNAME={name}', *poll, fds=[ours])\n"
        "        barrier()\n        os.close(theirs)\n" + READY + "forever()",
        Outcome("active", "success", ("[]", "SIGTERM", "['kept']"), "here"),
        (stay(0.5), restart),
        setting=KEEPING,
        restarts=True,
    ),
    "barriers": Case(
        "barrier()\nnote('one')\nbarrier('BARRIER=1\\nSTATUS=no')\nnote('two')\nbarrier(count=2)\nnote('three')\n"
        + READY
        + "forever()",
        Outcome("active", "success", ("one", "two", "three"), "here"),
    ),
    "hostile messages": Case(
        READY
        + "for text in ('STATUS=' + 'x' * 5000, b'STATUS=\\0no', b'', b'\\xff\\xfe', '=', '\\n\\n', 'MAINPID=1',\n"
        "             'MAINPID=-1', 'MAINPID=x', 'MAINPID=99999999999', 'EXTEND_TIMEOUT_USEC=-5',\n"
        "             'EXTEND_TIMEOUT_USEC=x', 'WATCHDOG_USEC=x', 'WATCHDOG=no', 'READY=2', 'STOPPING=0', 'ERRNO=x',\n"
        "             'FDSTORE=1', 'FDSTOREREMOVE=1', 'BARRIER=0', 'X_OWN=1', ' STATUS=no', 'STATUS'):\n"
        "    notify(text)\nbarrier()\nforever()",
        Outcome("active", "success", (), "here"),
        (stay(0.5),),
    ),
    "a field twice": Case(
        "notify('READY=1', 'STATUS=first', 'STATUS=second')\nforever()",
        Outcome("active", "success", (), "first"),
    ),
    "a status that is no text": Case(
        READY + "notify(b'STATUS=\\xff')\nbarrier()\nforever()",
        Outcome("active", "success", ()),
        (stay(0.3),),
    ),
    "contradictory states": Case(
        "notify('READY=1', 'STOPPING=1')\nforever()",
        Outcome("failed", "timeout", ("SIGTERM",)),
        setting=SHORT,
    ),
    "messages of another process": Case(
        "if os.fork() == 0:\n    notify('READY=1', 'STATUS=forged', 'MAINPID=' + str(os.getpid()))\n    barrier()\n"
        "    notify('FDSTORE=1', 'FDNAME=x', fds=[0])\n    leave()\nos.wait()\ntime.sleep(0.3)\nnote('still starting')\n"
        + READY
        + "forever()",
        Outcome("active", "success", ("still starting",), "here"),
        setting=KEEPING,
    ),
    "a child as the main process, for whose end nobody waits": Case(
        """
first = os.getpid()
child = os.fork()
if child == 0:
    on("SIGTERM", lambda: (time.sleep(1), note("SIGTERM"), leave()))
    while os.getppid() == first: time.sleep(0.01)
    barrier()
    note("took over")
    forever()
notify("READY=1", f"MAINPID={child}")
barrier()
leave()
""",
        Outcome("inactive", "success", ("took over",)),
        (noted("took over"), stop),
    ),
    "an orphan as the main process": Case(
        """
first = os.getpid()
ours, theirs = os.pipe()
if os.fork() == 0:
    middle = os.getpid()
    if os.fork():
        leave()
    on("SIGTERM", lambda: (time.sleep(1), note("SIGTERM"), leave()))
    while os.getppid() == middle: time.sleep(0.01)
    os.write(theirs, str(os.getpid()).encode())
    while os.path.exists(f"/proc/{first}"): time.sleep(0.01)
    notify("STATUS=orphan")
    barrier()
    note("took over")
    forever()
os.wait()
notify("READY=1", f"MAINPID={os.read(ours, 20).decode()}")
barrier()
leave()
""",
        Outcome("inactive", "success", ("took over", "SIGTERM")),
        (noted("took over"), stop),
    ),
    "what is left behind is killed": Case(
        "if os.fork() == 0:\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    note('left')\n    time.sleep(3)\n"
        "    note('survived')\n    leave()\nwhile not os.path.exists(os.environ['NOTES']): time.sleep(0.01)\n"
        + READY
        + "forever()",
        Outcome("inactive", "success", ("left", "SIGTERM")),
        (stop, stay(3.2)),
    ),
}
