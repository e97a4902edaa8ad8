"""What the log says when the units no longer fit the application."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from svcctl.loading.tac import load_tac
from svcctl.manifest.codec import fingerprint
from svcctl.manifest.model import Origin
from svcctl.runtime.drift import warn_if_changed

TAC = """
from svcctl.application import internet, service
application = service.Application("shop")
async def serve(reader, writer): ...
internet.TCPServer({port}, serve).setServiceParent(application)
"""


def installed(path: Path) -> str:
    """Return what the units of a file would be given."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{digest[:16]}-{fingerprint(load_tac(str(path)).describe(Origin(kind='tac', digest=digest)))}"


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        (TAC.format(port=80), False),
        (TAC.format(port=80) + "# a comment", False),
        (TAC.format(port=81), True),
        (TAC.format(port=80).replace('"shop"', '"shop", needs={"network": "outbound"}'), True),
        (TAC.format(port=80).replace('"shop"', '"shop", stop_timeout=1'), True),
    ],
    ids=["unchanged", "other-text", "other-port", "other-needs", "other-limits"],
)
def test_only_a_change_that_units_depend_on_is_worth_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, *, warned: bool
) -> None:
    """Listeners, needs and limits; it names the command that shows the installation to repeat."""
    path = tmp_path / "shop.tac"
    path.write_text(TAC.format(port=80))
    digests = installed(path)
    path.write_text(text)
    warn_if_changed(load_tac(str(path)), str(path), digests, "shop.service")
    assert ("`svcctl status shop`" in caplog.text) is warned
    # Its options are not known here, and an installation without them would drop them.
    assert "svcctl install" not in caplog.text


def test_a_file_that_is_gone_is_said_to_be_beyond_comparison(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The application runs on."""
    path = tmp_path / "shop.tac"
    path.write_text(TAC.format(port=80))
    application, digests = load_tac(str(path)), installed(path)
    path.unlink()
    warn_if_changed(application, str(path), digests, None)
    assert "cannot tell" in caplog.text
