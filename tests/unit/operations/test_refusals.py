from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import (
    ApplicationLoadError,
    ConfigurationError,
    ProblemsError,
    UsageError,
)
from svcctl.host import machine as machines
from svcctl.host import receipts
from svcctl.host.machine import Machine
from svcctl.manifest.model import Listener, Manifest, Needs
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest
from tests.fakes.describing import FakeDescribe
from tests.fakes.machines import picture

pytestmark = pytest.mark.usefixtures("machine")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")
UNITS = "etc/systemd/system"


def with_listeners(manifest: Manifest, *ports: int) -> Manifest:
    """Return the manifest with one server on these ports instead of its own."""
    listeners = tuple(Listener(name=f"tcp-{port}", endpoint=f"tcp:{port}") for port in ports)
    return with_one(manifest, manifest.application.name, *listeners)


def with_one(manifest: Manifest, name: str, *listeners: Listener) -> Manifest:
    """Return the manifest with one server and another name of the application."""
    server = replace(manifest.tree.children[0], listeners=listeners)
    info = replace(manifest.application, name=name)
    return replace(manifest, application=info, tree=replace(manifest.tree, children=(server,)))


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize("where", [UNITS, "usr/lib/systemd/system", "run/systemd/generator.late"])
def test_a_unit_that_is_not_ours_is_refused(where: str, root: Path) -> None:
    """Wherever systemd would find it."""
    foreign = root / where / "echo.service"
    foreign.parent.mkdir(parents=True, exist_ok=True)
    foreign.write_text("theirs")
    before = picture(root)
    with pytest.raises(ConfigurationError, match=r"there is a echo\.service already") as caught:
        install(REQUEST)
    assert "--name" in caught.value.hint
    after = picture(root)
    assert {path: after[path] for path in before} == before
    assert foreign.read_text() == "theirs"


@pytest.mark.usefixtures("describing")
def test_two_applications_of_one_name_are_refused(root: Path) -> None:
    """The first one stays."""
    install(REQUEST)
    before = picture(root)
    with pytest.raises(UsageError, match="echo is installed already, from /srv/echo"):
        install(replace(REQUEST, application="/opt/echo.tac"))
    assert picture(root) == before


def test_an_address_of_another_application_is_refused_with_its_owner(describing: FakeDescribe) -> None:
    """Although that one does not run; another address helps."""
    install(REQUEST)
    info = replace(describing.manifest.application, name="other")
    describing.manifest = replace(describing.manifest, application=info)
    other = replace(REQUEST, application="/srv/other.tac")
    for sockets in (True, False):
        with pytest.raises(
            ConfigurationError, match=r"0\.0\.0\.0:8007 belongs to the installed application echo"
        ):
            install(replace(other, sockets=sockets))
    assert install(replace(other, listen=(("tcp-8007", "8008"),))).applied


def test_templates_of_several_applications_may_have_the_same_address(describing: FakeDescribe) -> None:
    """Which port an instance has is its name, which is known when it starts."""
    request = replace(REQUEST, enable=False, now=False, instances=True)
    first = install(request).receipt
    describing.manifest = with_one(
        describing.manifest, "other", Listener(name="tcp-8008", endpoint="tcp:8008")
    )
    second = install(replace(request, application="/srv/other.tac")).receipt
    assert first.addresses == second.addresses
    assert "%i" in first.addresses[0]


@pytest.mark.parametrize("sockets", [True, False])
def test_a_port_for_datagrams_belongs_to_several_applications_if_all_share_it(
    describing: FakeDescribe,
    sockets: bool,  # noqa: FBT001 (a table)
) -> None:
    """One that does not share it is refused."""
    shared, alone = (Listener(name="udp-5353", endpoint=f"udp:5353{more}") for more in (":shared=1", ""))
    request = replace(REQUEST, sockets=sockets)
    describing.manifest = with_one(describing.manifest, "echo", shared)
    assert install(request).receipt.addresses == ("0.0.0.0:5353/udp/shared",)
    describing.manifest = with_one(describing.manifest, "other", shared)
    assert install(replace(request, application="/srv/other.tac")).applied
    describing.manifest = with_one(describing.manifest, "third", alone)
    with pytest.raises(ConfigurationError, match=r"0\.0\.0\.0:5353/udp belongs to"):
        install(replace(request, application="/srv/third.tac"))


def test_a_folder_of_another_application_is_refused_with_its_owner(describing: FakeDescribe) -> None:
    """Two services of different users cannot have one state."""
    install(REQUEST)
    describing.manifest = with_listeners(describing.manifest, 1001)
    with pytest.raises(
        ConfigurationError, match="the folder /var/lib/echo belongs to the installed application echo"
    ):
        install(replace(REQUEST, application="/srv/second.tac"))


