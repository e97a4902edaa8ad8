"""Plug-ins: found by their entry points, loaded when needed, their faults told with their names."""

from __future__ import annotations

import subprocess
import sys

import pytest

from svcctl.application.interfaces import IProcess, IService
from svcctl.application.options.asked import HelpRequestedError
from svcctl.application.service import IServiceMaker, ServiceMaker
from svcctl.errors import ApplicationLoadError, ConfigurationError, SvcctlError, UsageError
from svcctl.loading import plugins
from svcctl.loading.plugins import GROUP, make_application
from tests.unit.endpoints.conftest import Install


@pytest.fixture(autouse=True)
def _no_twisted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the plug-ins of twistd, of which an environment has as many as it has."""
    monkeypatch.setattr("svcctl.loading.plugins.find_spec", lambda _: None)


OURS = {"echo", "portforward", "procmon", "socks", "web"}

CODE = """
from dataclasses import dataclass
from svcctl.application import service, usage
from svcctl.application.internet import TCPServer
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo
from svcctl.errors import ConfigurationError

class Options(usage.Options):
    "The options."
    optParameters = [["port", "p", 8007, "Port.", usage.portCoerce]]

def makeService(options):
    return TCPServer(options["port"], Factory.forProtocol(Echo))

class Maker:
    tapname = "anything"
    description = "Serves  what\\nit likes."
    options = Options
    needs = {"network": "outbound"}
    def makeService(self, options):
        return makeService(options)

maker = Maker()
by_name = service.ServiceMaker("Server", __name__, "In a module.", "by_name")

class Raising(Maker):
    def makeService(self, options):
        return options["nothing"]
class Saying(Maker):
    def makeService(self, options):
        raise ConfigurationError("the moon is not full", hint="wait")
class Nothing(Maker):
    def makeService(self, options):
        pass
class Leaving(Maker):
    def makeService(self, options):
        raise SystemExit(3)
class Number(Maker):
    def makeService(self, options):
        return 5
class Kind(Maker):
    def makeService(self, options):
        return service.Service
class Needy(Maker):
    def needs(self, options):
        return {"reads": [f"/srv/{options['port']}"]}
class Optionless:
    description = "Has none."
    def makeService(self, options):
        pass
class WrongOptions(Maker):
    class options(usage.Options):
        def opt_x(self, one, two):
            pass

class Older:
    '''Adds to an application.

    In the older way.'''
    Options = Options
    def updateApplication(self, app, config):
        makeService(config).setServiceParent(app)
        makeService({"port": 1}).setServiceParent(app)
older = Older()
class Idle(Older):
    def updateApplication(self, app, config):
        pass

@dataclass
class Typed:
    port: int = 8007
class Modern(Maker):
    options = Typed
    def makeService(self, options):
        return makeService({"port": options.port})
