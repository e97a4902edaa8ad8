"""Source packages of applications, and what dpkg and debhelper make of them.

They are built without a network, by a user without rights, in a tree that has build-essential and debhelper alone:
more than they say they need would be found missing by dpkg-checkbuilddeps.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from svcctl.generate.debian.archive import archive, file_name
from svcctl.generate.debian.changes import Artefact
from svcctl.generate.debian.model import DebianOptions, ProgramFile
from svcctl.generate.debian.releases import RELEASES
from svcctl.generate.debian.render import render
from svcctl.generate.debian.source import SourcePackage, render_source
from svcctl.generate.debian.wheel import Wheel
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.generate.systemd.render import render as render_units
from svcctl.loading.describe import describe
from svcctl.operations.packaging.source import write_source
from tests.debian.apps import App
from tests.debian.build import TERMS, Program, _bundle, _placed, _units
from tests.debian.chroots import chroot
from tests.debian.wheels import runner
from tests.systemd.trees import REPOSITORY, Suite, bootstrap, kept

BUILDER = ("build-essential", "debhelper")
#: What builds it, with a umask that would show; nobody keeps what is built, so that it need not be small.
BUILD = """
umask 0002
set -e
export DPKG_DEB_COMPRESSOR_LEVEL=0
mkdir /tmp/work
cd /tmp/work
export HOME=/tmp/work
dpkg-source --no-check -x /shared/*.dsc unpacked
cd unpacked
dpkg-checkbuilddeps
dpkg-buildpackage -us -uc -b
cp ../*.deb /shared/built/
"""
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class Made(NamedTuple):
    """An application's packages, both written directly.

    Attributes:
        source: The source package.
        deb: The binary package.
    """

    source: SourcePackage
    deb: Artefact


def make(program: Program, folder: Path, suite: Suite, wheels: Sequence[Wheel], **given: Any) -> Made:  # noqa: ANN401 (options of several types)
    """Make the packages of an application; see :func:`tests.debian.build.build`."""
    file = folder / f"{program.name}.tac"
    file.write_text(program.text())
    variables = {"PYTHONPATH": str(REPOSITORY / "src")}
    described = describe(str(file), python=sys.executable, user=None, environment=variables, time_limit=60.0)
    release = next(each for each in RELEASES.values() if each.name == suite.name)
    own = ProgramFile(path=_placed(program), content=file.read_bytes())
    bundle = _bundle(program.name, release, wheels, own)
    of_units = SystemdOptions.__dataclass_fields__.keys() - {"version"}
    ours = {name: given.pop(name) for name in of_units & given.keys()}
    usual = {"package": program.name, "distribution": release.name, "source_date_epoch": release.date}
    options = DebianOptions(**{**usual, "licence": TERMS, **given})
    units = render_units(described.manifest, _units(program, release, ours))
    package = render(described.manifest, options, bundle, units)
    deb = Artefact(file_name(package), archive(package, options.source_date_epoch))
    return Made(render_source(described.manifest, options, bundle, units), deb)


def rebuilt(source: SourcePackage, suite: Suite) -> Path:
    """Return a folder with a written source package, and in ``built`` what was built of it; both are kept."""
    recipe = repr((suite, BUILDER, BUILD, source))
    return kept(f"{suite.name}-rebuilt", recipe, lambda work: _rebuild(source, suite, work))


def _rebuild(source: SourcePackage, suite: Suite, work: Path) -> Path:
    shared = work / "shared"
    write_source(shared, source.options, source=source)
    (shared / "built").mkdir()
    (shared / "built").chmod(0o777)
    shared.chmod(0o755)
    with chroot(builder(suite), work / "tree", shared=shared) as tree:
        said = tree.run(*NOBODY, "sh", "-c", BUILD)
    (shared / "log").write_text(said.stdout)
    return shared


def builder(suite: Suite) -> Path:
    """Return the tree that has what a source package says it needs, and what all of them need."""
    return kept(f"{suite.name}-builder", repr((suite, BUILDER)), lambda work: _bootstrap(suite, work))


def _bootstrap(suite: Suite, work: Path) -> Path:
    bootstrap(suite, work / "root", BUILDER)
    return work / "root"


class RebuiltApp(App):
    """An application whose packages debhelper builds."""

    __slots__ = ()

    def build(
        self,
        version: str = "1.0.0",
        *changes: tuple[str, str],
        port: int | None = None,
        **given: Any,  # noqa: ANN401 (options of several types)
    ) -> str:
        """Make a package of a version and put it on the machine; return its path there."""
        program = Program("repeater", self.name, port or self.program.port, version, changes)
        suite = self.machine.suite
        made = make(program, self.folder, suite, runner(suite), **given)
        (deb,) = (rebuilt(made.source, suite) / "built").glob("*.deb")
        path = f"/root/{deb.name}"
        self.machine.write(path, deb.read_bytes())
        return path
