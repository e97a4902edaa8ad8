"""Whom the service runs as: a dynamic user, or a static one that sysusers.d declares.

Source: systemd.exec(5), ``DynamicUser=``; sysusers.d(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directives import Words
from svcctl.generate.systemd.hardening.guards import YES
from svcctl.generate.systemd.names import is_user_name, user_name
from svcctl.generate.systemd.unit import Line, comment
from svcctl.generate.text import one_line
from svcctl.plan.model import Diagnostic, File

#: Users that every system has; nobody must own files.
_ROOT = ("root", "0")


_NUMBER = re.compile(r"[0-9]{1,10}")


def identity_lines(context: Context) -> Iterator[Line]:
    """Yield the lines that choose user and group; none in user scope."""
    if not context.system:
        return
    group = _usable(context.manifest.identity.gid)
    if context.static_user:
        yield Line("Service", "User", Words((user_of(context),)), _why_static(context))
        # Without it the group is the user's own, which sysusers makes along with the user.
        if group is not None:
            yield Line("Service", "Group", Words((group,)), "The application asks for this group.")
        return
    yield Line("Service", "DynamicUser", YES, "A user that exists only while the service runs.")
    yield Line(
        "Service", "User", Words((user_of(context),)), "Its name is that of no person and no other service."
    )
    if group is not None:
        yield Line("Service", "Group", Words((group,)), "The application asks for this group.")


def sysusers_file(context: Context, header: tuple[str, ...]) -> File | None:
    """Return the file that declares the static user; ``None`` if there is nothing to declare."""
    user, group = user_of(context), _usable(context.manifest.identity.gid)
    if not (context.system and context.static_user) or _NUMBER.fullmatch(user) or user in _ROOT:
        return None
    lines = [*comment(header)]
    if group and group != user and not _NUMBER.fullmatch(group) and group not in _ROOT:
        lines.append(f"g {group} -")
    number = f"-:{group}" if group and group != user else "-"
    text = one_line(context.name).replace("\\", "/").replace('"', "'").replace("%", "%%").replace(":", " ")
    lines.append(f'u {user} {number} "{text}"')
    content = "\n".join(lines) + "\n"
    return File(
        path=f"{context.options.sysusers_directory}/{context.options.name}.conf", content=content.encode()
    )


def identity_problems(context: Context) -> list[Diagnostic]:
    """Return what is wrong or notable about the user and group."""
    identity = context.manifest.identity
    if not context.system:
        if identity.uid is None and identity.gid is None:
            return []
        message = "a user's manager runs services as its own user only"
        return [Diagnostic(severity="note", subject="identity", message=message)]
    found = [
        _name_problem(f"identity.{key}", value)
        for key, value in (("uid", identity.uid), ("gid", identity.gid))
    ]
    return [problem for problem in (*found, _user_warning(context)) if problem]


def _name_problem(subject: str, value: str | int | None) -> Diagnostic | None:
    if value is None or _usable(value):
        return None
    message = f"{one_line(str(value))!r} cannot be the name of a system user or group"
    hint = "use at most 31 lower-case letters, digits, _ and -, starting with a letter or _"
    return Diagnostic(severity="error", subject=subject, message=message, hint=hint)


def _user_warning(context: Context) -> Diagnostic | None:
    user = str(context.manifest.identity.uid)
    if user in _ROOT:
        message = "the service runs as root; only the sandbox stands between it and the machine"
        hint = "leave uid out for a user of its own"
        return Diagnostic(severity="warning", subject="identity.uid", message=message, hint=hint)
    if user in {"nobody", "65534"}:
        message = "nobody is shared by other services and owns what belongs to no one"
        hint = "leave uid out for a user of its own"
        return Diagnostic(severity="warning", subject="identity.uid", message=message, hint=hint)
    return None


def user_of(context: Context) -> str:
    """Return the name or number of the user that a service of the system runs as."""
    return _usable(context.manifest.identity.uid) or user_name(context.options.name)


def _usable(value: str | int | None) -> str | None:
    """Return a user or group as units write it; ``None`` for none, and for a name that is reported as an error."""
    text = str(value)
    return text if value is not None and (_NUMBER.fullmatch(text) or is_user_name(text)) else None


def _why_static(context: Context) -> str:
    if context.manifest.identity.uid is not None:
        return "The application asks for this user."
    if context.needs.executable_state:
        return "It runs code from its state folder, where systemd 257 lets no dynamic user execute."
    return f"{context.name} sets setuid or setgid bits, which a dynamic user never may."
