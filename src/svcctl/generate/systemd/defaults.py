"""The file that an administrator sets an application's variables in, as it is before anybody has.

Source: systemd.exec(5), ``EnvironmentFile=``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svcctl.generate.systemd.options import SystemdOptions
from svcctl.generate.systemd.unit import comment
from svcctl.generate.text import one_line
from svcctl.manifest.model import Manifest

_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+-]*")


def defaults(manifest: Manifest, options: SystemdOptions) -> bytes:
    """Return a file in which each setting is commented out, with its default; empty if there are no settings.

    What the application says cannot end a comment, so that all of it is without effect.
    """
    if not manifest.needs.settings:
        return b""
    return ("\n".join(_lines(manifest, options)) + "\n").encode()


def _lines(manifest: Manifest, options: SystemdOptions) -> Iterator[str]:
    user = "" if options.scope == "system" else " --user"
    yield from comment(
        (
            f"Settings of {manifest.application.name}, a NAME=value on each line.",
            f"They take effect when it starts again: svcctl restart{user} {options.name}",
        )
    )
    for setting in manifest.needs.settings:
        yield ""
        expects = one_line(setting.expects)
        sentence = (
            f"{expects[:1].upper()}{expects[1:]}{'; it has to be set' if setting.default is None else ''}."
        )
        yield from comment((sentence,))
        yield f"#{setting.name}={_quoted(one_line(setting.default or ''))}"


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = re.sub(r'["\\`$]', r"\\\g<0>", value)
    return f'"{escaped}"'
