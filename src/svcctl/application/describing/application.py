"""From the live tree to the manifest: what an application and its services say of themselves."""

from __future__ import annotations

from typing import Any

from svcctl.application.describing.needs import said, stated_needs, with_found
from svcctl.application.describing.order import after_of, is_time, restart_of, supervision_of, value_problems
from svcctl.application.interfaces import IProcess, IService
from svcctl.application.lifecycle import complete
from svcctl.application.service import Application, Service
from svcctl.application.tree.graph import Graph, graph_of
from svcctl.application.tree.record import is_collection, label, path_of, record_of, root_of, walk
from svcctl.endpoints.grammar import format_endpoint
from svcctl.endpoints.values import descriptor_name
from svcctl.errors import Problem, ProblemsError
from svcctl.manifest.codec import decode, encode
from svcctl.manifest.model import (
    ApplicationInfo,
    Identity,
    Lifecycle,
    Listener,
    Manifest,
    Origin,
    ServiceNode,
    Timer,
)
from svcctl.manifest.validation import validate


def describe_application(application: Application, origin: Origin) -> Manifest:
    """Describe an application; the result has passed the manifest's own validation.

    Raises:
        ProblemsError: Values given to the application or its services make no valid manifest, or its services
            cannot start in the order that they state.
    """
    complete(application)
    root = application.getComponent(IService)
    process = application.getComponent(IProcess)
    graph = graph_of(record_of(root))
    wrong = (*graph.problems, *value_problems(walk(record_of(root))))
    if wrong:
        raise ProblemsError(f"services of application {application.name!r}", wrong)
    tree = _describe(root, label(root, 0), graph, {})
    manifest = Manifest(
        application=ApplicationInfo(
            name=application.name,
            description=application.description,
            version=application.version,
            homepage=application.homepage,
            maintainer=application.maintainer,
        ),
        tree=tree,
        origin=origin,
        identity=Identity(uid=process.uid, gid=process.gid),
        needs=with_found(stated_needs(application.needs), application.needs, root, tree, origin),
        lifecycle=Lifecycle(
            start_limit_ms=_milliseconds("start_timeout", application.start_timeout),
            stop_limit_ms=_milliseconds("stop_timeout", application.stop_timeout),
            watchdog_ms=_milliseconds("watchdog_timeout", application.watchdog_timeout),
            reload=_has_reload(root),
        ),
    )
    described = decode(encode(manifest))
    problems = validate(described)
    if problems:
        raise ProblemsError(f"application {application.name!r}", problems)
    return described


def describe_service(service: Any, path: str) -> ServiceNode:  # noqa: ANN401 (services need no common class)
    """Describe one service and all below it, under a path."""
    record = record_of(service)
    return _describe(service, path, graph_of(root_of(record)), {path_of(record): path})


def _describe(service: Any, path: str, graph: Graph, moved: dict[str, str]) -> ServiceNode:  # noqa: ANN401 (the same)
    known = isinstance(service, Service)
    children: list[Any] = list(service) if is_collection(service) else []
    cls = type(service)
    return ServiceNode(
        path=path,
        kind=service.kind if known else "opaque",
        class_name=f"{cls.__module__}.{cls.__qualname__}",
        listeners=tuple(
            Listener(name=descriptor_name(endpoint), endpoint=format_endpoint(endpoint))
            for endpoint in (service.listening_on() if known else ())
        ),
        timers=tuple(
            Timer(interval_ms=_milliseconds(path, interval), callable=_qualified_name(function))
            for interval, function in (service.calling() if known else ())
        ),
        connections=_connections(service),
        after=after_of(record_of(service), graph, moved),
        restart=restart_of(service),
        supervision=supervision_of(service),
        children=tuple(
            _describe(child, f"{path}/{label(child, position)}", graph, moved)
            for position, child in enumerate(children)
        ),
    )


def _connections(service: object) -> tuple[str, ...]:
    endpoints = said(service, "connecting_to")
    if not endpoints:
        return ()
    from svcctl.endpoints.client_grammar import format_client  # noqa: PLC0415 (few applications are clients)

    return tuple(format_client(endpoint) for endpoint in endpoints)


def _milliseconds(where: str, seconds: object) -> int:
    if not is_time(seconds):
        raise ProblemsError(
            "times of the application", (Problem(where, f"{seconds!r} is no number of seconds from 0 up"),)
        )
    return round(seconds * 1000)


def _has_reload(service: Any) -> bool:  # noqa: ANN401 (services need no common class)
    if callable(getattr(service, "reload", None)):
        return True
    return is_collection(service) and any(_has_reload(child) for child in service)


def _qualified_name(function: object) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', None) or type(function).__module__}.{name}"
