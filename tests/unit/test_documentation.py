from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import typer

from svcctl import errors
from svcctl.application.describing import asked
from svcctl.application.observing import opening
from svcctl.cli import describe as describing
from svcctl.cli import errors as cli_errors
from svcctl.cli import status as cli_status
from svcctl.cli.main import application
from svcctl.endpoints.grammar import parse_endpoint
from svcctl.endpoints.rare import RARE_TYPES
from svcctl.endpoints.values import TYPES, descriptor_name
from svcctl.generate.systemd.render import explain, render
from svcctl.loading.tac import MODULE_NAME, load_tac
from svcctl.manifest import model
from svcctl.manifest.model import Manifest, Needs, Origin
from svcctl.operations import kill, twistd
from svcctl.operations.check import CheckResult
from svcctl.operations.credential import Credential
from svcctl.operations.deb import DebResult
from svcctl.operations.diff import DiffResult, FileDifference
from svcctl.operations.explain import ExplainResult
from svcctl.operations.explaining.facts import Explanation, Mend
from svcctl.operations.install import InstallResult
from svcctl.operations.list import Entry, Listing
from svcctl.operations.packaging.table import Table
from svcctl.operations.plugins import (
    BrokenEntry,
    CommandEntry,
    OptionEntry,
    PluginDetails,
    PluginEntry,
    PluginListing,
    list_plugins,
    show_plugin,
)
from svcctl.operations.preview import Preview
from svcctl.operations.status import StatusResult, UnitState
from svcctl.operations.uninstall import UninstallResult
from svcctl.plan.model import Action, Diagnostic, File, InstalledFile, Plan, Receipt
from tests.unit.pages import DOCS, PAGES, REFERENCE, ROOT, Block, blocks, code, rows, sections, without_blocks
from tests.verify.cases import CASES, OPTIONS, VERSIONS

#: Click and Typer add it to every command.
HELP = {"-h", "--help"}
#: "no" was answered; the status of a command that says no more by it.
REFUSED = 1

COMMANDS: dict[str, Any] = vars(typer.main.get_command(application()))["commands"]


