from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle, sob
from svcctl.application.persisting import files
from svcctl.application.persisting.errors import UnsavableError
from svcctl.application.service import Application, IPersistable, Service, loadApplication
from svcctl.errors import ApplicationNotFoundError, SavedStateError, UsageError
from tests.unit.persisting import shops
from tests.unit.persisting.shops import STYLES

SUFFIX = {"pickle": "tap", "source": "tas"}


def iter_nothing() -> Iterator[None]:
    """Return a generator."""
    yield from ()


def persistent(application: Application) -> Any:  # noqa: ANN401 (what saves it)
    """Return what saves an application."""
    return IPersistable(application)  # type: ignore[misc,call-arg]  # the interface adapts


@pytest.mark.parametrize("style", STYLES)
def test_a_tree_comes_back_whole_and_stopped(style: str) -> None:
    """With every kind of service in it: names, order, classes and parents."""
    application = shops.whole()
    persistent(application).setStyle(style)
    application.save("start")
    again = loadApplication(f"{os.environ['STATE_DIRECTORY']}/shop-start.{SUFFIX[style]}", style)
    root = shops.root_of(again)
    assert shops.paths_of(root) == shops.paths_of(shops.root_of(application))
    inner = root.getServiceNamed("inner")
    assert inner.parent is root
    assert inner.supervision.restarts == 3
    assert inner.services[-1].after == ("keys",)
    assert again.needs == {"network": "outbound"}
    assert not any(service.running for service in inner)


@pytest.mark.parametrize("style", STYLES)
def test_a_loaded_tree_runs_and_can_be_saved_while_it_does(style: str, folder: Path) -> None:
    """Nothing of the running process is in the file."""
    application = shops.whole()
    persistent(application).setStyle(style)

    async def main() -> None:
        root = shops.root_of(application)
        await lifecycle.start(root)
        path = persistent(application).save("checkpoint")
        await lifecycle.stop(root, 5.0)
        assert path == str(folder / f"shop-checkpoint.{SUFFIX[style]}")
        again = shops.root_of(sob.load(path, style))
        await lifecycle.start(again)
        assert again.running
        await lifecycle.stop(again, 5.0)

    asyncio.run(main())


