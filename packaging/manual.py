"""Write the manual pages of ``svcctl`` and of each of its commands, from what the commands themselves declare.

Usage: ``python3 packaging/manual.py FOLDER`` with svcctl importable; ``$SOURCE_DATE_EPOCH`` dates the pages.
Source: man-pages(7), groff_man(7); https://reproducible-builds.org/specs/source-date-epoch/.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

import svcctl
from svcctl.cli.main import application
from svcctl.generate.debian.manpage import escape

REFERENCE = Path(__file__).parents[1] / "docs/reference/commands.md"
FILES = {
    "/etc/svcctl/INSTANCE.tac": "The application that svcctl@INSTANCE.service runs.",
    "/etc/default/svcctl, /etc/default/svcctl@INSTANCE": "Environment variables of such services.",
    "/etc/systemd/system": "The units of what svcctl install has installed.",
    "/var/lib/svcctl/receipts": "What svcctl install has written, so that svcctl uninstall finds it.",
}
ENVIRONMENT = {"SVCCTL_TRACEBACK": "With 1 an internal error shows its traceback."}


def main(folder: Path) -> None:
    """Write all pages."""
    root: Any = typer.main.get_command(application())
    context = root.make_context("svcctl", [], resilient_parsing=True)
    (folder / "svcctl.1").write_text(_page("svcctl", root, [*_options(root, context), *_overview(root)]))
    for name, command in sorted(root.commands.items()):
        own = root.context_class(command, parent=context, info_name=name)
        (folder / f"svcctl-{name}.1").write_text(_page(f"svcctl-{name}", command, _details(command, own)))


def _page(name: str, command: Any, body: list[str]) -> str:  # noqa: ANN401 (a command of Click, or of Typer's copy)
    """Return the source of one page."""
    when = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    version = f"svcctl {svcctl.__version__}"
    text = _paragraphs(command.help)
    # Up to the first full stop, not the one in ".tac".
    short = re.split(r"[.:;](?:\s|$)", text[0], maxsplit=1)[0]
    head = [
        f'.TH {escape(name.upper())} 1 "{when:%Y-%m-%d}" "{escape(version)}" "User Commands"',
        ".SH NAME",
        f"{escape(name)} \\- {escape(short[0].lower() + short[1:])}",
    ]
    return "\n".join([*head, *_synopsis(name, command), ".SH DESCRIPTION", *_flow(text), *body]) + "\n"


def _synopsis(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 (as above)
    yield ".SH SYNOPSIS"
    pieces = command.collect_usage_pieces(command.context_class(command))
    yield f".B {escape(name.replace('-', ' ', 1))}"
    yield escape(" ".join(pieces))


def _details(command: Any, context: Any) -> list[str]:  # noqa: ANN401 (as above)
    """Return what the page of a command has besides: its options, and the commands that it consists of."""
    lines = _options(command, context)
    for name, each in sorted(getattr(command, "commands", {}).items()):
        own = command.context_class(each, parent=context, info_name=name)
        usage = " ".join([own.command_path, *each.collect_usage_pieces(own)])
        lines += [f".SS {escape(usage)}", *_flow(_paragraphs(each.help)), *_records(each, own)]
    return [*lines, ".SH SEE ALSO", ".BR svcctl (1)"]


def _options(command: Any, context: Any) -> list[str]:  # noqa: ANN401 (as above)
    records = _records(command, context)
    return [".SH OPTIONS", *records] if records else []


def _records(command: Any, context: Any) -> list[str]:  # noqa: ANN401 (as above)
    """Return a command's arguments and options, each with what it means."""
    shown = (parameter.get_help_record(context) for parameter in command.get_params(context))
    return _items({names: text.removesuffix("[required]") for names, text in filter(None, shown)})


def _overview(root: Any) -> Iterator[str]:  # noqa: ANN401 (as above)
    """Yield what the page of the program has besides."""
    yield ".SH COMMANDS"
    for name, command in sorted(root.commands.items()):
        yield from (".TP", f".BR svcctl\\-{escape(name)} (1)", escape(_paragraphs(command.help)[0]))
    yield from (".SH NOTES", escape(root.epilog))
    yield from (".SH EXIT STATUS", *_items(_statuses()))
    yield from (".SH ENVIRONMENT", *_items(ENVIRONMENT))
    yield from (".SH FILES", *_items(FILES))
    yield from (".SH SEE ALSO", ".BR systemctl (1),", ".BR journalctl (1),", ".BR systemd.service (5)")


def _statuses() -> dict[str, str]:
    """Return the exit statuses and their meanings, as the reference has them."""
    section = REFERENCE.read_text().partition("\n## Exit statuses\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE)
    return {status: meaning.replace("`", "") for status, meaning in found}


def _items(texts: dict[str, str]) -> list[str]:
    return [
        line for name, text in texts.items() for line in (".TP", f".B {escape(name)}", escape(text.strip()))
    ]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text).split("\n\n")]


def _flow(paragraphs: list[str]) -> list[str]:
    return [line for paragraph in paragraphs for line in (".PP", escape(paragraph))]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