nothing = 5
"""

NAMES = (
    *("maker", "by_name", "Raising", "Saying", "Nothing", "Leaving", "Number", "Kind", "Needy"),
    *("Optionless", "WrongOptions", "older", "Idle", "Modern"),
)
BROKEN = {
    "absent": "absent_module:maker",
    "lacking": "onions_plugin:lacking",
    "five": "onions_plugin:nothing",
}


@pytest.fixture
def onions(install: Install) -> None:
    """Install plug-ins, and some that cannot be loaded."""
    working = {name.lower(): f"onions_plugin:{name}" for name in NAMES}
    install(CODE, group=GROUP, module="onions_plugin", **(working | BROKEN))


def ports(name: str, *arguments: str) -> list[int]:
    """Return the ports of the application that a plug-in makes."""
    application = make_application(name, arguments)
    return [server.endpoint.port for server in application.getComponent(IService)]


def test_the_plug_ins_of_svcctl_are_there() -> None:
    """Each with a description, and with the distribution they come from."""
    found = plugins.find()
    assert set(found.found) >= OURS
    assert list(found.found) == sorted(found.found)
    assert found.broken == ()
    for name in OURS:
        assert found.found[name].description
        assert found.found[name].distribution.startswith("svcctl ")


def test_listing_the_plug_ins_of_svcctl_imports_none_of_their_code() -> None:
    """It is imported when one of them is used."""
    program = "from svcctl.loading import plugins; plugins.find(); import sys; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    loaded = {name for name in result.stdout.split() if name.startswith("svcctl.plugins.")}
    assert loaded == {"svcctl.plugins.makers"}


@pytest.mark.usefixtures("onions")
def test_a_broken_plug_in_is_named_and_takes_no_other_with_it() -> None:
    """With its distribution and one line."""
    found = plugins.find()
    assert set(found.found) >= OURS | {name.lower() for name in NAMES} | {"module"}
    assert {each.name: each.distribution for each in found.broken} == dict.fromkeys(BROKEN, "onions 1.0")
    reasons = {each.name: each.reason for each in found.broken}
    assert "ModuleNotFoundError: No module named 'absent_module'" in reasons["absent"]
    assert "AttributeError" in reasons["lacking"]
    assert "leads to 5, which has neither makeService() nor updateApplication()" in reasons["five"]
    assert all("\n" not in reason and "the plug-in " in reason for reason in reasons.values())


@pytest.mark.usefixtures("onions")
@pytest.mark.parametrize("name", ["maker", "by_name", "module", "modern", "older"])
def test_an_entry_point_leads_to_any_kind_of_maker(name: str) -> None:
    """An object, a class, a name of a module, a module; with options of either form."""
    also = [1] if name == "older" else []
    assert ports(name) == [8007, *also]
    assert ports(name, "--port=9") == [9, *also]


@pytest.mark.usefixtures("onions")
def test_the_application_has_the_name_of_the_entry_point_and_what_the_maker_says() -> None:
    """Its description in one line, its needs; whoever makes it chooses the rest."""
    application = make_application("maker", [], appname="prog", uid="nobody", gid=7)
    assert application.name == "maker"
    assert application.description == "Serves what it likes."
    assert application.needs == {"network": "outbound"}
    process = application.getComponent(IProcess)
    assert (process.processName, process.uid, process.gid) == ("prog", "nobody", 7)
    assert make_application("needy", ["-p", "5"]).needs == {"reads": ["/srv/5"]}
    assert make_application("older", []).description == "Adds to an application."


@pytest.mark.usefixtures("onions")
def test_what_the_older_way_adds_is_one_service_for_whoever_asks_for_one() -> None:
    """A collection with all of it."""
    plugin = plugins.get("older")
    made = plugin.make(plugin.read([]))
    assert [server.endpoint.port for server in made] == [8007, 1]
    assert made.parent is None


@pytest.mark.usefixtures("onions")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raising", "KeyError: 'nothing'"),
        ("nothing", "returned nothing where a service was expected"),
        ("number", "returned an object of type int where a service was expected"),
        ("kind", "returned a class where a service was expected"),
        ("leaving", "it ended the process with SystemExit: 3"),
        ("idle", "added no service to the application"),
        ("optionless", "has no class of options"),
        ("wrongoptions", "opt_x takes more than one argument"),
        ("absent", "No module named 'absent_module'"),
    ],
)
def test_what_a_plug_in_does_wrong_is_told_with_its_name_and_distribution(name: str, said: str) -> None:
    """In one line with a hint; never as a traceback of ours."""
    with pytest.raises(SvcctlError) as caught:
        make_application(name, [])
    assert isinstance(caught.value, ApplicationLoadError | ConfigurationError)
    assert said in str(caught.value)
    assert f"the plug-in '{name}' of onions 1.0" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.usefixtures("onions")
def test_an_error_in_a_plug_in_shows_its_own_frames_alone() -> None:
    """The author has to find the line."""
    with pytest.raises(ApplicationLoadError) as caught:
        make_application("raising", [])
    assert 'return options["nothing"]' in caught.value.frames
    assert "svcctl/loading" not in caught.value.frames


@pytest.mark.usefixtures("onions")
def test_what_a_plug_in_itself_has_to_say_is_left_as_it_is() -> None:
    """It knows its options best."""
    with pytest.raises(ConfigurationError, match=r"^the moon is not full$") as caught:
        make_application("saying", [])
    assert caught.value.hint == "wait"


@pytest.mark.usefixtures("onions")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prot=1"], "there is no option --prot"),
        (["--port=http"], "--port: 'http' cannot be used"),
        (["extra"], "after the options there is 'extra'"),
    ],
)
def test_arguments_that_a_plug_in_does_not_take_are_a_usage_error(arguments: list[str], said: str) -> None:
    """Status 64."""
    with pytest.raises(UsageError, match=said) as caught:
        make_application("maker", arguments)
    assert caught.value.exit_status == 64


@pytest.mark.usefixtures("onions")
def test_the_help_of_a_plug_in_begins_with_what_one_types() -> None:
    """Of either form."""
    for name in ("maker", "modern"):
        with pytest.raises(HelpRequestedError, match=rf"^Usage: svcctl run {name} \[options\]\nOptions:\n"):
            make_application(name, ["--help"])


def test_an_unknown_plug_in_is_told_with_the_nearest() -> None:
    """Or with how a file is written."""
    with pytest.raises(UsageError, match="there is no plug-in 'ehco'") as caught:
        make_application("ehco", [])
    assert "did you mean echo?" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        make_application("zzz", [])
    assert "zzz.tac or ./zzz" in caught.value.hint


def test_two_plug_ins_of_one_name_are_an_error_that_names_both(install: Install) -> None:
    """Neither of them is taken by chance; the list goes on without them."""
    install(CODE, "onions", GROUP, layered="onions_plugin:maker")
    install(CODE, "shallots", GROUP, layered="shallots_plugin:maker")
    with pytest.raises(ConfigurationError, match=r"claimed by onions 1\.0 and shallots 1\.0"):
        make_application("layered", [])
    found = plugins.find()
    assert set(found.found) >= OURS
    (broken,) = found.broken
    assert (broken.name, broken.distribution) == ("layered", "onions 1.0 and shallots 1.0")


def test_a_maker_by_its_module_has_what_the_module_has() -> None:
    """And says so when it lacks something."""
    maker = ServiceMaker("Echo", "svcctl.plugins.echo", "Returns.", "echo")
    assert isinstance(maker, IServiceMaker)
    assert maker.options.__module__ == "svcctl.plugins.echo"
    assert not hasattr(maker, "updateApplication")
    assert not hasattr(ServiceMaker.__new__(ServiceMaker), "options")


def test_a_module_that_is_gone_is_told_when_it_is_needed(install: Install) -> None:
    """Listing does not import it, using does."""
    code = "from svcctl.application.service import ServiceMaker\nm = ServiceMaker('x', 'gone_module', 'x', 'x')\n"
    install(code, "onions", GROUP, gone="onions_plugin:m")
    assert "gone" in plugins.find().found
    with pytest.raises(ApplicationLoadError, match=r"the plug-in 'gone' of onions 1\.0.*'gone_module'"):
        make_application("gone", [])
