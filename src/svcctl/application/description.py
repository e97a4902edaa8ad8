"""From the live tree to the manifest: what an application and its services say of themselves."""

from __future__ import annotations

from typing import Any

from svcctl.application.interfaces import IProcess, IService
from svcctl.application.record import is_collection, label
from svcctl.application.service import Application, Service
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
    Needs,
    Origin,
    ServiceNode,
    Timer,
)
from svcctl.manifest.validation import validate

#: Seconds; longer times are mistakes, and systemd would take them for infinity.
_LONGEST = 10**9


def describe_application(application: Application, origin: Origin) -> Manifest:
    """Describe an application; the result has passed the manifest's own validation.

    Raises:
        ProblemsError: Values given to the application or its services make no valid manifest.
    """
    root = application.getComponent(IService)
    process = application.getComponent(IProcess)
    tree = describe_service(root, label(root, 0))
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
        needs=_needs(application.needs),
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
        children=tuple(
            describe_service(child, f"{path}/{label(child, position)}")
            for position, child in enumerate(children)
        ),
    )


def _needs(given: dict[str, Any]) -> Needs:
    known = Needs.__dataclass_fields__
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ProblemsError(
            "needs of the application",
            tuple(Problem(f"needs.{name}", "is no need that svcctl knows") for name in unknown),
            hint=f"it knows {', '.join(sorted(known))}",
        )
    values: dict[str, Any] = {name: _as_manifest_value(value) for name, value in given.items()}
    return Needs(**values)


def _as_manifest_value(value: object) -> object:
    if isinstance(value, set | frozenset):
        return tuple(sorted(value, key=str))
    return tuple(value) if isinstance(value, list) else value


def _milliseconds(where: str, seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST:
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
