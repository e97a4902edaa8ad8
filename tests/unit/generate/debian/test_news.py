from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.generate.debian.changelog import changelog
from svcctl.generate.debian.model import ChangelogEntry, DebianOptions
from svcctl.generate.debian.news import News, read_news

ANN = "Ann <ann@example.org>"
KEPT = """# Changelog

All notable changes, see [Keep a Changelog](https://keepachangelog.com/).

## [Unreleased]
### Added
- Not there yet.

## [1.2.0] - 2026-03-01
### Added
- A [way](https://example.org) to **do** it,
  over two lines.
- Another.
  - Below it.

### Removed

- The old way.

```sh
# 0.0.1 (2020-01-01)
```

## [1.1.0-rc.1] - 2026-02-01 [YANKED]

Text in a
paragraph.

Another one.

## [1.0.0] - soon
- Lost.

[1.2.0]: https://example.org/compare
"""
UNDERLINED = """=======
Changes
=======

shop 1.2 (1 March 2026)
=======================

Features
--------

* One.
* Two,
  in two lines.

1.1 (Feb 3rd, 2026)
===================

.. note:: not this
"""
DEBIAN = """shop (1:1.2-1) unstable; urgency=HIGH

  [ Bob ]
  * One thing
    in two lines.
    + Below it.

 -- Bob <bob@example.org>  Sun, 01 Mar 2026 10:00:00 +0100

shop (1:1.1-1) UNRELEASED; urgency=odd

 -- Bob <bob@example.org>  Sat, 28 Feb 2026 10:00:00 -0000

shop (1.0-) unstable; urgency=low

  * x

 -- Bob <bob@example.org>  Sat, 28 Feb 2026 10:00:00 +0000

shop (0.9) unstable; urgency=low

  * x

 -- Bob  Sat, 28 Feb 2026 10:00:00 +0000

shop (0.8) unstable; urgency=low

 -- Bob <bob@example.org>  yesterday
"""


def seconds(year: int, month: int, day: int, hour: int = 0) -> int:
    """Return a time in seconds since 1970."""
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def news(text: str, version: str, now: int | None = None) -> News:
    """Return what a list tells a package of Ann's."""
    return read_news(text, version=version, author=ANN, now=now, otherwise=7)


def test_keep_a_changelog_is_read() -> None:
    """Releases with their kinds of changes; not what is not released, nor code."""
    found = news(KEPT, "1.2.0")
    assert found.entries == (
        ChangelogEntry(
            version="1.2.0",
            changes=(
                "Added: A way to do it, over two lines.",
                "Added: Another.",
                "Added: Below it.",
                "Removed: The old way.",
            ),
            author=ANN,
            date=seconds(2026, 3, 1),
        ),
        ChangelogEntry(
            version="1.1.0~rc1",
            changes=("Text in a paragraph.", "Another one."),
            author=ANN,
            date=seconds(2026, 2, 1),
        ),
    )
    assert [told.message.partition(":")[0] for told in found.diagnostics] == [
        "release 1.0.0 is not in the package's changelog"
    ]


def test_underlined_headings_are_read() -> None:
    """Of reStructuredText and of Markdown, with dates as people write them."""
    found = news(UNDERLINED, "1.2")
    assert [(entry.version, entry.date, entry.changes) for entry in found.entries] == [
        ("1.2", seconds(2026, 3, 1), ("Features: One.", "Features: Two, in two lines.")),
        ("1.1", seconds(2026, 2, 3), ("Release 1.1.",)),
    ]
    assert found.diagnostics == ()


def test_debian_s_form_is_read() -> None:
    """Each with its author and urgency; the versions are left as they are."""
    found = news(DEBIAN, "1:1.2-1")
    assert found.entries == (
        ChangelogEntry(
            version="1:1.2-1",
            changes=("One thing in two lines.", "Below it."),
            author="Bob <bob@example.org>",
            date=seconds(2026, 3, 1, 9),
            urgency="high",
        ),
        ChangelogEntry(
            version="1:1.1-1",
            changes=("Release 1:1.1-1.",),
            author="Bob <bob@example.org>",
            date=seconds(2026, 2, 28, 10),
        ),
    )
    reasons = [told.message.partition(": ")[2] for told in found.diagnostics]
    assert ["version" in reasons[0], "author" in reasons[1], "date" in reasons[2]] == [True] * 3


