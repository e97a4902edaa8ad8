"""The systemd target says something about every field of the manifest: in its files, or in a diagnostic."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import replace

import pytest

from svcctl.generate.systemd.fields import HONOURED, IGNORED
from svcctl.generate.systemd.render import render
from svcctl.manifest.codec import digest
from svcctl.manifest.model import (
    ApplicationInfo,
    Identity,
    Lifecycle,
    Listener,
    Manifest,
    Needs,
    Origin,
    ServiceNode,
    Setting,
    Supervision,
    Timer,
)
from tests.verify.cases import ECHO, OPTIONS, make_manifest, make_node

LISTENING = ECHO.tree.children[0]


def fields(model: type, prefix: str = "") -> Iterator[str]:
    """Yield the dotted paths of all values below a class of the model."""
    hints = typing.get_type_hints(model)
    for field in dataclasses.fields(model):
        path = f"{prefix}{field.name}"
        inner = next((part for part in _parts(hints[field.name]) if dataclasses.is_dataclass(part)), None)
        if inner is None or inner is model:
            yield path
            continue
        if typing.get_origin(hints[field.name]) is tuple:
            yield path
        yield from fields(typing.cast("type", inner), f"{path}.")


def _parts(hint: object) -> tuple[object, ...]:
    return typing.get_args(hint) or (hint,)


def _application(**given: str) -> Manifest:
    return replace(ECHO, application=ApplicationInfo(**{"name": "echo", **given}))


def _origin(**given: typing.Any) -> Manifest:  # noqa: ANN401 (fields of several types)
    return replace(ECHO, origin=replace(Origin(kind="tac", digest="0f" * 32), **given))


def _needs(**given: typing.Any) -> Manifest:  # noqa: ANN401 (the same)
    return replace(ECHO, needs=Needs(**given))


def _settings(**given: str) -> Manifest:
    return _needs(settings=(Setting(**{"name": "X", "expects": "a text", **given}),))


def _life(**given: typing.Any) -> Manifest:  # noqa: ANN401 (the same)
    return replace(ECHO, lifecycle=Lifecycle(**given))


def _child(node: ServiceNode) -> Manifest:
    return replace(ECHO, tree=replace(ECHO.tree, children=(node,)))


def _supervised(**given: typing.Any) -> Manifest:  # noqa: ANN401 (the same)
    values = {"strategy": "one_for_one", "restarts": 1, "within_ms": 1, **given}
    return replace(ECHO, tree=replace(ECHO.tree, supervision=Supervision(**values)))


#: For each field, the echo application with another value in it.
VARIANTS: dict[str, Manifest] = {
    "schema": replace(ECHO, schema=99),
    "application.name": _application(name="other"),
    "application.description": _application(description="Says it again"),
    "application.version": _application(version="1.2"),
    "application.homepage": _application(homepage="https://example.org"),
    "application.maintainer": _application(maintainer="Ann <ann@example.org>"),
    "tree.path": _child(replace(LISTENING, path="echo/other")),
    "tree.kind": _child(replace(LISTENING, kind="opaque")),
    "tree.class_name": _child(ServiceNode(path="echo/x", kind="opaque", class_name="a.B")),
    "tree.listeners": _child(replace(LISTENING, listeners=())),
    "tree.listeners.name": _child(
        replace(LISTENING, listeners=(Listener(name="other", endpoint="tcp:8007"),))
    ),
    "tree.listeners.endpoint": _child(
        replace(LISTENING, listeners=(Listener(name="tcp-8007", endpoint="tcp:9"),))
    ),
    "tree.timers": _child(replace(LISTENING, timers=(Timer(interval_ms=1, callable="a.b"),))),
    "tree.timers.interval_ms": _child(replace(LISTENING, timers=(Timer(interval_ms=2, callable="a.b"),))),
    "tree.timers.callable": _child(replace(LISTENING, timers=(Timer(interval_ms=1, callable="a.c"),))),
    "tree.connections": _child(replace(LISTENING, connections=("tcp:db.example:5432",))),
    "tree.after": _child(replace(LISTENING, after=())),
    "tree.restart": _child(replace(LISTENING, restart="transient")),
    "tree.supervision.strategy": _supervised(strategy="one_for_all"),
    "tree.supervision.restarts": _supervised(restarts=2),
    "tree.supervision.within_ms": _supervised(within_ms=2),
    "tree.children": _child(make_node("echo/other", "udp:53")),
    "origin.kind": _origin(kind="object"),
    "origin.digest": _origin(digest="1e" * 32),
    "origin.requires_python": _origin(requires_python="3.13"),
    "identity.uid": replace(ECHO, identity=Identity(uid="ann")),
    "identity.gid": replace(ECHO, identity=Identity(gid="staff")),
    "needs.network": _needs(network="outbound"),
    "needs.connects_to": _needs(connects_to=("10.0.0.1",)),
    "needs.directories": _needs(directories=("cache",)),
    "needs.reads": _needs(reads=("/home/ann/x",)),
    "needs.writes": _needs(writes=("/srv/x",)),
    "needs.environment": _needs(environment=("X",)),
    "needs.settings": _settings(name="X"),
    "needs.settings.name": _settings(name="Y"),
    "needs.settings.expects": _settings(expects="a number"),
    "needs.settings.default": _settings(default="1"),
    "needs.credentials": _needs(credentials=("x",)),
    "needs.capabilities": _needs(capabilities=("CAP_NET_RAW",)),
    "needs.address_families": _needs(address_families=("AF_NETLINK",)),
    "needs.programs": _needs(programs=("/bin/sh",)),
    "needs.devices": _needs(devices=("/dev/ttyS0",)),
    "needs.home": _needs(home=True),
    "needs.machine_code": _needs(machine_code=True),
    "needs.process_table": _needs(process_table=True),
    "needs.foreign_processes": _needs(foreign_processes=True),
    "needs.scheduling": _needs(scheduling=True),
    "needs.chown": _needs(chown=True),
    "needs.setgid_files": _needs(setgid_files=True),
    "needs.executable_state": _needs(executable_state=True),
    "needs.abstract_sockets": _needs(abstract_sockets=True),
    "needs.descriptors": _needs(descriptors=1),
    "lifecycle.start_limit_ms": _life(start_limit_ms=1),
    "lifecycle.stop_limit_ms": _life(stop_limit_ms=1),
    "lifecycle.reload": _life(reload=True),
    "lifecycle.watchdog_ms": _life(watchdog_ms=1),
}


def shown(manifest: Manifest) -> tuple[object, ...]:
    """Return what a user sees of a manifest, but for its digest, which shows every change."""
    rendering = render(manifest, OPTIONS)
    mark = digest(manifest).encode()
    return (
        *((file.path, file.content.replace(mark, b"")) for file in rendering.files),
        *rendering.diagnostics,
    )


def test_the_target_speaks_of_every_field_and_of_no_other() -> None:
    """A new field of the model fails here until somebody decides about it."""
    assert sorted({*HONOURED, *IGNORED}) == sorted(fields(Manifest))
    assert HONOURED.isdisjoint(IGNORED)


def test_there_is_a_variant_of_every_field() -> None:
    """So that the two tests below leave none out."""
    assert VARIANTS.keys() == HONOURED | IGNORED.keys()


@pytest.mark.parametrize("field", sorted(HONOURED - {"schema"}))
def test_an_honoured_field_shows(field: str) -> None:
    """In a file or in a diagnostic; the digest does not count."""
    assert shown(VARIANTS[field]) != shown(ECHO)


def test_the_version_of_the_model_shows_in_the_digest() -> None:
    """It says how the manifest is written, nothing about the application."""
    assert render(VARIANTS["schema"], OPTIONS).files != render(ECHO, OPTIONS).files


@pytest.mark.parametrize("field", sorted(IGNORED))
def test_an_ignored_field_is_named(field: str) -> None:
    """With the sentence that was declared for it."""
    told = [one.message for one in render(VARIANTS[field], OPTIONS).diagnostics]
    assert IGNORED[field] in told
    assert IGNORED[field] not in [
        one.message for one in render(make_manifest("tcp:8007"), OPTIONS).diagnostics
    ]
