from __future__ import annotations

from svcctl.errors import Problem
from svcctl.generate.debian.elf import read_elf
from svcctl.generate.debian.shlibs import (
    Introduced,
    Library,
    dependencies,
    read_shlibs,
    read_symbols,
    sort_key,
    wanted_sonames,
)
from tests.fakes.elf_files import Needs, make_elf

LIBC = """\
ld-linux-x86-64.so.2 libc6 #MINVER#
| libc6 (>> 2.36), libc6 (<< 2.37)
 GLIBC_2.2.5@GLIBC_2.2.5 2.2.5
libc.so.6 libc6 #MINVER#
| libc6 (>> 2.36), libc6 (<< 2.37)
* Build-Depends-Package: libc6-dev
 GLIBC_2.14@GLIBC_2.14 2.14
 GLIBC_2.2.5@GLIBC_2.2.5 2.2.5
 GLIBC_2.34@GLIBC_2.34 2.34
 GLIBC_PRIVATE@GLIBC_PRIVATE 0 1
 __private@GLIBC_PRIVATE 0 1
#MISSING: 2.30# gone@GLIBC_2.2.5 2.2.5
 (optional)*@FOO 1
 __libc_start_main@GLIBC_2.34 2.34
 memcpy@GLIBC_2.14 2.14
 printf@GLIBC_2.2.5 2.2.5
"""
NCURSES = """\
libncurses.so.6 libncurses6 #MINVER#, libncurses6-data
| libncurses6 #MINVER#, libncurses6 (<< 6.5~)
 plain@Base 6
 inside@NCURSES_PRIVATE 6.1 1
"""
LIBRARIES = read_symbols(LIBC, ["libc.so.6"]) | read_symbols(NCURSES, ["libncurses.so.6"])


def depends(**files: bytes) -> tuple[str, ...]:
    """Return what files below /usr/lib/x depend on; there are no problems."""
    found = dependencies(
        {f"/usr/lib/x/{name}.so": read_elf(content) for name, content in files.items()}, LIBRARIES
    )
    assert found.problems == ()
    return found.depends


def test_a_symbols_file_is_read_as_far_as_it_is_asked_for() -> None:
    """Templates, symbols, and nothing that is gone, a pattern, or of another library."""
    assert list(LIBRARIES) == ["libc.so.6", "libncurses.so.6"]
    libc = LIBRARIES["libc.so.6"]
    assert libc.templates == ("libc6 #MINVER#", "libc6 (>> 2.36), libc6 (<< 2.37)")
    assert libc.symbols["memcpy@GLIBC_2.14"] == Introduced("2.14", 0)
    assert libc.symbols["__private@GLIBC_PRIVATE"] == Introduced("0", 1)
    assert not [name for name in libc.symbols if name.startswith(("gone", "(", "*"))]


def test_the_newest_symbol_that_is_used_counts() -> None:
    """Over all files together."""
    old = make_elf(symbols=[Needs("printf", "GLIBC_2.2.5")])
    new = make_elf(symbols=[Needs("printf", "GLIBC_2.2.5"), Needs("memcpy", "GLIBC_2.14")])
    assert depends(old=old) == ("libc6 (>= 2.2.5)",)
    assert depends(old=old, new=new) == ("libc6 (>= 2.14)",)


def test_a_library_that_is_linked_but_not_used_is_needed_all_the_same() -> None:
    """In the oldest version that any of its symbols has: the file does not load without it."""
    assert depends(file=make_elf()) == ("libc6 (>= 2.2.5)",)


def test_a_symbol_may_ask_for_another_dependency() -> None:
    """One that only the same version of the library has."""
    private = make_elf(symbols=[Needs("__private", "GLIBC_PRIVATE")])
    assert depends(file=private) == ("libc6 (>= 2.2.5)", "libc6 (>> 2.36)", "libc6 (<< 2.37)")
    inside = make_elf(
        needed=["libncurses.so.6"], symbols=[Needs("inside", "NCURSES_PRIVATE", "libncurses.so.6")]
    )
    assert depends(file=inside) == ("libncurses6 (>= 6.1)", "libncurses6 (<< 6.5~)", "libncurses6-data")


