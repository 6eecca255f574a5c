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
    check_name,
    list_id_field,
    text_field,
    verbatim_field,
    wire_address,
)
from digest.mail.fields import Field, field, plain_field
from digest.mail.form import filled, form_of
from digest.settings import MailSettings

_OURS = re.compile(
    "from|to|cc|bcc|sender|reply-to|subject|date|message-id|mime-version|return-path|received"
    "|dkim-signature|content-.*"
)
_MESSAGE_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")  # RFC 5322, 3.6.4
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646


class Signer(Protocol):
    """Signs messages, see `dkim`."""

    def sign(self, fields: Sequence[Field], body: Sequence[bytes], when: datetime) -> bytes:
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
    sender: str = "",
) -> Envelope:
    """The message of one letter to one recipient, with its return path.

    `message_id` has no angle brackets; `date` is aware; `sender` is the return path where it is not
    that of the settings. Header fields come in a fixed order: the signer's, From, To, Reply-To,
    Subject, Date, Message-ID, those of `letter.headers` as they are listed, MIME-Version,
    Content-Language, Content-Type. The bytes end in CRLF, have no bare CR or LF, and no line of the
    body begins with a dot. Raises UsageError for an address that mail cannot be sent to,
    DigestError for a header or field that would break the message, ValueError for a naive `date`.
    """
    to = wire_address(recipient)
    from_ = wire_address(mail.from_address)
    form = form_of(letter)
    body = filled(form, letter)
    fields = _fields(letter, to=to, sender=from_, message_id=message_id, date=date, mail=mail)
    fields += form.head
    lines = [field.raw for field in fields]
    if signer is not None:
        lines.insert(0, signer.sign(fields, body, date))
    lines.append(CRLF)
    if not sender:
        sender = wire_address(mail.bounce_address) if mail.bounce_address else from_
    return Envelope(sender, to, (b"".join(lines), *body), message_id)


def _fields(
    letter: Letter, *, to: str, sender: str, message_id: str, date: datetime, mail: MailSettings
) -> list[Field]:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise DigestError(
            f"{message_id[:80]!r} is no Message-ID", "it has the form unique@example.org"
        )
    fields = [
        _address("From", mail.from_name, sender),
        plain_field("To", to) or field("To", address_field("To", "", to)),
    ]
    if mail.reply_to:
        fields.append(_address("Reply-To", "", wire_address(mail.reply_to)))
    fields += [
        _subject(letter.subject),
        _date(date),
        plain_field("Message-ID", f"<{message_id}>") or _verbatim("Message-ID", f"<{message_id}>"),
    ]
    fields += [_extra(name, value) for name, value in letter.headers]
    fields += [_MIME_VERSION, _language(letter.language)]
    return fields


_MIME_VERSION = field("MIME-Version", b"MIME-Version: 1.0\r\n")


@lru_cache(maxsize=16)
def _address(name: str, display: str, address: str) -> Field:
    return field(name, address_field(name, display, address))


@lru_cache(maxsize=256)
def _subject(subject: str) -> Field:
    return field("Subject", text_field("Subject", subject))


@lru_cache(maxsize=16)
def _date(date: datetime) -> Field:
    if date.tzinfo is None:
        raise ValueError("the Date header needs an aware datetime")
    return field("Date", verbatim_field("Date", format_datetime(date)))


@lru_cache(maxsize=16)
def _language(language: str) -> Field:
    if not _LANGUAGE.fullmatch(language):
        raise DigestError(f"{language[:80]!r} is no language tag", "it is such as en or de")
    return field("Content-Language", verbatim_field("Content-Language", language))


@lru_cache(maxsize=256)
def _extra(name: str, value: str) -> Field:
    kind = _kind(name)
    if kind == "list-id":
        return field(name, list_id_field(name, value))
    if plain := plain_field(name, value):
        return plain
    if value.isascii() or kind.startswith("list-"):
        return _verbatim(name, value)
    return field(name, text_field(name, value))


def _verbatim(name: str, value: str) -> Field:
    return field(name, verbatim_field(name, value))


@lru_cache(maxsize=64)
def _kind(name: str) -> str:
    """The name of a letter's own header field in small letters, once it may be one."""
    check_name(name)
    kind = name.lower()
    if _OURS.fullmatch(kind):
        raise DigestError(
            f"header {name} is written by the program and cannot come with a letter",
            "take it out of the letter's headers",
        )
    return kind
