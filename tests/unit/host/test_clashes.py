from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from svcctl.host.clashes import account_clashes, package_clashes

ANN = "Ann <ann@example.org>"


def has_apt(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a tool of apt's name on the search path, and nothing else."""
    tool = folder / "apt-cache"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def known(*maintainers: str) -> str:
    """Return a tool that knows packages of these."""
    records = "".join(
        f"Package: $2\nMaintainer: {each}\nDescription: x\n Maintainer: y\n\n" for each in maintainers
    )
    return f'echo "{records}"'


def test_a_package_of_somebody_else_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With who that is, also where there are versions of one's own."""
    has_apt(tmp_path, monkeypatch, known(ANN, "Bob <bob@debian.org>"))
    (problem,) = package_clashes("echo", ANN)
    assert problem.where == "package"
    assert "another package echo, of Bob <bob@debian.org>" in problem.message


@pytest.mark.parametrize("script", [known(ANN, ANN), "exit 100", "exit 1", "echo", "kill -9 $$"])
def test_earlier_versions_and_unknown_names_are_no_clash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """Nor is an apt that does not work."""
    has_apt(tmp_path, monkeypatch, script)
    assert package_clashes("echo", ANN) == ()


def test_without_apt_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on other systems; a name that no package can have is not asked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert package_clashes("dpkg", ANN) == ()
    has_apt(tmp_path, monkeypatch, known("Bob <bob@debian.org>"))
    assert package_clashes("--all", ANN) == ()


@pytest.mark.skipif(shutil.which("apt-cache") is None, reason="there is no apt")
def test_the_real_apt_is_understood() -> None:
    """Every apt knows dpkg."""
    assert len(package_clashes("dpkg", ANN)) == 1
    assert package_clashes("svcctl-test-of-no-such-name", ANN) == ()


def test_users_of_others_are_told() -> None:
    """Of the system, of systemd and of daemons; each once."""
    found = account_clashes(["echo", "postgres", "www-data", "systemd-network", "postgres"])
    assert [problem.where for problem in found] == ["user postgres", "user systemd-network", "user www-data"]


def test_every_account_of_the_base_system_is_known() -> None:
    """As far as this system has the files that say so."""
    masters = [file.read_text() for file in Path("/usr/share/base-passwd").glob("*.master")]
    declared = [file.read_text() for file in Path("/usr/lib/sysusers.d").glob("[bs][ay]s*.conf")]
    made = {line.partition(":")[0] for text in masters for line in text.splitlines()}
    lines = [line.split() for text in declared for line in text.splitlines()]
    made |= {words[1] for words in lines if words and words[0].rstrip("!") in {"u", "g"}}
    assert {problem.where for problem in account_clashes(made)} == {f"user {name}" for name in made}
