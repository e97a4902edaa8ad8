"""The wheels that an application needs: resolved by pip, or uv and pip, in a child process, or as installed.

What runs whose code: only wheels are taken (``--only-binary=:all:``), and taking them apart runs nothing of theirs.
The one exception is a project's own folder, whose build back end has to run to make a wheel of it; and a direct
reference in a requirement (a folder, an archive of sources, a repository) would do the same, so that a requirements
file with one is refused. As root neither pip nor a back end is ever run: it is done as another user, or not at all.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from svcctl.errors import (
    CommandError,
    ConfigurationError,
    PermissionDeniedError,
    Problem,
    ProblemsError,
)
from svcctl.generate.debian.wheel import Wheel
from svcctl.host import commands, pip_messages
from svcctl.host.wheel_platforms import here, platforms, uv_platform
from svcctl.host.wheels import read_installed, read_wheel
from svcctl.posix import pwd

_TIME_LIMIT = 900.0
_VARIABLES = re.compile(
    r"(PIP|UV)_\w+|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE", re.IGNORECASE
)
_CONTINUED = re.compile(r"\\\r?\n")
_COMMENT = re.compile(r"(^|\s)#.*")
_DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_REFUSED_OPTION = re.compile(r"(-e|--editable|--no-binary|--use-pep517|--config-settings?|--global-option)\b")
_REFERENCE = re.compile(r"[@/\\]|^\.|\.(tar\.\w+|tgz|zip|whl)$")
_SITE = (
    "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_path('platlib'), sep='\\n')"
)


class ResolutionError(ProblemsError):
    """The wheels of an application cannot be had."""

    code = "resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """How wheels are looked for, and for what.

    Attributes:
        python: Path of an interpreter that has pip.
        version: Minor version of the target's python3, such as ``3.11``.
        architecture: Debian's name of the target's architecture.
        glibc: Version of the target's C library, such as ``2.36``.
        user: Whom to run pip and build back ends as; needed as root, and of no use otherwise.
        folders: Folders with wheels, beside the index.
        index: Also ask the index that pip is set up for.
        uv: Path of uv, which resolves for another version and platform than those it runs on; empty for none.
    """

    python: str
    version: str
    architecture: str
    glibc: str
    user: str | None = None
    folders: tuple[str, ...] = ()
    index: bool = True
    uv: str = ""


def from_requirements(path: Path, resolver: Resolver) -> tuple[Wheel, ...]:
    """Return the wheels that a requirements file with digests names.

    Args:
        path: The file. Each requirement in it has a version and digests, also those that others need.
        resolver: How.

    Raises:
        ResolutionError: The file asks for more than wheels, lacks digests, or something in it cannot be had.
        ConfigurationError: The file cannot be read, or the target is not what pip runs on and there is no uv.
        PermissionDeniedError: As root, without another user.
        WheelError: What was got is damaged.
    """
    text = _read(path)
    _refuse(path, text)
    with _workplace(resolver) as (asked, folder):
        file = asked / "requirements.txt"
        file.write_text(text, encoding="utf-8")
        _download(resolver, folder, ("--require-hashes", "--requirement", str(file)))
        return _meant(_wheels(folder), text)


def from_project(path: Path, resolver: Resolver, extras: tuple[str, ...] = ()) -> tuple[Wheel, ...]:
    """Build a wheel of a project and return it with those that it needs.

    The project's build back end is run, as the resolver's user.

    Args:
        path: A folder with ``pyproject.toml``.
        resolver: How.
        extras: Which of its extras are wanted.

    Raises:
        ResolutionError: It does not build, or something that it needs cannot be had.
        ConfigurationError: It has no ``pyproject.toml``, or as for :func:`from_requirements`.
        PermissionDeniedError: As root, without another user.
        WheelError: What was built or got is damaged.
    """
    if not (path / "pyproject.toml").is_file():
        raise ConfigurationError(f"{path} has no pyproject.toml", hint="give the project's folder")
    with _workplace(resolver) as (asked, folder):
        built = folder / "built"
        arguments = (
            "wheel",
            "--no-deps",
            "--wheel-dir",
            str(built),
            *_sources(resolver),
            str(path.absolute()),
        )
        _pip(resolver, folder, arguments, f"building {path.name}")
        own = next(iter(sorted(built.glob("*.whl"))), None)
        if own is None:
            raise ResolutionError("no wheel was built", (Problem(str(path), "its back end left none"),))
        wheel = read_wheel(own)
        wanted = f"[{','.join(extras)}]" if extras else ""
        needs = asked / "requirements.in"
        needs.write_text(f"{wheel.metadata.name}{wanted} @ {own.as_uri()}\n", encoding="utf-8")
        _download(resolver, folder, ("--requirement", str(needs)))
        return _wheels(folder)


def from_environment(python: str, resolver: Resolver, without: Collection[str] = ()) -> tuple[Wheel, ...]:
    """Return what is installed in a virtual environment.

    Nothing is asked or downloaded; the interpreter is run once, to say where its packages are.

    Args:
        python: Path of the environment's interpreter.
        resolver: For what; how does not matter.
        without: Names of distributions to leave out, such as the application's own where it is used in place.

    Raises:
        ConfigurationError: It is of another version or architecture than the target's.
        PermissionDeniedError: As root, without another user.
        CommandError: The interpreter does not run.
        ProblemsError: As :func:`~svcctl.host.wheels.read_installed`.
    """
    _refuse_root(resolver)
    said = commands.run([python, "-I", "-c", _SITE], user=resolver.user).stdout.split("\n")
    version, site = said[0], said[1]
    if (version, here()) != (resolver.version, resolver.architecture):
        raise ConfigurationError(
            f"{python} is Python {version} on {here()}, and the package is for "
            f"{resolver.version} on {resolver.architecture}",
            hint="give pyproject.toml or a requirements file instead: wheels of the target are got for it",
        )
    return read_installed(Path(site), without=without)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"cannot read {path}: {why}", hint="give a requirements file") from error


def _refuse(path: Path, text: str) -> None:
    """Refuse what would run code, and what is not held against a digest."""
    problems = []
    for line in _CONTINUED.sub(" ", text).splitlines():
        words = _COMMENT.sub("", line).strip()
        if _REFUSED_OPTION.match(words) or (words.startswith(("-r", "-c", "--requirement", "--constraint"))):
            problems.append(Problem(str(path), f"{words!r}: only requirements with digests are taken"))
        elif words and not words.startswith("-"):
            name = words.split()[0]
            if _REFERENCE.search(words.partition(" --")[0].partition(";")[0].strip()):
                problems.append(Problem(str(path), f"{name} is got by its address, where it might run code"))
            elif "--hash=" not in words:
                problems.append(Problem(str(path), f"{name} has no digest (--hash=sha256:...)"))
    if problems:
        hint = (
            "let a tool write it, as with pip-compile --generate-hashes or uv pip compile --generate-hashes"
        )
        raise ResolutionError("the requirements cannot be used", tuple(problems), hint=hint)


def _refuse_root(resolver: Resolver) -> None:
    if os.geteuid() == 0 and resolver.user in (None, "root"):
        raise PermissionDeniedError(
            "wheels are not resolved as root: a build back end, or pip itself, would run with all rights",
            hint="run the command as an ordinary user; making a package needs no rights",
        )


@contextmanager
def _workplace(resolver: Resolver) -> Iterator[tuple[Path, Path]]:
    """Give a folder for what pip is asked, which is ours alone, and one for what it gets, which is its user's."""
    _refuse_root(resolver)
    with tempfile.TemporaryDirectory(prefix="svcctl-wheels-") as name:
        asked, got = Path(name), Path(name, "got")
        got.mkdir(mode=0o700)
        if resolver.user is not None and os.geteuid() == 0:
            shutil.chown(got, user=resolver.user)
            os.chown(asked, -1, pwd.getpwnam(resolver.user).pw_gid)
            asked.chmod(0o750)
        yield asked, got


