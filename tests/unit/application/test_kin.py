"""Which processes belong together, as /proc tells it."""

from __future__ import annotations

import os
import subprocess

from svcctl.application.processes.kin import kin, process


def test_a_process_is_read_whatever_its_name() -> None:
    """Parentheses and blanks in the name are not taken for fields."""
    with subprocess.Popen(["/bin/sh", "-c", "printf ') R 1 2 3 (' > /proc/$$/comm; echo; read x"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as popen:  # fmt: skip
        assert popen.stdout is not None
        popen.stdout.readline()
        found = process(popen.pid)
        assert found is not None
        assert found[:4] == (popen.pid, os.getpid(), popen.pid, popen.pid)
        popen.kill()


def test_a_process_that_has_ended_is_not_there() -> None:
    """Whether anybody has taken note of it or not."""
    popen = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
    assert process(popen.pid) is None
    popen.wait()
    assert process(popen.pid) is None


def test_a_number_that_was_given_to_another_process_is_not_known() -> None:
    """It is the moment of the start that tells."""
    me = process(os.getpid())
    assert me is not None
    assert me.pid in [each.pid for each in kin(-5, {me.pid: me.began})]
    assert kin(-5, {me.pid: me.began - 1}) == []
