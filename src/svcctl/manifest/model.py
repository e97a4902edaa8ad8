"""The manifest's values: facts about the application only.

A field belongs here if it is true on another machine under another supervisor. Where the file lies, which Python
runs it and what the unit is called are options of the target instead. Times are whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

SCHEMA_VERSION = 1

Network = Literal["none", "inbound", "outbound"]

#: When a supervised service is started again: whenever it ends, when it fails, never.
Restart = Literal["permanent", "transient", "temporary"]

#: Which children of a collection are started again when one has failed: that one, all, that one and those after it.
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]

#: The roots under which an application keeps files; systemd makes a folder for each that is asked for.
DirectoryRoot = Literal["state", "cache", "runtime", "logs", "config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationInfo:
    """Who the application is.

    Attributes:
        name: Its name, as given to ``Application``; names logs and state. Not empty, one line.
        description: One line for people.
        version: Its own version.
        homepage: An ``http`` or ``https`` address.
        maintainer: ``Name <mail>``.
    """

    name: str
    description: str = ""
    version: str = ""
    homepage: str = ""
    maintainer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One address that a service listens on.

    Attributes:
        name: Name of its descriptor, :func:`svcctl.endpoints.values.descriptor_name` of the endpoint.
        endpoint: The description, as :func:`svcctl.endpoints.grammar.format_endpoint` writes it.
    """

    name: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One periodic call of a service.

    Attributes:
        interval_ms: Time between two calls, at least 0.
        callable: Qualified name of what is called.
    """

    interval_ms: int
    callable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """What a collection does when one of its children fails.

    Attributes:
        strategy: Which children it starts again.
        restarts: How many restarts it allows, at least 0; with one more the collection itself fails.
        within_ms: In which time these are counted, at least 1.
    """

    strategy: Strategy
    restarts: int
    within_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceNode:
    """One service of the tree.

    Attributes:
        path: Names from the root down, joined by ``/``; the root is the application's name.
        kind: ``collection``, ``stream-server``, ``datagram-server``, ``asgi-server``, ``stream-client``,
            ``process-monitor``, ``timer``, ``task``, ``cooperator``, ``service`` for other services of ours, ``opaque`` for classes that svcctl does
            not know.
        class_name: Qualified name of its class.
        listeners: Where it listens.
        timers: What it calls periodically.
        connections: Descriptions of the endpoints it connects to (``tcp:db.example:port=5432``).
        after: Paths of the services that have to be ready before it, as it states them; ``None`` if it states
            nothing. :mod:`svcctl.manifest.order` has what follows from that.
        restart: Whether its end is a failure: of a ``permanent`` service always, of a ``transient`` one unless it says
            that it has finished, of a ``temporary`` one never. A collection with a supervision starts it again then.
        supervision: What a collection does when a child fails; ``None``: it fails, too.
        children: Its services, in the order in which they were added.
    """

    path: str
    kind: str
    class_name: str
    listeners: tuple[Listener, ...] = ()
    timers: tuple[Timer, ...] = ()
    connections: tuple[str, ...] = ()
    after: tuple[str, ...] | None = None
    restart: Restart = "permanent"
    supervision: Supervision | None = None
    children: tuple[ServiceNode, ...] = ()

    def walk(self) -> Iterator[ServiceNode]:
        """Yield this node and all below it, parents before children."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the application asks to run as; ``None`` leaves it to the target.

    Attributes:
        uid: A user's name or number.
        gid: A group's name or number.
    """

    uid: str | int | None = None
    gid: str | int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One environment variable that an application reads as a setting.

    Attributes:
        name: The variable's name.
        expects: What its value looks like, in words: ``a whole number``.
        default: The text of its default; empty also for one that is none or secret. ``None``: it has to be set.
    """

    name: str
    expects: str
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the application needs beyond its listeners; whatever is not named here may be taken away.

    Attributes:
        network: ``inbound``: only what its listeners accept; ``outbound``: it also connects to others;
            ``none``: neither.
        connects_to: Addresses or networks it connects to (``10.0.0.0/8``), if it knows them all; else empty.
        directories: Roots under which it keeps files, such as ``state``.
        reads: Absolute paths it reads outside of the system's, its own code and these roots.
        writes: Absolute paths it writes outside of these roots.
        environment: Names of environment variables it reads.
        settings: Those of them whose form is known.
        credentials: Names of the secrets it reads.
        capabilities: Linux capabilities, such as ``CAP_NET_RAW``.
        address_families: Socket families beyond those of its listeners, such as ``AF_NETLINK``.
        programs: Absolute paths of the programs it starts; ``*`` alone for any.
        devices: Device files it opens.
        home: It reads files under the home folders.
        machine_code: It makes machine code at run time (a JIT, cffi callbacks).
        process_table: It reads ``/proc`` beyond its own process (psutil).
        foreign_processes: It looks at processes of other users.
        scheduling: It sets CPU affinity or priority.
        chown: It changes the owner of files.
        setgid_files: It sets the setuid or setgid bit of files or folders.
        executable_state: It executes or loads code from its state folder.
        abstract_sockets: It talks to abstract UNIX sockets.
        descriptors: So many descriptors and values its services ask to be kept over a restart or a crash; at most
            512.
    """

    network: Network = "inbound"
    connects_to: tuple[str, ...] = ()
    directories: tuple[DirectoryRoot, ...] = ("state",)
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    credentials: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    address_families: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    home: bool = False
    machine_code: bool = False
    process_table: bool = False
    foreign_processes: bool = False
    scheduling: bool = False
    chown: bool = False
    setgid_files: bool = False
    executable_state: bool = False
    abstract_sockets: bool = False
    descriptors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """How long it may take to start and stop, and what it does in between.

    Attributes:
        start_limit_ms: From the start of the process to readiness without progress.
        stop_limit_ms: The budget in which every service stops and connections drain.
        reload: Some service has a ``reload`` hook.
        watchdog_ms: Longest silence of the event loop; 0 for no watchdog.
    """

    start_limit_ms: int = 90_000
    stop_limit_ms: int = 10_000
    reload: bool = False
    watchdog_ms: int = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the description was made from.

    Attributes:
        kind: ``tac`` for a file, ``saved`` for one with a saved application, ``object`` for ``module:attribute``,
            ``plugin`` for a plug-in.
        digest: SHA-256 of the file (of the module's file for ``object`` and ``plugin``), hexadecimal.
        requires_python: Lowest Python version, such as ``3.11``.
    """

    kind: Literal["tac", "saved", "object", "plugin"]
    digest: str
    requires_python: str = "3.11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An application, described.

    Attributes:
        application: Who it is.
        tree: The root of its services.
        origin: What the description was made from.
        identity: Whom it asks to run as.
        needs: What it needs beyond its listeners.
        lifecycle: Limits, reload and watchdog.
        schema: Version of this model.
    """

    application: ApplicationInfo
    tree: ServiceNode
    origin: Origin
    identity: Identity = field(default_factory=Identity)
    needs: Needs = field(default_factory=Needs)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    schema: int = SCHEMA_VERSION

    def listeners(self) -> tuple[Listener, ...]:
        """Return the listeners of the whole tree, in the order in which they are bound."""
        return tuple(listener for node in self.tree.walk() for listener in node.listeners)


def connections_of(tree: ServiceNode) -> tuple[tuple[str, str], ...]:
    """Return what a tree connects to over the network, each after the path of the service that does it."""
    return tuple(
        (node.path, text) for node in tree.walk() for text in node.connections if not text.startswith("unix:")
    )
