"""Trees with every mistake that the makers of services can make, run by the real runner.

Each is one line that says which service, one that says what to do, and a status; what had started is stopped again,
and nothing is left in the file system.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from svcctl.errors import EX_DATAERR, EX_OK
from tests.contract.bad_trees import ORDERS, REST, RUN, WRITTEN, Case, assert_told, assert_undone
from tests.contract.running import notes, supervise

LIMIT = 60.0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key with its certificate, and the certificate of another key."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("key", "other"):
        certificate = folder / f"{name}.crt"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ]
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(certificate), "-subj", f"/CN={name}"]
        subprocess.run([*command, *files], check=True, capture_output=True, timeout=LIMIT)
    return folder


def furnish(folder: Path, certificates: Path) -> None:
    """Put the files into a folder that the cases name."""
    shutil.copy(certificates / "key.key", folder / "key.pem")
    shutil.copy(certificates / "other.crt", folder / "other.pem")
    (folder / "text.pem").write_text("nothing that OpenSSL knows\n")
    (folder / "empty").mkdir()


@pytest.mark.parametrize("case", [*WRITTEN, *RUN], ids=lambda case: case.name)
def test_a_tree_that_is_wrong_is_one_line_with_a_hint_and_is_stopped_again(
    case: Case, tmp_path: Path, certificates: Path
) -> None:
    """With the path of the service once it is in a tree, else with the line of the file."""
    furnish(tmp_path, certificates)
    before = {path.name for path in tmp_path.iterdir()}
    with supervise(tmp_path, f"{REST}{case.text}\n") as init:
        assert init.wait() == case.status, init.stderr
        assert_told(case, init.stderr)
        assert init.sent("ERRNO") or init.sent("STATUS")
    assert_undone(tmp_path, before)


@pytest.mark.parametrize(("name", "text", "error"), ORDERS, ids=[name for name, _, _ in ORDERS])
def test_an_order_that_cannot_be_kept_names_the_service_and_starts_nothing(
    name: str, text: str, error: str, tmp_path: Path
) -> None:
    """Whether the way to put it right is known depends on what is there."""
    with supervise(tmp_path, f"{REST}{text}\n") as init:
        assert init.wait() == EX_DATAERR, name
        errors = [line for line in init.stderr.splitlines() if " error   svcctl." in line]
        assert len(errors) == 1
        assert error in errors[0]
        assert "Traceback" not in init.stderr
    assert notes(tmp_path) == []
    assert not (tmp_path / "first.sock").exists()


def test_a_client_that_keeps_trying_says_so_and_stops_at_once(tmp_path: Path) -> None:
    """A host that does not resolve today may do so tomorrow."""
    text = "put(internet.ClientService('tcp:nonexistent.invalid:80', echo))\n"
    with supervise(tmp_path, f"{REST}{text}") as init:
        init.wait_for("READY", "1")
        init.wait_for_log("scheduling retry")
        assert "cannot connect to nonexistent.invalid:80" in init.stderr
        assert "path=shop/bad" in init.stderr
        assert init.stop() == EX_OK
    assert_undone(tmp_path, set())
