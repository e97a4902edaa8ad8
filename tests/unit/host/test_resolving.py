from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError, Problem
from svcctl.host import commands, resolving
from svcctl.host.resolving import (
    ResolutionError,
    Resolver,
    from_environment,
    from_project,
    from_requirements,
)
from svcctl.host.wheel_platforms import here
from tests.fakes.wheel_files import make_wheel, write_wheel

HERE = "{}.{}".format(*sys.version_info[:2])
#: Beside the interpreter, where the project's environment has it, or wherever the machine has one.
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}") or ""

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this Python has no pip")


@pytest.fixture(autouse=True)
def _ordinary_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the tests be an ordinary user's, and pip see nothing of the machine's own settings."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Give an empty folder for wheels."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def resolver(shelf: Path) -> Resolver:
    """Give a resolver for this very Python that knows that folder, and no index."""
    return Resolver(
        python=sys.executable,
        version=HERE,
        architecture=here(),
        glibc="2.36",
        folders=(str(shelf),),
        index=False,
    )


def line(path: Path) -> str:
    """Return the requirement of a wheel with its digest."""
    name, version = path.name.split("-")[:2]
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def requirements(tmp_path: Path, text: str) -> Path:
    """Write a requirements file."""
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    return path


def refused(act: Callable[[], object]) -> tuple[Problem, ...]:
    """Return why wheels cannot be had."""
    with pytest.raises(ResolutionError) as caught:
        act()
    return caught.value.problems


