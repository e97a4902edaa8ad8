from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from svcctl.errors import Problem, ProblemsError
from svcctl.generate.debian.bundle import Assembly, Target, assemble
from svcctl.generate.debian.layout import lay_out
from svcctl.generate.debian.model import ProgramFile
from svcctl.generate.debian.shlibs import Introduced, Library
from svcctl.generate.debian.wheel import Wheel
from tests.fakes.elf_files import MACHINES, Needs, make_elf
from tests.fakes.wheel_files import make_wheel

TARGET = Target(python="3.11", architecture="amd64", root="/usr/lib/echo")
LIBC = Library(
    soname="libc.so.6",
    templates=("libc6 #MINVER#",),
    symbols={
        "GLIBC_2.2.5@GLIBC_2.2.5": Introduced("2.2.5", 0),
        "GLIBC_2.34@GLIBC_2.34": Introduced("2.34", 0),
        "printf@GLIBC_2.2.5": Introduced("2.2.5", 0),
        "pthread_create@GLIBC_2.34": Introduced("2.34", 0),
    },
)
MODULE = make_elf(symbols=[Needs("pthread_create", "GLIBC_2.34")])
NATIVE = "cp311-cp311-manylinux_2_34_x86_64"


def bundled(*wheels: Wheel, application: Iterable[ProgramFile] = (), target: Target = TARGET) -> Assembly:
    """Return what becomes of wheels."""
    return assemble(wheels, lay_out(wheels, target.root, application), target, {"libc.so.6": LIBC})


def refused(*wheels: Wheel) -> tuple[Problem, ...]:
    """Return why nothing becomes of wheels."""
    with pytest.raises(ProblemsError) as caught:
        bundled(*wheels)
    return caught.value.problems


def test_pure_wheels_run_everywhere() -> None:
    """Bound to the versions of python3 that they name, and to nothing else."""
    bundle = bundled(
        make_wheel("one", metadata="License-Expression: MIT\nRequires-Python: >=3.8\n"),
        make_wheel("two", metadata="License-Expression: MIT\nRequires-Python: >=3.9,<4\n"),
    ).bundle
    assert (bundle.architecture, bundle.depends, bundle.requires_python) == (
        "all",
        ("python3:any (>= 3.9~)",),
        "3.9",
    )
    assert [file.path for file in bundle.files] == [
        "/usr/lib/echo/one-1.0.dist-info/METADATA",
        "/usr/lib/echo/one.py",
        "/usr/lib/echo/two-1.0.dist-info/METADATA",
        "/usr/lib/echo/two.py",
    ]


def test_a_compiled_module_binds_to_architecture_minor_version_and_libraries() -> None:
    """Each relation on its own, sorted."""
    bundle = bundled(make_wheel("fast", {"fast.cpython-311-x86_64-linux-gnu.so": MODULE}, tag=NATIVE)).bundle
    assert bundle.architecture == "amd64"
    assert bundle.depends == ("libc6 (>= 2.34)", "python3 (>= 3.11~)", "python3 (<< 3.12)")
    assert bundle.files[1].mode == 0o644


def test_a_module_of_the_stable_abi_has_a_lower_bound_alone() -> None:
    """The next python3 loads it, too."""
    wheel = make_wheel("fast", {"fast.abi3.so": MODULE}, tag="cp37-abi3-manylinux_2_34_x86_64")
    assert bundled(wheel).bundle.depends == ("libc6 (>= 2.34)", "python3 (>= 3.7~)")


def test_a_module_that_was_read_from_where_it_is_installed_binds_by_its_name() -> None:
    """There may be no tags then; a module without one in its name is taken to fit this python3 alone."""
    tagless = [
        replace(make_wheel("fast", {name: MODULE}), tags=())
        for name in ("fast.cpython-311-x86_64-linux-gnu.so", "fast.so", "fast.abi3.so")
    ]
    exact = ("libc6 (>= 2.34)", "python3 (>= 3.11~)", "python3 (<< 3.12)")
    assert [bundled(wheel).bundle.depends for wheel in tagless] == [
        exact,
        exact,
        ("libc6 (>= 2.34)", "python3"),
    ]


