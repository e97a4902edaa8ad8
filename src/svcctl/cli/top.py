"""``svcctl top``."""

from __future__ import annotations

import os
import select
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from svcctl.cli import live, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from svcctl.operations.top import Look

#: Another screen, the cursor at its beginning, the rest of it empty; and back.
_ENTER, _HOME, _CLEAR, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[H", "\x1b[J", "\x1b[?25h\x1b[?1049l"
_CLEAR_LINE = "\x1b[K"


Interval = Annotated[
    float, typer.Option("--interval", "-d", metavar="SECONDS", min=0.1, max=3600, help="How often to look.")
]
Count = Annotated[
    int,
    typer.Option("--count", "-n", metavar="TIMES", min=0, help="How often in all; 0: until q or Ctrl-C."),
]


class Looking(Protocol):
    """What looks at applications."""

    def look(self) -> tuple[Look, ...]:
        """Return how they are now."""


def top(
    name: Annotated[
        str | None,
        typer.Argument(
            ...,
            metavar="NAME",
            help="An installed application, or NAME@INSTANCE; none for all.",
            autocompletion=options.installed_names,
        ),
    ] = None,
    *,
    interval: Interval = 2.0,
    count: Count = 0,
    user: options.UserScope = False,
) -> None:
    """Show how applications are, again and again. Without a terminal it writes one look after the other."""
    from svcctl.operations.top import Top  # noqa: PLC0415 (kept out of --help)

    show(
        Top(name, scope="user" if user else "system"), whole=name is not None, interval=interval, count=count
    )


def show(looking: Looking, *, whole: bool, interval: float, count: int) -> None:
    """Show what somebody sees who looks again and again.

    Args:
        looking: Who looks.
        whole: Show the trees, too.
        interval: Seconds between two looks.
        count: How often in all; 0 for no end.
    """
    with _screen() as on_terminal:
        done = 0
        while True:
            looks = looking.look()
            _show(list(_lines(looks, whole=whole)), on_terminal=on_terminal)
            done += 1
            if done == count or _wait(interval):
                return


def _lines(looks: tuple[Look, ...], *, whole: bool) -> Iterator[str]:
    yield time.strftime("%Y-%m-%d %H:%M:%S")
    if whole:
        for look in looks:
            yield live.plain(f"{look.name}: {look.state}" + (f": {look.status}" if look.status else ""))
            if look.live is not None:
                yield from live.lines(look.live, rates=look.rates)
        return
    if not looks:
        yield "nothing is installed, or no instance of it runs"
        return
    width = max(4, *(len(look.name) for look in looks))
    yield f"{'NAME':{width}}  {'STATE':12}  {'READY':>7}  {'OPEN':>5}  {'NEW/S':>7}  {'CPU %':>5}  {'MEMORY':>9}  {'FILES':>5}"
    yield from (_row(look, width) for look in looks)


def _row(look: Look, width: int) -> str:
    ready = opened = rate = cpu = memory = files = "-"
    if look.live is not None and look.live.services:
        ready = f"{look.live.ready}/{look.live.total}"
        opened = str(look.connections)
        rate = f"{sum(look.rates.values()):.1f}"
    usage = look.live.usage if look.live is not None else None
    if usage is not None:
        cpu, memory = f"{usage.cpu_percent:.1f}", live.size(usage.memory)
        files = "-" if usage.descriptors is None else str(usage.descriptors)
    return live.plain(
        f"{look.name:{width}}  {look.state:12}  {ready:>7}  {opened:>5}  {rate:>7}  {cpu:>5}  {memory:>9}  {files:>5}"
    )


def _show(lines: list[str], *, on_terminal: bool) -> None:
    if on_terminal:
        import shutil  # noqa: PLC0415 (only on a terminal)

        size = shutil.get_terminal_size()
        kept = [line[: size.columns - 1] for line in lines[: size.lines - 1]]
        sys.stdout.write(_HOME + "".join(f"{line}{_CLEAR_LINE}\n" for line in kept) + _CLEAR)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in (*lines, "")))
    sys.stdout.flush()


@contextmanager
def _screen() -> Iterator[bool]:
    """Take a screen of our own and single keys from a terminal; give it back whatever happens."""
    if not _is_terminal():
        yield False
        return
    import termios  # noqa: PLC0415 (only on a terminal)
    import tty  # noqa: PLC0415 (the same)

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        sys.stdout.write(_ENTER)
        yield True
    except KeyboardInterrupt:  # the usual way to leave it
        return
    finally:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _wait(seconds: float) -> bool:
    """Wait, and tell whether somebody has pressed q meanwhile."""
    if not _is_terminal():
        time.sleep(seconds)
        return False
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left)[0] and sys.stdin.read(1) in {"q", "Q", ""}:
            return True
    return False


def _is_terminal() -> bool:
    """Return whether there is a terminal that gives single keys; a console of Windows is not asked for them."""
    return os.name != "nt" and sys.stdout.isatty() and sys.stdin.isatty()
