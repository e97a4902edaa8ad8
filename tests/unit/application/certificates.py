"""Certificates for tests, made by the openssl tool, and that tool as a client."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from svcctl.application import lifecycle

LOOPBACK = "127.0.0.1"
_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")


def _tool() -> str:
    tool = shutil.which("openssl")
    assert tool is not None
    return tool


def openssl(folder: Path, *arguments: str) -> bytes:
    """Run the openssl tool; return what it printed."""
    return subprocess.run([_tool(), *arguments], cwd=folder, check=True, capture_output=True).stdout


def make_all(folder: Path) -> Path:
    """Make an authority, certificates below it, and files that do not fit.

    ``NAME.key`` is a key, ``NAME.pem`` its certificate, ``NAME.all`` both with the chain.
    """
    root = ("-x509", "-days", "2", "-subj", "/CN=root", "-keyout", "root.key", "-out", "root.pem")
    openssl(folder, "req", *_EC, *root, "-addext", "keyUsage=critical,keyCertSign")
    issue(folder, "middle", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign")
    issue(folder, "leaf", "subjectAltName=DNS:localhost,IP:127.0.0.1", issuer="middle")
    issue(folder, "renewed", "subjectAltName=DNS:localhost,IP:127.0.0.1", issuer="middle")
    issue(folder, "shop", "subjectAltName=DNS:Shop.example,DNS:*.shop.example")
    issue(folder, "plain.example", "basicConstraints=CA:FALSE")
    issue(folder, "client", "extendedKeyUsage=clientAuth")
    openssl(folder, "pkcs8", "-topk8", "-in", "leaf.key", "-passout", "pass:secret", "-out", "locked.key")
    (folder / "empty.pem").touch()
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return folder


def issue(folder: Path, name: str, extensions: str, issuer: str = "root") -> None:
    """Make a key and a certificate for it."""
    identifiers = (
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid"  # verified strictly since Python 3.13
    )
    (folder / f"{name}.cnf").write_text(f"{extensions}\n{identifiers}\n")
    openssl(
        folder, "req", *_EC, "-subj", f"/O=test/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr"
    )
    sign = ("-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial", "-days", "2")
    paths = ("-in", f"{name}.csr", "-extfile", f"{name}.cnf", "-out", f"{name}.pem")
    openssl(folder, "x509", "-req", *sign, *paths)
    chain = [f"{name}.key", f"{name}.pem", *([f"{issuer}.pem"] if issuer != "root" else [])]
    (folder / f"{name}.all").write_bytes(b"".join((folder / part).read_bytes() for part in chain))


@asynccontextmanager
async def started(service: Any) -> AsyncIterator[Any]:  # noqa: ANN401 (a service of any class)
    """Start a service, and stop it at the end."""
    await lifecycle.start(service)
    try:
        yield service
    finally:
        await lifecycle.stop(service)


async def s_client(address: Any, *arguments: str) -> asyncio.subprocess.Process:  # noqa: ANN401 (an address of any family)
    """Connect with ``openssl s_client``, which is left running."""
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    command = (_tool(), "s_client", "-connect", f"{host}:{address[1]}", *arguments)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )


async def shown_to(address: Any, host: str = "", *arguments: str) -> str:  # noqa: ANN401 (the same)
    """Return the common name of the certificate that ``openssl s_client`` is shown when it asks for a host."""
    asks = ("-servername", host) if host else ("-noservername",)
    output = await all_output(await s_client(address, *asks, *arguments))
    (subject,) = [line for line in output.splitlines() if line.startswith("subject=")]
    return subject.rpartition("CN")[2].lstrip(" =")


async def all_output(client: asyncio.subprocess.Process, data: bytes = b"") -> str:
    """Send, say that this was all, and return what a client printed until it ended."""
    output, _ = await client.communicate(data)
    return output.decode()
