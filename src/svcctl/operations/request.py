"""What an installation is asked to be, and the arguments that ask for it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from svcctl.loading.target import is_plugin
from svcctl.plan.model import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallRequest:
    """The arguments of ``svcctl install`` (and ``check``).

    Attributes:
        application: What names it, as :func:`svcctl.loading.target.resolve` reads it.
        arguments: The options of a plug-in.
        name: Name of the units; ``None`` takes the stem of the file, the package of the object, or
            that of the plug-in.
        python: The interpreter that runs it; ``None`` takes the one that runs svcctl.
        scope: ``system`` or ``user``.
        root: Folder of another system's tree; empty for this machine.
        systemd_version: The oldest systemd that the units have to work with; ``None`` asks the machine.
        sockets: Let systemd open the listeners.
        environment: Variables for the service.
        environment_files: Files of variables, the later ones win; one that starts with ``-`` may be missing.
        settings: Section, directive and value by hand.
        after: Units to start after.
        requires: Units without which it does not run.
        instances: Make template units.
        listen: Descriptor names and the addresses they get instead of those in the application.
        passphrase: Where the passphrase of a saved application is, as
            :func:`svcctl.application.persisting.passphrases.resolve` takes it; a service takes it from a file.
        enable: Start at boot.
        now: Start as soon as it is installed.
    """

    application: str
    arguments: tuple[str, ...] = ()
    name: str | None = None
    python: str | None = None
    scope: Scope = "system"
    root: str = ""
    systemd_version: int | None = None
    sockets: bool = True
    environment: tuple[tuple[str, str], ...] = ()
    environment_files: tuple[str, ...] = ()
    settings: tuple[tuple[str, str, str], ...] = ()
    after: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    instances: bool = False
    listen: tuple[tuple[str, str], ...] = ()
    passphrase: str | None = None
    enable: bool = False
    now: bool = False


def to_options(request: InstallRequest) -> tuple[str, ...]:
    """Return the arguments after ``svcctl install`` that ask for the same.

    ``--enable`` and ``--now`` are not among them, since they are done once.

    Example:
        >>> to_options(InstallRequest(application="/srv/echo.tac", sockets=False))
        ('/srv/echo.tac', '--no-sockets')
        >>> to_options(InstallRequest(application="echo", arguments=("--port=7",), sockets=False))
        ('--no-sockets', 'echo', '--port=7')
    """
    if is_plugin(request.application):  # whatever follows it is its own
        return (*_flags(request), *_values(request), request.application, *request.arguments)
    return (request.application, *_flags(request), *_values(request))


def from_options(options: Sequence[str], *, scope: Scope) -> InstallRequest:
    """Return the request of a receipt's options, as :func:`to_options` wrote them.

    Raises:
        ValueError: They were written by something else.
    """
    given = {"application": ""}
    arguments: tuple[str, ...] = ()
    lists: dict[str, list[str]] = {name: [] for name in _REPEATED.values()}
    words = iter(options)
    flags = set()
    for word in words:
        if word in _FLAGS:
            flags.add(word)
        elif word in _SINGLE:
            given[_SINGLE[word]] = next(words, "")
        elif word in _REPEATED:
            lists[_REPEATED[word]].append(next(words, ""))
        elif given["application"] or word.startswith("-"):
            raise ValueError(f"{word!r} is no option of an installation")
        else:
            given["application"] = word
            if is_plugin(word):
                arguments = tuple(words)
    version = given.pop("systemd_version", "")
    return InstallRequest(
        application=given["application"],
        arguments=arguments,
        name=given.get("name"),
        python=given.get("python"),
        scope=scope,
        root=given.get("root", ""),
        systemd_version=int(version) if version else None,
        sockets="--no-sockets" not in flags,
        instances="--instances" in flags,
        environment=tuple(pair(text) for text in lists["environment"]),
        environment_files=tuple(lists["environment_files"]),
        settings=tuple(setting(text) for text in lists["settings"]),
        after=tuple(lists["after"]),
        requires=tuple(lists["requires"]),
        listen=tuple(pair(text) for text in lists["listen"]),
        passphrase=given.get("passphrase"),
    )


def pair(text: str) -> tuple[str, str]:
    """Split ``NAME=VALUE``.

    Raises:
        ValueError: There is no ``=``, or nothing before it.
    """
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise ValueError(f"{text!r} is not NAME=VALUE")
    return name, value


def setting(text: str) -> tuple[str, str, str]:
    """Split ``Section.Directive=VALUE``.

    Raises:
        ValueError: It has another form.
    """
    where, value = pair(text)
    section, separator, directive = where.partition(".")
    if not separator or not section or not directive:
        raise ValueError(f"{text!r} is not Section.Directive=VALUE, such as Service.MemoryMax=1G")
    return section, directive, value


_FLAGS = ("--user", "--no-sockets", "--instances")
_SINGLE = {
    "--name": "name",
    "--python": "python",
    "--root": "root",
    "--systemd": "systemd_version",
    "--passphrase": "passphrase",
}
_REPEATED = {
    "--env": "environment",
    "--env-file": "environment_files",
    "--set": "settings",
    "--after": "after",
    "--requires": "requires",
    "--listen": "listen",
}


def _flags(request: InstallRequest) -> Iterator[str]:
    chosen = (request.scope == "user", not request.sockets, request.instances)
    yield from (flag for flag, wanted in zip(_FLAGS, chosen, strict=True) if wanted)


def _values(request: InstallRequest) -> Iterator[str]:
    version = str(request.systemd_version) if request.systemd_version else ""
    single = (request.name, request.python, request.root, version, request.passphrase)
    for option, value in zip(_SINGLE, single, strict=True):
        if value:
            yield from (option, value)
    repeated = (
        tuple("=".join(item) for item in request.environment),
        request.environment_files,
        tuple(f"{section}.{directive}={value}" for section, directive, value in request.settings),
        request.after,
        request.requires,
        tuple("=".join(item) for item in request.listen),
    )
    for option, values in zip(_REPEATED, repeated, strict=True):
        for value in values:
            yield from (option, value)