def test_symbols_without_a_version_are_found_under_base() -> None:
    """That is what symbols files call it."""
    plain = make_elf(needed=["libncurses.so.6", "libc.so.6"], symbols=[Needs("plain")])
    assert depends(file=plain)[1:] == ("libncurses6 (>= 6)", "libncurses6-data")


def test_a_shlibs_file_gives_the_dependency_as_a_whole() -> None:
    """A line for the kind of package wins over one for all; comments and other kinds are passed over."""
    text = """\
# comment
libfoo 1 libfoo1 (>= 1.2), libfoo-data
udeb: libfoo 1 libfoo1-udeb
libbar 2 libbar2
deb: libbar 2 libbar2 (>= 2.1~)
libbaz 3.4 libbaz3.4
libnone 1
"""
    found = read_shlibs(text, ["libfoo.so.1", "libbar.so.2", "libbaz-3.4.so", "libother.so.1", "odd.so"])
    assert {soname: each.templates for soname, each in found.items()} == {
        "libfoo.so.1": ("libfoo1 (>= 1.2), libfoo-data",),
        "libbar.so.2": ("libbar2 (>= 2.1~)",),
        "libbaz-3.4.so": ("libbaz3.4",),
    }
    needing = {"/usr/lib/x/a.so": read_elf(make_elf(needed=["libfoo.so.1", "libbar.so.2"]))}
    assert dependencies(needing, found).depends == ("libbar2 (>= 2.1~)", "libfoo-data", "libfoo1 (>= 1.2)")


def test_what_another_file_of_the_package_provides_needs_no_package() -> None:
    """Found the way the dynamic linker does: by the search path, from where the file lies."""
    objects = {
        "/usr/lib/x/mod/a.so": read_elf(
            make_elf(needed=["libown-1.so", "libc.so.6"], runpath="$ORIGIN/../x.libs")
        ),
        "/usr/lib/x/x.libs/libown-1.so": read_elf(make_elf(soname="libown-1.so")),
    }
    assert wanted_sonames(objects) == {"libc.so.6"}
    assert dependencies(objects, LIBRARIES) == (("libc6 (>= 2.2.5)",), ())


def test_a_library_that_nobody_has_is_a_problem() -> None:
    """With the file that wants it."""
    found = dependencies({"/usr/lib/x/a.so": read_elf(make_elf(needed=["libodd.so.9"]))}, LIBRARIES)
    assert found.problems == (
        Problem(
            "/usr/lib/x/a.so",
            "libodd.so.9 is in no package of the target that is known here, nor in the package itself",
        ),
    )


def test_a_newer_c_library_than_the_targets_is_a_problem() -> None:
    """The dynamic linker would refuse the file; dpkg-shlibdeps only warns."""
    newer = read_elf(make_elf(symbols=[Needs("strlcpy", "GLIBC_2.38")]))
    found = dependencies({"/usr/lib/x/a.so": newer}, LIBRARIES)
    assert found.problems == (
        Problem("/usr/lib/x/a.so", "needs GLIBC_2.38 of libc.so.6, which the target lacks"),
    )


def test_a_library_without_versions_of_its_symbols_lacks_none() -> None:
    """Its symbols file then says nothing about them."""
    library = Library(
        soname="libv.so.1", templates=("libv1 #MINVER#",), symbols={"f@Base": Introduced("1", 0)}
    )
    file = read_elf(make_elf(needed=["libv.so.1"], symbols=[Needs("f", "V_2", "libv.so.1")]))
    assert dependencies({"/usr/lib/x/a.so": file}, {"libv.so.1": library}) == (("libv1 (>= 1)",), ())


def test_dependencies_are_sorted_by_package_relation_and_version() -> None:
    """An alternative by its first package."""
    mixed = ["b (<< 2)", "b (>= 1)", "a | c", "b"]
    assert sorted(mixed, key=sort_key) == ["a | c", "b", "b (>= 1)", "b (<< 2)"]