def _download(resolver: Resolver, folder: Path, arguments: tuple[str, ...]) -> None:
    """Get wheels into the folder; where pip would judge conditions by the wrong Python, those that uv chooses."""
    if not _is_here(resolver):
        arguments = _locked(resolver, folder, arguments[-1])
    target = [
        part for each in platforms(resolver.architecture, resolver.glibc) for part in ("--platform", each)
    ]
    tag = f"cp{resolver.version.replace('.', '')}"
    command = (
        *("download", "--only-binary=:all:", "--dest", str(folder)),
        *("--implementation", "cp", "--python-version", resolver.version),
        *("--abi", tag, "--abi", "abi3", "--abi", "none"),
        *target,
        *_sources(resolver),
        *arguments,
    )
    _pip(resolver, folder, command, "looking for the wheels")


def _is_here(resolver: Resolver) -> bool:
    said = commands.run([resolver.python, "-I", "-c", _SITE], user=resolver.user).stdout.split("\n")
    return (said[0], here()) == (resolver.version, resolver.architecture)


def _locked(resolver: Resolver, folder: Path, wanted: str) -> tuple[str, ...]:
    """Let uv choose the versions for the target, and return the arguments with which pip gets just these."""
    if not resolver.uv:
        raise ConfigurationError(
            f"pip judges by its own Python what is needed, and that is not {resolver.version} on "
            f"{resolver.architecture}",
            hint="install uv, or build with the Python and on the architecture that the package is for",
        )
    file = folder / "locked.txt"
    command = (
        *(
            resolver.uv,
            "pip",
            "compile",
            "--quiet",
            "--no-config",
            "--generate-hashes",
            "--only-binary",
            ":all:",
        ),
        *("--python-version", resolver.version),
        *("--python-platform", uv_platform(resolver.architecture, resolver.glibc)),
        *("--output-file", str(file), *_sources(resolver), wanted),
    )
    try:
        commands.run(
            command, time_limit=_TIME_LIMIT, user=resolver.user, variables=_variables(resolver, folder)
        )
    except CommandError as error:
        if error.status is None:
            raise
        problem = Problem("uv", " ".join(error.output.split()) or "it gave no reason")
        raise ResolutionError("the wheels cannot be resolved", (problem,)) from error
    return ("--no-deps", "--requirement", str(file))