def test_what_nobody_needs_at_run_time_is_left_out() -> None:
    """Bytecode, what installers note, sources of compiled modules, programs, headers, tests."""
    names = ("m.py", "m.pyi", "data.json", "py.typed")
    dropped = ("m.c", "m.pyx", "m.pxd", "inc/m.h", "tests/test_m.py", "__pycache__/m.cpython-311.pyc")
    files = {f"m/{name}": b"" for name in (*names, *dropped)}
    info = "m-1.0.dist-info"
    files |= {
        f"{info}/{name}": b"x"
        for name in ("INSTALLER", "direct_url.json", "top_level.txt", "entry_points.txt", "REQUESTED")
    }
    files |= {
        "m-1.0.data/scripts/m": b"#!python",
        "m-1.0.data/headers/m.h": b"",
        "m-1.0.data/purelib/n.py": b"",
    }
    bundle = bundled(make_wheel("m", files)).bundle
    assert [file.path.removeprefix("/usr/lib/echo/") for file in bundle.files] == [
        f"{info}/METADATA",
        f"{info}/entry_points.txt",
        "m/data.json",
        "m/m.py",
        "m/m.pyi",
        "m/py.typed",
        "n.py",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_metadata_stay_without_the_page_that_an_index_shows(end: str) -> None:
    """All fields are read at run time, the long description is not; where it is a field, it stays one."""
    fields = f"License-Expression: MIT{end}Description: One{end}        two{end}"
    wheel = make_wheel("m", metadata=f"{fields}{end}# Long{end}{end}text{end}")
    (file,) = (each for each in bundled(wheel).bundle.files if each.path.endswith("/METADATA"))
    assert file.content.decode().endswith(f"\n{fields}")


def test_tests_that_the_program_itself_imports_stay() -> None:
    """Some distributions have parts of their code there."""
    files = {"m/__init__.py": b"import os\nfrom m.tests.support import x\n", "m/tests/support.py": b"x = 1\n"}
    paths = [file.path for file in bundled(make_wheel("m", files)).bundle.files]
    assert "/usr/lib/echo/m/tests/support.py" in paths


def test_files_for_the_whole_installation_are_told_of() -> None:
    """They have no place in a private folder."""
    (diagnostic,) = bundled(make_wheel("m", {"m-1.0.data/data/share/man/man1/m.1": b""})).diagnostics
    assert (diagnostic.severity, diagnostic.subject) == ("warning", "m")
    assert "share/man/man1/m.1" in diagnostic.message


def test_texts_of_licences_go_to_the_component() -> None:
    """Wherever the wheel has them, and out of the files."""
    info = "m-1.0.dist-info"
    files = {
        f"{info}/licenses/LICENSE": b"Permission\r\n",
        f"{info}/licenses/vendor/COPYING": b"copying",
        f"{info}/NOTICE.txt": b"notice",
        f"{info}/terms.md": b"terms",
        "m/__init__.py": b"",
        "m/LICENSE": b"own",
    }
    metadata = (
        "License-Expression: MIT AND ISC\nLicense-File: terms.md\nSummary: Does m\n"
        "Project-URL: Documentation, https://d.example\nProject-URL: Source, https://s.example\n"
    )
    bundle = bundled(make_wheel("m", files, metadata=metadata)).bundle
    (component,) = bundle.components
    assert component.licence == "MIT AND ISC"
    assert component.licence_texts == (
        ("LICENSE", "Permission\n"),
        ("NOTICE.txt", "notice"),
        ("terms.md", "terms"),
        ("vendor/COPYING", "copying"),
    )
    assert (component.name, component.version, component.summary) == ("m", "1.0", "Does m")
    assert (component.homepage, component.sha256) == ("https://s.example", "0" * 64)
    assert component.paths == ("/usr/lib/echo/m-1.0.dist-info/", "/usr/lib/echo/m/")
    assert f"/usr/lib/echo/{info}/NOTICE.txt" not in [file.path for file in bundle.files]


def test_a_licence_that_is_given_wins() -> None:
    """A person has looked; the name may be spelled in any way."""
    layout = lay_out([make_wheel("My_App", metadata="")], "/usr/lib/echo", licences={"my.app": "ISC"})
    assert [component.licence for component in layout.components] == ["ISC"]
    assert layout.problems == ()


def test_what_is_a_components_own_is_told_apart() -> None:
    """The outermost folders that nobody else has files in; a file that two have is nobody's own."""
    one = make_wheel(
        "one", {"ns/__init__.py": b"", "ns/a/one/x.py": b"", "ns/a/one/y.py": b"", "one.py": b""}
    )
    two = make_wheel("two", {"ns/__init__.py": b"", "ns/a/two.py": b"", "two/__init__.py": b""})
    own = ProgramFile(path="/usr/lib/echo/two/extra.py", content=b"")
    first, second = bundled(one, two, application=[own]).bundle.components
    assert first.paths == (
        "/usr/lib/echo/ns/a/one/",
        "/usr/lib/echo/one-1.0.dist-info/",
        "/usr/lib/echo/one.py",
    )
    assert second.paths == (
        "/usr/lib/echo/ns/a/two.py",
        "/usr/lib/echo/two-1.0.dist-info/",
        "/usr/lib/echo/two/__init__.py",
    )


def test_the_applications_own_files_are_among_them() -> None:
    """At the paths that they were given."""
    own = ProgramFile(path="/usr/lib/echo/echo.tac", content=b"application = 1\n")
    assert own in bundled(make_wheel("m"), application=[own]).bundle.files


def test_a_file_that_two_wheels_have_must_be_the_same() -> None:
    """As the empty beginning of a shared namespace is."""
    same = [make_wheel(name, {"ns/__init__.py": b"", f"ns/{name}.py": b""}) for name in ("one", "two")]
    assert len(bundled(*same).bundle.files) == 5
    other = make_wheel("three", {"ns/__init__.py": b"x"})
    assert refused(same[0], other) == (
        Problem("/usr/lib/echo/ns/__init__.py", "one and three both have it, and not the same"),
    )


def test_everything_that_stands_in_the_way_is_told_at_once() -> None:
    """A missing licence, another Python, another platform, a damaged file, a newer C library."""
    newer = make_elf(symbols=[Needs("strlcpy", "GLIBC_2.38")])
    found = refused(
        make_wheel("a", metadata=""),
        make_wheel("b", metadata="License-Expression: MIT\nRequires-Python: >=3.12\n"),
        make_wheel("c", tag="cp311-cp311-macosx_11_0_arm64"),
        make_wheel("d", {"d.so": b"\x7fELF"}),
        make_wheel("e", {"e.so": newer}, tag=NATIVE),
        make_wheel("f", {"f.cpython-312-x86_64-linux-gnu.so": MODULE}, tag=NATIVE),
        make_wheel("g", {"g.so": make_elf(machine=MACHINES["arm64"])}, tag=NATIVE),
    )
    assert [problem.where for problem in found] == [
        "a 1.0",
        "/usr/lib/echo/d.so",
        "/usr/lib/echo/g.so",
        "b 1.0",
        "c 1.0",
        "/usr/lib/echo/f.cpython-312-x86_64-linux-gnu.so",
        "/usr/lib/echo/e.so",
    ]
    assert "GLIBC_2.38" in found[-1].message
    assert "macosx_11_0_arm64" in found[4].message
    assert "is for arm64" in found[2].message


def test_odd_shared_objects_are_told_of() -> None:
    """A stack that can be executed, a search path that leads out of the package."""
    files = {
        "odd.so": make_elf(stack=7),
        "out.so": make_elf(runpath="$ORIGIN/../../up:/opt/lib:$ORIGIN/own"),
    }
    stack, search = bundled(make_wheel("odd", files, tag=NATIVE)).diagnostics
    assert "stack" in stack.message
    assert search.message == "looks for libraries outside of the package: $ORIGIN/../../up, /opt/lib"


def test_the_order_of_the_wheels_does_not_matter() -> None:
    """The same input gives the same bytes."""
    wheels = [make_wheel(name) for name in ("b", "A", "c")]
    assert bundled(*wheels) == bundled(*reversed(wheels))
    assert [each.name for each in bundled(*wheels).bundle.components] == ["A", "b", "c"]