def test_the_wheels_of_a_requirements_file_are_got(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """For the target's platform, too, with comments, conditions and options in between."""
    one = write_wheel(shelf, "one", metadata="License-Expression: MIT\nRequires-Dist: two\n")
    tag = f"cp{HERE.replace('.', '')}"
    two = write_wheel(shelf, "two", tag=f"{tag}-{tag}-manylinux_2_36_{os.uname().machine}")
    text = f"# what we need\n--no-index\n{line(one).replace(' --', ' ' + chr(92) + chr(10) + '    --')}\n{line(two)}"
    wheels = from_requirements(requirements(tmp_path, text), resolver)
    assert [wheel.metadata.name for wheel in wheels] == ["one", "two"]
    assert wheels[0].sha256 == hashlib.sha256(one.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("one==1.0", "has no digest"),
        ("-e .", "only requirements with digests"),
        ("--editable=src", "only requirements with digests"),
        ("-r more.txt", "only requirements with digests"),
        ("--no-binary :all:", "only requirements with digests"),
        ("./one --hash=sha256:00", "got by its address"),
        ("one @ https://host.example/one.tar.gz --hash=sha256:00", "got by its address"),
        ("git+https://host.example/one --hash=sha256:00", "got by its address"),
        ("one-1.0.tar.gz --hash=sha256:00", "got by its address"),
    ],
)
def test_what_might_run_code_or_has_no_digest_is_refused(
    text: str, why: str, tmp_path: Path, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before pip sees it."""
    monkeypatch.setattr(resolving, "_pip", lambda *_: pytest.fail("pip was run"))
    (problem,) = refused(lambda: from_requirements(requirements(tmp_path, f"{text}\n"), resolver))
    assert why in problem.message


def test_a_wheel_with_another_digest_is_refused(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """It is not the one that was meant."""
    text = line(write_wheel(shelf, "one"))
    write_wheel(shelf, "one", {"one.py": b"other"})
    (problem,) = refused(lambda: from_requirements(requirements(tmp_path, text), resolver))
    assert problem == Problem("one==1.0", "what was got has another digest than the requirements say")


def test_wheels_are_held_against_the_digests_once_more(
    tmp_path: Path, shelf: Path, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They lay where another process of the same user could exchange them."""
    text = line(write_wheel(shelf, "one"))
    monkeypatch.setattr(resolving, "_wheels", lambda _: (make_wheel("one"),))
    (problem,) = refused(lambda: from_requirements(requirements(tmp_path, text), resolver))
    assert problem == Problem("one 1.0", "is not what the requirements say")


def test_what_others_need_has_to_be_in_the_file(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """With its digest."""
    one = write_wheel(shelf, "one", metadata="License-Expression: MIT\nRequires-Dist: two\n")
    write_wheel(shelf, "two")
    (problem,) = refused(lambda: from_requirements(requirements(tmp_path, line(one)), resolver))
    assert problem == Problem("two", "it is needed, but the requirements give no digest for it")


def test_a_wheel_for_another_platform_is_named(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """It is there, but of no use."""
    text = line(write_wheel(shelf, "one", tag="cp311-cp311-macosx_11_0_arm64"))
    (problem,) = refused(lambda: from_requirements(requirements(tmp_path, text), resolver))
    assert problem.where == "one==1.0"
    assert problem.message == (
        "its wheels are for other platforms or Pythons: one-1.0-cp311-cp311-macosx_11_0_arm64.whl"
    )


def test_sources_alone_will_not_do(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """Making a wheel of them would run their code."""
    (shelf / "one-1.0.tar.gz").write_bytes(b"")
    text = f"one==1.0 --hash=sha256:{'0' * 64}\n"
    with pytest.raises(ResolutionError) as caught:
        from_requirements(requirements(tmp_path, text), resolver)
    assert caught.value.problems == (
        Problem("one==1.0", "there are only sources of it (one-1.0.tar.gz), and no wheel"),
    )
    assert "pip wheel" in caught.value.hint


def test_what_is_not_there_is_told(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """Of no version, or of others."""
    text = f"one==2.0 --hash=sha256:{'0' * 64}\n"
    path = requirements(tmp_path, text)
    assert refused(lambda: from_requirements(path, resolver)) == (
        Problem("one==2.0", "there is nothing of that name"),
    )
    write_wheel(shelf, "one")
    (problem,) = refused(lambda: from_requirements(path, resolver))
    assert problem == Problem("one==2.0", "there is no such version for the target; there are 1.0")


BACK_END = '''
import os, sys
sys.path.insert(0, os.path.dirname(__file__))
from making import write_wheel
from pathlib import Path


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the wheel."""
    needs = Path("needs.txt").read_text()
    return write_wheel(Path(wheel_directory), "own", metadata=needs).name
'''


def project(tmp_path: Path, needs: str) -> Path:
    """Write a project with a build back end of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    settings = '[build-system]\nrequires = []\nbuild-backend = "back_end"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(settings)
    (folder / "needs.txt").write_text(f"License-Expression: MIT\n{needs}")
    (folder / "back_end.py").write_text(BACK_END)
    fakes = Path(__file__).parents[2] / "fakes" / "wheel_files.py"
    text = fakes.read_text()
    (folder / "making.py").write_text(text.replace("from svcctl.generate", "if 0: from svcctl.generate"))
    return folder


def test_a_project_is_built_and_what_it_needs_is_got(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """By its own back end, in a child process."""
    write_wheel(shelf, "two")
    write_wheel(shelf, "three")
    needs = "Requires-Dist: two\nRequires-Dist: three; extra == 'more'\nProvides-Extra: more\n"
    folder = project(tmp_path, needs)
    assert [wheel.metadata.name for wheel in from_project(folder, resolver)] == ["own", "two"]
    wheels = from_project(folder, resolver, extras=("more",))
    assert [wheel.metadata.name for wheel in wheels] == ["own", "three", "two"]


def test_needs_that_contradict_each_other_are_told(tmp_path: Path, shelf: Path, resolver: Resolver) -> None:
    """Who wants what."""
    write_wheel(shelf, "two", metadata="License-Expression: MIT\nRequires-Dist: three==2.0\n")
    for version in ("1.0", "2.0"):
        write_wheel(shelf, "three", version=version)
    folder = project(tmp_path, "Requires-Dist: two\nRequires-Dist: three==1.0\n")
    (problem,) = refused(lambda: from_project(folder, resolver))
    assert problem.where == "conflict"
    assert "two 1.0 depends on three==2.0" in problem.message


def test_a_project_that_does_not_build_is_told(tmp_path: Path, resolver: Resolver) -> None:
    """With what its back end says."""
    folder = project(tmp_path, "")
    (folder / "needs.txt").unlink()
    assert refused(lambda: from_project(folder, resolver))
    with pytest.raises(ConfigurationError, match="has no pyproject"):
        from_project(tmp_path, resolver)


def test_an_environment_gives_what_is_installed_in_it(
    tmp_path: Path, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it is what the package is for."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(
        resolving, "_SITE", f"import sys; print('%d.%d' % sys.version_info[:2]); print({str(site)!r})"
    )
    assert from_environment(sys.executable, resolver) == ()
    other = Resolver(python=sys.executable, version="3.1", architecture=here(), glibc="2.36")
    with pytest.raises(ConfigurationError, match=r"and the package is for 3\.1"):
        from_environment(sys.executable, other)


def test_another_python_than_pips_needs_uv(tmp_path: Path, shelf: Path) -> None:
    """Pip judges conditions on the version by its own."""
    text = line(write_wheel(shelf, "one"))
    other = Resolver(python=sys.executable, version="3.1", architecture=here(), glibc="2.36", index=False)
    with pytest.raises(ConfigurationError, match="pip judges by its own Python") as caught:
        from_requirements(requirements(tmp_path, text), other)
    assert "uv" in caught.value.hint


@pytest.mark.skipif(not UV, reason="uv is not installed")
def test_uv_chooses_for_another_python(tmp_path: Path, shelf: Path) -> None:
    """Conditions on the version are judged by the target's; pip then gets what was chosen."""
    needs = "Requires-Dist: two; python_version >= '3.13'\nRequires-Dist: three; python_version < '3.13'\n"
    one = write_wheel(shelf, "one", metadata=f"License-Expression: MIT\n{needs}")
    two = write_wheel(shelf, "two", tag="cp313-cp313-manylinux_2_39_aarch64")
    other = Resolver(
        python=sys.executable,
        version="3.13",
        architecture="arm64",
        glibc="2.41",
        folders=(str(shelf),),
        index=False,
        uv=UV,
    )
    wheels = from_requirements(requirements(tmp_path, line(one) + line(two)), other)
    assert [wheel.metadata.name for wheel in wheels] == ["one", "two"]
    folder = project(tmp_path, needs)
    assert [wheel.metadata.name for wheel in from_project(folder, other)] == ["own", "two"]


@pytest.mark.parametrize("user", [None, "root"])
def test_root_runs_none_of_it(
    user: str | None, tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither pip, nor a back end, nor the environment's interpreter."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(commands, "run", lambda *_, **__: pytest.fail("something was run"))
    rooted = Resolver(
        python=sys.executable,
        version=HERE,
        architecture=here(),
        glibc="2.36",
        folders=(str(shelf),),
        user=user,
    )
    path = requirements(tmp_path, line(write_wheel(shelf, "one")))
    acts: tuple[Callable[[], object], ...] = (
        lambda: from_requirements(path, rooted),
        lambda: from_project(project(tmp_path, ""), rooted),
        lambda: from_environment(sys.executable, rooted),
    )
    for act in acts:
        with pytest.raises(PermissionDeniedError, match="not resolved as root"):
            act()
