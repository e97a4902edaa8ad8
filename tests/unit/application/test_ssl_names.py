"""The host names of certificates, compared with what the openssl tool was told."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.application.certificates.names import host_names
from svcctl.application.certificates.pem import first_certificate
from svcctl.application.certificates.sni import folder_context
from svcctl.errors import ConfigurationError
from tests.unit.application.certificates import openssl


def self_signed(folder: Path, subject: str, *extensions: str) -> bytes:
    """Make a certificate, and return it in DER."""
    added = [part for extension in extensions for part in ("-addext", extension)]
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
    openssl(folder, *new, "-utf8", "-subj", subject, *added, "-keyout", "k", "-out", "c")
    return first_certificate(str(folder / "c"))


@pytest.mark.parametrize(
    ("subject", "extensions", "names"),
    [
        ("/CN=Plain.Example", (), ("plain.example",)),
        ("/C=CH/O=Müller/CN=a.example/OU=x", (), ("a.example",)),
        ("/O=nobody", (), ()),
        ("/CN=ignored", ("subjectAltName=DNS:b.example,IP:127.0.0.1,DNS:*.B.example",), ("b.example", "*.b.example")),
        ("/CN=kept", ("subjectAltName=IP:127.0.0.1,email:a@b.example",), ("kept",)),
        ("/CN=x", ("keyUsage=digitalSignature", "subjectAltName=critical,DNS:c.example"), ("c.example",)),
        ("/CN=x", (f"subjectAltName={','.join(f'DNS:host-{n}.example' for n in range(300))}",),
         tuple(f"host-{n}.example" for n in range(300))),
    ],
    ids=["common name", "long subject", "none", "alternative names", "no host among them", "critical", "many"],
)  # fmt: skip
def test_the_names_are_those_that_the_certificate_was_made_with(
    tmp_path: Path, subject: str, extensions: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Alternative names of hosts go before the common name, as RFC 6125 has it."""
    assert host_names(self_signed(tmp_path, subject, *extensions)) == names


def test_the_first_certificate_of_a_file_is_the_one_that_counts(pems: Path) -> None:
    """What precedes it is its key, what follows is its chain; comments are allowed."""
    expected = ssl.PEM_cert_to_DER_cert((pems / "leaf.pem").read_text().strip())
    assert first_certificate(str(pems / "leaf.all")) == expected


def test_a_certificate_with_marks_of_trust_has_the_same_names(pems: Path, tmp_path: Path) -> None:
    """Servers can use such a file, too."""
    trusted = openssl(pems, "x509", "-in", "shop.pem", "-trustout", "-addtrust", "serverAuth")
    (tmp_path / "c").write_bytes(trusted)
    assert b"TRUSTED" in trusted
    assert host_names(first_certificate(str(tmp_path / "c"))) == ("shop.example", "*.shop.example")


def test_a_certificate_with_malformed_names_is_named_by_its_file(tmp_path: Path) -> None:
    """OpenSSL refuses it before the names are looked at."""
    self_signed(tmp_path, "/CN=x", "2.5.29.17=DER:30")
    both = (tmp_path / "k").read_bytes() + (tmp_path / "c").read_bytes()
    (tmp_path / "both.pem").write_bytes(both)
    with pytest.raises(ConfigurationError, match=r"certificate in \S*both\.pem: INVALID_CERTIFICATE"):
        folder_context(str(tmp_path))


@given(st.data())
def test_what_is_no_certificate_is_an_error_of_one_kind(pems: Path, data: st.DataObject) -> None:
    """However it was damaged; a damaged name may still be read as one."""
    certificate = bytearray(first_certificate(str(pems / "shop.all")))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(certificate) - 1))
        certificate[place] = data.draw(st.integers(0, 255))
    damaged = bytes(certificate[: data.draw(st.integers(0, len(certificate)))])
    try:
        names = host_names(damaged)
    except ValueError as error:
        assert str(error) == "its structure is broken"  # noqa: PT017 (both ends are right)
    else:
        assert all(isinstance(name, str) for name in names)
