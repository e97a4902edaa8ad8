"""DNS over TCP, and the answers for both transports."""

import logging
import struct

from dnslib import RCODE, DNSError, DNSHeader, DNSRecord

from svcctl.application.protocol import Protocol, ServerFactory

log = logging.getLogger("dns")

HEADER_SIZE = 12


class DNSProtocol(Protocol):
    """One client: each message comes after its length in two bytes. Source: RFC 1035, 4.2.2."""

    buffer = b""

    def dataReceived(self, data):
        """Answer every message that is complete."""
        self.buffer += data
        while len(self.buffer) >= 2:
            (size,) = struct.unpack_from("!H", self.buffer)
            if len(self.buffer) < 2 + size:
                return
            message, self.buffer = self.buffer[2 : 2 + size], self.buffer[2 + size :]
            answer = self.factory.answer(message)
            if answer is None:
                self.transport.abortConnection()
                return
            reply = answer.pack()
            self.transport.write(struct.pack("!H", len(reply)) + reply)


class DNSServerFactory(ServerFactory):
    """Answers from the first resolver that knows the name.

    Args:
        authorities: The resolvers.
    """

    protocol = DNSProtocol

    def __init__(self, authorities):
        self.authorities = list(authorities)

    def answer(self, message: bytes) -> DNSRecord | None:
        """Return the answer to a message; ``None`` to what is no query at all."""
        try:
            query = DNSRecord.parse(message)
        except DNSError:
            return _malformed(message)
        if query.header.qr or len(query.questions) != 1:
            return None
        reply = query.reply(ra=0)
        try:
            records = self._records(query.questions[0])
        except (OSError, ValueError):
            log.exception("the resolver failed")
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        if records is None:
            reply.header.rcode = RCODE.NXDOMAIN
        else:
            reply.add_answer(*records)
        return reply

    def _records(self, question):
        for resolver in self.authorities:
            records = resolver.query(question)
            if records is not None:
                return records
        return None


def _malformed(message: bytes) -> DNSRecord | None:
    """Return an answer that says so, if there is a query's number to give back."""
    if len(message) < HEADER_SIZE or message[2] & 0x80:
        return None
    return DNSRecord(DNSHeader(id=int.from_bytes(message[:2], "big"), qr=1, rcode=RCODE.FORMERR))