@pytest.mark.parametrize("style", STYLES)
def test_a_key_is_never_handed_out_twice(style: str, folder: Path) -> None:
    """State goes on over a stop: what the manual of 2002 promises."""
    address = str(folder / "otk.sock")
    application = shops.otk(address)
    persistent(application).setStyle(style)
    given = []
    for _ in range(3):
        given += shops.asked(application, address, 2)
        path = persistent(application).save("shutdown")
        application = sob.load(path, style)
    assert given == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("tag", "filename", "expected"),
    [(None, None, "otk.tap"), ("start", None, "otk-start.tap"), ("start", "x.y", "x.y")],
)
def test_a_file_is_named_after_application_and_tag(
    tag: str | None, filename: str | None, expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it is given a name."""
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.chdir(folder)
    shops.otk().save(tag, filename)
    assert (folder / expected).stat().st_mode & 0o7777 == 0o600


def test_the_first_of_several_state_folders_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As systemd gives them, joined by colons."""
    monkeypatch.setenv("STATE_DIRECTORY", f"{folder}:/nowhere")
    assert files.saved_path(shops.otk(), "shutdown") == f"{folder}/otk-shutdown.tap"


def test_a_name_cannot_lead_out_of_the_folder() -> None:
    """Slashes are written as in paths of services."""
    assert files.file_name("../x%", "a/b", "source", encrypted=True) == "..%2Fx%25-a%2Fb.etas"


@pytest.mark.parametrize("style", STYLES)
def test_what_was_loaded_is_saved_in_the_same_style(style: str, folder: Path) -> None:
    """Whatever the style was when it was saved: also for a file that was converted."""
    application = shops.otk()
    persistent(application).setStyle(style)
    path = persistent(application).save()
    again = sob.load(path, style)
    again.save("again")
    assert (folder / f"otk-again.{SUFFIX[style]}").exists()


def test_a_file_of_another_style_is_named_with_its_own(folder: Path) -> None:
    """Before anything in it is executed."""
    shops.otk().save()
    with pytest.raises(SavedStateError, match="is of the style pickle, not source"):
        sob.load(str(folder / "otk.tap"), "source")


@pytest.mark.parametrize("style", ["xml", "python", ""])
def test_there_are_two_styles(style: str) -> None:
    """Those that are gone are told."""
    with pytest.raises(UsageError, match="no style"):
        persistent(shops.otk()).setStyle(style)
    with pytest.raises(UsageError, match="no style"):
        sob.load("x.tap", style)


def test_an_object_that_is_no_application_can_be_saved_too(folder: Path) -> None:
    """By a Persistent of its own."""
    sob.Persistent({"a": [1]}, "numbers").save("x")
    assert sob.load(str(folder / "numbers-x.tap"), "pickle") == {"a": [1]}


def test_the_interface_is_answered_by_what_saves_and_refused_by_what_does_not() -> None:
    """Once made, it stays."""
    application = shops.otk()
    assert isinstance(persistent(application), sob.Persistent)
    assert persistent(application) is persistent(application)
    assert sob.IPersistable is IPersistable
    with pytest.raises(TypeError, match="lacks setStyle, save"):
        IPersistable(object())  # type: ignore[misc,call-arg]  # the interface adapts


def test_a_missing_file_is_not_there() -> None:
    """With the status for that."""
    with pytest.raises(ApplicationNotFoundError, match=r"cannot read /nowhere/x.tap: No such file"):
        sob.load("/nowhere/x.tap", "pickle")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("x.tac", "python"), ("x.etac", "python"), ("x.py", "python")),
        *(("x.tap", "pickle"), ("x.etap", "pickle"), ("a/b.c.tas", "source"), ("x.etas", "source")),
    ],
)
def test_the_type_of_a_file_is_guessed_by_its_name(name: str, kind: str) -> None:
    """The last suffix counts."""
    assert sob.guessType(name) == kind


@pytest.mark.parametrize("name", ["x", "x.TAP", "x.tax", "tap", ".tap"])
def test_other_names_are_a_key_error(name: str) -> None:
    """Letters count as they are."""
    with pytest.raises(KeyError):
        sob.guessType(name)


def test_a_python_file_gives_what_it_binds(folder: Path) -> None:
    """With its path in ``__file__``; what it does not bind is a KeyError."""
    (folder / "x.tac").write_text("application = [__file__]")
    assert loadApplication(str(folder / "x.tac"), "python") == [str(folder / "x.tac")]
    with pytest.raises(KeyError, match="missing"):
        sob.loadValueFromFile(str(folder / "x.tac"), "missing")
    with pytest.raises(UsageError, match="not encrypted"):
        loadApplication(str(folder / "x.tac"), "python", "secret")
    with pytest.raises(ApplicationNotFoundError, match="cannot read"):
        loadApplication(str(folder / "y.tac"), "python")


