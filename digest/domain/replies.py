"""What an SMTP server's reply says: its class, and how long to wait before the next attempt.

A reply begins with three digits (RFC 5321, 4.2) and, where the server offers it, an enhanced
status code ``class.subject.detail`` (RFC 3463). The subject says whose trouble it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

_ENHANCED: Final = re.compile(r"^(?:[245]\d\d[ -])?([245])\.(\d{1,3})\.(\d{1,3})\b")
_BASIC: Final = re.compile(r"^([245]\d\d)\b")

_SUBJECTS: Final = {
    "1": "address",
    "2": "mailbox",
    "3": "server",
    "4": "network",
    "5": "protocol",
    "6": "content",
    "7": "policy",
}
"""RFC 3463, 3.1 to 3.8: the second number of the code."""

_DETAILS: Final = {
    "1.1": "no such mailbox",
    "1.2": "no such domain",
    "1.10": "no such domain",
    "2.1": "mailbox disabled",
    "2.2": "mailbox full",
    "3.4": "letter too large",
    "2.3": "letter too large",
}
"""RFC 3463 and RFC 7505 (1.10, a null MX): what an operator can act on by itself."""

_BASICS: Final = {
    "421": "server",
    "450": "mailbox",
    "451": "server",
    "452": "server",
    "454": "security",
    "535": "security",
    "550": "mailbox",
    "551": "address",
    "552": "letter too large",
    "553": "address",
    "554": "policy",
    "555": "protocol",
}
"""RFC 5321, 4.2.3, where there is no enhanced code."""

_GREYLIST: Final = re.compile(r"gr[ae]y.?list", re.IGNORECASE)
_LATER: Final = re.compile(r"later|again|come back", re.IGNORECASE)
_TOO_MANY: Final = re.compile(
    r"too (many|much|fast|quick)|slow|rate|limit|frequen|quota", re.IGNORECASE
)

_SLOW: Final = timedelta(hours=1)
_SLOW_CLASSES: Final = frozenset({"mailbox full"})
"""Nobody empties a mailbox within minutes. (4.2.1, a disabled one, is what greylists say, too.)"""


def enhanced(reply: str) -> str:
    """The enhanced status code of a reply such as ``4.2.2``; empty where it has none."""
    found = _ENHANCED.match(reply)
    return ".".join(found.groups()) if found else ""


def error_class(reply: str) -> str:
    """What a reply complains of, in two or three words; ``none`` for a 2xx or no reply at all."""
    if not reply or reply.startswith("2"):
        return "none"
    code = enhanced(reply)
    if code:
        _class, subject, detail = code.split(".")
        return _DETAILS.get(f"{subject}.{detail}") or _SUBJECTS.get(subject, "other")
    basic = _BASIC.match(reply)
    if basic is None:
        # Our own words: a connection that died, an address that cannot be written to.
        return "connection"
    return _BASICS.get(basic[1], "other")


def greylisted(reply: str) -> bool:
    """Whether a 450 or 451 asks for the same letter again later, not for fewer letters (RFC 6647).

    Greylists say so, or say 4.7.1 and "later" without a word of how many; a 421 ends the whole
    connection and is never one of theirs.
    """
    if not reply.startswith(("450", "451")):
        return False
    if _GREYLIST.search(reply):
        return True
    later = enhanced(reply) == "4.7.1" and _LATER.search(reply) is not None
    return later and _TOO_MANY.search(reply) is None


def about_one_reader(reply: str) -> bool:
    """Whether a 450 or 451 is about one recipient's address or mailbox, by its enhanced code.

    RFC 3463, 3.2 and 3.3: 4.1.x and 4.2.x, but for 4.1.7 and 4.1.8, which are about the sender.
    """
    if not reply.startswith(("450", "451")):
        return False
    _class, _, detail = enhanced(reply).partition(".")
    return detail.startswith(("1.", "2.")) and detail not in {"1.7", "1.8"}


def wait_after(reply: str, used: int, waits: Sequence[timedelta]) -> timedelta | None:
    """How long to wait after a 4xx, `used` retries having been made; None when that was the last.

    `waits` are the operator's, in order. A full mailbox is tried again after an hour at the
    earliest; everything else (greylisting above all) keeps to `waits`.
    """
    if used >= len(waits):
        return None
    wait = waits[used]
    return max(wait, _SLOW) if error_class(reply) in _SLOW_CLASSES else wait
