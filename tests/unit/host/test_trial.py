"""Trials of packages with an mmdebstrap that makes no system; ``tests/debian/test_trial.py`` makes real ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from svcctl.errors import CommandError, ConfigurationError
from svcctl.host import commands, trial
from svcctl.host.trial import try_out

#: What it is called with, and what it finds in the folder of the trial, stay behind for the test to look at.
MMDEBSTRAP = r"""#!/bin/sh
here=$(dirname "$0")
for word in "$@"; do echo "$word"; done >"$here/words"
ls -la "$SVCCTL_TRIAL_FOLDER" >"$here/listing"
cp -R "$SVCCTL_TRIAL_FOLDER" "$here/folder"
env >"$here/variables"
cat "$here/said" >&2
exit "$(cat "$here/status")"
"""
ARCHIVES = """\
Debian\tbookworm\thttp://mirror.example/debian/\tstable\tmain\t/usr/share/keyrings/debian.gpg
Debian\tbookworm\thttp://mirror.example/debian/\tstable\tcontrib\t/usr/share/keyrings/debian.gpg
Debian\tbookworm-security\thttp://mirror.example/debian-security/\tbookworm-security\tmain\t$(SIGNED_BY)
Debian\tbookworm-backports\thttp://mirror.example/debian/\tbookworm-backports\tmain\t$(SIGNED_BY)
Else\tbookworm\thttp://else.example/apt\tbookworm\tmain\t$(SIGNED_BY)
"""
PROXY = 'Acquire::http::Proxy "http://proxy.example:3142";\n'


def tool(folder: Path, name: str, script: str) -> None:
    """Make a program that is found first."""
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a fake mmdebstrap, and with apt's tools on a machine that has bookworm and a proxy."""
    tool(tmp_path, "mmdebstrap", MMDEBSTRAP)
    tool(tmp_path, "apt-get", f"#!/bin/sh\ncat <<'END'\n{ARCHIVES}END\n")
    tool(tmp_path, "apt-config", f"#!/bin/sh\ncat <<'END'\n{PROXY}END\n")
    (tmp_path / "said").write_text("")
    (tmp_path / "status").write_text("0")
    (tmp_path / "echo.deb").write_bytes(b"!<arch>\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


def problems(
    folder: Path, said: str = "", distribution: str = "bookworm", **given: object
) -> tuple[str, ...]:
    """Try the package out, with a script that says this; return the problems."""
    (folder / "said").write_text(said)
    told: list[str] = []
    options = {"package": "echo", "application": "/usr/share/echo/echo.tac", "tell": told.append, **given}
    found = try_out(str(folder / "echo.deb"), distribution=distribution, **options).problems  # type: ignore[arg-type]  # (names and values are those of its parameters)
    (folder / "told").write_text("\n".join(told))
    return found


def test_what_is_being_done_is_told(folder: Path) -> None:
    """The words of the script, after what comes before it; what mmdebstrap says is left out."""
    assert problems(folder, "I: running apt-get update...\ntell: removing the package\ndone\n") == ()
    assert (folder / "told").read_text().splitlines() == [
        "making a throw-away bookworm system",
        "removing the package",
    ]


def test_a_problem_has_what_was_said_about_it(folder: Path) -> None:
    """On lines of its own; the next problem begins anew."""
    said = "problem: purging failed\nsaid: E: no\nsaid:   really\nproblem: dpkg --audit is not content\n"
    assert problems(folder, said) == ("purging failed\n  E: no\n    really", "dpkg --audit is not content")


def test_an_application_that_does_not_load_is_a_problem(folder: Path) -> None:
    """With the lines of its own code, and with every problem where there are several."""
    error = {
        "message": "echo.tac, line 1: no module x",
        "frames": "line 1\n  import x",
        "problems": [{"where": "echo/tcp", "message": "is taken"}],
    }
    report = json.dumps({"error": error, "manifest": None})
    assert problems(folder, f"report:  {report}\n") == (
        "the application does not load: echo.tac, line 1: no module x\n  echo/tcp: is taken\n  line 1\n    import x",
    )
    assert problems(folder, f"report: {json.dumps({'error': None, 'manifest': {}})}\n") == ()


@pytest.mark.parametrize("report", ["{", "[]", '{"error": 5}', '{"error": {}}'])
def test_a_report_that_is_none_is_a_problem(folder: Path, report: str) -> None:
    """The application has written it itself."""
    assert problems(folder, f"report: {report}\n") == (
        "the application does not load: it said something that is no report",
    )


def test_the_system_comes_from_the_archives_of_this_machine(folder: Path) -> None:
    """Those of Debian that have the release, with its updates, reached as apt reaches them here."""
    problems(folder)
    words = (folder / "words").read_text().splitlines()
    assert words[words.index("bookworm") :] == [
        "bookworm",
        "/dev/null",
        "deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian/ stable main contrib",
        "deb http://mirror.example/debian-security/ bookworm-security main",
    ]
    assert '--aptopt=Acquire::http::Proxy "http://proxy.example:3142"' in words


def test_a_release_that_this_machine_does_not_have_comes_from_debian(folder: Path) -> None:
    """Mmdebstrap knows where that is."""
    problems(folder, distribution="trixie")
    assert (folder / "words").read_text().splitlines()[-2:] == ["trixie", "/dev/null"]


def test_no_shell_reads_what_was_given(folder: Path) -> None:
    """The hook is always the same; names come through the environment, the command in a file."""
    odd = "echo; touch /oops"
    problems(folder, application=odd, arguments=["--port", "1 2"], environment={"A": "b c"})
    assert odd not in (folder / "words").read_text()
    assert f"--customize-hook={trial._HOOK}" in (folder / "words").read_text().splitlines()
    assert "SVCCTL_TRIAL_PACKAGE=echo" in (folder / "variables").read_text().splitlines()
    words = (folder / "folder/command").read_bytes().split(b"\0")
    python = [b"A=b c", b"/usr/lib/echo/bin/python3", b"-P", b"-m", b"svcctl.loading.child", b"3"]
    assert words[3:] == [*python, odd.encode(), b"--port", b"1 2", b""]


def test_root_of_the_system_can_read_what_it_is_given(folder: Path) -> None:
    """It is another user, unless the caller is root; nobody can list the folder, which goes at the end."""
    before = os.umask(0o077)
    try:
        problems(folder)
    finally:
        os.umask(before)
    listing = [line.split() for line in (folder / "listing").read_text().splitlines()[1:]]
    assert {words[-1]: words[0] for words in listing if words[-1] != ".."} == {
        ".": "drwx--x--x",
        **dict.fromkeys(("command", "package.deb", "trial.sh"), "-rw-r--r--"),
    }
    variables = dict(
        line.partition("=")[::2] for line in (folder / "variables").read_text().splitlines() if "=" in line
    )
    assert not Path(variables["SVCCTL_TRIAL_FOLDER"]).exists()


def test_proxies_and_the_place_for_big_folders_are_passed_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else of the environment is."""
    monkeypatch.setenv("https_proxy", "http://proxy.example")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("SECRET", "x")
    problems(folder)
    variables = (folder / "variables").read_text()
    assert "https_proxy=http://proxy.example\n" in variables
    assert f"TMPDIR={folder}\n" in variables
    assert "SECRET" not in variables


def test_an_application_that_is_not_given_is_not_loaded(folder: Path) -> None:
    """The script then finds no command."""
    problems(folder, application="")
    assert not (folder / "folder/command").exists()


def test_a_system_that_cannot_be_made_is_no_problem_of_the_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What mmdebstrap said last is told, without its talk; ordinary users hear what they need."""
    (folder / "status").write_text("25")
    for user, hint in ((0, ""), (1000, "uidmap")):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        with pytest.raises(CommandError, match=r"status 25: E: no network$") as caught:
            problems(folder, "I: trying\nE: no network\n")
        assert hint in caught.value.hint
        mode = "root" if user == 0 else "unshare"
        assert f"--mode={mode}" in (folder / "words").read_text().splitlines()


def test_without_mmdebstrap_there_is_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="mmdebstrap is missing") as caught:
        problems(tmp_path)
    assert "apt-get install mmdebstrap" in caught.value.hint


def test_a_package_that_is_not_there_is_told(folder: Path) -> None:
    """Before anything is made."""
    (folder / "echo.deb").unlink()
    with pytest.raises(ConfigurationError, match=r"cannot read .*/echo\.deb: No such file"):
        problems(folder)
    assert not (folder / "words").exists()


@pytest.mark.skipif(not commands.available("shellcheck"), reason="there is no shellcheck")
def test_shellcheck_has_nothing_to_say_of_the_script() -> None:
    """It is run by dash."""
    done = commands.run(["shellcheck", "--shell=dash", str(trial._SCRIPT)], accept=None)
    assert (done.status, done.stdout) == (0, "")
