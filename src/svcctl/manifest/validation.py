"""Whether a manifest makes sense: every rule that its types do not express, with all breaches collected."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from svcctl.errors import Problem
from svcctl.manifest.addresses import address_problems
from svcctl.manifest.model import (
    SCHEMA_VERSION,
    ApplicationInfo,
    Identity,
    Manifest,
    Origin,
    ServiceNode,
)
from svcctl.manifest.needs import needs_problems, network_problems
from svcctl.manifest.order import order_problems
from svcctl.records.reading import MAX_PROBLEMS, joined, problems_of, shown, to_plain

MAX_NAME = 200
MAX_TEXT = 4096  # a path of Linux, with its NUL

KINDS = (
    "collection",
    "stream-server",
    "datagram-server",
    "asgi-server",
    "stream-client",
    "process-monitor",
    "timer",
    "task",
    "cooperator",
    "service",
    "opaque",
)

#: Characters that end a line or change what is seen of one: controls, line separators, directions (Unicode, UAX 9).
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_USER = re.compile(
    r"[A-Za-z_][A-Za-z0-9_.-]{0,254}\$?"
)  # useradd(8), and capitals and dots as directories have them
_HIGHEST_ID = 2**32 - 2  # the one above means "leave it"
_VERSION = re.compile(r"3\.[0-9]{1,3}(\.[0-9]{1,3})?")


def validate(manifest: Manifest) -> tuple[Problem, ...]:
    """Return what is wrong with a manifest; nothing if it can be given to a generator.

    Args:
        manifest: May hold anything, also values of wrong types.

    Returns:
        Up to 200 problems, each with its path in the manifest.
    """
    problems = problems_of(manifest)
    if problems:
        return problems
    problems = (*_text_problems(to_plain(manifest), ""), *_sense_problems(manifest))
    return problems[:MAX_PROBLEMS]


def _sense_problems(manifest: Manifest) -> Iterator[Problem]:
    if manifest.schema != SCHEMA_VERSION:
        yield Problem("schema", f"expected {SCHEMA_VERSION}, not {manifest.schema}")
    yield from _application_problems(manifest.application)
    yield from _tree_problems(manifest.tree, manifest.application.name)
    yield from address_problems(manifest.tree)
    yield from _identity_problems(manifest.identity)
    yield from needs_problems(manifest.needs)
    yield from network_problems(manifest)
    for name, value in dataclasses.asdict(manifest.lifecycle).items():
        if value < 0:
            yield Problem(f"lifecycle.{name}", f"expected 0 or more milliseconds, not {value}")
    yield from _origin_problems(manifest.origin)


def _text_problems(value: object, path: str) -> Iterator[Problem]:
    """Hold every text of the manifest against what no text may have."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _text_problems(item, joined(path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _text_problems(item, f"{path}[{place}]")
    elif isinstance(value, str):
        if _UNSEEN.search(value):
            yield Problem(path, f"expected one line without control characters, not {shown(value)}")
        if len(value) > MAX_TEXT:
            yield Problem(path, f"expected at most {MAX_TEXT} characters, not {len(value)}")


def _application_problems(application: ApplicationInfo) -> Iterator[Problem]:
    if not application.name.strip() or len(application.name) > MAX_NAME:
        yield Problem(
            "application.name", f"expected 1 to {MAX_NAME} characters, not {shown(application.name)}"
        )
    if application.homepage and not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", application.homepage):
        yield Problem(
            "application.homepage", f"expected an http or https address, not {shown(application.homepage)}"
        )
    if application.maintainer and not re.fullmatch(r"[^<>]+ <[^<>@\s]+@[^<>@\s]+>", application.maintainer):
        yield Problem(
            "application.maintainer", f"expected 'Name <mail>', not {shown(application.maintainer)}"
        )


def _tree_problems(tree: ServiceNode, name: str) -> Iterator[Problem]:
    root = name.replace("%", "%25").replace("/", "%2F")
    if tree.path != root:
        yield Problem("tree.path", f"expected the application's name, {shown(root)}, not {shown(tree.path)}")
    nodes = list(_nodes(tree, "tree", None))
    wrong = list(_path_problems(nodes))
    yield from wrong
    for where, node, _ in nodes:
        yield from _node_problems(where, node)
    if not wrong:
        yield from order_problems([(where, node) for where, node, _ in nodes])


def _path_problems(nodes: Iterable[tuple[str, ServiceNode, ServiceNode | None]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for where, node, above in nodes:
        if above is not None and not _is_below(node.path, above.path):
            yield Problem(
                f"{where}.path", f"expected {shown(above.path)}, '/' and a name, not {shown(node.path)}"
            )
        if node.path in seen:
            yield Problem(f"{where}.path", f"{shown(node.path)} is the path of another service")
        seen.add(node.path)


def _node_problems(where: str, node: ServiceNode) -> Iterator[Problem]:
    if node.kind not in KINDS:
        yield Problem(f"{where}.kind", f"expected one of {', '.join(KINDS)}, not {shown(node.kind)}")
    if not node.class_name:
        yield Problem(f"{where}.class_name", "is empty")
    for place, timer in enumerate(node.timers):
        if timer.interval_ms < 0 or not timer.callable:
            yield Problem(
                f"{where}.timers[{place}]", "expected a time of 0 or more and the name of what is called"
            )
    for place, connection in enumerate(node.connections):
        if not connection:
            yield Problem(f"{where}.connections[{place}]", "is empty")
    if node.supervision is not None:
        if node.supervision.restarts < 0:
            yield Problem(
                f"{where}.supervision.restarts", f"expected 0 or more, not {node.supervision.restarts}"
            )
        if node.supervision.within_ms < 1:
            yield Problem(
                f"{where}.supervision.within_ms",
                f"expected 1 or more milliseconds, not {node.supervision.within_ms}",
            )


def _nodes(
    node: ServiceNode, where: str, above: ServiceNode | None
) -> Iterator[tuple[str, ServiceNode, ServiceNode | None]]:
    yield where, node, above
    for place, child in enumerate(node.children):
        yield from _nodes(child, f"{where}.children[{place}]", node)


def _is_below(path: str, above: str) -> bool:
    name = path.removeprefix(f"{above}/")
    return name not in (path, "") and "/" not in name


def _identity_problems(identity: Identity) -> Iterator[Problem]:
    for name, value in dataclasses.asdict(identity).items():
        if isinstance(value, int) and not 0 <= value <= _HIGHEST_ID:
            yield Problem(f"identity.{name}", f"expected a number from 0 to {_HIGHEST_ID}, not {value}")
        if isinstance(value, str) and not _USER.fullmatch(value):
            yield Problem(f"identity.{name}", f"expected a name of a user or group, not {shown(value)}")


def _origin_problems(origin: Origin) -> Iterator[Problem]:
    if not re.fullmatch("[0-9a-f]{64}", origin.digest):
        yield Problem("origin.digest", f"expected 64 hexadecimal digits, not {shown(origin.digest)}")
    if not _VERSION.fullmatch(origin.requires_python):
        yield Problem(
            "origin.requires_python", f"expected a version like 3.11, not {shown(origin.requires_python)}"
        )