def _sources(resolver: Resolver) -> tuple[str, ...]:
    folders = (part for each in resolver.folders for part in ("--find-links", str(Path(each).absolute())))
    return (*folders, *(() if resolver.index else ("--no-index",)))


def _pip(resolver: Resolver, folder: Path, arguments: tuple[str, ...], doing: str) -> None:
    command = [resolver.python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    variables = _variables(resolver, folder)
    done = commands.run(command, accept=None, time_limit=_TIME_LIMIT, user=resolver.user, variables=variables)
    if not done.status:
        return
    if pip_messages.is_about_choice(done.stderr):  # ask again for what was seen and passed over
        detailed = [*command[:4], "--verbose", "--verbose", *command[4:]]
        done = commands.run(
            detailed, accept=None, time_limit=_TIME_LIMIT, user=resolver.user, variables=variables
        )
    problems = pip_messages.problems(f"{done.stdout}\n{done.stderr}")
    raise ResolutionError(f"{doing} failed", problems, hint=pip_messages.hint(problems))


def _variables(resolver: Resolver, folder: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if _VARIABLES.fullmatch(name)}
    return kept | ({"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")} if resolver.user else {})


def _wheels(folder: Path) -> tuple[Wheel, ...]:
    """Read all wheels in a folder, side by side: most of it is decompression, which needs no lock of Python's."""
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(read_wheel, sorted(folder.glob("*.whl"))))


def _meant(wheels: tuple[Wheel, ...], text: str) -> tuple[Wheel, ...]:
    """Hold what was read against the digests once more: it lay where whom pip was run as could exchange it."""
    digests = set(_DIGEST.findall(text))
    others = [wheel.metadata for wheel in wheels if digests and wheel.sha256 not in digests]
    if others:
        problems = (
            Problem(f"{each.name} {each.version}", "is not what the requirements say") for each in others
        )
        raise ResolutionError("the wheels were altered after they had been got", tuple(problems))
    return wheels
