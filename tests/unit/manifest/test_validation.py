from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from svcctl.manifest.model import Listener, Manifest, Needs, ServiceNode, Setting, Timer
from svcctl.manifest.validation import MAX_NAME, validate
from tests.fakes.manifests import echo_manifest


def places(manifest: Manifest) -> list[str]:
    """Return the paths of what is wrong with a manifest."""
    return [problem.where for problem in validate(manifest)]


def with_part(part: str, **changes: Any) -> Manifest:  # noqa: ANN401 (wrong types are tested, too)
    """Return the example with changed fields in one part."""
    manifest = echo_manifest()
    return replace(manifest, **{part: replace(getattr(manifest, part), **changes)})


def with_listeners(*endpoints: tuple[str, str]) -> Manifest:
    """Return the example with these names and endpoints as the listeners of its server."""
    tree = echo_manifest().tree
    listeners = tuple(Listener(name=name, endpoint=endpoint) for name, endpoint in endpoints)
    return with_part("tree", children=(replace(tree.children[0], listeners=listeners),))


def test_a_right_manifest_has_no_problems() -> None:
    """The example passes."""
    assert validate(echo_manifest()) == ()


def test_needs_that_are_written_right_have_no_problems() -> None:
    """One value of each kind, and as many forms as they have."""
    needs = Needs(
        network="outbound",
        connects_to=("10.0.0.0/8", "192.0.2.1", "2001:db8::/32"),
        directories=("state", "logs"),
        reads=("/etc/ssl/certs/", "/srv/a b"),
        writes=("/var/spool/x",),
        environment=("HOME", "_x1"),
        credentials=("db.password", "a@b-c_1"),
        settings=(Setting(name="PORT", expects="a whole number", default="80"),),
        capabilities=("CAP_NET_RAW", "CAP_BPF"),
        address_families=("AF_NETLINK", "AF_IEEE802154"),
        programs=("/usr/bin/git",),
        devices=("/dev/ttyS0",),
    )
    assert validate(replace(echo_manifest(), needs=needs)) == ()


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("application", "name", ""),
        ("application", "name", "  "),
        ("application", "name", "x" * (MAX_NAME + 1)),
        ("application", "name", "a\nb"),
        ("application", "description", "red \x1b[31m"),
        ("application", "description", "gpj.\u202eexe"),
        ("application", "version", "1\u2028"),
        ("application", "description", "x" * 5000),
        ("application", "homepage", "ftp://example.org"),
        ("application", "homepage", "https://"),
        ("application", "homepage", "https://a b"),
        ("application", "maintainer", "nobody"),
        ("application", "maintainer", "A <b>"),
        ("identity", "uid", -1),
        ("identity", "uid", 2**32 - 1),
        ("identity", "uid", ""),
        ("identity", "gid", "a b"),
        ("identity", "gid", "-x"),
        ("identity", "uid", "1000"),
        ("lifecycle", "start_limit_ms", -1),
        ("lifecycle", "stop_limit_ms", -1),
        ("lifecycle", "watchdog_ms", -1),
        ("origin", "digest", "ABC"),
        ("origin", "digest", "A" * 64),
        ("origin", "requires_python", "2.7"),
        ("origin", "requires_python", ">=3.11"),
    ],
)
def test_a_wrong_value_is_a_problem_of_its_field(part: str, field: str, value: object) -> None:
    """Each rule names the field that breaks it."""
    assert f"{part}.{field}" in places(with_part(part, **{field: value}))


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("connects_to", ("example.org", "10.0.0.0/40", "fe80::1%eth0", "", "10.0.0.1", "10.0.0.1")),
        ("directories", ("state", "state")),
        ("reads", ("etc", "/etc/../root", "/..", "~/x", "", ".", "/a/./b")),
        ("writes", ("x", "/a", "/a")),
        ("environment", ("1A", "A-B", "A=B", "", "Ä", "A\n")),
        ("credentials", ("", ".", "..", ".a", "a/b", "a:b", "a b", "ä", "x" * 129)),
        ("capabilities", ("CAP_NET_ROW", "NET_RAW", "cap_net_raw", "CAP_")),
        ("address_families", ("NETLINK", "af_inet", "AF_", "AF_INET\n")),
        ("programs", ("git", "/usr/../bin/sh", "")),
        ("devices", ("/etc/passwd", "/dev/../etc", "ttyS0")),
    ],
)
def test_a_wrong_or_repeated_need_is_a_problem_with_its_place(field: str, values: tuple[str, ...]) -> None:
    """Of each list only the first of two equal values is right."""
    found = places(with_part("needs", **{"network": "outbound", field: values}))
    right = {"10.0.0.1", "state", "/a"}
    firsts = {values.index(value) for value in right if value in values}
    expected = {f"needs.{field}[{place}]" for place in range(len(values)) if place not in firsts}
    assert set(found) == expected


def test_any_program_stands_alone() -> None:
    """The star beside a path would be misleading."""
    assert places(with_part("needs", programs=("*",))) == []
    assert places(with_part("needs", programs=("*", "/bin/sh"))) == ["needs.programs"]


def test_the_network_fits_listeners_and_destinations() -> None:
    """A manifest does not contradict itself."""
    assert places(with_part("needs", network="none")) == ["needs.network"]
    assert places(with_part("needs", connects_to=("10.0.0.1",))) == ["needs.connects_to"]
    local = with_listeners(("unix-_2frun_2fx", "unix:/run/x"))
    assert places(replace(local, needs=Needs(network="none"))) == []
    others = with_listeners(
        ("stdio", "stdio:"), ("unixgram-_2fx", "unixgram:/x"), ("unix-_2fy", "haproxy:unix:/y")
    )
    assert places(replace(others, needs=Needs(network="none"))) == []


