"""Every name of the framework is found here with its arguments and defaults, or the differences name it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

from svcctl import application
from svcctl.endpoints.client_grammar import parse_client
from svcctl.endpoints.grammar import parse_endpoint
from svcctl.errors import EndpointError
from tests.contract.surface import ATTRIBUTES, CALLABLES, CLIENT_STRINGS, ELSEWHERE, SERVER_STRINGS
from tests.contract.surface_names import NAMES

DIFFERENCES = Path(__file__).parents[2] / "docs/reference/differences.md"
#: A default that may be anything.
ANY = ...
#: The names of these can never be given.
NAMELESS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

#: What is not here (None), or has other arguments (these). Each stands in the first column of the differences.
EXCEPTIONS: dict[str, str | None] = {
    "svcctl.application.service.Application.addComponent": None,
    "svcctl.application.service.Application.unsetComponent": None,
    "svcctl.application.service.Application.removeComponent": None,
    "svcctl.application.service.Application.listenTCP": 'port, factory, backlog=50, interface=""',
    "svcctl.application.service.Application.listenSSL": 'port, factory, ctxFactory, backlog=50, interface=""',
    "svcctl.application.service.Application.listenUNIX": "filename, factory, backlog=50, mode=0o666",
    **{
        f"svcctl.application.service.Application.{name}": None
        for name in (
            *("listenWith", "unlistenWith", "connectWith", "connectUDP"),
            *("addService", "removeService", "getServiceNamed", "addDelayed", "removeDelayed", "bindPorts"),
        )
    },
    "svcctl.application.log.FileLogObserver.getTimezoneOffset": None,
    "svcctl.application.styles.Versioned.versionUpgrade": None,
    "svcctl.application.strports.service": "description, factory",
    "svcctl.application.endpoints.HostnameEndpoint": "reactor, host, port, timeout=30, bindAddress=None",
    "svcctl.application.logfile.LogFile": (
        "name, directory, rotateLength=1000000, defaultMode=None, maxRotatedFiles=10"
    ),
    "svcctl.application.systemd.ListenFDs": None,
    "svcctl.application.systemd.ListenFDs.fromEnvironment": None,
    "svcctl.application.systemd.ListenFDs.inheritedDescriptors": None,
    "svcctl.application.systemd.ListenFDs.inheritedNamedDescriptors": None,
    "svcctl.application.systemd.AdoptedStreamServerEndpoint": None,
}

#: Names that only svcctl has, in the modules that have the framework's.
OWN: dict[str, tuple[str, ...]] = {
    "svcctl.application.internet": ("TaskService",),
    "svcctl.application.log": ("Writable",),
    "svcctl.application.protocol": ("Adapter", "ConnectionDone", "Transport"),
    "svcctl.application.reactor": (
        *("DelayedCall", "Port", "getDelayedCalls", "removeSystemEventTrigger", "seconds"),
    ),
    "svcctl.application.styles": ("forget_pending", "remake"),
}

TABLE = [(f"{module}.{name}", given) for module, names in CALLABLES.items() for name, given in names.items()]
#: Where users look for names.
MODULES = [f"svcctl.application.{module.name}" for module in pkgutil.iter_modules(application.__path__)]
FOUND = [(place, given) for place, given in TABLE if place not in EXCEPTIONS]


def find(place: str) -> Any:  # noqa: ANN401 (whatever has that name)
    """Return what has a dotted name: an attribute of a module, or of a class in it."""
    parts = place.split(".")
    module = importlib.import_module(".".join(parts[:3]))
    found: Any = module
    for part in parts[3:]:
        found = getattr(found, part)
    return found


def parameters(place: str) -> list[inspect.Parameter]:
    """Return what can be given to a callable, without what Python itself gives it."""
    found = find(place)
    given = list(inspect.signature(found).parameters.values())
    # A function that belongs to a class takes the object first; what is bound already does not show it.
    return given[1:] if given and given[0].name == "self" else given


def written(arguments: str) -> list[inspect.Parameter]:
    """Return the parameters of an argument list."""
    function = eval(f"lambda {arguments}: None")  # noqa: S307 (the text of our own table)
    return list(inspect.signature(function).parameters.values())


def differences(expected: list[inspect.Parameter], found: list[inspect.Parameter]) -> list[str]:
    """Return what differs; arguments of ours, by keyword alone and with a default, do not."""
    ours = [
        each
        for each in found
        if each.kind is each.KEYWORD_ONLY and each.name not in {e.name for e in expected}
    ]
    problems = [f"{each.name} is ours and has no default" for each in ours if each.default is each.empty]
    theirs = [each for each in found if each not in ours]
    if len(theirs) != len(expected):
        return [*problems, f"expected ({_shown(expected)}), found ({_shown(theirs)})"]
    for wanted, present in zip(expected, theirs, strict=True):
        problems += _differing(wanted, present)
    return problems


def _differing(wanted: inspect.Parameter, present: inspect.Parameter) -> list[str]:
    """Return what differs in one parameter."""
    problems = []
    by_position = wanted.kind is wanted.POSITIONAL_ONLY and present.kind in POSITIONAL
    if wanted.kind not in NAMELESS and wanted.name != present.name:
        problems.append(f"{wanted.name} is called {present.name}")
    if not by_position and wanted.kind is not present.kind:
        problems.append(f"{wanted.name} is {present.kind.description}, not {wanted.kind.description}")
    if wanted.default is ANY:
        problems += [] if present.default is not present.empty else [f"{wanted.name} has no default"]
    elif wanted.default != present.default:
        problems.append(f"{wanted.name} is {present.default!r} if not given, not {wanted.default!r}")
    return problems


def _shown(given: list[inspect.Parameter]) -> str:
    return ", ".join(str(each) for each in given)


@pytest.mark.parametrize(
    ("theirs", "ours", "same"),
    [
        ("port, backlog=50", "port, backlog=50", True),
        ("port, backlog=50", "port, backlog=50, *, limit=1", True),
        ("delay, /, *args", "seconds, *rest", True),
        ("jitter=...", "jitter=print", True),
        ("port, backlog=50", "port, backlog=5", False),
        ("port, backlog=50", "port, queue=50", False),
        ("port, backlog=50", "backlog=50, port=0", False),
        ("port, backlog=50", "port", False),
        ("port, backlog=50", "port, *, backlog=50", False),
        ("port", "port, backlog=50", False),
        ("port", "port, *, backlog", False),
        ("jitter=...", "jitter", False),
    ],
)
def test_argument_lists_are_compared_as_callers_would_notice(theirs: str, ours: str, *, same: bool) -> None:
    """Else the table would hold of anything."""
    assert (differences(written(theirs), written(ours)) == []) is same


@pytest.mark.parametrize(("place", "arguments"), FOUND, ids=[place for place, _ in FOUND])
def test_a_name_of_the_framework_is_here_with_its_arguments(place: str, arguments: str | None) -> None:
    """Their names, their order and their defaults."""
    if arguments is None:
        assert find(place) is not None
    else:
        assert differences(written(arguments), parameters(place)) == []


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [(place, name, value) for place, given in ATTRIBUTES.items() for name, value in given.items()],
)
def test_an_attribute_is_at_first_what_it_was(place: str, name: str, value: object) -> None:
    """Of an object that was just made."""
    assert getattr(find(place)(), name) == value


@pytest.mark.parametrize("text", SERVER_STRINGS)
def test_an_endpoint_string_of_the_framework_is_understood_or_named(text: str) -> None:
    """Every type of server with every argument that it has."""
    try:
        parse_endpoint(text)
    except EndpointError:
        assert named(text)


@pytest.mark.parametrize("text", CLIENT_STRINGS)
def test_a_client_string_of_the_framework_is_understood_or_named(text: str) -> None:
    """The same for clients."""
    try:
        parse_client(text)
    except EndpointError:
        assert named(text)


@pytest.mark.parametrize(("there", "here"), ELSEWHERE.items())
def test_what_users_name_beyond_that_is_here_or_named(there: str, here: str | None) -> None:
    """From the files that people have published."""
    name = there.rpartition(".")[2]
    if here is not None:
        assert find(here) is not None
    else:
        assert [module for module in MODULES if hasattr(importlib.import_module(module), name)] == []
    assert name in first_cells()


@pytest.mark.parametrize("there", NAMES)
def test_every_name_of_a_module_is_in_the_table_or_named(there: str) -> None:
    """Whether it is here is seen from the module itself."""
    here, names = NAMES[there]
    known = importlib.import_module(here) if here is not None else None
    cells = first_cells()
    found = [name for name in names.split() if hasattr(known, name)]
    assert [name for name in found if name not in CALLABLES[str(here)]] == []
    assert [name for name in names.split() if name not in found and name not in cells] == []


@pytest.mark.parametrize(
    "place", [f"{module}.{name}" for module in CALLABLES for name in OWN.get(module, ())]
)
def test_a_name_that_only_svcctl_has_is_there(place: str) -> None:
    """Else the list of them would hide what was taken out."""
    assert find(place) is not None


@pytest.mark.parametrize("module", sorted(set(CALLABLES) - {"svcctl.application.systemd"}))
def test_a_module_has_no_name_that_was_not_compared(module: str) -> None:
    """Of those that it defines for others."""
    known = importlib.import_module(module)
    declared = getattr(known, "__all__", None) or [
        name
        for name, value in vars(known).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
    ]
    assert set(declared) - set(CALLABLES[module]) == set(OWN.get(module, ()))


@pytest.mark.parametrize(("place", "here"), EXCEPTIONS.items())
def test_an_exception_is_one_and_the_differences_name_it(place: str, here: str | None) -> None:
    """No exception outlives its reason."""
    if here is None:
        with pytest.raises((AttributeError, ModuleNotFoundError)):
            find(place)
    else:
        there = dict(TABLE)[place]
        assert there != here
        assert differences(written(here), parameters(place)) == []
    name = place.rpartition(".")[2]
    assert name in first_cells()


def first_cells() -> set[str]:
    """Return what stands as code in the first column of the differences, and each word of it."""
    rows = [line.split("|")[1] for line in DIFFERENCES.read_text().splitlines() if line.startswith("| ")]
    pieces = [piece for row in rows for piece in re.findall(r"`([^`]+)`", row)]
    return {
        word
        for piece in pieces
        for pattern in (r".+", r"[\w.]+", r"\w+")
        for word in re.findall(pattern, piece)
    }


def named(text: str) -> bool:
    """Return whether the differences name one of the arguments of an endpoint string."""
    kind = text.partition(":")[0]
    return any(f"{kind}:…:{name}=" in first_cells() for name in re.findall(r"(\w+)=", text))
