"""What the init system says about its watchdog."""

from __future__ import annotations

import logging
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.runtime import watchdog

HOSTILE = st.one_of(
    st.text(max_size=30),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(
        ["", " 1", "+1", "1_000", "0x10", "1e6", "inf", "nan", "9" * 5000, "\u0665", "\udcff", "-0"]
    ),
)


@pytest.mark.parametrize("pid", [None, str(os.getpid())], ids=["none", "ours"])
def test_the_limit_is_given_in_seconds_and_its_variables_are_removed(pid: str | None) -> None:
    """With our process's number, or with none."""
    environ = {"WATCHDOG_USEC": "30000000", "OTHER": "stays"} | ({"WATCHDOG_PID": pid} if pid else {})
    assert watchdog.from_environment(environ) == 30.0
    assert environ == {"OTHER": "stays"}


def test_a_limit_for_another_process_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """Variables that were inherited from a parent."""
    environ = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}
    assert watchdog.from_environment(environ) is None
    assert environ == {}
    assert caplog.records == []


@pytest.mark.parametrize(
    "text", ["0", "-5", "", "abc", "1.5", "18446744073709551615", "9" * 40, " 5", "\u0665"]
)
def test_a_malformed_limit_is_logged(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """No pings are better than wrong ones; the init system then says so in its way."""
    assert watchdog.from_environment({"WATCHDOG_USEC": text}) is None
    assert "no number of microseconds" in caplog.text


@given(limit=HOSTILE, pid=st.none() | HOSTILE | st.just(str(os.getpid())))
def test_whatever_the_variables_hold_they_are_removed_and_give_a_positive_limit_or_none(
    limit: str, pid: str | None
) -> None:
    """No value raises, and none for another process counts."""
    logging.disable()
    try:
        environ = {"WATCHDOG_USEC": limit} | ({} if pid is None else {"WATCHDOG_PID": pid})
        found = watchdog.from_environment(environ)
    finally:
        logging.disable(logging.NOTSET)
    assert environ == {}
    if found is not None:
        assert 0 < found <= 2**64 / 1_000_000
        assert pid in {None, str(os.getpid())}
        assert limit.isascii()
        assert limit.isdigit()
