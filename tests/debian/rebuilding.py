"""Source packages of applications, and what dpkg and debhelper make of them.

They are built without a network, by a user without rights, in a tree that has build-essential and debhelper alone:
more than they say they need would be found missing by dpkg-checkbuilddeps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from svcctl.generate.debian.archive import archive, file_name
from svcctl.generate.debian.changes import Artefact
from svcctl.generate.debian.model import Bundle
from svcctl.generate.debian.render import render
from svcctl.generate.debian.source import SourcePackage, render_source
from svcctl.operations.packaging.source import write_source
from tests.debian.apps import App
from tests.debian.build import Parts, Program, plain, settled
from tests.debian.chroots import chroot
from tests.systemd.trees import SUITES, Suite, bootstrap, kept

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
        bundle: What is in both.
    """

    source: SourcePackage
    deb: Artefact
    bundle: Bundle


def make(program: Program, folder: Path, parts: Parts, **given: Any) -> Made:  # noqa: ANN401 (options of several types)
    """Make the packages of an application; see :func:`tests.debian.build.settled`."""
    values = settled(program, folder, parts, **given)
    package = render(*values)
    deb = Artefact(file_name(package), archive(package, values.options.source_date_epoch))
    return Made(render_source(*values), deb, values.bundle)


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
        program = Program(self.program.source, self.name, port or self.program.port, version, changes)
        suite = self.machine.suite
        made = make(program, self.folder, plain(suite), **given)
        (deb,) = (rebuilt(made.source, suite) / "built").glob("*.deb")
        path = f"/root/{deb.name}"
        self.machine.write(path, deb.read_bytes())
        return path


if __name__ == "__main__":
    for suite in SUITES.values():
        builder(suite)
