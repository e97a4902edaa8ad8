"""The configuration for WinSW keeps the rules that WinSW publishes: its ``docs/xml-config-file.md``. No test runs it."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from svcctl.generate.windows.render import render
from svcctl.plan.windows import WindowsService
from svcctl.records.text import from_text
from tests.fakes.windows_arguments import split
from tests.unit.generate.windows.cases import CASES, Case

ONCE = {
    "id", "name", "description", "executable", "arguments", "workingdirectory", "startmode", "stoptimeout", "logpath",
    "serviceaccount",
}  # fmt: skip
AT_MOST_ONCE = {"delayedAutoStart"}
REPEATED = {"env", "depend", "onfailure"}
DURATION = re.compile(r"\d+ ?(sec|secs|min|mins|hour|hours|day|days)")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_element_is_one_that_winsw_reads(case: Case) -> None:
    """With values of the kind that it takes, which are those of the definition."""
    files = {file.path: file.content for file in render(case.manifest, case.options).files}
    service = from_text(files[f"/{case.options.name}.json"].decode(), WindowsService)
    root = ET.fromstring(files[f"/{case.options.name}-winsw.xml"])  # noqa: S314 (our own)
    assert root.tag == "service"
    counts = Counter(element.tag for element in root)
    assert set(counts) - AT_MOST_ONCE - REPEATED == ONCE
    assert all(counts[name] <= 1 for name in ONCE | AT_MOST_ONCE)
    text = {element.tag: element.text or "" for element in root}
    assert (text["id"], text["name"], text["executable"]) == (
        service.name,
        service.display_name,
        service.hosted.python,
    )
    assert split(f'"x" {text["arguments"]}')[1:] == list(service.hosted.arguments)
    assert text["startmode"] in {"Automatic", "Manual"}
    assert text.get("delayedAutoStart", "true") == "true"
    assert DURATION.fullmatch(text["stoptimeout"])
    assert [each.text for each in root.iter("username")] == [service.account]
    variables = [(each.get("name"), each.get("value")) for each in root.iter("env")]
    assert variables == list(service.hosted.environment)
    assert [each.text for each in root.iter("depend")] == list(service.dependencies)
    (failure,) = root.iter("onfailure")
    assert failure.get("action") in {"restart", "reboot", "none"}
    assert DURATION.fullmatch(failure.get("delay", ""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_winsw_would_take_for_a_variable_is_told_of(case: Case) -> None:
    """It knows no way to write a name between two ``%`` that it leaves alone."""
    told = [each for each in render(case.manifest, case.options).diagnostics if each.subject == "winsw"]
    has_one = any("%" in each.value for each in case.options.environment)
    assert [each.severity for each in told] == (["note"] if has_one else [])
