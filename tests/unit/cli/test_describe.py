"""``svcctl describe``."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from svcctl.cli.main import run_command
from svcctl.errors import Problem, ProblemsError
from svcctl.manifest.codec import decode
from tests.fakes.describing import FakeDescribe
from tests.fakes.trees import shop

pytestmark = pytest.mark.usefixtures("machine", "describing")


def test_order_restarts_and_supervision_are_shown(
    describing: FakeDescribe, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a service says something about them."""
    describing.manifest = shop()
    assert run_command(["describe", "/srv/shop.tac"]) == 0
    assert capsys.readouterr().out.splitlines()[1:11] == [
        "shop (collection, shop.Part)",
        "  metrics (timer, shop.Part)",
        "    starts after nothing",
        "    is temporary: it may finish or fail",
        "    calls shop.measure every 2.5 s",
        "  storage (collection, shop.Part)",
        "    starts after nothing",
        "    supervises: rest_for_one, at most 3 restarts in 5 s",
        "    db (service, shop.Part)",
        "      connects to tcp:db.example:port=5432",
    ]


@pytest.mark.parametrize(
    ("form", "start"), [("text", "shop (collection) · "), ("dot", 'digraph "shop" {'), ("svg", "<svg ")]
)
def test_a_drawing_is_all_that_comes_out(
    form: str, start: str, describing: FakeDescribe, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """As UTF-8, whatever the terminal has."""
    describing.manifest = shop()
    assert run_command(["describe", "/srv/shop.tac", "--graph", form]) == 0
    shown = capsysbinary.readouterr()
    assert shown.err == b""
    assert shown.out.decode().startswith(start)
    assert shown.out.endswith(b"\n")


def test_an_image_is_xml_with_every_path(
    describing: FakeDescribe, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Nothing before it, nothing behind it."""
    describing.manifest = shop()
    run_command(["describe", "/srv/shop.tac", "--graph", "svg"])
    texts = set(ET.fromstring(capsysbinary.readouterr().out).itertext())  # noqa: S314 (our own text)
    assert {node.path for node in shop().tree.walk()} <= texts


def test_json_and_a_drawing_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """There is one stdout."""
    assert run_command(["describe", "/srv/shop.tac", "--graph", "dot", "--json"]) == 64
    assert "--json and --graph exclude each other" in capsys.readouterr().err


def test_another_form_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is executed."""
    assert run_command(["describe", "/srv/shop.tac", "--graph", "png"]) == 64
    shown = capsys.readouterr().err
    assert all(form in shown for form in ("text", "dot", "svg"))


def test_json_has_what_is_drawn(describing: FakeDescribe, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it can be read again."""
    describing.manifest = shop()
    assert run_command(["describe", "/srv/shop.tac", "--json"]) == 0
    assert decode(capsys.readouterr().out) == shop()


@pytest.mark.parametrize("command", ["describe", "check", "install"])
def test_every_problem_of_the_order_is_listed(
    command: str, describing: FakeDescribe, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its path, and nothing is done."""
    wrong = (
        Problem("shop/a", "comes after 'x', which is not there"),
        Problem("shop/b", "comes after itself"),
    )
    describing.error = ProblemsError("the description of /srv/shop.tac", wrong)
    assert run_command([command, "/srv/shop.tac", "--python", "/usr/bin/python3"]) == 65
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[1:] == [
        "  shop/a: comes after 'x', which is not there",
        "  shop/b: comes after itself",
    ]
