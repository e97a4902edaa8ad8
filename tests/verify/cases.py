"""Manifests and options that cover the systemd target, for every test that runs a real tool on the units.

Each program they name exists on a Debian system that has python3 and procps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, TypedDict, Unpack

from svcctl.endpoints.grammar import parse_endpoint
from svcctl.endpoints.values import descriptor_name
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.manifest.model import (
    ApplicationInfo,
    DirectoryRoot,
    Identity,
    Lifecycle,
    Listener,
    Manifest,
    Needs,
    Origin,
    ServiceNode,
)

VERSIONS = (252, 257)


class Case(NamedTuple):
    """One application and how it is installed.

    Attributes:
        name: Short name, usable in file names.
        manifest: The application.
        options: The target's options, for the oldest version of systemd.
        exposure: Highest acceptable score of ``systemd-analyze security``, in tenths.
    """

    name: str
    manifest: Manifest
    options: SystemdOptions
    exposure: int

    def on(self, version: int) -> Case:
        """Return the case for another version of systemd."""
        return self._replace(options=replace(self.options, version=version))


class Given(TypedDict, total=False):
    """Parts of a manifest that a case sets."""

    application: ApplicationInfo
    identity: Identity
    needs: Needs
    lifecycle: Lifecycle


def make_node(path: str, *endpoints: str, kind: str = "") -> ServiceNode:
    """Return a service that listens on the endpoints."""
    parsed = [parse_endpoint(text) for text in endpoints]
    if not kind:
        kind = "datagram-server" if any(one.datagrams for one in parsed) else "stream-server"
    listeners = tuple(
        Listener(name=descriptor_name(one), endpoint=text)
        for one, text in zip(parsed, endpoints, strict=True)
    )
    return ServiceNode(
        path=path, kind=kind, class_name="svcctl.application.internet.Server", listeners=listeners
    )


def make_manifest(*endpoints: str, **given: Unpack[Given]) -> Manifest:
    """Return an application named echo with one service for each endpoint."""
    children = tuple(make_node(f"echo/server{number}", text) for number, text in enumerate(endpoints))
    tree = ServiceNode(
        path="echo",
        kind="collection",
        class_name="svcctl.application.service.MultiService",
        children=children,
    )
    application = given.get("application", ApplicationInfo(name="echo"))
    return Manifest(
        application=application,
        tree=tree,
        origin=Origin(kind="tac", digest="0f" * 32),
        identity=given.get("identity", Identity()),
        needs=given.get("needs", Needs()),
        lifecycle=given.get("lifecycle", Lifecycle()),
    )


OPTIONS = SystemdOptions(
    name="echo",
    scope="system",
    version=252,
    application="/opt/echo/echo.tac",
    python="/usr/bin/python3",
    exec_paths=("/opt/echo/venv",),
)
ECHO = make_manifest("tcp:8007")


def _case(name: str, manifest: Manifest = ECHO, options: SystemdOptions = OPTIONS, exposure: int = 2) -> Case:
    return Case(name, manifest, options, exposure)


def _needs(name: str, needs: Needs, exposure: int) -> Case:
    return _case(f"needs-{name}", make_manifest("tcp:8007", needs=needs), OPTIONS, exposure)


def _cases() -> Iterator[Case]:
    yield _case("echo")
    yield _case("own-port", options=replace(OPTIONS, sockets=False), exposure=11)
    several = make_manifest(
        "unix:/run/echo control.sock:mode=660", "udp:5300", "tcp6:8007", "tcp:8007:interface=127.0.0.1"
    )
    yield _case("several", several)
    rare = make_manifest(
        "tls:/etc/ssl/shop:port=8443", "unixgram:/run/echo.gram:mode=600", "haproxy:unix:/run/proxied.sock"
    )
    yield _case("rare-types", rare)
    yield _case("rare-types-own", rare, replace(OPTIONS, sockets=False), 11)
    yield _case("static-user", make_manifest("tcp:8007", identity=Identity(uid="echo", gid="echoes")))
    yield _case("instances", options=replace(OPTIONS, instances=True))
    yield _case("user-scope", options=_user_scope(), exposure=59)
    yield _case("saved", _saved(), _saved_options())
    saved_by_user = replace(_user_scope(), application="/home/ann/echo-start.tap")
    yield _case("saved-by-user", _saved(), saved_by_user, 59)
    yield _case("reload", make_manifest("tcp:8007", lifecycle=Lifecycle(reload=True)))
    yield _case("no-listeners", make_manifest())
    yield _case("client", _client(), exposure=11)
    yield _case("everything", _everything(), _everything_by_hand(), 2)
    yield from _need_cases()


def _saved() -> Manifest:
    """Return what is described for a file that an application was saved to."""
    return replace(make_manifest("tcp:8007"), origin=Origin(kind="saved", digest="5a" * 32))


def _saved_options() -> SystemdOptions:
    return replace(
        OPTIONS,
        application="/opt/echo/echo-start.etap",
        passphrase_file="/etc/echo/passphrase",  # noqa: S106 (a path)
    )


def _client() -> Manifest:
    """Return what is described for an application that connects and starts programs, and states no needs."""
    parts = (
        ServiceNode(
            path="echo/client",
            kind="stream-client",
            class_name="svcctl.application.internet.TCPClient",
            connections=("tcp:db.example:port=5432", "unix:/run/echo.sock"),
        ),
        ServiceNode(
            path="echo/monitor",
            kind="process-monitor",
            class_name="svcctl.application.procmon.ProcessMonitor",
        ),
    )
    manifest = make_manifest("tcp:8007", needs=Needs(network="outbound", programs=("/bin/sh",)))
    return replace(manifest, tree=replace(manifest.tree, children=(*manifest.tree.children, *parts)))


def _user_scope() -> SystemdOptions:
    return replace(
        OPTIONS,
        scope="user",
        unit_directory="/home/ann/.config/systemd/user",
        application="/home/ann/echo.tac",
    )


def _everything() -> Manifest:
    application = ApplicationInfo(
        name="Echo & Söhne",
        description='100 % "quoted" \\ \n[Service]',
        version="1.2",
        homepage="https://example.org/a%20b?c=$d;e",
        maintainer="Ann <ann@example.org>",
    )
    directories: tuple[DirectoryRoot, ...] = ("state", "cache", "runtime", "logs", "config")
    needs = Needs(directories=directories, credentials=("tls.key",), environment=("GREETING",))
    lifecycle = Lifecycle(start_limit_ms=1_500, stop_limit_ms=250, reload=True, watchdog_ms=0)
    return make_manifest(
        "ssl:8443:privateKey=/etc/ssl/private/k.pem",
        application=application,
        needs=needs,
        lifecycle=lifecycle,
    )


def _everything_by_hand() -> SystemdOptions:
    return replace(
        OPTIONS,
        name="Echo.every_thing-1",
        application='/opt/Ann\'s "100%" $HOME/é日.tac',
        python="/usr/bin/python3",
        environment=(("GREETING", 'a "b" $c %d \\e\n f'), ("EMPTY", "")),
        environment_files=("/etc/echo 100%.env", "-/etc/echo/optional.env"),
        settings=(
            ("Service", "MemoryMax", "1G"),
            ("Socket", "SocketUser", "root"),
            ("Unit", "After", "time-sync.target"),
        ),
        after=("local-fs.target",),
        requires=("sysinit.target",),
    )


def _need_cases() -> Iterator[Case]:
    yield _needs("outbound", Needs(network="outbound"), 11)
    yield _needs("connects-to", Needs(network="outbound", connects_to=("10.0.0.0/8", "2001:db8::1")), 10)
    yield _needs("directories", Needs(directories=("cache", "runtime", "logs", "config")), 2)
    yield _needs("reads-home", Needs(reads=("/home/ann/public",)), 3)
    yield _needs("reads-proc", Needs(reads=("/proc/meminfo",)), 2)
    yield _needs("writes", Needs(writes=("/srv/a b", "/srv/100%")), 2)
    yield _needs("credentials", Needs(credentials=("token",)), 2)
    yield _needs("capabilities", Needs(capabilities=("CAP_NET_RAW", "CAP_SYS_TIME")), 9)
    yield _needs("address-families", Needs(address_families=("AF_NETLINK",)), 2)
    yield _needs("programs", Needs(programs=("/bin/sh", "/usr/bin/env")), 2)
    yield _needs("any-program", Needs(programs=("*",)), 2)
    yield _needs("devices", Needs(devices=("/dev/ttyS0",)), 4)
    yield _needs("home", Needs(home=True), 3)
    yield _needs("machine-code", Needs(machine_code=True), 2)
    yield _needs("process-table", Needs(process_table=True), 2)
    yield _needs("foreign-processes", Needs(foreign_processes=True), 4)
    yield _needs("scheduling", Needs(scheduling=True), 3)
    yield _needs("chown", Needs(chown=True), 7)
    yield _needs("setgid-files", Needs(setgid_files=True), 4)
    yield _needs("executable-state", Needs(executable_state=True), 2)
    yield _needs("abstract-sockets", Needs(abstract_sockets=True), 6)
    yield _needs("descriptors", Needs(descriptors=3), 2)


CASES: tuple[Case, ...] = tuple(_cases())
