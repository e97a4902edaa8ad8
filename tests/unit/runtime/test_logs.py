"""Forms of log records, as they arrive on a real stderr."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from svcctl.errors import UsageError
from svcctl.runtime import logs

PROGRAM = """
import logging, sys, warnings
from svcctl.runtime import logs
logs.configure({level!r}, {form!r})
log = logging.getLogger("shop.counter")
{body}
"""


def run(
    body: str, form: str = "text", level: str = "info", environ: Mapping[str, str] | None = None
) -> list[str]:
    """Run statements with a configured log; return the lines on stderr."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM.format(level=level, form=form, body=body)],
        env={**os.environ, "TZ": "UTC", **(environ or {})},
        stderr=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    return done.stderr.splitlines()


def test_text_has_time_level_logger_message_and_facts() -> None:
    """Facts under svcctl_ are shown without the prefix, others are not shown."""
    body = (
        'log.warning("it %s", "broke", extra={"svcctl_path": "shop/db", "svcctl_why": "two words", "x": 1})'
    )
    (line,) = run(body)
    date, clock, rest = line.split(" ", 2)
    assert (len(date), len(clock)) == (10, 8)
    assert rest == "warning shop.counter: it broke path=shop/db why='two words'"


def test_a_fact_cannot_break_the_line() -> None:
    """Line breaks in values are escaped."""
    (line,) = run(r'log.error("bad", extra={"svcctl_value": "a\n<0>forged"})')
    assert line.endswith(r"bad value='a\n<0>forged'")


@pytest.mark.parametrize("form", ["text", "journal"])
def test_a_message_commands_no_terminal(form: str) -> None:
    """What a client sent may be in it; lines and tabs stay."""
    lines = run(r'log.error("got %s", "\x1b]0;owned\x07\x9b2J\r\n\tthen")', form)
    assert lines[0].endswith("got ?]0;owned??2J?")
    assert lines[1].endswith("\tthen")


def test_the_journal_s_form_prefixes_every_line() -> None:
    """Tracebacks keep the priority of their record."""
    lines = run(
        'try: 1 / 0\nexcept ZeroDivisionError: log.exception("sum\\nfailed", extra={"svcctl_n": 1})',
        "journal",
    )
    assert lines[0] == "<3>sum n=1"
    assert lines[1] == "<3>failed"
    assert lines[-1] == "<3>ZeroDivisionError: division by zero"
    assert all(line.startswith("<3>") for line in lines)


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)]
)
def test_levels_become_priorities(level: str, priority: int) -> None:
    """As syslog has them."""
    assert run(f'log.{level}("x")', "journal", "debug") == [f"<{priority}>x"]


def test_json_is_one_object_a_line_with_every_extra() -> None:
    """Values that JSON does not know are texts."""
    body = 'try: 1 / 0\nexcept ZeroDivisionError: log.exception("sum", extra={"svcctl_n": 1, "who": object})'
    (line,) = run(body, "json")
    entry = json.loads(line)
    assert entry["time"].endswith("Z")
    assert {key: entry[key] for key in ("level", "logger", "message", "svcctl_n", "who")} == {
        "level": "error",
        "logger": "shop.counter",
        "message": "sum",
        "svcctl_n": 1,
        "who": "<class 'object'>",
    }
    assert entry["exception"].endswith("ZeroDivisionError: division by zero")


def test_records_below_the_level_are_dropped() -> None:
    """The level holds for all loggers."""
    assert len(run('log.info("no"); log.warning("yes")', level="warning")) == 1


def test_warnings_of_python_are_records() -> None:
    """They have a time and a level like everything else."""
    lines = run('warnings.warn("old", UserWarning)')
    assert "warning py.warnings: " in lines[0]
    assert "UserWarning: old" in lines[0]


def test_a_log_call_that_cannot_be_formatted_is_not_lost() -> None:
    """Its place is named."""
    (line,) = run('log.error("%d", "text")')
    assert "a log call cannot be formatted" in line
    assert "<string>:6" in line


@pytest.mark.parametrize("how", ["os.close(2)", "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)"])
def test_a_broken_stderr_does_no_harm(how: str) -> None:
    """The program goes on and ends with its own status."""
    assert run(f'import os; {how}\nlog.error("unheard")') == []


def test_a_process_started_without_a_stderr_writes_into_no_other_file(tmp_path: Path) -> None:
    """The next file that is opened gets the number of stderr."""
    body = "import os; other = os.open('other', os.O_WRONLY | os.O_CREAT)\nassert other == 2\nlog.error('unheard')"
    program = PROGRAM.format(level="info", form="text", body=body)
    command = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-P", "-c", program]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "other").read_text() == ""


def test_a_reader_that_went_away_does_no_harm(tmp_path: Path) -> None:
    """The status of the process stays its own."""
    program = tmp_path / "program.py"
    program.write_text(
        PROGRAM.format(level="info", form="text", body='log.error("x"); sys.stdin.read(); log.error("y")')
    )
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-P", str(program)], stderr=theirs, stdin=subprocess.PIPE
    ) as process:
        os.close(theirs)
        os.read(ours, 100)
        os.close(ours)
        process.communicate()
    assert process.returncode == 0


def test_auto_is_the_journal_s_form_only_where_stderr_is_the_journal(tmp_path: Path) -> None:
    """The variable alone is inherited by terminals and pipes, too."""
    with (tmp_path / "stderr").open("w+") as stream:
        facts = os.fstat(stream.fileno())
        program = PROGRAM.format(level="info", form="auto", body='log.info("x")')
        for journal in (
            f"{facts.st_dev}:{facts.st_ino}",
            f"{facts.st_dev}:{facts.st_ino + 1}",
            "nonsense",
            "",
        ):
            subprocess.run(
                [sys.executable, "-P", "-c", program],
                env={**os.environ, "JOURNAL_STREAM": journal},
                stderr=stream,
                check=True,
            )
        stream.seek(0)
        lines = stream.read().splitlines()
    assert [line.startswith("<6>x") for line in lines] == [True, False, False, False]


@pytest.mark.parametrize(
    ("level", "form", "message", "hint"),
    [
        ("inf", "text", "there is no log level 'inf'", "did you mean info?"),
        ("WARNING", "text", "there is no log level 'WARNING'", "did you mean warning?"),
        ("zzz", "text", "there is no log level 'zzz'", "choose one of debug, info, warning, error, critical"),
        ("info", "jsno", "there is no log format 'jsno'", "did you mean json?"),
    ],
)
def test_an_unknown_level_or_form_is_a_usage_error(level: str, form: str, message: str, hint: str) -> None:
    """With what was probably meant."""
    before = logging.getLogger().handlers[:]
    with pytest.raises(UsageError) as caught:
        logs.configure(level, form)
    assert (str(caught.value), caught.value.hint) == (message, hint)
    assert logging.getLogger().handlers == before
