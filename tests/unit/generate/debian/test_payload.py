from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.generate.debian.payload import read_payload
from svcctl.manifest.model import Identity, Needs
from svcctl.plan.model import File, Rendering
from tests.unit.generate.debian.packages import NAMED, content, package_of, units_of

PAGE = "man:echo(7)"


def service(*lines: str) -> Rendering:
    """Return units that are one service with these lines."""
    text = "\n".join(("[Unit]", "Description=x", "[Service]", *lines)) + "\n"
    return Rendering(files=(File(path="/etc/systemd/system/echo.service", content=text.encode()),))


def test_units_lie_where_packages_have_them() -> None:
    """Never below /lib, never where the administrator's own are."""
    manifest = replace(NAMED, identity=Identity(uid="echo"))
    drop_in = File(path="/etc/systemd/system/echo.service.d/x.conf", content=b"[Service]\n")
    folders = File(path="/etc/tmpfiles.d/echo.conf", content=b"d /var/lib/x\n")
    units = units_of(manifest, unit_directory="/somewhere/else")
    payload = read_payload(replace(units, files=(*units.files, drop_in, folders)), PAGE)
    assert [file.path for file in payload.files] == [
        "/usr/lib/systemd/system/echo.service",
        "/usr/lib/systemd/system/echo.service.d/x.conf",
        "/usr/lib/systemd/system/echo.socket",
        "/usr/lib/sysusers.d/echo.conf",
        "/usr/lib/tmpfiles.d/echo.conf",
    ]
    assert payload.units == ("echo.socket", "echo.service")
    assert (payload.sysusers, payload.tmpfiles) == (("echo.conf",), ("echo.conf",))


def test_units_name_their_manual_page() -> None:
    """Unless they name something else."""
    package = package_of()
    for name in ("echo.service", "echo.socket"):
        unit = content(package, f"/usr/lib/systemd/system/{name}")
        assert unit.count("Documentation=") == 1
        assert f"[Unit]\nDocumentation={PAGE}\n" in unit
    other = package_of(
        units=service().__class__(files=(File(path="/x/echo.service", content=b"Documentation=y\n"),))
    )
    assert content(other, "/usr/lib/systemd/system/echo.service") == "Documentation=y\n"


def test_folders_are_known_from_the_units() -> None:
    """Also those that somebody has set by hand; an empty value takes back what came before."""
    payload = read_payload(
        service(
            "StateDirectory=other", "StateDirectory=", "StateDirectory=echo shop/echo", "LogsDirectory=echo/%i",
            "CacheDirectory=echo:link", "# CacheDirectory=no", "ConfigurationDirectory=echo",
        ),
        PAGE,
    )  # fmt: skip
    assert payload.folders == (
        "/var/lib/echo", "/var/lib/private/echo", "/var/lib/shop/echo", "/var/lib/private/shop/echo",
        "/var/cache/echo", "/var/cache/private/echo", "/var/log/echo", "/var/log/private/echo",
    )  # fmt: skip
    assert payload.configuration == ("/etc/echo",)
    assert payload.unknown == ()


@pytest.mark.parametrize(
    "value", ["..", "../etc", "/etc", "private", "dpkg", "%N", '"a', "a/../b", "$x", "-rf"]
)
def test_a_purge_deletes_no_folder_of_others(value: str) -> None:
    """A name that cannot be read for sure is told, and left."""
    package = package_of(units=service(f"StateDirectory={value}"))
    assert 'rm -rf "${DPKG_ROOT' not in package.scripts["postrm"]
    assert [told.subject for told in package.diagnostics if "purge" in told.message] == ["units"]


def test_secrets_are_known_by_their_names_in_the_stores() -> None:
    """Of both ways in which units ask for them; a path is nobody's secret of this package."""
    payload = read_payload(
        service(
            "LoadCredential=a:echo@a",
            "ImportCredential=echo@b:b",
            "LoadCredential=c:/etc/c",
            "LoadCredential=d",
        ),
        PAGE,
    )
    assert payload.credentials == ("echo@a", "echo@b")
    real = read_payload(units_of(replace(NAMED, needs=Needs(credentials=("token",)))), PAGE)
    assert real.credentials == ("echo@token",)


def test_the_file_of_variables_is_the_one_that_the_unit_reads() -> None:
    """The name of the units may differ from the package's."""
    assert read_payload(units_of(NAMED, name="shop"), PAGE).environment_file == "/etc/default/shop"
    assert read_payload(service("EnvironmentFile=-/etc/default/../passwd"), PAGE).environment_file == ""
    assert read_payload(service(), PAGE).environment_file == ""
