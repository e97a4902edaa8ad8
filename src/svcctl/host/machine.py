"""The machine that plans are applied to, and where things are on it."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from svcctl.errors import ConfigurationError, UsageError
from svcctl.host import commands, files
from svcctl.plan.model import Scope
from svcctl.posix import pwd

#: The oldest version that units are made for, taken where nothing else is known.
OLDEST_VERSION = 252

#: Has a file for each user whose services run without a session.
_LINGERING = "/var/lib/systemd/linger"

#: Where packages bring the receipts of their applications.
PACKAGED_RECEIPTS = "/usr/share/svcctl/receipts"

#: For each root of a manifest's directories, the folder that the system's manager makes them in.
SYSTEM_DIRECTORIES = {
    "state": "/var/lib",
    "cache": "/var/cache",
    "logs": "/var/log",
    "config": "/etc",
    "runtime": "/run",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where an application is installed.

    Attributes:
        scope: ``system`` or ``user``.
        root: Folder of another system's tree; empty for the running machine.
        booted: systemd of this scope runs and can be talked to.
        version: Version of its systemd, such as 252.
        unit_directory: Where units are written, below ``root``.
        receipt_directory: Where receipts are kept, below ``root``.
        packaged_receipts: Where packages bring theirs, below ``root``; empty if they bring none of that scope.
        unit_path: Where systemd looks for units, in its order, below ``root``.
        directories: For each root of a manifest's directories, the folder that systemd makes them in.
        version_assumed: Nothing below ``root`` tells the version, and nobody gave it.
    """

    scope: Scope
    root: str
    booted: bool
    version: int
    unit_directory: str
    receipt_directory: str
    unit_path: tuple[str, ...]
    directories: dict[str, str]
    packaged_receipts: str = ""
    version_assumed: bool = False


def find(scope: Scope, root: str = "", *, version: int | None = None) -> Machine:
    """Look at the running machine, or at the tree of another one.

    Args:
        scope: ``system``, or ``user`` for the caller's own services.
        root: Folder of another system's tree; empty for the running machine.
        version: Version of systemd to make units for; found out if ``None``. Below a ``root`` that does not tell,
            it is the oldest one.

    Raises:
        UsageError: ``root`` with ``user``: no user is logged in there.
        ConfigurationError: ``root`` is no folder, or the user has no home.
    """
    if scope == "user":
        if root:
            raise UsageError("--user and --root do not go together", hint="leave one of them out")
        return _user_machine(version)
    if root:
        root = os.path.realpath(root)
        if not Path(root).is_dir():
            raise ConfigurationError(f"{root} is no folder", hint="--root takes the tree of a system")
    root = "" if root == "/" else root
    known = version or (_version_in(root) if root else _version_here())
    return Machine(
        scope="system",
        root=root,
        booted=not root and Path("/run/systemd/system").is_dir(),
        version=known or OLDEST_VERSION,
        version_assumed=bool(root) and known is None,
        unit_directory="/etc/systemd/system",
        receipt_directory="/var/lib/svcctl/receipts",
        packaged_receipts=PACKAGED_RECEIPTS,
        unit_path=(
            "/etc/systemd/system.control",
            "/run/systemd/transient",
            "/etc/systemd/system",
            "/etc/systemd/system.attached",
            "/run/systemd/system",
            "/run/systemd/generator",
            "/usr/local/lib/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
            "/run/systemd/generator.late",
        ),
        directories=SYSTEM_DIRECTORIES,
    )


def _user_machine(version: int | None) -> Machine:
    try:
        home = str(Path.home())
    except RuntimeError as error:
        raise ConfigurationError("this user has no home folder", hint="set HOME") from error
    config = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    state = os.environ.get("XDG_STATE_HOME") or f"{home}/.local/state"
    cache = os.environ.get("XDG_CACHE_HOME") or f"{home}/.cache"
    data = os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    version = version or _version_here() or OLDEST_VERSION
    # systemd.exec(5): StateDirectory= of user units moved from XDG_CONFIG_HOME to XDG_STATE_HOME in 254.
    state_root = state if version >= 254 else config  # noqa: PLR2004 (named in the line above)
    return Machine(
        scope="user",
        root="",
        booted=Path("/run/systemd/system").is_dir() and Path(f"{runtime}/systemd").is_dir(),
        version=version,
        unit_directory=f"{config}/systemd/user",
        receipt_directory=f"{state}/svcctl/receipts",
        unit_path=(
            f"{config}/systemd/user",
            "/etc/systemd/user",
            f"{runtime}/systemd/user",
            f"{runtime}/systemd/generator",
            f"{data}/systemd/user",
            "/usr/local/lib/systemd/user",
            "/usr/lib/systemd/user",
            f"{runtime}/systemd/generator.late",
        ),
        directories={
            "state": state_root,
            "cache": cache,
            "logs": f"{state_root}/log",
            "config": config,
            "runtime": runtime,
        },
    )


def _version_here() -> int | None:
    if not commands.available("systemctl"):
        return None
    found = re.match(r"systemd (\d+)", commands.run(("systemctl", "--version")).stdout)
    return int(found[1]) if found else None


def _version_in(root: str) -> int | None:
    """Read the version off the name of systemd's shared library, the only place that needs no execution."""
    library = re.compile(r"libsystemd-shared-(\d+)\b.*\.so")
    for pattern in (
        "usr/lib*/systemd/*.so",
        "usr/lib/*/systemd/*.so",
        "lib*/systemd/*.so",
        "lib/*/systemd/*.so",
    ):
        for path in sorted(Path(root).glob(pattern)):
            found = library.fullmatch(path.name)
            if found:
                return int(found[1])
    return None


def lingers() -> bool:
    """Return whether the caller's own services run without a session. Source: loginctl(1), ``enable-linger``."""
    try:
        return Path(_LINGERING, pwd.getpwuid(os.getuid()).pw_name).exists()
    except (KeyError, OSError):
        return False


def uid_of(machine: Machine, user: str) -> int | None:
    """Return the number of a user of a machine, given by name or number; ``None`` if there is no such user.

    Raises:
        SvcctlError: The list of users below another root cannot be read.
    """
    if user.isdecimal():
        return int(user)
    if not machine.root:
        try:
            return pwd.getpwnam(user).pw_uid
        except KeyError:
            return None
    listed = files.read(machine.root, "/etc/passwd")
    for line in (listed.data if listed else b"").decode(errors="replace").splitlines():
        name, _, rest = line.partition(":")
        number = rest.split(":")[1:2]
        if name == user and number and number[0].isdecimal():
            return int(number[0])
    return None


def unprivileged_user() -> str | None:
    """Return whom to run a stranger's code as: ``nobody`` for root, ``None`` (oneself) for everybody else.

    On Windows it is oneself, with fewer rights: see :mod:`svcctl.loading.windows`.
    """
    return "nobody" if sys.platform != "win32" and os.geteuid() == 0 else None


def is_ordinary(user: str) -> bool:
    """Tell whether this machine has a user of that name, and it is not root under whatever name."""
    try:
        return pwd.getpwnam(user).pw_uid != 0
    except KeyError:
        return False
