from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError
from svcctl.host import environment


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=b", {"A": "b"}),
        ("A=b=c", {"A": "b=c"}),
        ("A=", {"A": ""}),
        ("  A = b  ", {"A": "b"}),
        ("A=b\nA=c", {"A": "c"}),
        ("# A=b\n; C=d\n\nE=f", {"E": "f"}),
        ("A='b # \\c'", {"A": "b # \\c"}),
        ('A="b \\"c\\" \\n"', {"A": 'b "c" \\n'}),
        ("A=b\\\nc", {"A": "bc"}),
        ("A=b\\ c", {"A": "b c"}),
        ("no assignment\n1A=b\nexport B=c", {}),
    ],
)
def test_variables_are_read_as_systemd_does(text: str, found: dict[str, str]) -> None:
    """Comments, quotes, continued lines; what is none is ignored."""
    assert environment.parse(text) == found


def test_a_missing_file_is_an_error_unless_it_may_be_missing(tmp_path: Path) -> None:
    """A minus before its path says so."""
    path = tmp_path / "env"
    assert environment.read(f"-{path}") == {}
    with pytest.raises(ConfigurationError, match="is not there"):
        environment.read(str(path))
    path.write_text("A=é")
    assert environment.read(f"-{path}") == {"A": "é"}


@pytest.mark.parametrize("content", [b"A=\xff", None])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    """Bytes that are no text, or a folder in its place."""
    path = tmp_path / "env"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"cannot read {path}"):
        environment.read(str(path))
