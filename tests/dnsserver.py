"""A name server on loopback for tests, with the records it is given.

    with DnsServer({("example.org", "TXT"): ['"v=spf1 -all"']}) as server:
        names = Names(["127.0.0.1"], server.port)

Names without records are NXDOMAIN; a name in `silent` is never answered.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = Mapping[tuple[str, str], Sequence[str]]


class DnsServer:
    """Answers over UDP, in a thread; use it in a `with`."""

    def __init__(self, records: Records, silent: Sequence[str] = ()) -> None:
        self.records = dict(records)
        self.silent = set(silent)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(4096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            asked = query.question[0]
            name = str(asked.name).rstrip(".").lower()
            kind = dns.rdatatype.to_text(asked.rdtype)
            if name in self.silent:
                continue
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            found = self.records.get((name, kind))
            if found:
                answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *found))
            elif not any(known == name for known, _ in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), client)
