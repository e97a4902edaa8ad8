"""Makes the package in this process and prints, as JSON, the seconds that its parts took: ``parts.py ARGUMENT...``."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from svcctl.__main__ import main
from svcctl.host import stripping
from svcctl.operations import deb, preparation
from svcctl.operations.packaging import program

TIMED = (
    (preparation, "describe_requested"),
    (program, "gather"),
    (program, "bundle"),
    (program, "read_libraries"),
    (stripping, "strip"),
    (deb, "render"),
    (deb, "archive"),
)
seconds: Counter[str] = Counter()


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, with a note of how long it takes."""

    def noting(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 (whatever the function takes)
        began = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            seconds[function.__name__] += time.perf_counter() - began  # type: ignore[assignment]  # (counts may be fractions)

    return noting


for module, name in TIMED:
    setattr(module, name, timed(getattr(module, name)))
sys.argv[0] = "svcctl"
began = time.perf_counter()
try:
    main()
finally:
    print(json.dumps({"whole": time.perf_counter() - began, **seconds}))