@pytest.mark.parametrize(
    ("name", "endpoint", "field"),
    [
        ("tcp-80", "tcp:", "endpoint"),
        ("tcp-80", "8080", "endpoint"),
        ("tcp-80", "tcp:80:interface=", "endpoint"),
        ("tcp-80", "tcp:port=80", "endpoint"),
        ("web", "tcp:80", "name"),
        ("unix-_2fa_0ab", "unix:/a\nb", "endpoint"),
    ],
)
def test_a_listener_has_the_canonical_endpoint_and_its_name(name: str, endpoint: str, field: str) -> None:
    """The name can be computed from the endpoint, so it must be that."""
    assert places(with_listeners((name, endpoint))) == [f"tree.children[0].listeners[0].{field}"]


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        (("tcp-80", "tcp:80"), ("tcp-80", "tcp:80"), "endpoint"),
        (("tcp-80", "tcp:80"), ("ssl-80", "ssl:80"), "endpoint"),
        (("tcp-80", "tcp:80"), ("tcp-80-127.0.0.1", "tcp:80:interface=127.0.0.1"), "endpoint"),
        (("tcp-80-127.0.0.1", "tcp:80:interface=127.0.0.1"), ("tcp-80", "tcp:80"), "endpoint"),
        (("tcp-0", "tcp:0"), ("tcp-0", "tcp:0"), "name"),
        (("tcp-0", "tcp:0"), ("ssl-0", "ssl:0"), ""),
        (("tcp-80", "tcp:80"), ("tcp6-80", "tcp6:80"), ""),
        (("tcp-80", "tcp:80"), ("udp-80", "udp:80"), ""),
        (("udp-80", "udp:80"), ("udp-80-_3a_3a", "udp:80:interface=\\:\\:"), ""),
        (("udp-80", "udp:80:shared=1"), ("udp-80", "udp:80:shared=1"), ""),
        (("udp-80", "udp:80:shared=1"), ("udp-80-10.0.0.1", "udp:80:interface=10.0.0.1:shared=1"), ""),
        (("udp-80", "udp:80"), ("udp-80", "udp:80:shared=1"), "endpoint"),
        (("udp-80", "udp:80:shared=1"), ("udp-80-10.0.0.1", "udp:80:interface=10.0.0.1"), "endpoint"),
        (
            ("tcp-80-127.0.0.1", "tcp:80:interface=127.0.0.1"),
            ("tcp-80-127.0.0.2", "tcp:80:interface=127.0.0.2"),
            "",
        ),
        (("a", "systemd:INET:name=a"), ("a", "systemd:INET:name=a"), "name"),
        (("tcp-443", "tcp:443"), ("tls-443", "tls:/etc/keys"), "endpoint"),
        (("tcp6-443", "tcp6:443"), ("tls-443", "tls:/etc/keys"), "endpoint"),
        (("tls-443", "tls:/etc/keys"), ("ssl-443-192.0.2.1", "ssl:443:interface=192.0.2.1"), "endpoint"),
        (("tcp-443", "tcp:443"), ("tls-443-_3a_3a1", "tls:/etc/keys:interface=\\:\\:1"), ""),
        (("unix-_2fa", "unix:/a"), ("unixgram-_2fa", "unixgram:/a"), "endpoint"),
        (("stdio", "stdio:"), ("stdio", "stdio:"), "name"),
        (("tcp-80", "haproxy:tcp:80"), ("ssl-80", "ssl:80"), "endpoint"),
    ],
)
def test_two_listeners_must_not_want_one_address(
    first: tuple[str, str], second: tuple[str, str], clash: str
) -> None:
    """What the kernel would refuse is told before."""
    expected = [f"tree.children[0].listeners[1].{clash}"] if clash else []
    assert places(with_listeners(first, second)) == expected


def test_paths_of_the_tree_follow_its_shape() -> None:
    """A path is that of the node above and one more name, and belongs to one node."""
    bad = tuple(
        ServiceNode(path=path, kind="service", class_name="x.Y")
        for path in ("echo/a", "echo/a", "other/b", "echo/", "echo/c/d", "echo")
    )
    assert places(with_part("tree", children=bad)) == [
        "tree.children[1].path",
        "tree.children[2].path",
        "tree.children[3].path",
        "tree.children[4].path",
        "tree.children[5].path",
        "tree.children[5].path",
    ]
    assert places(with_part("tree", path="other", children=())) == ["tree.path"]


def test_a_name_with_a_slash_is_quoted_in_the_path() -> None:
    """The root's path splits into names like any other."""
    manifest = with_part("application", name="a/b%")
    assert places(replace(manifest, tree=replace(manifest.tree, path="a%2Fb%25", children=()))) == []


def test_nodes_have_a_known_kind_a_class_and_sensible_timers() -> None:
    """Generators rely on the kind."""
    node = ServiceNode(
        path="echo", kind="magic", class_name="", timers=(Timer(interval_ms=-1, callable="f"),)
    )
    assert places(replace(echo_manifest(), tree=node)) == ["tree.kind", "tree.class_name", "tree.timers[0]"]


def test_values_of_wrong_types_are_problems_not_errors() -> None:
    """A manifest made in memory can hold anything."""
    assert places(with_part("application", name=5, version=None)) == [
        "application.name",
        "application.version",
    ]
    assert places(with_part("needs", reads=["/etc"])) == ["needs.reads"]
    assert places(replace(echo_manifest(), schema=2)) == ["schema"]
