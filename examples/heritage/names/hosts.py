"""Addresses of names from a file such as /etc/hosts."""

import ipaddress
from pathlib import Path

from dnslib import AAAA, QTYPE, RR, A


class Resolver:
    """Knows what a hosts file knows; the file is read for each query, so that a change counts at once.

    Args:
        file: Its path. Source of the format: hosts(5).
        ttl: Seconds for which an answer may be remembered.
    """

    def __init__(self, file: str = "/etc/hosts", ttl: int = 60) -> None:
        self.file = file
        self.ttl = ttl

    def query(self, question) -> list[RR] | None:
        """Return the records that answer a question; ``None`` if the file does not have the name."""
        known = self._addresses(str(question.qname).rstrip(".").lower())
        if not known:
            return None
        records = [
            RR(question.qname, QTYPE.A, rdata=A(str(address)), ttl=self.ttl)
            if address.version == 4
            else RR(question.qname, QTYPE.AAAA, rdata=AAAA(str(address)), ttl=self.ttl)
            for address in known
        ]
        return [record for record in records if question.qtype in {record.rtype, QTYPE.ANY}]

    def _addresses(self, name: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        found = []
        for line in Path(self.file).read_text(encoding="utf-8").splitlines():
            address, *names = line.partition("#")[0].split() or [""]
            if name in (known.lower() for known in names):
                found.append(ipaddress.ip_address(address))
        return found
