"""Addresses of ours that carry a token: ``bounces+d1c-f3a-<mac>@in.example.org``.

They tell whose letter a report is about and who may leave or confirm by mail, without believing a
word of what comes in. The token is HMAC-SHA-256 cut to 80 bits (RFC 2104, 5 allows half of it),
in digits and small letters only: the part before the @ has 64 octets at most (RFC 5321, 4.5.3.1.1),
and some servers fold its case.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from digest.domain.tokens import LIFETIME, Purpose, keyed_hash
from digest.errors import UsageError

_MAC: Final = 20
_DAY: Final = 86_400
_TOKEN: Final = re.compile(r"([a-z][0-9a-z]{1,13})-([0-9a-z]{1,6})-([0-9a-f]{20})")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Box(StrEnum):
    """The mailboxes that take mail for the program."""

    BOUNCES = "bounces"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"
    HELP = "help"


_PURPOSES: Final = {
    Box.BOUNCES: Purpose.BOUNCE,
    Box.UNSUBSCRIBE: Purpose.UNSUBSCRIBE,
    Box.CONFIRM: Purpose.CONFIRM,
}


class Sort(StrEnum):
    """What a token's number counts: a delivery, or a subscriber."""

    DELIVERY = "d"
    SUBSCRIBER = "s"


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """The mailboxes of one domain; `keys` are those of signed links, the current one first."""

    domain: str
    keys: Sequence[str]

    def address(
        self, box: Box, number: int | None = None, at: datetime | None = None,
        sort: Sort = Sort.SUBSCRIBER,
    ) -> str:  # fmt: skip
        """The address of a mailbox, with a token for `number` that was made at `at` (aware).

        The same arguments give the same address all day long; without a lifetime, for ever.
        """
        if number is None:
            return f"{box}@{self.domain}"
        day = 0 if LIFETIME[_PURPOSES[box]] is None or at is None else int(at.timestamp()) // _DAY
        subject = f"{sort}{_base36(number)}"
        mac = _mac(self.keys[0], box, f"{subject}-{day}")
        return f"{box}+{subject}-{_base36(day)}-{mac}@{self.domain}"

    def box_of(self, address: str) -> tuple[Box | None, str]:
        """Which mailbox an address names, and its token (empty without one).

        None for any other address, also one of another domain.
        """
        local, _, domain = address.strip().strip("<>").lower().rpartition("@")
        name, _, token = local.partition("+")
        if not self.domain or domain != self.domain.lower() or name not in set(Box):
            return None, ""
        return Box(name), token

    def whose(self, box: Box, token: str, now: datetime) -> tuple[Sort, int]:
        """The delivery or subscriber of a token of this mailbox.

        Raises UsageError when it was altered, is another mailbox's, or its time is over at `now`.
        """
        found = _TOKEN.fullmatch(token.lower())
        if found is None or box not in _PURPOSES:
            raise UsageError("the address has no valid token", "answer the mail it came in")
        subject, day = found[1], int(found[2], 36)
        said = f"{subject}-{day}"
        if not any(hmac.compare_digest(_mac(key, box, said), found[3]) for key in self.keys):
            raise UsageError("the address has no valid token", "answer the mail it came in")
        lifetime = LIFETIME[_PURPOSES[box]]
        # A day is added: the token knows the day it was made on, not the hour.
        if lifetime is not None and now.timestamp() > (day + 1) * _DAY + lifetime.total_seconds():
            raise UsageError("the time of this address is over", "subscribe again")
        try:
            return Sort(subject[0]), int(subject[1:], 36)
        except ValueError:
            raise UsageError("the address has no valid token") from None


def _mac(key: str, box: Box, said: str) -> str:
    return keyed_hash(key, f"mailbox.{box}", said)[:_MAC]


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, last = divmod(number, 36)
        digits = _DIGITS[last] + digits
    return digits
