"""The command line of tap2deb, to the same request that :mod:`svcctl.operations.deb` takes.

The tool wrote a source package, and built and signed it; so does this, with all that the application needs in it.
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from pathlib import Path

from svcctl.errors import UsageError
from svcctl.operations.packaging.request import DebRequest
from svcctl.operations.request import InstallRequest

HELP = """\
Usage: svcctl tap2deb [OPTION]...

Takes the command lines of tap2deb: makes a Debian package and its source of an application.

  -m, --maintainer TEXT        who is responsible for it: Name <mail@host.domain>; has to be given
  -t, --tapfile FILE           the application (default: twistd.tap)
  -y, --type TYPE              tap, source or python (default: what the file is)
  -p, --protocol NAME          what the names are made of (default: the file's name without its suffix)
  -d, --debfile NAME           the package (default: twisted-PROTOCOL)
  -V, --set-version VERSION    its version (default: 1.0)
  -e, --description TEXT       one line about it
  -l, --long_description TEXT  what there is to say about it
  -u, --unsigned               sign nothing
  -h, --help                   show this text

svcctl deb makes packages in a style of its own, and has more options.
"""

_VALUES = {
    "maintainer": "m",
    "tapfile": "t",
    "type": "y",
    "protocol": "p",
    "debfile": "d",
    "set-version": "V",
    "description": "e",
    "long_description": "l",
}
_TYPES = ("tap", "source", "python")

#: Option of the tool, and the field of the package.
_FIELDS = {
    "maintainer": "maintainer",
    "set-version": "version",
    "description": "synopsis",
    "long_description": "description",
}


def parse(arguments: Sequence[str]) -> DebRequest | None:
    """Return the package that a command line of tap2deb asks for; ``None`` if that is the help.

    Raises:
        UsageError: It is none.

    Example:
        >>> request = parse(["-t", "shop.tac", "-m", "Ann Example <ann@example.org>", "-u"])
        >>> request.service.name, request.overrides
        ('twisted-shop', ('maintainer=Ann Example <ann@example.org>', 'version=1.0'))
    """
    given = _read(arguments)
    if "help" in given:
        return None
    if not given.get("maintainer"):
        raise UsageError(
            "--maintainer is missing", hint="say who is responsible: -m 'Name <mail@host.domain>'"
        )
    kind = given.get("type", "tap")
    if kind not in _TYPES:
        raise UsageError(f"there is no type {kind!r}", hint=f"choose one of {', '.join(_TYPES)}")
    given.setdefault("set-version", "1.0")
    tapfile = given.get("tapfile", "twistd.tap")
    protocol = given.get("protocol") or Path(tapfile).stem
    # A name alone would be that of a plug-in.
    application = tapfile if "/" in tapfile else f"./{tapfile}"
    return DebRequest(
        service=InstallRequest(application=application, name=given.get("debfile") or f"twisted-{protocol}"),
        overrides=tuple(f"{field}={given[name]}" for name, field in _FIELDS.items() if given.get(name)),
        source=True,
        sign="" if "unsigned" in given else "-",
    )


def _read(arguments: Sequence[str]) -> dict[str, str]:
    short = "uh" + "".join(f"{letter}:" for letter in _VALUES.values())
    # "long-description" is how it would be spelt today.
    long = ["unsigned", "help", "long-description=", *(f"{name}=" for name in _VALUES)]
    try:
        found, rest = getopt.gnu_getopt(list(arguments), short, long)
    except getopt.GetoptError as error:
        raise UsageError(str(error.msg), hint="svcctl tap2deb --help lists the options") from None
    if rest:
        raise UsageError(f"{rest[0]!r} is no option", hint="the application's file is given with --tapfile")
    letters = {letter: name for name, letter in _VALUES.items()} | {"u": "unsigned", "h": "help"}
    names = {"long-description": "long_description"}
    given = {}
    for option, value in found:
        name = letters[option[1]] if not option.startswith("--") else option.removeprefix("--")
        given[names.get(name, name)] = value
    return given
