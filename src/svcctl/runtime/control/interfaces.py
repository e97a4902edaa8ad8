"""The interfaces that are served, read from the files beside this one."""

from __future__ import annotations

import os

from svcctl.runtime.control.errors import OURS, VARLINK
from svcctl.runtime.control.idl import Interface, parse


def _read(name: str) -> Interface:
    path = os.path.join(os.path.dirname(__file__), f"{name}.varlink")  # noqa: PTH118, PTH120 (pathlib is slow to import)
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 (the same)
        return parse(file.read())


#: By name.
INTERFACES = {name: _read(name) for name in (VARLINK, OURS)}