def slugs(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def options_of(command: str) -> set[str]:
    """Return the options of a command, without those for help."""
    if command == "twistd":  # it reads them by itself
        return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", twistd.HELP)) - HELP
    several = getattr(COMMANDS[command], "commands", {}).values() or (COMMANDS[command],)
    parameters = [each for one in several for each in one.params if each.param_type_name == "option"]
    return {name for each in parameters for name in (*each.opts, *each.secondary_opts)} - HELP


def documented_options(text: str) -> set[str]:
    """Return the options in the first cells of the tables in a text."""
    first = " ".join(row[0] for row in rows(text))
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", first)) - HELP


APPLICATIONS = [
    block
    for page in PAGES
    for block in blocks(page)
    if block.language == "python" and block.here and re.search(r"^application = ", block.text, re.MULTILINE)
]


def describe(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """Load the application of a block as a file of its own and return its description."""
    monkeypatch.setattr(opening, "describing", True)
    monkeypatch.setattr(asked, "credentials", {})
    monkeypatch.setattr(asked, "variables", {})
    monkeypatch.chdir(folder)  # what it opens beside itself is made there, not here
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setitem(sys.modules, MODULE_NAME, sys)  # so that what is loaded goes away again
    tac = folder / "app.tac"
    tac.write_text(block.text)
    return load_tac(str(tac)).describe(Origin(kind="tac", digest="0" * 64))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_in_its_section_and_no_other(command: str) -> None:
    """Both ways: nothing is missing, nothing has been taken out of the program."""
    described = sections(REFERENCE / "commands.md", 2)
    assert f"svcctl {command}" in described
    assert documented_options(described[f"svcctl {command}"]) == options_of(command)


def test_the_commands_described_are_those_there_are() -> None:
    """No section for a command that is gone; the options of svcctl itself, too."""
    described = sections(REFERENCE / "commands.md", 2)
    assert {head.partition(" ")[2] for head in described if head.startswith("svcctl ")} == set(COMMANDS)
    own = {name for each in typer.main.get_command(application()).params for name in each.opts}
    assert documented_options(described["svcctl"]) == own - HELP


#: The one that the page about plug-ins has its readers write.
GREET = {"--port", "--times", "--loud"}
#: Those that real applications bring, which tests of their own run.
ELSEWHERE = {"twisted:carbon-cache": {"--config"}, "twisted:wormhole-mailbox": {"--port"}}


def written(text: str) -> list[str]:
    """Return the options in a text."""
    return re.findall(r"(?<=\s)--?[a-z][a-z-]*", text)


def split(text: str) -> tuple[str, str, str]:
    """Split what follows a command at the name of a plug-in: what follows that is its own."""
    names = [entry.name for entry in list_plugins().plugins]
    found = re.search(rf"(?<![\w=./-])({'|'.join(names)}|greet|twisted:[\w-]+)(?=\s+[^\s])", text)
    return (text[: found.start()], found[1], text[found.end() :]) if found else (text, "", "")


def plugin_options(name: str) -> set[str]:
    """Return the options of a plug-in; of one of somebody else's that is not installed, those that the pages name."""
    if name in {"", "greet"}:
        return GREET
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    options = show_plugin(name).options
    return {each.option for each in options} | {f"-{each.letter}" for each in options if each.letter}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_commands_and_options_that_exist(page: Path) -> None:
    """Wherever a page has svcctl and a word in its code, and whatever options follow."""
    unknown = []
    for line in code(page):
        for found in re.finditer(
            r"(?<![\w.@/-])(?:/\S*/bin/)?svcctl ((?:[a-z][a-z0-9]*\|?)+)([^|&;#()]*)", line
        ):
            names = found[1].split("|")
            own, plugin, theirs = split(found[2])
            known_there = plugin_options(plugin)
            unknown += [f"{plugin} {option}" for option in written(theirs) if option not in known_there]
            unknown += [name for name in names if name not in COMMANDS]
            for option in written(own):
                known = [name for name in names if name in COMMANDS and option in options_of(name) | HELP]
                unknown += [] if known else [f"{found[1]} {option}"]
    assert unknown == []


def test_every_need_is_described_with_its_default() -> None:
    """In the first table of its page, in the order of the model."""
    described = {row[0].strip("`"): row[1] for row in rows(sections_before(REFERENCE / "needs.md"))}
    assert list(described) == [field.name for field in dataclasses.fields(Needs)]
    for field in dataclasses.fields(Needs):
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert f"`{default!r}`".replace("'", '"') in described[field.name]


def sections_before(page: Path) -> str:
    """Return the text of a page before its first section."""
    return page.read_text().partition("\n## ")[0]


def test_every_endpoint_is_described_with_its_arguments() -> None:
    """In the order of their positions; which are required, too."""
    described = sections(REFERENCE / "endpoints.md", 3)
    types = TYPES | RARE_TYPES
    assert list(described) == list(types)
    for name, kind in types.items():
        table = {row[0].strip("`"): row[1] for row in rows(described[name].partition("\n## ")[0])}
        assert tuple(table) == kind._fields
        for field, default in table.items():
            assert (default == "required") == (not hasattr(kind, field))


def test_the_descriptions_of_endpoints_parse() -> None:
    """Those in the tables of addresses and names, and the examples of each type."""
    parsed = 0
    text = REFERENCE.joinpath("endpoints.md").read_text()
    for example in re.findall(rf"`((?:{'|'.join(TYPES | RARE_TYPES)}):[^`…]*)`", text):
        if not example.endswith(":DESCRIPTION"):
            parse_endpoint(example)
            parsed += 1
    assert parsed > len(TYPES | RARE_TYPES)
    for example, name in rows(sections(REFERENCE / "endpoints.md", 2)["Descriptor names"]):
        assert descriptor_name(parse_endpoint(example.strip("`"))) == name.strip("`")


def test_every_exit_status_is_described() -> None:
    """Those of the command line, and the runner's own."""
    known = {value for name, value in vars(errors).items() if name.startswith("EX_")}
    own = {REFUSED, kill._EX_IOERR, cli_status._FAILED, cli_errors.INTERRUPTED, cli_errors.READER_GONE}
    table = rows(sections(REFERENCE / "commands.md", 2)["Exit statuses"])
    assert {int(row[0]) for row in table} == known | own
    runner = rows(sections(REFERENCE / "runtime.md", 2)["Exit statuses"])
    assert known <= {int(row[0]) for row in runner if row[0].isdigit()}


@pytest.mark.parametrize(
    "record",
    [
        *(Action, CheckResult, Diagnostic, Entry, File, InstalledFile, InstallResult, Listing, Plan, Preview),
        *(Credential, Receipt, StatusResult, UninstallResult, UnitState),
        *(DebResult, DiffResult, FileDifference, ExplainResult, Explanation, Mend),
        *(PluginListing, PluginEntry, BrokenEntry, PluginDetails, OptionEntry, CommandEntry),
    ],
    ids=lambda record: record.__name__,
)
def test_every_field_that_is_written_as_json_is_described(record: type) -> None:
    """By its name, in the section about JSON."""
    named = re.findall(r"`(\w+)(?:\[\])?`|\"(\w+)\":", sections(REFERENCE / "commands.md", 2)["JSON"])
    assert {field.name for field in dataclasses.fields(record)} - {a or b for a, b in named} == set()


def test_every_field_of_the_table_of_packages_is_described() -> None:
    """In the order of its class, by the names that are written."""
    described = rows(sections(REFERENCE / "debian.md", 2)["`[tool.svcctl.deb]`"])
    names = [field.name.replace("_", "-") for field in dataclasses.fields(Table)]
    assert {row[0].strip("`") for row in described} == set(names) - {"folder", "project", "problems"}


def test_every_field_of_the_manifest_is_described() -> None:
    """And those of its needs on a page of their own."""
    text = REFERENCE.joinpath("manifest.md").read_text()
    words = set(re.findall(r"`([\w.]+)(?:\[\])?`", text))
    records = [
        each for each in vars(model).values() if inspect.isclass(each) and dataclasses.is_dataclass(each)
    ]
    assert model.ServiceNode in records
    for record in records:
        names = {field.name for field in dataclasses.fields(record)}
        if record is not Needs:
            assert names - {part for word in words for part in word.split(".")} == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_directive_of_the_units_is_described(version: int) -> None:
    """Of all the units that the tests of the generator know."""
    words = set(re.findall(r"\w+", REFERENCE.joinpath("units.md").read_text()))
    words |= set(re.findall(r"\w+", REFERENCE.joinpath("needs.md").read_text()))
    written: set[str] = set()
    for case in CASES:
        given = {directive for _, directive, _ in case.options.settings}
        reasons = explain(case.manifest, case.on(version).options)
        written |= {reason.directive for reason in reasons} - given
    # The mode of each folder is in the table of folders.
    assert {name for name in written - words if not name.endswith("DirectoryMode")} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_resolve(page: Path) -> None:
    """Files and anchors of this repository; no other place is looked at."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in slugs(target)):
            broken.append(link)
    assert broken == []


def test_every_page_can_be_found() -> None:
    """From the map, or from the list of decisions that the map names."""
    linked = {
        (DOCS / link.partition("#")[0]).resolve()
        for link in re.findall(r"\]\(([^)\s]+)\)", (DOCS / "README.md").read_text())
    }
    pages = {page for page in DOCS.rglob("*.md") if page.parent.name != "adr"}
    assert pages - linked - {DOCS / "README.md"} == set()
    assert DOCS / "adr/README.md" in linked


PYTHON = [block for page in PAGES for block in blocks(page) if block.language == "python"]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_the_python_of_the_pages_compiles(block: Block) -> None:
    """Also what cannot run here."""
    assert isinstance(compile(block.text, str(block), "exec"), CodeType)


@pytest.mark.parametrize("block", APPLICATIONS, ids=str)
def test_the_applications_of_the_pages_can_be_installed(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They load, are described, and nothing stands against their units; sockets by name get an address."""
    manifest = describe(block, tmp_path, monkeypatch)
    listen = tuple(
        (listener.name, f"/run/{listener.name}.sock")
        for listener in manifest.listeners()
        if listener.endpoint.startswith("systemd:UNIX")
    )
    rendering = render(manifest, dataclasses.replace(OPTIONS, name="app", listen=listen))
    assert [item for item in rendering.diagnostics if item.severity == "error"] == []


def shown(page: str, command: str) -> str:
    """Return what a page says that a command prints."""
    text = "\n".join(block.text for block in blocks(DOCS / page))
    found = re.search(rf"^\$ {command}.*\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    assert found is not None
    return found[1]


def first_application(page: str) -> Block:
    """Return the first application of a page."""
    return next(block for block in APPLICATIONS if block.page == DOCS / page)


def test_the_tutorial_shows_the_description_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line."""
    page = "tutorial/first-service.md"
    manifest = describe(first_application(page), tmp_path, monkeypatch)
    assert shown(page, "svcctl describe").splitlines() == list(describing._lines(manifest))


@pytest.mark.parametrize(
    ("page", "name"),
    [("tutorial/first-service.md", "shout"), ("how-to/outbound-and-other-needs.md", "mirror")],
)
def test_the_reasons_that_a_page_shows_are_those_there_are(
    page: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each directive with the value and the reason that the page gives it."""
    manifest = describe(first_application(page), tmp_path, monkeypatch)
    reasons = {
        f"{reason.directive}={reason.value}\n    {reason.reason}"
        for reason in explain(manifest, dataclasses.replace(OPTIONS, name=name))
    }
    pairs = re.findall(r"^\w+=.*\n    .*$", shown(page, "svcctl check --explain"), re.MULTILINE)
    assert pairs
    assert set(pairs) - reasons == set()
