"""Installs, loads, removes and purges a package in a throw-away system of the release that it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from svcctl.errors import CommandError, ConfigurationError
from svcctl.host import commands

_TOOL = "mmdebstrap"
_SCRIPT = Path(__file__).with_name("trial.sh")
#: What mmdebstrap calls with the folder of the system: constant, so that no shell reads words of anybody else.
_HOOK = 'exec sh "$SVCCTL_TRIAL_FOLDER/trial.sh" "$1"'
_ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent")
_PASSED_ON = re.compile(r"(https?|ftp|no|all)_proxy|TMPDIR", re.IGNORECASE)
_FIELDS = "$(ORIGIN)\t$(CODENAME)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(SIGNED_BY)"
_REMEMBERED = 15


class Trial(NamedTuple):
    """What came of a trial.

    Attributes:
        problems: What is not as it has to be, each with what was said about it on lines of its own; nothing if all
            is well.
    """

    problems: tuple[str, ...]


def try_out(
    deb: str,
    *,
    package: str,
    distribution: str,
    application: str = "",
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    tell: Callable[[str], None],
) -> Trial:
    """Make a throw-away system, and see there whether a package can be used and leaves nothing behind.

    It is installed by apt with what it depends on, its Python is run and its application loaded, as ``nobody``; then
    it is reinstalled, removed, installed and purged. dpkg has nothing to complain about in between, and at the end
    the files are those of before, but for what apt, dpkg and the administration of users change by themselves.

    The system comes from the archives of this machine's apt, if they have the release, otherwise from Debian's own.
    It takes about a minute and 500 MB in ``$TMPDIR``; other users need access to that folder unless the caller is
    root. No systemd runs in it, so that no service is started.

    Args:
        deb: Path of the package.
        package: Its name.
        distribution: Code name of the release, such as ``bookworm``.
        application: What is loaded, as the package's units name it; empty for nothing.
        arguments: The options of a plug-in.
        environment: Variables that the application gets when it is loaded.
        tell: Called with what is being done now, such as ``removing the package``.

    Raises:
        ConfigurationError: There is no mmdebstrap, or the package cannot be read.
        CommandError: No such system can be made here.
    """
    if not commands.available(_TOOL):
        hint = "install it, as with apt-get install mmdebstrap"
        raise ConfigurationError("mmdebstrap is missing, which makes a throw-away system", hint=hint)
    command = _command(package, application, arguments, environment or {}) if application else ()
    with _folder(Path(deb), command) as folder:
        tell(f"making a throw-away {distribution} system")
        return Trial(tuple(_problems(_lines(distribution, package, folder), tell)))


def _command(
    package: str, application: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the words, after ``env``, of what loads the application and reports on descriptor 3."""
    variables = (f"{name}={value}" for name, value in environment.items())
    python = f"/usr/lib/{package}/bin/python3"
    return (
        *_ENVIRONMENT,
        *variables,
        *(python, "-P", "-m", "svcctl.loading.child", "3", application),
        *arguments,
    )


@contextmanager
def _folder(deb: Path, command: tuple[str, ...]) -> Iterator[Path]:
    """Give a folder with what the script needs.

    Root of the throw-away system is another user, unless the caller is root: so others may read what they can name.
    """
    with tempfile.TemporaryDirectory(prefix="svcctl-trial-") as name:
        folder = Path(name)
        try:
            shutil.copyfile(deb, folder / "package.deb")
        except OSError as error:
            raise ConfigurationError(
                f"cannot read {deb}: {error.strerror}", hint="give a package that is there"
            ) from error
        shutil.copyfile(_SCRIPT, folder / "trial.sh")
        if command:
            (folder / "command").write_bytes(b"".join(os.fsencode(word) + b"\0" for word in command))
        for file in folder.iterdir():
            file.chmod(0o644)
        folder.chmod(0o711)
        yield folder


def _lines(distribution: str, package: str, folder: Path) -> Iterator[str]:
    """Run the trial and yield all that is said."""
    as_root = os.geteuid() == 0
    command = (
        _TOOL,
        f"--mode={'root' if as_root else 'unshare'}",
        "--variant=apt",
        '--aptopt=Acquire::Languages "none"',
        "--dpkgopt=force-unsafe-io",
        *(f"--aptopt={each}" for each in _transport()),
        f"--customize-hook={_HOOK}",
        *(distribution, "/dev/null"),
        *_archives(distribution),
    )
    passed_on = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    own = {"SVCCTL_TRIAL_FOLDER": str(folder), "SVCCTL_TRIAL_PACKAGE": package}
    said: deque[str] = deque(maxlen=_REMEMBERED)
    try:
        for line in commands.lines(command, merged=True, variables={**passed_on, **own}):
            if not line.startswith("I: "):
                said.append(line)
            yield line
    except CommandError as error:
        hint = "ordinary users need uidmap, and lines of their own in /etc/subuid and /etc/subgid"
        raise CommandError(
            (_TOOL, distribution), error.status, "\n".join(said), hint="" if as_root else hint
        ) from error


def _transport() -> tuple[str, ...]:
    """Return apt's settings on this machine of how archives are reached, such as a proxy."""
    said = commands.run(("apt-config", "dump", "--no-empty", "Acquire::http", "Acquire::https")).stdout
    return tuple(line.removesuffix(";") for line in said.splitlines())


def _archives(distribution: str) -> tuple[str, ...]:
    """Return those of this machine's archives that have a release of Debian, as apt's lines; nothing if none has."""
    said = commands.run(("apt-get", "indextargets", "--format", _FIELDS, "Created-By: Packages")).stdout
    wanted = (distribution, f"{distribution}-updates", f"{distribution}-security")
    found: dict[tuple[str, str, str], list[str]] = {}
    complete = False
    for line in said.splitlines():
        origin, codename, address, release, component, signed_by = line.split("\t")
        if origin == "Debian" and codename in wanted:
            found.setdefault((signed_by, address, release), []).append(component)
            complete |= codename == distribution
    return tuple(_archive(*archive, components) for archive, components in found.items()) if complete else ()


def _archive(signed_by: str, address: str, release: str, components: list[str]) -> str:
    # Apt leaves the name of a field that it does not have.
    options = f" [signed-by={signed_by}]" if signed_by.startswith("/") else ""
    return f"deb{options} {address} {release} {' '.join(dict.fromkeys(components))}"


def _problems(said: Iterator[str], tell: Callable[[str], None]) -> list[str]:
    """Return the problems that the script tells of, among all that is said."""
    found: list[str] = []
    for line in said:
        kind, _, text = line.partition(": ")
        if kind == "tell":
            tell(text)
        elif kind == "problem":
            found.append(text)
        elif kind == "said" and found:
            found[-1] += f"\n  {text}"
        elif kind == "report":
            found += _in_report(text)
    return found


def _in_report(text: str) -> list[str]:
    """Return what the process that loaded the application reports as its error."""
    try:
        error = json.loads(text)["error"]
        if error is None:
            return []
        places = [f"\n  {each['where']}: {each['message']}" for each in error["problems"]]
        frames = [f"\n  {line}" for line in error["frames"].splitlines()]
        return ["".join((f"the application does not load: {error['message']}", *places, *frames))]
    except (ValueError, KeyError, TypeError):
        return ["the application does not load: it said something that is no report"]
