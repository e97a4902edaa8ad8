"""``python3 -I -m svcctl.runtime.takeover UNIT FOLDER``: what a package's postinst has a new version take over by.

The process of the unit is of the version before; its files are those of the new one already, and it has loaded what
it needs. If a new process fits into the old one's sandbox, the old one is asked to have one take over, and nobody
waits. Ends with status 0 once that is the main process, and with another one if the unit is to be restarted instead;
then a line on stdout says why, unless the unit does not run.

``FOLDER`` has what preinst has put there: ``system/UNIT`` and, where there is one, ``default/NAME``, as the version
before had them; each is as old as the original was in its place.

Source: Debian policy, sections 9.3.3 and 6.5; the interface of policy-rc.d, in sysv-rc's README.policy-rc.d;
``docs/adr/0015-overlapping-upgrade.md``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import svcctl
from svcctl.errors import EX_OK, EX_TEMPFAIL, EX_USAGE
from svcctl.runtime.asking import ask

#: Seconds in which an application says which version it is, if it is alive.
ALIVE = 5.0

#: Seconds after which a new process is not waited for any longer: a start has a limit of its own, which is less.
PATIENCE = 600.0

_UNITS = Path("/usr/lib/systemd/system")
_VARIABLES = Path("/etc/default")
_POLICY = "/usr/sbin/policy-rc.d"
_ALLOWED = (0, 104)
_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "NeedDaemonReload",
    "FragmentPath",
    "DropInPaths",
    "EnvironmentFiles",
    "ExecMainStartTimestamp",
    "RuntimeDirectory",
)
#: What the unit was made from: the file's digest, then what the unit has to know of it.
_DIGEST = re.compile(r" --installed [0-9a-f]+-")

Shown = Mapping[str, Sequence[str]]


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    if len(arguments) != 2:  # noqa: PLR2004 (the two that it takes)
        sys.stderr.write("svcctl: the unit and the folder with its files of the version before are needed\n")
        return EX_USAGE
    unit, folder = arguments
    shown = show(unit)
    if shown.get("ActiveState") != ["active"] or shown.get("LoadState") != ["loaded"] or not allowed(unit):
        return EX_TEMPFAIL
    problem = obstacle(unit, Path(folder), shown) or take_over(_control(shown))
    if problem:
        sys.stdout.write(f"{unit} is restarted, since no process could take over: {problem}\n")
    return EX_TEMPFAIL if problem else EX_OK


def show(unit: str) -> dict[str, list[str]]:
    """Return what systemd says of a unit: the values of each property, as many as it has; nothing if it is silent."""
    command = ["systemctl", "show", "--timestamp=us+utc", f"--property={','.join(_PROPERTIES)}", "--", unit]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    shown: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        shown.setdefault(name, []).append(value)
    return shown


def allowed(unit: str) -> bool:
    """Return whether the system's policy lets the unit be restarted."""
    if not os.access(_POLICY, os.X_OK):
        return True
    asked = subprocess.run([_POLICY, unit, "restart"], stdout=subprocess.DEVNULL, check=False)
    return asked.returncode in _ALLOWED


def obstacle(unit: str, folder: Path, shown: Shown) -> str:
    """Return why the sandbox or the variables of the process that runs may not be those of the new version.

    Args:
        unit: Name of the unit.
        folder: With the files of the version before.
        shown: What systemd says of the unit.

    Returns:
        Empty if they are the same.
    """
    fragment = Path(_first(shown, "FragmentPath"))
    since = _since(_first(shown, "ExecMainStartTimestamp"))
    if fragment.resolve() != (_UNITS / unit).resolve():
        return f"its unit is {fragment}"
    if _first(shown, "NeedDaemonReload") != "no":
        return "systemd has not read its unit again"
    if _settled(_before(folder, fragment)) != _settled(fragment):
        return "its unit has changed"
    files = [Path(line.partition(" (")[0]) for line in shown.get("EnvironmentFiles", ()) if line]
    ours = [path for path in files if path.parent == _VARIABLES]
    changed = [path for path in ours if _content(_before(folder, path)) != _content(path)]
    # What was already as it is now may have become so only after the process had been started.
    changed += [path for path in (fragment, *ours) if _written(_before(folder, path)) >= since]
    local = (*_first(shown, "DropInPaths").split(), f"/etc/systemd/system/{unit}.d")
    changed += [path for path in (*files, *map(Path, local)) if _written(path) >= since]
    return f"{changed[0]} has changed since it was started" if changed else ""


def take_over(control: str) -> str:
    """Ask an application to have a new process take over.

    Args:
        control: Path of its control socket.

    Returns:
        Why none has; empty once one has.
    """
    try:
        told = ask(control, "org.varlink.service.GetInfo", ALIVE)
        version = told.parameters.get("version")
        if told.problem or version != svcctl.__version__:
            # What it loads only now would be the new version's.
            return told.problem or f"it runs on svcctl {version}"
        return ask(control, "io.svcctl.Control.Upgrade", PATIENCE).problem
    except OSError as error:
        return f"it cannot be asked: {error.strerror or error}"


def _control(shown: Shown) -> str:
    return f"/run/{_first(shown, 'RuntimeDirectory').partition(' ')[0]}/control"


def _first(shown: Shown, name: str) -> str:
    return next(iter(shown.get(name, ())), "")


def _since(timestamp: str) -> float:
    """Return a time in seconds since 1970; that time itself if there is none."""
    try:
        when = datetime.fromisoformat(timestamp.partition(" ")[2].removesuffix(" UTC"))
    except ValueError:
        return 0.0
    return when.replace(tzinfo=UTC).timestamp()


def _before(folder: Path, path: Path) -> Path:
    return folder / path.parent.name / path.name


def _settled(path: Path) -> list[str]:
    """Return the lines of a unit that its process depends on; none if there is no unit."""
    content = _content(path).decode("utf-8", "surrogateescape")
    return [
        _DIGEST.sub(" --installed -", line)
        for line in content.splitlines()
        if not line.startswith(("#", ";"))
    ]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return -1.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
