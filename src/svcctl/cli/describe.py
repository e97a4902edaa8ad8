"""``svcctl describe``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from svcctl.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from svcctl.manifest.model import Manifest, ServiceNode


def describe(
    app: options.App,
    *,
    python: options.Python = None,
    env: options.Env = None,
    env_file: options.EnvFile = None,
    json: options.Json = False,
) -> None:
    """Show what APP is. Its services, its listeners, its needs."""
    from svcctl.manifest import codec  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.describe import describe_application  # noqa: PLC0415 (the same)
    from svcctl.operations.request import InstallRequest, pair  # noqa: PLC0415 (the same)

    manifest = describe_application(
        InstallRequest(
            application=app,
            python=python,
            environment=options.each(env, pair, "--env", "describe"),
            environment_files=tuple(env_file or ()),
        )
    )
    if json:
        typer.echo(codec.encode(manifest))
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


def _node_lines(node: ServiceNode) -> Iterator[str]:
    indent = "  " * node.path.count("/")
    yield f"{indent}{node.path.rpartition('/')[2]} ({node.kind}, {node.class_name})"
    for listener in node.listeners:
        yield f"{indent}  listens on {listener.endpoint}, descriptor {listener.name}"
    for timer in node.timers:
        yield f"{indent}  calls {timer.callable} every {timer.interval_ms / 1000:g} s"
