"""What we declare of Windows is what its headers say: the layouts of structures, and numbers.

The compiler reads the headers and decides; nothing is run.
"""

from __future__ import annotations

import ast
import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.host.windows import structures as of_installing
from svcctl.windows import structures as shared
from tests.systemd.trees import REPOSITORY
from tests.windows.compiler import check, why_not_here

pytestmark = [pytest.mark.windows, pytest.mark.skipif(bool(why_not_here()), reason=why_not_here())]

_HEAD = "#define UNICODE\n#include <stddef.h>\n#include <windows.h>\n#include <winsvc.h>\n"
_RUNTIME = "src/svcctl/runtime/windows/{}.py"
_HOST = "src/svcctl/host/windows/{}.py"

#: Numbers of ours, by the files they stand in, and what the headers call them.
_NUMBERS = {
    _RUNTIME.format("host"): {
        "_OWN_PROCESS": "SERVICE_WIN32_OWN_PROCESS",
        "_NOT_IMPLEMENTED": "ERROR_CALL_NOT_IMPLEMENTED",
        "_NOT_STARTED_BY_MANAGER": "ERROR_FAILED_SERVICE_CONTROLLER_CONNECT",
        "_STOP": "SERVICE_ACCEPT_STOP",
        "_SHUTDOWN": "SERVICE_ACCEPT_SHUTDOWN",
        "_PRESHUTDOWN": "SERVICE_ACCEPT_PRESHUTDOWN",
        "_PARAMCHANGE": "SERVICE_ACCEPT_PARAMCHANGE",
    },
    _RUNTIME.format("child"): {
        "_CTRL_C": "CTRL_C_EVENT",
    },
    "src/svcctl/windows/jobs.py": {
        "_CREATE_SUSPENDED": "CREATE_SUSPENDED",
        "_CREATE_UNICODE_ENVIRONMENT": "CREATE_UNICODE_ENVIRONMENT",
        "_STARTF_USESTDHANDLES": "STARTF_USESTDHANDLES",
        "_KILL_ON_JOB_CLOSE": "JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE",
        "_EXTENDED_LIMITS": "JobObjectExtendedLimitInformation",
        "_FAILED": "(DWORD)-1",
    },
    _RUNTIME.format("calls"): {
        "INFINITE": "INFINITE",
        "WAIT_TIMEOUT": "WAIT_TIMEOUT",
        "_WAIT_FAILED": "WAIT_FAILED",
    },
    _RUNTIME.format("events"): {"_SYNCHRONIZE_AND_MODIFY": "SYNCHRONIZE | EVENT_MODIFY_STATE"},
    _RUNTIME.format("machine"): {
        "NO_ERROR": "NO_ERROR",
        "SERVICE_REQUEST_TIMEOUT": "ERROR_SERVICE_REQUEST_TIMEOUT",
        "SERVICE_SPECIFIC_ERROR": "ERROR_SERVICE_SPECIFIC_ERROR",
        "PROCESS_ABORTED": "ERROR_PROCESS_ABORTED",
        "STOPPED": "SERVICE_STOPPED",
        "START_PENDING": "SERVICE_START_PENDING",
        "STOP_PENDING": "SERVICE_STOP_PENDING",
        "RUNNING": "SERVICE_RUNNING",
        "PAUSED": "SERVICE_PAUSED",
    },
    _HOST.format("services"): {
        "_ALL_OF_MANAGER": "SC_MANAGER_ALL_ACCESS",
        "_CONNECT": "SC_MANAGER_CONNECT",
        "_ALL_OF_SERVICE": "SERVICE_ALL_ACCESS",
        "_QUERY": "SERVICE_QUERY_STATUS",
        "_OWN_PROCESS": "SERVICE_WIN32_OWN_PROCESS",
        "_NORMAL_ERROR": "SERVICE_ERROR_NORMAL",
        "_AUTOMATIC": "SERVICE_AUTO_START",
        "_MANUAL": "SERVICE_DEMAND_START",
        "_STOP": "SERVICE_CONTROL_STOP",
        "_STOPPED": "SERVICE_STOPPED",
        "_ACCESS_DENIED": "ERROR_ACCESS_DENIED",
        "_INVALID_LEVEL": "ERROR_INVALID_LEVEL",
        "_ALREADY_RUNNING": "ERROR_SERVICE_ALREADY_RUNNING",
        "_NO_SUCH_SERVICE": "ERROR_SERVICE_DOES_NOT_EXIST",
        "_NOT_ACTIVE": "ERROR_SERVICE_NOT_ACTIVE",
        "_EXISTS": "ERROR_SERVICE_EXISTS",
    },
    _HOST.format("settings"): {
        "_RESTART": "SC_ACTION_RESTART",
        "_UNRESTRICTED": "SERVICE_SID_TYPE_UNRESTRICTED",
    },
}


def layout_of(structure: type[ctypes.Structure]) -> Iterator[str]:
    """Yield the assertions for a structure, whose name its docstring begins with."""
    found = re.match(r"``(\w+)``", structure.__doc__ or "")
    assert found is not None, f"{structure.__name__} does not say what it is"
    name = found[1]
    yield f"sizeof({name}) == {ctypes.sizeof(structure)}"
    for field, *_ in structure._fields_:
        place = getattr(structure, field)
        yield f"offsetof({name}, {field}) == {place.offset}"
        yield f"sizeof((({name} *)0)->{field}) == {place.size}"


def structures() -> Iterator[type[ctypes.Structure]]:
    """Yield all structures that we declare."""
    for module in (shared, of_installing):
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, ctypes.Structure)
                and value.__module__ == module.__name__
            ):
                yield value


def numbers_in(path: Path) -> dict[str, int]:
    """Return what is assigned to names in a file, as far as that are numbers; most of these cannot be imported here."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                names = target.elts if several else [target]  # type: ignore[attr-defined]  # a tuple
                values = node.value.elts if several else [node.value]  # type: ignore[attr-defined]  # the same
                for name, value in zip(names, values, strict=True):
                    if isinstance(name, ast.Name):
                        with_number = _number(value)
                        found.update({} if with_number is None else {name.id: with_number})
    return found


def _number(value: ast.expr) -> int | None:
    try:
        number = eval(compile(ast.Expression(value), "", "eval"), {"__builtins__": {}})  # noqa: S307 (our own source)
    except Exception:  # noqa: BLE001 (no plain number)
        return None
    return number if isinstance(number, int) else None


def test_structures_are_in_memory_as_the_headers_have_them() -> None:
    """Every field is where they have it, and as long."""
    assertions = [each for structure in structures() for each in layout_of(structure)]
    assert len(assertions) > 150
    check(_HEAD + "".join(f'_Static_assert({each}, "{each}");\n' for each in assertions))


def test_numbers_are_those_of_the_headers() -> None:
    """Whatever stands for a name of Windows' is compared with it."""
    lines = []
    for path, names in _NUMBERS.items():
        numbers = numbers_in(REPOSITORY / path)
        for ours, theirs in names.items():
            lines.append(f'_Static_assert(({theirs}) == {numbers[ours]:#x}, "{path}: {ours}");\n')
    check(_HEAD + "".join(lines))
