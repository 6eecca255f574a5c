"""What a check-up finds, and how records of DNS are judged. Pure: the asking is done elsewhere.

SPF is RFC 7208, DKIM keys RFC 6376 (3.6.1), DMARC RFC 7489.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from digest.domain.spf import SPF_LOOKUPS, Lookup, Spf


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, how it ended, what was found, and the next step where there is one.

    `certain` is a fault that no second look mends and that readers would suffer from (a letter
    that is broken, a record that is of another key): a preflight holds the edition for it.
    """

    name: str
    state: State
    words: str
    hint: str = ""
    certain: bool = False

    @property
    def holds(self) -> bool:
        """Whether an edition must not go out like that."""
        return self.state is State.FAIL and self.certain


def judge_dkim(name: str, records: Sequence[str], expected: str) -> Finding:
    """Whether the record of a selector holds the key in use."""
    keys = [text for text in records if "p=" in text]
    if not keys:
        return Finding(
            f"DKIM {name}",
            State.FAIL,
            "there is no such record",
            f"publish it: a TXT record with the value {expected}",
        )
    if len(keys) > 1:
        return Finding(
            f"DKIM {name}",
            State.FAIL,
            f"there are {len(keys)} records, one is allowed",
            "delete the others",
        )
    if _tag(keys[0], "p") != _tag(expected, "p"):
        what = "is withdrawn (p= is empty)" if not _tag(keys[0], "p") else "is of another key"
        return Finding(
            f"DKIM {name}",
            State.FAIL,
            f"the record {what}",
            f"publish the value {expected}; digest dkim show prints it",
            certain=True,
        )
    if "y" in _tag(keys[0], "t").split(":"):
        return Finding(
            f"DKIM {name}",
            State.WARN,
            "the record says t=y (testing): verifiers may ignore the signature",
            "take t=y out of the record",
        )
    return Finding(f"DKIM {name}", State.OK, "the record holds the key in use")


def judge_dmarc(domain: str, records: Sequence[str], signing: str, bounce: str) -> Finding:
    """Whether the sender's domain has a policy, and whether what we do passes it."""
    name = f"DMARC _dmarc.{domain}"
    found = [text for text in records if text.replace(" ", "").lower().startswith("v=dmarc1")]
    if len(found) != 1:
        words = "there is no policy" if not found else f"there are {len(found)} policies"
        return Finding(
            name,
            State.FAIL,
            f"{words}; Gmail and Yahoo refuse bulk mail without one",
            'publish one TXT record: "v=DMARC1; p=none; rua=mailto:dmarc@' + domain + '"',
        )
    strict = {tag: _tag(found[0], tag).lower() == "s" for tag in ("adkim", "aspf")}
    by_dkim = bool(signing) and _aligned(domain, signing, strict=strict["adkim"])
    by_spf = _aligned(domain, bounce, strict=strict["aspf"])
    if signing and not by_dkim:
        return Finding(
            name,
            State.FAIL,
            f"signatures are of {signing}, which is not aligned with {domain}",
            "leave dkim.domain empty, or send from that domain",
        )
    if not by_dkim and not by_spf:
        return Finding(
            name,
            State.FAIL,
            f"letters are not signed here and bounces go to {bounce}: nothing is aligned",
            "make a key: digest dkim new; or have your relay sign for the domain",
        )
    policy = _tag(found[0], "p").lower()
    if policy not in {"none", "quarantine", "reject"}:
        return Finding(name, State.FAIL, f"p={policy or '(missing)'} is no policy", "p=none is one")
    if policy == "none":
        return Finding(
            name,
            State.WARN,
            "p=none: others may still send in your name",
            "when the reports show that all your mail passes, set p=quarantine, later p=reject",
        )
    return Finding(name, State.OK, f"p={policy}, and what we send is aligned")


def judge_spf(domain: str, addresses: Sequence[str], lookup: Lookup) -> Finding:
    """Whether SPF of the return path's domain allows the relay's `addresses` (none: unknown)."""
    name = f"SPF {domain}"
    asked = Spf(lookup)
    found = asked.records(domain)
    if len(found) != 1:
        words = "there is no record" if not found else f"there are {len(found)} records, one may be"
        return Finding(
            name, State.FAIL, words, 'publish one TXT record, such as "v=spf1 mx -all" or your '
            "relay's include"
        )  # fmt: skip
    verdicts = {ip: asked.verdict(domain, ip) for ip in addresses or ["192.0.2.1"]}
    if asked.most > SPF_LOOKUPS:
        return Finding(
            name,
            State.FAIL,
            f"more than {SPF_LOOKUPS} mechanisms ask DNS: verifiers give up (RFC 7208, 4.6.4)",
            "take out includes that you no longer send by",
        )
    if re.search(r"(^| )\+?all( |$)", found[0]):
        return Finding(
            name, State.FAIL, "it allows the whole world (+all)", "end it with ~all or -all"
        )
    refused = [ip for ip in addresses if verdicts[ip] != "pass"]
    if refused:
        return Finding(
            name,
            State.WARN,
            f"does not allow {', '.join(refused)}, where smtp.host is",
            "if your relay sends from there, add ip4:, a: or its include",
        )
    if not addresses:
        return Finding(name, State.OK, f"there is one record: {found[0]}")
    return Finding(name, State.OK, f"allows {', '.join(verdicts)}")


def _tag(record: str, name: str) -> str:
    for part in record.split(";"):
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return re.sub(r"\s", "", value)
    return ""


def _aligned(sender: str, other: str, *, strict: bool) -> bool:
    """Whether two domains are aligned (RFC 7489, 3.1); relaxed: one is the other's parent."""
    sender, other = sender.lower().rstrip("."), other.lower().rstrip(".")
    if sender == other:
        return True
    return not strict and (sender.endswith(f".{other}") or other.endswith(f".{sender}"))
