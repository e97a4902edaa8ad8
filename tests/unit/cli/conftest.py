"""A machine to install on."""

from __future__ import annotations

from tests.fakes.installation import describing, machine, root, systemctl

__all__ = ["describing", "machine", "root", "systemctl"]
