"""Asks an interpreter of Windows where it has what a service needs of it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import svcctl
from svcctl.errors import ConfigurationError
from svcctl.host.windows.machine import Python

_LIMIT = 60.0
_ASK = (
    "import json, os, sys, svcctl; "
    "base = getattr(sys, '_base_executable', '') or sys.executable; "
    "packages = os.path.dirname(os.path.dirname(os.path.abspath(svcctl.__file__))); "
    "version = '.'.join(map(str, sys.version_info[:3])); "
    "sys.stdout.write(json.dumps([os.path.abspath(base), packages, version]))"
)


def look_at(python: str) -> Python:
    """Return where an interpreter has what a service needs.

    Args:
        python: Absolute path of it.

    Raises:
        ConfigurationError: It is not there, cannot be run, or has no svcctl.
    """
    if python == sys.executable:
        return _own()
    command = (python, "-P", "-X", "utf8", "-c", _ASK)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT, check=False
        )
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no interpreter {python}", hint="name another one with --python"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(
            f"the interpreter {python} cannot be run: {error}", hint="name another one with --python"
        ) from error
    if done.returncode != 0:
        reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["it does not run"])[-1]
        missing = "No module named 'svcctl'" in reason
        what = "cannot import svcctl" if missing else f"does not work: {reason}"
        raise ConfigurationError(
            f"the interpreter {python} {what}", hint=f'install it there: "{python}" -m pip install svcctl'
        )
    return Python(*json.loads(done.stdout))


def _own() -> Python:
    """Return what the other one would say of itself, without starting it."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    packages = os.path.dirname(os.path.dirname(os.path.abspath(svcctl.__file__)))  # noqa: PTH100, PTH120 (as text)
    return Python(os.path.abspath(base), packages, platform.python_version())  # noqa: PTH100 (the same)
