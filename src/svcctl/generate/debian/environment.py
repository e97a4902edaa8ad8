"""``/etc/default/NAME``: the variables that an application reads, for the administrator to set.

Source: systemd.exec(5), ``EnvironmentFile=``; Debian policy, section 10.7.
"""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.generate.debian.payload import Payload
from svcctl.generate.debian.text import fold
from svcctl.generate.text import one_line
from svcctl.manifest.model import Manifest, Setting


def environment_file(manifest: Manifest, payload: Payload) -> bytes:
    """Return the file as it is shipped: every line is a comment, so that the application's defaults hold."""
    service = next(iter(payload.services), "the service")
    head = f'Environment of {service}; "systemctl restart {service}" takes a change over.'
    lines = [f"# {line}" for line in fold(head)]
    known = {setting.name: setting for setting in manifest.needs.settings}
    for name in sorted({*known, *manifest.needs.environment}):
        lines += ["", *_variable(name, known.get(name))]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _variable(name: str, setting: Setting | None) -> Iterator[str]:
    if setting is not None:
        needed = "; it has to be set" if setting.default is None else ""
        yield from (f"# {line}" for line in fold(f"Expects {one_line(setting.expects)}{needed}."))
    yield f"#{one_line(name)}={_value(setting.default or '') if setting else ''}"


def _value(text: str) -> str:
    plain = one_line(text)
    if (
        plain.replace("-", "").replace("_", "").replace(".", "").replace("/", "").replace(":", "").isalnum()
        or not plain
    ):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    return f'"{escaped}"'
