"""A package of an application with 11 wheels, 6 of them with C code: svcctl deb beside what packages are made with today.

dh-virtualenv; a virtual environment packed by dpkg-deb; and one packed by fpm, which is not in Debian: ``--fpm`` names
a folder with the sources of fpm, ruby-arr-pm and pleaserun. All work in one bookworm system without a network, on the
same wheels, in turn; what counts is the ratio of the medians. Then the installed package's start to READY, beside that
of a virtual environment with the same distributions. Needs root.

    python -m benchmarks.deb [--runs 3] [--starts 30] [--fpm FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.debian.chroots import Chroot, chroot
from tests.systemd.trees import SUITES, bootstrap, download, kept
from tests.systemd.wheel import wheel

HERE = Path(__file__).parent
SUITE = SUITES["bookworm"]
PACKAGES = (
    *("build-essential", "debhelper", "dh-virtualenv", "fakeroot", "python3-dev", "python3-venv", "systemd"),
    *("ruby", "ruby-backports", "ruby-cabin", "ruby-clamp", "ruby-dotenv", "ruby-insist", "ruby-mustache"),
    *("ruby-rexml", "ruby-stud"),
)
APPLICATION_NEEDS = ("aiohttp", "uvloop")
BUILDERS = ("setuptools", "wheel")
COMMAND_NEEDS = ("psutil", "typer")
TIME_GOAL, SIZE_GOAL, START_GOAL = 0.07, 0.25, 1.05
LIMIT = 900.0

PIP = ("install", "--quiet", "--no-index", "--find-links=/shared/wheels")
SVCCTL = (
    *("deb", "/shared/site/site.tac", "--output", "/shared/made", "--no-lint", "--no-sockets"),
    *("--override", "maintainer=Ann Example <ann@example.org>"),
    *("--override", "licence=Apache-2.0", "--override", "copyright=2026 Ann Example"),
)
FROM_REQUIREMENTS = (
    *("--requirements", "/shared/site/project/requirements.txt"),
    *("--wheels", "/shared/wheels", "--no-index"),
)


class Made(NamedTuple):
    """One package that a tool has made.

    Attributes:
        seconds: How long it took.
        processor: Seconds of processor time in it, which others on the machine hardly change.
        size: The package's bytes.
    """

    seconds: float
    processor: float
    size: int


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--starts", type=int, default=30)
    parser.add_argument("--fpm", type=Path, help="folder with fpm, ruby-arr-pm and pleaserun")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shared = folder / "shared"
        prepare(shared, arguments.fpm)
        with chroot(workshop(), folder / "system", shared=shared) as tree:
            set_up(tree)
            well = packages(tree, shared, arguments.runs, with_fpm=arguments.fpm is not None)
            parts(tree, shared)
            well &= starts(tree, shared, arguments.starts)
    return 0 if well else 1


def workshop() -> Path:
    """Return a tree with all the tools, which is kept."""

    def build(work: Path) -> Path:
        bootstrap(SUITE, work / "root", PACKAGES)
        return work / "root"

    return kept(f"{SUITE.name}-benchmark", repr((SUITE, PACKAGES)), build)


def prepare(shared: Path, fpm: Path | None) -> None:
    """Fetch the wheels, and write the application in the form that each tool wants."""
    shared.mkdir()
    download(SUITE, shared / "wheels", (*APPLICATION_NEEDS, *COMMAND_NEEDS, *BUILDERS))
    download(SUITE, shared / "needs", APPLICATION_NEEDS)
    for path in (shared / "needs").glob("sdnotify-*"):
        path.unlink()
    shutil.copy(wheel(), shared / "wheels")
    shutil.copytree(HERE / "site", shared / "site")
    shutil.copy(HERE / "start.py", shared / "site")
    (shared / "site/project/requirements.txt").write_text("".join(requirements(shared / "needs")))
    if fpm is not None:
        shutil.copytree(fpm, shared / "fpm")


def requirements(wheels: Path) -> Iterator[str]:
    """Yield the lines of a requirements file with just these wheels."""
    found = sorted(wheels.glob("*.whl"))
    native = [path for path in found if not path.name.endswith("-any.whl")]
    print(f"{len(found)} wheels, {len(native)} of them with C code")
    for path in found:
        name, version = path.name.split("-")[:2]
        yield f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def set_up(tree: Chroot) -> None:
    """Install svcctl with its command, as a developer has it, beside what the application needs."""
    tree.run("python3", "-m", "venv", "/opt/svcctl")
    tree.run("/opt/svcctl/bin/pip", *PIP, "svcctl", *APPLICATION_NEEDS, timeout=LIMIT)


def packages(tree: Chroot, shared: Path, runs: int, *, with_fpm: bool) -> bool:
    """Have each tool make the package in turn, print how they did, and return whether the goals are met."""
    others = ("dh-virtualenv", "dpkg-deb", *(("fpm",) if with_fpm else ()))
    tools: dict[str, tuple[str, ...]] = {
        "svcctl deb": ("/opt/svcctl/bin/svcctl", *SVCCTL, *FROM_REQUIREMENTS),
        "svcctl deb, as installed": ("/opt/svcctl/bin/svcctl", *SVCCTL),
        **{tool: ("sh", "/shared/site/pack.sh", tool) for tool in others},
    }
    made: dict[str, list[Made]] = {tool: [] for tool in tools}
    for run, (tool, command) in itertools.product(range(runs + 1), tools.items()):
        result = make(tree, shared, command)
        print(f"{tool}: {result.seconds:.2f} s", file=sys.stderr, flush=True)
        if run:  # the first one warms the caches
            made[tool].append(result)
    peer, well = median(made["dh-virtualenv"]), True
    for tool, results in made.items():
        each = median(results)
        shares = [one / whole for one, whole in zip(each, peer, strict=True)]
        print(
            f"{tool:>25}: {each.seconds:6.2f} s ({shares[0]:.3f}), processor {each.processor:6.2f} s ({shares[1]:.3f}), "
            f"{each.size / 1e6:5.2f} MB ({shares[2]:.3f})"
        )
        if tool.startswith("svcctl"):
            well &= shares[0] <= TIME_GOAL and shares[2] <= SIZE_GOAL
    print(f"{'(of dh-virtualenv)':>25}: goals {TIME_GOAL} and {SIZE_GOAL}: {'ok' if well else 'FAILED'}")
    return well


def parts(tree: Chroot, shared: Path) -> None:
    """Print what svcctl deb spends its time on."""
    command = ("/opt/svcctl/bin/python3", "/shared/site/parts.py", *SVCCTL, *FROM_REQUIREMENTS)
    shutil.rmtree(shared / "made")
    said = tree.run(*command, timeout=LIMIT).stdout.splitlines()[-1]
    spent = (f"{name} {seconds:.2f} s" for name, seconds in json.loads(said).items())
    print(f"{'svcctl deb':>25}: {', '.join(spent)}")


def starts(tree: Chroot, shared: Path, runs: int) -> bool:
    """Install the package, compare its start with that of a virtual environment, and return whether the goal is met."""
    make(tree, shared, ("/opt/svcctl/bin/svcctl", *SVCCTL, *FROM_REQUIREMENTS))
    (deb,) = (shared / "made").glob("*.deb")
    tree.run("dpkg", "--install", f"/shared/made/{deb.name}")
    tree.run("python3", "-m", "venv", "/opt/plain")
    tree.run("/opt/plain/bin/pip", *PIP, "--no-deps", "svcctl", "sdnotify", timeout=LIMIT)
    tree.run("/opt/plain/bin/pip", *PIP, *APPLICATION_NEEDS, timeout=LIMIT)
    said = tree.run("python3", "/shared/site/starts.py", str(runs), timeout=LIMIT).stdout
    times: dict[str, float] = {each: statistics.median(results) for each, results in json.loads(said).items()}
    ratio = times["package"] / times["virtual environment"]
    for each, seconds in times.items():
        print(f"{each:>25}: {1000 * seconds:6.1f} ms to READY")
    print(f"{'ratio':>25}: {ratio:6.2f} (goal {START_GOAL}): {'ok' if ratio <= START_GOAL else 'FAILED'}")
    return ratio <= START_GOAL


def median(results: list[Made]) -> Made:
    """Return the median of each figure."""
    return Made(
        statistics.median(each.seconds for each in results),
        statistics.median(each.processor for each in results),
        round(statistics.median(each.size for each in results)),
    )


def make(tree: Chroot, shared: Path, command: tuple[str, ...]) -> Made:
    """Have a tool make the package once."""
    folder = shared / "made"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    tree.run(*command, timeout=LIMIT)
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (deb,) = folder.glob("site_*.deb")
    return Made(elapsed, processor, deb.stat().st_size)


if __name__ == "__main__":
    sys.exit(main())
