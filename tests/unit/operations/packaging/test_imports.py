from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.operations.packaging.imports import imported


def test_imports_are_found_wherever_they_stand() -> None:
    """In functions, branches and classes as well."""
    source = b"""
import a.b as c, d
def f():
    from e.f import g
    if f:
        import h
class K:
    try:
        import i
    except ImportError:
        import j
async def k(): import l
"""
    assert imported(source) == set("adehijl")


def test_imports_by_name_count_if_the_name_is_written_out() -> None:
    """Of both functions that import so."""
    source = b"""
import_module("a.b"); importlib.import_module("c"); __import__("d")
import_module(name); import_module(".e", "f"); other("g"); import_module()
"""
    assert imported(source) == set("acd")


def test_relative_imports_stay_within_their_package() -> None:
    """They say nothing about what lies beside it."""
    assert imported(b"from . import a\nfrom .b import c\nfrom .. import d") == set()


def test_what_is_no_source_imports_nothing() -> None:
    """Other Pythons, templates, binary data, sources that Python warns of."""
    for source in (
        b"print 'x'; import a",
        b"\0import a",
        b"# coding: nothing\nimport a",
        b"\xff\xfe",
        b"(" * 10_000,
    ):
        assert imported(source) == set()
    assert imported(b"import a; x = '\\d'; assert (x, 1)") == {"a"}


@given(st.binary())
def test_any_bytes_give_names(source: bytes) -> None:
    """And never an error."""
    assert all(isinstance(name, str) for name in imported(source))
