"""Answers over TLS: with the certificates of a folder, and with one whose key is a credential."""

from __future__ import annotations

import os
import ssl
from asyncio import StreamReader, StreamWriter

from svcctl.application import internet, strports, tls
from svcctl.application.service import Application


class Credential:
    """The certificate that systemd hands over; the folder is known only where the service runs."""

    def getContext(self) -> ssl.SSLContext:
        """Read it."""
        return tls.Certificate(f"{os.environ['CREDENTIALS_DIRECTORY']}/NAME.pem").getContext()


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection with the host that it asked for."""
    writer.write(await reader.readline())


application = Application("NAME", gid="tls-readers", needs={"credentials": ["NAME.pem"]})
strports.service("tls:/etc/NAME-tls:port=8000", answer).setServiceParent(application)
internet.SSLServer(8001, answer, Credential(), interface="127.0.0.1").setServiceParent(application)
