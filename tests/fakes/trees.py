"""Manifests whose services come after each other, to be drawn and checked."""

from __future__ import annotations

from typing import Any

from svcctl.endpoints.grammar import parse_endpoint
from svcctl.endpoints.values import descriptor_name
from svcctl.manifest.model import (
    ApplicationInfo,
    Listener,
    Manifest,
    Origin,
    ServiceNode,
    Supervision,
    Timer,
)


def node(path: str, *children: ServiceNode, kind: str = "", **given: Any) -> ServiceNode:  # noqa: ANN401 (fields of several types)
    """Return a service; one with children is a collection."""
    kind = kind or ("collection" if children else "service")
    listeners = tuple(
        Listener(name=descriptor_name(parse_endpoint(text)), endpoint=text)
        for text in given.pop("listens", ())
    )
    return ServiceNode(
        path=path, kind=kind, class_name="shop.Part", listeners=listeners, children=children, **given
    )


def manifest_of(tree: ServiceNode) -> Manifest:
    """Return the manifest of an application with these services."""
    return Manifest(
        application=ApplicationInfo(name=tree.path), tree=tree, origin=Origin(kind="tac", digest="0" * 64)
    )


def shop() -> Manifest:
    """Return a shop that has one of everything a drawing shows."""
    storage = node(
        "shop/storage",
        node("shop/storage/db", connections=("tcp:db.example:port=5432",)),
        node("shop/storage/cache", restart="transient"),
        after=(),
        supervision=Supervision(strategy="rest_for_one", restarts=3, within_ms=5000),
    )
    web = node(
        "shop/web",
        node("shop/web/api", kind="stream-server", listens=("tcp:8080",), after=("shop/storage/db",)),
        node("shop/web/pages", kind="stream-server", listens=("unix:/run/shop/pages.sock:mode=660",)),
        node("shop/web/admin", kind="stream-server", listens=("tcp:8081",), after=("shop/web/api",)),
    )
    measure = Timer(interval_ms=2500, callable="shop.measure")
    return manifest_of(
        node(
            "shop",
            node("shop/metrics", kind="timer", timers=(measure,), restart="temporary", after=()),
            storage,
            web,
            node("shop/mail", kind="opaque", after=("shop/storage", "shop/metrics")),
            node("shop/report", after=("shop/mail", "shop/metrics", "shop/web")),
            node('shop/<odd> & "quoted" \\ Größe', after=()),
        )
    )
