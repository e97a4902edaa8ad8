"""The secrets that systemd hands to a service, and where it takes them from.

Each lies in a credential store under the name of the application and its own, so that no application gets another's.
Source: systemd.exec(5), "Credentials"; what each version does with a missing or an encrypted one was seen on 252
and 257.
"""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directives import CONFIGURATION_ROOT, Words
from svcctl.generate.systemd.unit import Line, Unit, write

#: From this version on one line takes a plain or an encrypted credential, whichever there is, and renames it.
IMPORTED_SINCE = 257


#: Exit status of a service that systemd could not hand its credentials: one is for another machine, or, in a user's
#: manager, missing.
NOT_HANDED_OVER = 243


def stored_name(application: str, name: str) -> str:
    """Return the name of the file that holds a credential.

    The name of an application has no ``@``, so that no two of them have one file in common.

    Example:
        >>> stored_name("shop", "db-password")
        'shop@db-password'
    """
    return f"{application}@{name}"


def credential_lines(context: Context) -> Iterator[Line]:
    """Yield the lines that ask systemd for the credentials that the application names."""
    for name in context.needs.credentials:
        stored = stored_name(context.options.name, name)
        command = f"svcctl credential set{'' if context.system else ' --user'} {context.options.name} {name}"
        reason = f"{context.name} reads it in $CREDENTIALS_DIRECTORY; {command} puts it in place."
        if not context.system:
            # The stores of the machine are closed to a user's manager, which would not start the service.
            path = Words(((f"{name}:", CONFIGURATION_ROOT, f"/credstore/{stored}"),))
            yield Line("Service", "LoadCredential", path, reason)
        elif context.options.version >= IMPORTED_SINCE:
            yield Line("Service", "ImportCredential", Words((f"{stored}:{name}",)), reason)
        else:
            yield Line("Service", "LoadCredential", Words((f"{name}:{stored}",)), reason)


def drop_in(application: str, name: str) -> bytes:
    """Return what has a unit take an encrypted credential where it would take a plain one."""
    value = Words((f"{name}:{stored_name(application, name)}",))
    reason = "It is encrypted, and this unit would take a plain one."
    header = (f'Written by "svcctl credential set {application} {name}".',)
    return write(Unit("", header, (Line("Service", "LoadCredentialEncrypted", value, reason),)))


def takes_encrypted(unit: str, application: str, name: str) -> bool:
    """Return whether the text of a unit takes a credential also if that is encrypted."""
    return f"ImportCredential={stored_name(application, name)}:{name}" in unit.splitlines()
