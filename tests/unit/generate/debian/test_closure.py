from __future__ import annotations

from svcctl.generate.debian.closure import needed, runtime_part
from svcctl.generate.debian.wheel import Wheel, modules_of
from tests.fakes.wheel_files import make_wheel


def wheel(name: str, *requires: str, requested: bool = False) -> Wheel:
    """Return a distribution that requires others."""
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    files = {f"{name}-1.0.dist-info/REQUESTED": b""} if requested else {}
    return make_wheel(name, {f"{name}.py": b"", **files}, metadata=lines)


def names(wheels: tuple[Wheel, ...]) -> list[str]:
    """Return the names of distributions."""
    return [each.metadata.name for each in wheels]


SVCCTL = wheel(
    "svcctl", "sdnotify>=0.3", "psutil", "typer>=0.12", 'uvloop; extra == "uvloop"', requested=True
)
OTHERS = (wheel("sdnotify"), wheel("psutil"), wheel("typer", "rich"), wheel("rich"), wheel("uvloop"))


def test_all_is_needed_that_was_asked_for_or_that_nothing_requires() -> None:
    """With what these require, whatever the marker, and in a circle as well; not what installs."""
    found = needed(
        (
            wheel("pip", requested=True),
            wheel("wheel"),
            wheel("My.App", "lib_x[fast] >= 2 ; python_version < '3'", "absent"),
            wheel("Lib-X", 'setuptools; extra == "fast"', "my-app"),
            wheel("setuptools"),
            wheel("asked", requested=True),
            wheel("tool", "asked"),
        )
    )
    assert names(found) == ["asked", "Lib-X", "My.App", "setuptools", "tool"]


def test_what_the_application_imports_is_needed_whoever_asked_for_it() -> None:
    """Installers do not all note what they were asked for; and pip is a library, too, to those who import it."""
    given = (SVCCTL, *OTHERS, wheel("lib", 'rich; extra == "cli"'), wheel("pip"))
    assert names(needed(given)) == ["lib", "sdnotify", "svcctl", "uvloop"]
    assert names(needed(given, {"rich", "pip"})) == ["lib", "pip", "rich", "sdnotify", "svcctl", "uvloop"]


def test_what_only_svcctl_s_commands_need_is_left_out() -> None:
    """Unless another one requires it, or somebody has asked for it."""
    assert names(needed((SVCCTL, *OTHERS))) == ["sdnotify", "svcctl", "uvloop"]
    assert "psutil" in names(needed((SVCCTL, *OTHERS, wheel("app", "psutil"))))
    asked = needed((SVCCTL, wheel("typer", "rich", requested=True), wheel("rich")))
    assert names(asked) == ["rich", "svcctl", "typer"]


def test_an_extra_does_not_bring_what_is_there_for_svcctl_s_commands() -> None:
    """It may never have been asked for; a requirement without an extra counts."""
    extra = wheel("lib", 'rich; extra == "cli"', 'fast; extra == "all"', requested=True)
    assert names(needed((SVCCTL, *OTHERS, extra, wheel("fast")))) == [
        "fast",
        "lib",
        "sdnotify",
        "svcctl",
        "uvloop",
    ]
    assert "rich" in names(needed((SVCCTL, *OTHERS, wheel("lib", "rich"))))


def test_an_extra_of_its_own_leads_nowhere() -> None:
    """As in ``app[all]`` of app."""
    assert names(needed((wheel("app", "app[fast]", "b"), wheel("b")))) == ["app", "b"]


def test_of_svcctl_only_what_runs_an_application_is_taken() -> None:
    """Its metadata says the same."""
    info = "svcctl-1.0.dist-info"
    points = b"[console_scripts]\nsvcctl = a:b\n\n[svcctl.plugins]\necho = c:d\n\n[pytest11]\nsvcctl = e\n"
    paths = [
        "__init__.py",
        "__main__.py",
        "cli/main.py",
        "host/own.py",
        "runtime/__main__.py",
        "testing/init.py",
    ]
    files = {f"svcctl/{path}": b"" for path in paths}
    whole = make_wheel(
        "svcctl",
        {**files, f"{info}/entry_points.txt": points, "svcctl-1.0.data/scripts/x": b""},
        metadata="Requires-Dist: typer>=0.12\nRequires-Dist: sdnotify\nRequires-Dist: PSutil>=5\n",
    )
    part = runtime_part(whole)
    content = {file.path: file.content for file in part.files}
    assert sorted(content) == sorted(
        [
            *(f"{info}/{name}" for name in ("METADATA", "WHEEL", "entry_points.txt")),
            "svcctl/__init__.py",
            "svcctl/runtime/__main__.py",
        ]
    )
    assert content[f"{info}/entry_points.txt"] == b"[svcctl.plugins]\necho = c:d\n\n"
    assert part.metadata.requires == ("sdnotify",)
    assert b"typer" not in content[f"{info}/METADATA"]
    assert content[f"{info}/METADATA"].endswith(b"\n\nText.\n")


def test_a_wheel_tells_which_modules_it_brings() -> None:
    """Packages, modules and compiled ones, also those that are placed by their kind; nothing else."""
    paths = ["shop/a/b.py", "six.py", "fast.cpython-311-x86_64-linux-gnu.so", "notes/x.txt", "x.pth"]
    data = [
        f"shop-1.0.data/{path}"
        for path in ("purelib/more/x.py", "platlib/flat.py", "scripts/y.py", "data/z.py")
    ]
    assert modules_of(make_wheel("shop", dict.fromkeys([*paths, *data], b""))) == {
        "shop",
        "six",
        "fast",
        "more",
        "flat",
    }