def test_a_folder_of_the_system_is_refused(root: Path, describing: FakeDescribe) -> None:
    """An application named as dpkg would get dpkg's state, and a purge would remove it."""
    assert describing.error is None
    (root / "var/lib/echo").mkdir(parents=True)
    (root / "var/lib/echo/status").write_text("")
    with pytest.raises(ConfigurationError, match="is there already and belongs to something else"):
        install(REQUEST)


@pytest.mark.parametrize("instances", [False, True])
def test_a_folder_that_systemd_made_for_the_other_kind_of_service_is_refused(
    instances: bool,  # noqa: FBT001 (both kinds)
    root: Path,
    describing: FakeDescribe,
) -> None:
    """It stays when the service is removed, and systemd could not start instances with that of one, nor one with theirs."""
    describing.manifest = with_listeners(describing.manifest)
    private = root / "var/lib/private/echo"
    private.mkdir(parents=True)
    if instances:
        (root / "var/lib/echo").symlink_to("private/echo")
    else:
        (root / "var/lib/echo").mkdir()
        (root / "var/lib/echo/1").symlink_to("../private/echo/1")
    with pytest.raises(ConfigurationError, match=r"/var/lib/echo was made for .* could not start") as caught:
        install(replace(REQUEST, instances=instances))
    assert f"move {private} away" in caught.value.hint
    assert install(replace(REQUEST, instances=not instances)).applied


def test_configuration_that_was_there_before_is_not_ours_to_purge(
    root: Path, describing: FakeDescribe
) -> None:
    """An administrator may write it first."""
    describing.manifest = replace(describing.manifest, needs=Needs(directories=("state", "config")))
    (root / "etc/echo").mkdir()
    (root / "etc/echo/echo.conf").write_text("")
    assert install(REQUEST).receipt.directories == ("/var/lib/echo",)


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "a%b", "a\nb", "x" * 300, "-x", "a b", "é", "../../etc/passwd"]
)
def test_a_hostile_name_is_refused(name: str, root: Path) -> None:
    """With the status of a wrong command line, and nothing written."""
    before = picture(root)
    with pytest.raises(UsageError, match="cannot be used") as caught:
        install(replace(REQUEST, name=name))
    assert caught.value.exit_status == 64
    assert "\n" not in str(caught.value)
    assert picture(root) == before


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize("application", ["/home/u/echo.tac", "/root/echo.tac", "/tmp/echo.tac"])  # noqa: S108 (refused)
def test_code_that_the_sandbox_hides_is_refused(application: str) -> None:
    """In system scope."""
    with pytest.raises(ProblemsError, match="cannot be a service as it is") as caught:
        install(replace(REQUEST, application=application))
    assert caught.value.hint


@pytest.mark.usefixtures("describing")
def test_code_that_a_link_hides_is_refused(tmp_path: Path) -> None:
    """The sandbox sees where it leads."""
    link = tmp_path / "link.tac"
    link.symlink_to("/home/u/echo.tac")
    found: list[str] = []
    try:
        install(replace(REQUEST, application=str(link)))
    except ProblemsError as error:
        found = [problem.where for problem in error.problems]
    assert found == ["application"]


def test_an_application_that_does_not_load_changes_nothing(root: Path, describing: FakeDescribe) -> None:
    """Its own error arrives."""
    describing.error = ApplicationLoadError("no application", frames="...")
    before = picture(root)
    with pytest.raises(ApplicationLoadError, match="no application"):
        install(REQUEST)
    assert picture(root) == before


def test_the_description_gets_the_variables_of_the_service(tmp_path: Path, describing: FakeDescribe) -> None:
    """Those of files win, as in the unit."""
    file = tmp_path / "env"
    file.write_text("B=file\nC=file\n")
    install(
        replace(REQUEST, environment=(("A", "unit"), ("B", "unit")), environment_files=(str(file), "-/none"))
    )
    assert describing.environments == [{"A": "unit", "B": "file", "C": "file"}]


@pytest.mark.usefixtures("describing")
def test_without_systemd_the_ways_around_are_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree, or a daemon."""
    here = replace(machine, root="", booted=False)
    monkeypatch.setattr(machines, "find", lambda *_, **__: here)
    monkeypatch.setattr(receipts, "need_permission", lambda _: None)
    with pytest.raises(ConfigurationError, match="systemd does not run this machine") as caught:
        install(REQUEST)
    assert "--root" in caught.value.hint
    assert "run --daemonize" in caught.value.hint


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize(("enable", "now"), [(True, False), (False, True)])
def test_a_template_is_neither_enabled_nor_started(enable: bool, now: bool) -> None:  # noqa: FBT001 (a table)
    """Only its instances are."""
    with pytest.raises(UsageError, match="only its instances"):
        install(replace(REQUEST, instances=True, enable=enable, now=now))
