"""Lintian's overrides, each with its reason; they belong to one release, since tags come and go.

Source: lintian(1); an override of a tag that a version does not know is itself an error.
"""

from __future__ import annotations

from svcctl.generate.debian.model import DebianOptions, Override
from svcctl.generate.debian.payload import Payload
from svcctl.generate.debian.text import one_line


def overrides(options: DebianOptions, payload: Payload) -> tuple[Override, ...]:
    """Return the options' own and those that follow from what the package is, sorted by tag."""
    found = {override.tag: override for override in options.overrides}
    if options.distribution == "bookworm" and any("@" not in unit for unit in payload.services):
        tag = "package-supports-alternative-init-but-no-init.d-script"
        reason = "The sandbox and the sockets are systemd's; policy 9.3.1 asks for no init script."
        found.setdefault(tag, Override(tag=tag, reason=reason))
    return tuple(found[tag] for tag in sorted(found))


def override_file(options: DebianOptions, payload: Payload) -> str:
    """Return the text of the file; empty if nothing is overridden."""
    return "".join(
        f"# {one_line(override.reason)}\n{options.package}: {one_line(override.tag)}\n"
        for override in overrides(options, payload)
    )
