from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from svcctl.errors import ConfigurationError
from svcctl.generate.debian.elf import read_elf
from svcctl.generate.debian.shlibs import dependencies, wanted_sonames
from svcctl.host import environment
from svcctl.host.libraries import read_libraries
from svcctl.host.wheel_platforms import here

LIBC = "libc.so.6 libc6 #MINVER#\n printf@GLIBC_2.2.5 2.2.5\n"
ON_DEBIAN = shutil.which("dpkg-shlibdeps") is not None and Path("/var/lib/dpkg/info").is_dir()


def described(folder: Path, **files: str) -> Path:
    """Write files about libraries, named by package, architecture and kind, with ``__`` for the colon."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        stem, _, kind = name.rpartition("_")
        (folder / f"{stem.replace('__', ':').replace('_', '-')}.{kind}").write_text(text)
    return folder


def test_the_running_systems_packages_are_asked_if_it_is_the_release(tmp_path: Path) -> None:
    """Those of the architecture, and those of any."""
    info = tmp_path / "var/lib/dpkg/info"
    described(info, libc6__amd64_symbols=LIBC, libc6__i386_symbols=LIBC.replace("printf", "other"))
    described(info, libold_shlibs="libold 1 libold1 (>= 1)\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("VERSION_CODENAME=bookworm\n")
    found = read_libraries(
        ["libc.so.6", "libold.so.1", "libodd.so.1"], release="bookworm", architecture="amd64", root=tmp_path
    )
    assert sorted(found) == ["libc.so.6", "libold.so.1"]
    assert list(found["libc.so.6"].symbols) == ["printf@GLIBC_2.2.5"]
    assert found["libold.so.1"].templates == ("libold1 (>= 1)",)


@pytest.mark.parametrize("release", ["VERSION_CODENAME=noble\n", None])
def test_another_release_has_to_be_given(release: str | None, tmp_path: Path) -> None:
    """The libraries of this one say nothing about that one."""
    if release is not None:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc/os-release").write_text(release)
    with pytest.raises(ConfigurationError, match="does not know the libraries of trixie") as caught:
        read_libraries(["libc.so.6"], release="trixie", architecture="amd64", root=tmp_path)
    assert "give a folder" in caught.value.hint


def test_a_folder_or_a_tree_with_the_release_may_be_given(tmp_path: Path) -> None:
    """Whatever the running system is."""
    plain = described(tmp_path / "plain", libc6__amd64_symbols=LIBC)
    described(tmp_path / "tree/var/lib/dpkg/info", libc6__amd64_symbols=LIBC)
    for folder in (plain, tmp_path / "tree"):
        found = read_libraries(
            ["libc.so.6"], release="trixie", architecture="amd64", folder=folder, root=tmp_path
        )
        assert list(found) == ["libc.so.6"]


def test_a_folder_without_any_is_an_error(tmp_path: Path) -> None:
    """For that architecture, that is; who asks for nothing needs none."""
    described(tmp_path, libc6__arm64_symbols=LIBC)
    with pytest.raises(ConfigurationError, match="describes no libraries for amd64"):
        read_libraries(["libc.so.6"], release="trixie", architecture="amd64", folder=tmp_path)
    assert read_libraries([], release="trixie", architecture="amd64", folder=tmp_path) == {}


def test_of_two_packages_the_one_counts_whose_library_programs_find(tmp_path: Path) -> None:
    """The C library of another ABI has the same name, in another folder."""
    described(
        tmp_path,
        libc6_i386_symbols=LIBC.replace("libc6", "libc6-i386"),
        libc6_i386_list="/lib32/libc.so.6\n",
        libc6__amd64_symbols=LIBC,
        libc6__amd64_list="/lib\n/lib/x86_64-linux-gnu/libc.so.6\n",
    )
    found = read_libraries(["libc.so.6"], release="trixie", architecture="amd64", folder=tmp_path)
    assert found["libc.so.6"].templates == ("libc6 #MINVER#",)


def _real_depends(tree: Path, files: list[Path]) -> tuple[str, ...]:
    """Return what dpkg-shlibdeps says of files, put into a package's tree."""
    (tree / "debian/x/DEBIAN").mkdir(parents=True)
    (tree / "debian/control").write_text("Source: x\n\nPackage: x\nArchitecture: any\n")
    places = []
    for file in files:
        place = tree / "debian/x/usr/lib/x" / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
        places.append(str(place))
    said = subprocess.run(
        ["dpkg-shlibdeps", "-O", "--warnings=0", *places],  # noqa: S607 (the one on the search path)
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(said.strip().removeprefix("shlibs:Depends=").split(", "))


def _objects() -> dict[str, list[Path]]:
    library = f"/usr/lib/{platform.machine()}-linux-gnu"
    system = {
        name: Path(library, name).resolve() for name in ("libstdc++.so.6", "libssl.so.3", "libncurses.so.6")
    }
    wheel = sorted(Path(psutil.__file__).parent.glob("*.so"))
    return {name: [path] for name, path in system.items() if path.is_file()} | {"a wheel": wheel}


@pytest.mark.skipif(not ON_DEBIAN, reason="dpkg-dev is not installed")
@pytest.mark.parametrize("name", ["libstdc++.so.6", "libssl.so.3", "libncurses.so.6", "a wheel"])
def test_dpkg_shlibdeps_says_the_same(name: str, tmp_path: Path) -> None:
    """Of libraries of this system, and of compiled modules from a wheel."""
    files = _objects().get(name, [])
    if not files:
        pytest.skip("it is not installed")
    objects = {f"/usr/lib/x/{file.name}": read_elf(file.read_bytes()) for file in files}
    libraries = read_libraries(
        wanted_sonames(objects),
        release=environment.read("/etc/os-release")["VERSION_CODENAME"],
        architecture=here(),
    )
    assert dependencies(objects, libraries).depends == _real_depends(tmp_path, files)
