"""What an application needs: as it states it, and as it follows from its services."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from svcctl.application.describing import asked
from svcctl.application.service import Service
from svcctl.application.tree.record import record_of, walk
from svcctl.errors import Problem, ProblemsError
from svcctl.manifest.model import Needs, Origin, ServiceNode, Setting, connections_of


def stated_needs(given: dict[str, Any]) -> Needs:
    """Return the needs that an application states.

    Raises:
        ProblemsError: Some of them are unknown.
    """
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


def with_found(
    needs: Needs, stated: dict[str, Any], root: object, tree: ServiceNode, origin: Origin
) -> Needs:
    """Add the needs that follow from the services, where the application states none of that kind.

    What was saved is saved again, so it has a state folder whatever it states. Credentials and settings that were
    asked for join those it states.
    """
    needs = _with_asked(needs)
    if origin.kind == "saved" and "state" not in needs.directories:
        needs = replace(needs, directories=(*needs.directories, "state"))
    if "network" not in stated and connections_of(tree):
        needs = replace(needs, network="outbound")
    if "programs" not in stated:
        found = [
            str(path) for each in walk(record_of(root)) for path in said(each.service, "starting_programs")
        ]
        # A name alone is looked for at run time: which file it is, is no fact about the application.
        named = all(path.startswith("/") for path in found)
        needs = replace(needs, programs=tuple(dict.fromkeys(found)) if named else ("*",))
    return needs


def _with_asked(needs: Needs) -> Needs:
    if asked.credentials:
        needs = replace(needs, credentials=tuple(dict.fromkeys((*needs.credentials, *asked.credentials))))
    if asked.variables:
        needs = replace(
            needs,
            environment=tuple(dict.fromkeys((*needs.environment, *asked.variables))),
            settings=(*needs.settings, *(Setting(**each._asdict()) for each in asked.variables.values())),
        )
    return needs


def said(service: object, method: str) -> tuple[Any, ...]:
    """Return what a service of ours says of itself, if it has something to say."""
    ask = getattr(service, method, None) if isinstance(service, Service) else None
    return tuple(ask()) if callable(ask) else ()
