"""The plug-ins of svcctl as descriptions: what their applications are, and that they can be saved."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest

from svcctl.application.interfaces import IService
from svcctl.application.options.reading import table_of
from svcctl.application.procmon import ProcessMonitor
from svcctl.errors import ConfigurationError
from svcctl.loading import plugins
from svcctl.loading.plugins import make_application
from svcctl.manifest.model import Manifest, Origin
from svcctl.plugins.echo import EchoDatagrams
from svcctl.plugins.ports import listening

NAMES = ("echo", "portforward", "procmon", "socks", "web")
COMMANDS = (
    ("echo", "--port=udp:8007"),
    ("echo", "--port=unix:/run/echo"),
    ("portforward", "-p", "0", "-d", "80"),
    ("procmon", "sleep", "5"),
    ("socks", "-p", "tcp6:1080"),
    ("web", "--path=/usr", "-i", "a.html"),
    ("web", "--wsgi=wsgiref.simple_server:demo_app"),
)


def described(name: str, *arguments: str) -> Manifest:
    """Return the description of what a plug-in makes."""
    return make_application(name, arguments).describe(Origin(kind="plugin", digest="0" * 64))


def test_each_listens_where_it_is_told_to_and_needs_what_it_does() -> None:
    """Its units are made from that."""
    echo = described("echo", "-p", "7")
    assert [each.endpoint for each in echo.listeners()] == ["tcp:7"]
    assert echo.needs.network == "inbound"
    assert described("portforward").needs.network == "outbound"
    assert described("portforward").tree.children[0].connections == ("tcp:localhost:port=6665",)
    assert described("socks").needs.network == "outbound"
    assert [each.endpoint for each in described("socks").listeners()] == ["tcp:1080:interface=127.0.0.1"]
    assert described("web", "--path=/usr").needs.reads == ("/usr",)
    assert described("web", "--path=/usr").needs.network == "inbound"
    assert described("procmon", "/bin/sleep", "5").needs.programs == ("/bin/sleep",)
    assert described("procmon", "sleep", "5").needs.programs == ("*",)


def test_paths_count_from_where_the_command_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made may run elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert described("web", "--path=.").needs.reads == (str(tmp_path),)
    assert described("procmon", "./run").needs.programs == (str(tmp_path / "run"),)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_each_makes_can_be_saved(words: Sequence[str]) -> None:
    """And is the same afterwards."""
    application = make_application(words[0], words[1:])
    origin = Origin(kind="plugin", digest="0" * 64)
    again = pickle.loads(pickle.dumps(application))  # noqa: S301 (made a moment ago)
    assert again.describe(origin) == application.describe(origin)


def test_procmon_takes_the_times_of_its_options() -> None:
    """Those of the framework, by their letters, too."""
    plugin = plugins.get("procmon")
    options = plugin.read(["-t", "2", "-k", "3", "-m", "4", "--maxrestartdelay=5", "prog", "-t", "9"])
    monitor = plugin.make(options)
    assert isinstance(monitor, ProcessMonitor)
    times = (monitor.threshold, monitor.killTime, monitor.minRestartDelay, monitor.maxRestartDelay)
    assert times == (2.0, 3.0, 4.0, 5.0)
    assert monitor.processes["prog"].args == ("prog", "-t", "9")
    defaults = plugin.make(plugin.read(["prog"]))
    assert (defaults.threshold, defaults.killTime) == (1.0, 5.0)
    assert (defaults.minRestartDelay, defaults.maxRestartDelay) == (1.0, 3600.0)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_a_help_and_every_time_its_unit(name: str) -> None:
    """They are all that most users read."""
    for option in table_of(plugins.get(name).options).options:
        assert option.doc, option.name
        if isinstance(option.default, float):
            assert option.units == "seconds", option.name


def test_datagrams_from_reserved_ports_are_not_returned() -> None:
    """Two services that answer everything would answer each other for ever."""
    sent: list[object] = []

    class Transport:
        def write(self, datagram: bytes, addr: object) -> None:
            """Keep it."""
            sent.append((datagram, addr))

    echo = EchoDatagrams()
    echo.transport = Transport()
    for port in (7, 1023, 1024):
        echo.datagramReceived(b"x", ("192.0.2.1", port))
    assert sent == [(b"x", ("192.0.2.1", 1024))]


def test_a_port_may_be_a_number() -> None:
    """Anything else is an endpoint."""
    assert listening("80") == "tcp:80"
    assert listening("udp:80") == "udp:80"


def test_what_is_missing_is_told_when_the_service_is_made() -> None:
    """Not with the first request."""
    with pytest.raises(ConfigurationError, match="has no attribute 'absent'"):
        make_application("web", ["--app=wsgiref.simple_server:absent"])
    for service in make_application("web", ["--path=/usr"]).getComponent(IService):
        assert service.app.app is not None
