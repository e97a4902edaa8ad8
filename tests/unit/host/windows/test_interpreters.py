"""An interpreter says where it has what a service needs; here, one of this system."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

import svcctl
from svcctl.errors import ConfigurationError
from svcctl.host.windows.interpreters import look_at


def test_the_base_interpreter_is_not_that_of_the_environment() -> None:
    """And svcctl is where it imports it from; its own is not started for that."""
    place = look_at(sys.executable)
    assert look_at(sys.executable.replace("/bin/", "/bin/../bin/")) == place
    assert not Path(place.base).parent.samefile(Path(sys.executable).parent)
    assert place.packages == str(Path(svcctl.__file__).parents[1])
    assert place.version == platform.python_version()


def test_what_is_no_interpreter_for_us_is_refused(tmp_path: Path) -> None:
    """Missing, unable to run, or without svcctl; each with what to do about it."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho \"No module named 'svcctl'\" >&2\nexit 1\n")
    for path, mode, reason in (
        ("/none", 0o755, "there is no interpreter"),
        (str(program), 0o644, "cannot be run"),
        (str(program), 0o755, "cannot import svcctl"),
    ):
        program.chmod(mode)
        with pytest.raises(ConfigurationError, match=reason) as caught:
            look_at(path)
        assert caught.value.hint
