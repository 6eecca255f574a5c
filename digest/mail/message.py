"""A letter becomes an envelope: the final bytes of the message, the same for the same input."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Protocol

from digest.domain.delivery import Envelope, Letter
from digest.errors import DigestError
from digest.mail.encoding import (
    CRLF,
    address_field,
    list_id_field,
    scan_fields,
    text_field,
    verbatim_field,
    wire_address,
)
from digest.mail.form import filled, form_of
from digest.settings import MailSettings

_OURS = re.compile(
    "from|to|cc|bcc|sender|reply-to|subject|date|message-id|mime-version|return-path|received"
    "|dkim-signature|content-.*"
)
_MESSAGE_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")  # RFC 5322, 3.6.4
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646

Fields = list[tuple[str, bytes]]


class Signer(Protocol):
    """Signs messages, see `dkim`."""

    def sign(self, fields: Fields, body: Sequence[bytes], when: datetime) -> bytes:
        """The header fields that go before the message's own, each with its CRLF."""
        ...


def envelope(
    letter: Letter,
    *,
    recipient: str,
    message_id: str,
    date: datetime,
    mail: MailSettings,
    signer: Signer | None = None,
) -> Envelope:
    """The message of one letter to one recipient, with its return path.

    `message_id` has no angle brackets; `date` is aware. Header fields come in a fixed order: the
    signer's, From, To, Reply-To, Subject, Date, Message-ID, those of `letter.headers` as they are
    listed, MIME-Version, Content-Language, Content-Type. The bytes end in CRLF, have no bare CR or
    LF, and no line of the body begins with a dot. Raises UsageError for an address that mail
    cannot be sent to, DigestError for a header or field that would break the message, ValueError
    for a naive `date`.
    """
    to = wire_address(recipient)
    sender = _shared_address(mail.from_address)
    form = form_of(letter)
    body = filled(form, letter)
    fields = _fields(letter, to=to, sender=sender, message_id=message_id, date=date, mail=mail)
    fields += form.head
    head = b"".join([raw for _, raw in fields])
    if signer is not None:
        signed = signer.sign(fields, body, date)
        fields[:0] = [("DKIM-Signature", b"")] * signed.count(b"DKIM-Signature:")
        head = signed + head
    head = scan_fields(head, [name for name, _ in fields])
    return Envelope(
        sender=_shared_address(mail.bounce_address) if mail.bounce_address else sender,
        recipient=to,
        parts=(head + CRLF, *body),
        message_id=message_id,
    )


def _fields(
    letter: Letter, *, to: str, sender: str, message_id: str, date: datetime, mail: MailSettings
) -> Fields:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise DigestError(
            f"{message_id[:80]!r} is no Message-ID", "it has the form unique@example.org"
        )
    if not _LANGUAGE.fullmatch(letter.language):
        raise DigestError(f"{letter.language[:80]!r} is no language tag", "it is such as en or de")
    fields = [
        ("From", _shared_field("From", mail.from_name, sender)),
        ("To", address_field("To", "", to)),
    ]
    if mail.reply_to:
        reply_to = _shared_address(mail.reply_to)
        fields.append(("Reply-To", _shared_field("Reply-To", "", reply_to)))
    fields += [
        ("Subject", text_field("Subject", letter.subject)),
        ("Date", verbatim_field("Date", _date(date))),
        ("Message-ID", verbatim_field("Message-ID", f"<{message_id}>")),
    ]
    fields += [(name, _extra(name, value)) for name, value in letter.headers]
    fields += [
        ("MIME-Version", b"MIME-Version: 1.0\r\n"),
        ("Content-Language", verbatim_field("Content-Language", letter.language)),
    ]
    return fields


_shared_address = lru_cache(maxsize=16)(wire_address)
_shared_field = lru_cache(maxsize=16)(address_field)


@lru_cache(maxsize=16)
def _date(date: datetime) -> str:
    if date.tzinfo is None:
        raise ValueError("the Date header needs an aware datetime")
    return format_datetime(date)


@lru_cache(maxsize=256)
def _extra(name: str, value: str) -> bytes:
    kind = name.lower()
    if _OURS.fullmatch(kind):
        raise DigestError(
            f"header {name} is written by the program and cannot come with a letter",
            "take it out of the letter's headers",
        )
    if kind == "list-id":
        return list_id_field(name, value)
    if value.isascii() or kind.startswith("list-"):
        return verbatim_field(name, value)
    return text_field(name, value)
