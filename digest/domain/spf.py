"""Who may send for a domain: Sender Policy Framework (RFC 7208), without macros."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Final

SPF_LOOKUPS: Final = 10
"""Mechanisms that ask DNS, at most; beyond, verifiers give up (RFC 7208, 4.6.4)."""

Lookup = Callable[[str, str], Sequence[str]]
"""(name, record type) -> the records as text; none where there are none."""

_IPV4: Final = 4
_MEANING: Final = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Spf:
    """Evaluates policies by `lookup`. `most` is the most lookups that one verdict needed."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._spent = 0
        self.most = 0

    def records(self, domain: str) -> list[str]:
        """The policies of a domain; there should be one."""
        found = self._lookup(domain, "TXT")
        return [text for text in found if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]

    def verdict(self, domain: str, address: str) -> str:
        """check_host (4): pass, fail, softfail, neutral, none or permerror."""
        self._spent = 0
        said = self._check(domain, ipaddress.ip_address(address))
        self.most = max(self.most, self._spent)
        return "permerror" if self._spent > SPF_LOOKUPS else said

    def _check(self, domain: str, address: Address) -> str:
        found = self.records(domain)
        if len(found) != 1 or self._spent > SPF_LOOKUPS:
            return "none" if not found else "permerror"
        redirect = ""
        for term in found[0].split()[1:]:
            if term.lower().startswith("redirect="):
                redirect = term.partition("=")[2]
                continue
            sign = term[0] if term[0] in _MEANING else "+"
            mechanism = re.fullmatch(r"(\w+)(?::([^/]*(?:/.*)?))?(/.*)?", term.lstrip("+-~?"))
            if mechanism and self._matches(mechanism, domain, address):
                return _MEANING[sign]
        if redirect:
            self._spent += 1
            return self._check(redirect, address)
        return "neutral"

    def _matches(self, mechanism: re.Match[str], domain: str, address: Address) -> bool:
        kind, value = mechanism[1].lower(), mechanism[2] or ""
        if kind == "all":
            return True
        if kind in {"ip4", "ip6"}:
            return _inside(address, value)
        if kind not in {"a", "mx", "include"}:
            return False
        self._spent += 1
        if self._spent > SPF_LOOKUPS:
            return False
        target, _, length = value.partition("/")
        target = target or domain
        if kind == "include":
            return self._check(target, address) == "pass"
        hosts = [target]
        if kind == "mx":
            hosts = [text.split()[-1].rstrip(".") for text in self._lookup(target, "MX")]
        short = address.version == _IPV4
        length = length or (mechanism[3] or "").lstrip("/")
        bits = length.partition("//")[0 if short else 2] or str(address.max_prefixlen)
        return any(
            _inside(address, f"{text}/{bits}")
            for host in hosts
            for text in self._lookup(host, "A" if short else "AAAA")
        )


def _inside(address: Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
