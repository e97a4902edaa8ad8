from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from svcctl.application import sob
from svcctl.errors import ApplicationNotFoundError, SavedStateError, UsageError
from svcctl.loading.saved import load_saved
from svcctl.loading.tac import load_tac
from tests.unit.persisting import shops
from tests.unit.persisting.conftest import folder

__all__ = ["folder"]

BROKEN = """
from svcctl.application import service, styles

class Keys(service.Service, styles.Versioned):
    persistenceVersion = {version}

    def upgradeToVersion1(self):
        return 1 / 0

application = service.Application("otk")
Keys().setServiceParent(application)
"""


@pytest.mark.parametrize("style", shops.STYLES)
@pytest.mark.parametrize("given", [True, False])
def test_a_saved_application_is_loaded_whatever_its_style(style: str, *, given: bool) -> None:
    """Or in the one that is asked for; a relative path counts from the working directory."""
    persistent = sob.Persistent(shops.otk(), "otk")
    persistent.setStyle(style)
    path = persistent.save()
    assert load_saved(path, style=style if given else None).name == "otk"


def test_an_encrypted_one_takes_its_passphrase() -> None:
    """As an argument."""
    path = sob.Persistent(shops.otk(), "otk").save(passphrase="secret")  # noqa: S106 (the test's own)
    assert load_saved(path, passphrase="secret").name == "otk"  # noqa: S106 (the same)
    with pytest.raises(SavedStateError, match="is encrypted"):
        load_saved(path)


def test_a_damaged_one_gives_way_to_the_one_before_it(caplog: pytest.LogCaptureFixture) -> None:
    """With a warning."""
    persistent = sob.Persistent(shops.otk(), "otk")
    persistent.save()
    path = Path(persistent.save())
    path.write_bytes(b"")
    caplog.clear()
    assert load_saved(str(path)).name == "otk"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_what_is_no_application_is_told(folder: Path) -> None:
    """With what it is; a style that there is not, a file that is not there."""
    path = sob.Persistent([1], "list").save()
    with pytest.raises(SavedStateError, match=r"list\.tap holds an object of type list, not an Application"):
        load_saved(path)
    with pytest.raises(UsageError, match="no style 'xml'"):
        load_saved(path, style="xml")
    with pytest.raises(ApplicationNotFoundError, match=r"missing\.tap: No such file"):
        load_saved(str(folder / "missing.tap"))


def test_code_that_fails_is_shown_with_its_own_frames(folder: Path) -> None:
    """And with none of ours."""
    tac = folder / "otk.tac"
    tac.write_text(BROKEN.format(version=0))
    path = sob.Persistent(load_tac(str(tac)), "otk").save()
    tac.write_text(BROKEN.format(version=1))
    del sys.modules["__tac__"]
    with pytest.raises(SavedStateError, match="its upgrade raised ZeroDivisionError") as raised:
        load_saved(path)
    assert f'File "{tac}", line 8, in upgradeToVersion1' in raised.value.frames
    assert "svcctl/application" not in raised.value.frames