def test_what_is_written_can_be_read() -> None:
    """The same entries come back."""
    entries = news(KEPT, "1.2.0").entries
    text = changelog(DebianOptions(package="shop", source_date_epoch=0, version="1.2.0", changelog=entries))
    assert news(text, "1.2.0").entries == entries


def test_the_package_s_own_release_is_made_if_it_is_missing() -> None:
    """At the time that is given, or right after the newest one."""
    text = "## 1.0 (2026-01-01)\n- x\n"
    own, other = news(text, "1.1").entries
    assert own == ChangelogEntry(version="1.1", changes=("Release 1.1.",), author=ANN, date=other.date + 1)
    assert news(text, "1.1", now=5).entries[0].date == 5
    assert [entry.date for entry in news("", "1.1").entries] == [7]


def test_newer_releases_and_second_ones_are_left_out() -> None:
    """The order is that of the versions, whatever the list's."""
    text = "".join(
        f"## {version} (2026-01-0{day})\n" for day, version in enumerate(("1.9", "1.10", "2.0", "1.9"), 1)
    )
    found = news(text, "1.10")
    assert [entry.version for entry in found.entries] == ["1.10", "1.9"]
    assert ["newer" in found.diagnostics[0].message, "twice" in found.diagnostics[1].message] == [True, True]


@pytest.mark.parametrize("version", ["1.2-3", "4:1.2", "4:1.2-3"])
def test_epoch_and_revision_are_the_package_s(version: str) -> None:
    """Its project knows nothing of them; the epoch goes before the older releases, too."""
    found = news("## v1.2 2026-01-02\n- x\n## 1.1rc1 2026-01-01\n", version)
    epoch = "4:" if version.startswith("4:") else ""
    assert [entry.version for entry in found.entries] == [version, f"{epoch}1.1~rc1"]


@pytest.mark.parametrize(
    ("heading", "version"),
    [
        ("Version 1.2.3 - 2026/1/2", "1.2.3"),
        ("v7 (2026-01-02)", "7"),
        ("[7] - 2026-01-02", "7"),
        ("[1.2](https://example.org/1.1...1.2) (2026-01-02)", "1.2"),
        ("2026-01-02: 1.2.post1", "1.2+post1"),
        ("Release 1.2 of January 2, 2026", "1.2"),
        ("1.2 / 2. January 2026", "1.2"),
    ],
)
def test_headings_are_understood(heading: str, version: str) -> None:
    """As people write them."""
    (entry,) = news(f"# {heading}\n- x", version).entries
    assert (entry.version, entry.date, entry.changes) == (version, seconds(2026, 1, 2), ("x",))


@pytest.mark.parametrize(
    "heading", ["1.2 (2026-13-01)", "1.2 (1969-12-31)", "1.2 (9999-01-01)", "1.2 (1 Foo 2026)", "1.2"]
)
def test_dates_that_are_none_are_told(heading: str) -> None:
    """The release is made anew."""
    found = news(f"# {heading}\n- x", "1.2")
    assert found.entries[0].changes == ("Release 1.2.",)
    assert "no date" in found.diagnostics[0].message


@given(
    st.one_of(
        st.text(),
        st.lists(
            st.sampled_from(
                [
                    "# 1.0 (2026-01-01)",
                    "## x",
                    "- y",
                    "===",
                    "1.1 2026-01-02",
                    "```",
                    "x (1.0) y; z",
                    " -- A <a@b.c>  d",
                    "",
                    "9" * 9,
                ]
            )
            | st.text(max_size=20)
        ).map("\n".join),
    )
)
def test_any_text_gives_a_changelog(text: str) -> None:
    """With the package's own release first, and no version twice."""
    found = news(text, "1.0")
    versions = [entry.version for entry in found.entries]
    assert versions[0] == "1.0"
    assert len(set(versions)) == len(versions)
    assert all(entry.changes and entry.author for entry in found.entries)
