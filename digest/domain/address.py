"""A reader's address: what is written to, and what two spellings of it have in common.

The rules are RFC 5321 and 6531 as the `email-validator` library reads them for sign-up forms:
no quoted local part, no comment, no domain literal, no single label, no reserved domain of
RFC 6761 such as ``invalid``. DNS is not asked: that needs a network and a clock.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from email_validator import EmailNotValidError, validate_email

from digest.errors import UsageError

LONGEST_SHOWN: Final = 80
"""Characters of a bad address that a message repeats, at most."""


@dataclass(frozen=True, slots=True)
class Address:
    """`shown` is the address as it is written to; `key` is equal for spellings of one mailbox."""

    shown: str
    key: str


def normalise(text: str) -> Address:
    """Check an address and find its key; blanks around it are let go.

    `shown` keeps the reader's own case, in Unicode's form NFC. `key` is case-folded throughout,
    its domain in IDNA's ASCII form. Case in the local part distinguishes mailboxes on paper only
    (RFC 5321, 2.4): folding it keeps one reader from two letters. Raises UsageError, whose
    message names the address and the fault.
    """
    given = text.strip(" \t")
    try:
        found = validate_email(
            given,
            check_deliverability=False,
            test_environment=False,
            strict=True,  # the local part's 64 octets (RFC 5321, 4.5.3.1.1)
        )
    except EmailNotValidError as fault:
        raise UsageError(
            f"{_printable(given)}: not an address: {_printable(str(fault))}",
            "write it as name@example.org",
        ) from None
    local = unicodedata.normalize("NFC", found.local_part.casefold())
    return Address(shown=found.normalized, key=f"{local}@{found.ascii_domain.lower()}")


def _printable(text: str) -> str:
    """One line without control characters, so that a bad address cannot write on a terminal."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if not clean:
        return "(empty)"
    return clean if len(clean) <= LONGEST_SHOWN else clean[:LONGEST_SHOWN] + "…"
