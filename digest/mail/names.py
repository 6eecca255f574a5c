"""Questions to DNS, by dnspython."""

from __future__ import annotations

from collections.abc import Sequence

import dns.exception
import dns.resolver
import dns.reversename

from digest.errors import TransportError

_TIMEOUT_S = 5.0


class Names:
    """Asks the system's name servers, or those given as addresses (on `port`)."""

    def __init__(self, servers: Sequence[str] = (), port: int = 53) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not servers)
        except dns.exception.DNSException as error:
            raise TransportError(
                f"no name server is known: {error}", "see /etc/resolv.conf"
            ) from error
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.lifetime = _TIMEOUT_S
        self._seen: dict[tuple[str, str], list[str]] = {}

    def __call__(self, name: str, kind: str) -> Sequence[str]:
        """The records of a name as text, none where there are none; TXT strings are joined.

        Raises TransportError when no name server answers.
        """
        key = (name.rstrip(".").lower(), kind)
        if key not in self._seen:
            self._seen[key] = self._ask(*key)
        return self._seen[key]

    def reverse(self, address: str) -> Sequence[str]:
        """The names of an address (PTR)."""
        name = str(dns.reversename.from_address(address))
        return [text.rstrip(".") for text in self(name, "PTR")]

    def _ask(self, name: str, kind: str) -> list[str]:
        try:
            answer = self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, UnicodeError) as error:
            raise TransportError(
                f"{kind} of {name}: no answer from the name servers ({type(error).__name__})",
                "check that this machine can look up names, then try again",
            ) from error
        if kind == "TXT":
            return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
        return [record.to_text() for record in answer]