@pytest.mark.parametrize("style", STYLES)
def test_what_belongs_to_the_process_is_saved_as_nothing(style: str) -> None:
    """Tasks, timers of the loop, streams and sockets, wherever they are held."""

    async def main() -> str:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        task = asyncio.create_task(asyncio.sleep(1000))
        held = {
            "task": task,
            "timer": loop.call_later(1000, print),
            "loop": loop,
            "streams": [reader, writer, writer.transport],
            "socket": theirs,
        }
        application = Application("held")
        shops.Holder(**held).setServiceParent(application)
        persistent(application).setStyle(style)
        path: str = persistent(application).save()
        task.cancel()
        held["timer"].cancel()  # type: ignore[attr-defined]  # it is one
        writer.close()
        await writer.wait_closed()
        theirs.close()
        return path

    path = asyncio.run(main())
    (holder,) = shops.root_of(sob.load(path, style))
    assert (holder.task, holder.timer, holder.loop, holder.socket) == (None, None, None, None)
    assert holder.streams == [None, None, None]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("held", "where"),
    [
        (lambda: None, r"shop/holder\.held cannot be saved: it is of type function \(.*<lambda>, which"),
        (
            {"a": [1, sys.__stderr__]},
            r"shop/holder\.held\['a'\]\[1\] cannot be saved: it is of type _io\.Text",
        ),
        (iter_nothing(), r"shop/holder\.held cannot be saved: it is of type generator"),
    ],
)
def test_what_cannot_be_saved_is_named_with_its_path_and_type(style: str, held: object, where: str) -> None:
    """The service in its tree, then the attribute."""
    application = Application("shop")
    holder = shops.Holder(held=held)
    holder.setName("holder")
    holder.setServiceParent(application)
    persistent(application).setStyle(style)
    with pytest.raises(UnsavableError, match=where) as raised:
        application.save()
    assert "__getstate__" in raised.value.hint


def test_a_failed_save_leaves_what_was_saved(folder: Path) -> None:
    """Nothing is written before all of it could be."""
    application = shops.otk()
    application.save()
    before = (folder / "otk.tap").read_bytes()
    service = shops.Holder(held=lambda: None)
    service.setServiceParent(application)
    with pytest.raises(UnsavableError):
        application.save()
    assert (folder / "otk.tap").read_bytes() == before
    assert not (folder / "otk.tap.previous").exists()


class Ghost(Service):
    """A class that goes away."""


@pytest.mark.parametrize("style", STYLES)
def test_a_class_that_is_gone_is_named(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its module and its name, and the file that needs it."""
    application = Application("shop")
    Ghost().setServiceParent(application)
    persistent(application).setStyle(style)
    path = persistent(application).save()
    monkeypatch.delattr(sys.modules[__name__], "Ghost")
    with pytest.raises(SavedStateError, match=r"shop\.ta[ps]: it needs .*Ghost") as raised:
        sob.load(path, style)
    assert raised.value.exit_status == 65


@pytest.mark.parametrize("style", STYLES)
def test_a_module_that_is_gone_is_named(style: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a package has been removed."""
    monkeypatch.syspath_prepend(str(folder))
    (folder / "ghosts.py").write_text("class Ghost:\n    pass\n")
    ghosts = __import__("ghosts")
    application = Application("shop")
    shops.Holder(ghost=ghosts.Ghost()).setServiceParent(application)
    persistent(application).setStyle(style)
    path = persistent(application).save()
    (folder / "ghosts.py").unlink()
    monkeypatch.delitem(sys.modules, "ghosts")
    with pytest.raises(SavedStateError, match="ghosts"):
        sob.load(path, style)


def test_a_save_is_logged_with_its_path(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As a fact beside a constant message."""
    caplog.set_level(logging.INFO)
    shops.otk().save("x")
    (record,) = (each for each in caplog.records if each.getMessage() == "the state was saved")
    assert vars(record)["svcctl_path"] == str(folder / "otk-x.tap")


def test_a_script_says_what_it_saves(folder: Path) -> None:
    """In the words of the manual of 2002, on stderr; where logs are configured, they have it."""
    script = (
        "from svcctl.application.service import Application\n"
        "Application('daytimer').save('start')\n"
        "import logging\nlogging.basicConfig()\nApplication('other').save()\n"
    )
    (folder / "credentials").mkdir()
    (folder / "credentials/svcctl-state-key").write_text("ab" * 32)
    (folder / "credentials/svcctl-state-key").chmod(0o400)
    environment = os.environ | {"CREDENTIALS_DIRECTORY": str(folder / "credentials")}
    environment.pop("STATE_DIRECTORY")
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == ""
    assert done.stderr == "Saving daytimer application to daytimer-start.tap...\nSaved.\n"
    assert (folder / "daytimer-start.tap").exists()
    assert (folder / "other.tap").exists()
