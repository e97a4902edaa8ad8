"""What a service of Windows is made of, and what is refused."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

import pytest

from svcctl.errors import UsageError
from svcctl.generate.windows.definition import define
from svcctl.generate.windows.options import BundledFile, WindowsOptions
from svcctl.generate.windows.render import render
from svcctl.manifest.model import Lifecycle, Needs
from svcctl.plan.windows import Variable, WindowsService
from svcctl.records.text import from_text
from tests.unit.generate.windows.cases import BUNDLED, OPTIONS, bundled
from tests.verify.cases import ECHO, make_manifest

_PATHS = tuple(file.path for file in BUNDLED.bundle)


def told(
    *endpoints: str, options: WindowsOptions = OPTIONS, needs: Needs | None = None
) -> list[tuple[str, str, str]]:
    """Return severity, subject and message of each diagnostic."""
    rendering = render(make_manifest(*endpoints, needs=needs or Needs()), options)
    return [(each.severity, each.subject, each.message) for each in rendering.diagnostics]


def test_the_definition_is_one_of_the_files() -> None:
    """Whole, so that it can be installed from there."""
    files = {file.path: file.content for file in render(ECHO, OPTIONS).files}
    assert list(files) == ["/echo-winsw.xml", "/echo.json", "/install.ps1", "/uninstall.ps1"]
    assert from_text(files["/echo.json"].decode(), WindowsService) == define(ECHO, OPTIONS)
    assert "/echo.wxs" in [file.path for file in render(ECHO, BUNDLED).files]


def test_the_same_input_gives_the_same_bytes() -> None:
    """Identities in an installer included."""
    assert render(ECHO, BUNDLED) == render(ECHO, BUNDLED)


def test_the_service_has_the_limits_of_its_application() -> None:
    """Windows waits at its own end for as long as it may take to stop, and a margin."""
    life = Lifecycle(start_limit_ms=1, stop_limit_ms=20_000, watchdog_ms=3, reload=True)
    service = define(replace(ECHO, lifecycle=life), OPTIONS)
    assert service.preshutdown_ms > service.hosted.stop_limit_ms == 20_000
    assert (service.hosted.start_limit_ms, service.hosted.watchdog_ms, service.hosted.reload) == (1, 3, True)


def test_limits_are_set_by_hand() -> None:
    """Windows waits for as long at its own end, and a margin."""
    settings = (("stop_limit_ms", 60_000), ("most_failures", 3))
    service = define(ECHO, replace(OPTIONS, settings=settings))
    assert (service.hosted.stop_limit_ms, service.hosted.most_failures) == (60_000, 3)
    assert service.preshutdown_ms > 60_000


def test_a_small_service_has_one_process() -> None:
    """Of the environment's interpreter; a wrapper of other people's starts the runner all the same."""
    small = replace(OPTIONS, small=True)
    service = define(ECHO, small)
    assert (service.hosted.in_process, service.hosted.arguments) == (True, (OPTIONS.application,))
    assert service.command_line().startswith(f'"{OPTIONS.python}"')
    files = {file.path: file.content.decode() for file in render(ECHO, small).files}
    assert "-m svcctl.runtime C:\\Echo\\echo.tac" in files["/echo-winsw.xml"]


def test_an_installer_of_other_content_is_another_product() -> None:
    """Which Windows takes for an upgrade; the same content is the same product, wherever it is made."""
    identities = []
    for digest in ("0" * 64, "0" * 64, "1" * 64):
        options = replace(BUNDLED, bundle=(*BUNDLED.bundle, BundledFile("x.py", digest)))
        files = {file.path: file.content.decode() for file in render(ECHO, options).files}
        identities += re.findall('<Product Id="([^"]+)"', files["/echo.wxs"])
    assert identities[0] == identities[1] != identities[2]
    assert uuid.UUID(identities[0]).version == 5


def test_folders_are_named_by_variables() -> None:
    """Those that it asks for, by the names it knows from elsewhere; they are not overridden by case."""
    service = define(make_manifest(needs=Needs(directories=("state", "config"))), OPTIONS)
    assert service.hosted.environment == (
        Variable("STATE_DIRECTORY", r"C:\ProgramData\echo\state"),
        Variable("CONFIGURATION_DIRECTORY", r"C:\ProgramData\echo\config"),
        Variable("SVCCTL_CONTROL", r"\\.\pipe\svcctl-echo"),
    )
    with pytest.raises(UsageError, match="twice"):
        define(ECHO, replace(OPTIONS, environment=(Variable("State_Directory", "x"),)))


@pytest.mark.parametrize(
    "endpoint", ["unix:/run/x.sock", "unixgram:/run/x.sock", "systemd:domain=INET:name=web", "stdio:"]
)
def test_sockets_that_windows_has_not_are_errors(endpoint: str) -> None:
    """They make the rendering unusable."""
    assert [severity for severity, _, _ in told(endpoint)] == ["error"]


def test_the_firewall_is_spoken_of_where_others_connect() -> None:
    """With a rule that lets them in; a listener for this machine alone needs none."""
    (note,) = render(make_manifest("udp:53"), OPTIONS).diagnostics
    assert note.hint == (
        "New-NetFirewallRule -Name echo-udp-53 -DisplayName echo-udp-53 -Direction Inbound -Protocol UDP -LocalPort 53"
    )
    assert told("tcp:8007:interface=127.0.0.1", "tcp6:8007:interface=\\:\\:1") == []


def test_secrets_and_missing_settings_are_spoken_of() -> None:
    """By name, never with a value."""
    options = replace(OPTIONS, environment=(Variable("API_TOKEN", "hush"),))
    said = told(needs=Needs(environment=("OTHER", "api_token")), options=options)
    assert [(severity, subject) for severity, subject, _ in said] == [
        ("warning", "--env API_TOKEN"),
        ("note", "needs.environment"),
    ]
    assert "hush" not in repr(said)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a b"},
        {"application": "-x"},
        {"application": r"echo.tac"},
        {"application": "/opt/echo.tac"},
        {"interpreter": "python.exe"},
        {"python": r"C:\a\..\python.exe"},
        {"packages": "site-packages"},
        {"directory": ""},
        {"data": r"C:relative"},
        {"account": 'a"b'},
        {"dependencies": ("a/b",)},
        {"environment": (Variable("A=B", "c"),)},
        {"environment": (Variable("A", "b\0"),)},
        {"arguments": ("a\0",)},
        {"settings": (("python", 1),)},
        {"settings": (("healthy_ms", -1),)},
    ],
    ids=str,
)
def test_options_that_cannot_be_used_are_refused(changes: dict[str, object]) -> None:
    """With what to do about it."""
    with pytest.raises(UsageError) as caught:
        render(ECHO, replace(OPTIONS, **changes))  # type: ignore[arg-type]  # names of fields
    assert caught.value.hint


@pytest.mark.parametrize(
    "bundle",
    [
        ("a.txt",),
        ("../x", *_PATHS),
        ("con:", *_PATHS),
        ("Echo.TAC", *_PATHS),
        ("a$(b)", *_PATHS),
        ("a./b", *_PATHS),
    ],
)
def test_bundles_that_windows_cannot_hold_are_refused(bundle: tuple[str, ...]) -> None:
    """Without the interpreter, outside of the folder, or the same name twice."""
    with pytest.raises(UsageError):
        render(ECHO, replace(BUNDLED, bundle=bundled(*bundle)))


def test_an_installer_brings_its_own_interpreter() -> None:
    """It cannot make a service of a program that is not in it."""
    with pytest.raises(UsageError, match="is not in the folder"):
        render(ECHO, replace(BUNDLED, interpreter=r"C:\Python311\python.exe"))
