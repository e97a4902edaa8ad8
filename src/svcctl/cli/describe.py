"""``svcctl describe``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import options, requested

if TYPE_CHECKING:
    from collections.abc import Iterator

    from svcctl.manifest.model import Manifest, ServiceNode
    from svcctl.operations.request import InstallRequest


class Form(StrEnum):
    """The forms that ``--graph`` draws."""

    TEXT = "text"
    DOT = "dot"
    SVG = "svg"


@requested.service_options(
    *("name", "user", "root", "systemd", "sockets", "set_", "after", "requires", "instances", "listen")
)
def describe(
    *,
    graph: Annotated[
        Form | None,
        typer.Option(
            "--graph", help="Draw the services and the order in which they start, and nothing else."
        ),
    ] = None,
    request: InstallRequest,
    json: options.Json = False,
) -> None:
    """Show what APP is. Its services, its listeners, its needs."""
    from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)
    from svcctl.manifest import codec  # noqa: PLC0415 (the same)
    from svcctl.operations.describe import describe_application, draw  # noqa: PLC0415 (the same)

    if json and graph is not None:
        raise UsageError("--json and --graph exclude each other", hint="leave one of them out")
    manifest = describe_application(request)
    if json:
        typer.echo(codec.encode(manifest))
        return
    if graph is not None:
        # UTF-8 wherever it is made, as readers of images and of Graphviz source take it to be.
        typer.echo(draw(manifest, graph.value).encode(), nl=False)
        return
    for line in _lines(manifest):
        typer.echo(line)


def _lines(manifest: Manifest) -> Iterator[str]:
    about = manifest.application
    yield " ".join(part for part in (about.name, about.version) if part)
    if about.description:
        yield f"  {about.description}"
    for node in manifest.tree.walk():
        yield from _node_lines(node)
    needs = manifest.needs
    yield f"network: {needs.network}"
    if needs.directories:
        yield f"folders: {', '.join(needs.directories)}"


_RESTARTS = {"transient": "it may finish", "temporary": "it may finish or fail"}


def _node_lines(node: ServiceNode) -> Iterator[str]:
    from svcctl.generate.graph.facts import supervision_text  # noqa: PLC0415 (kept out of --help)

    indent = "  " * node.path.count("/")
    yield f"{indent}{node.path.rpartition('/')[2]} ({node.kind}, {node.class_name})"
    if node.after is not None:
        yield f"{indent}  starts after {', '.join(node.after) or 'nothing'}"
    if node.restart != "permanent":
        yield f"{indent}  is {node.restart}: {_RESTARTS[node.restart]}"
    if node.supervision is not None:
        yield f"{indent}  supervises: {supervision_text(node.supervision)}"
    for listener in node.listeners:
        yield f"{indent}  listens on {listener.endpoint}, descriptor {listener.name}"
    for timer in node.timers:
        yield f"{indent}  calls {timer.callable} every {timer.interval_ms / 1000:g} s"
    for connection in node.connections:
        yield f"{indent}  connects to {connection}"
