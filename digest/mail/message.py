"""A letter becomes an envelope: the final bytes of the message, the same for the same input.

The tree (RFC 2046, 2387): multipart/alternative holds text/plain first, then text/html, which sits
in a multipart/related with its images where it has any. A letter without HTML is text/plain alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from digest.domain.delivery import Envelope, Letter
from digest.errors import DigestError
from digest.mail.encoding import (
    CRLF,
    address_field,
    boundary,
    encode_image_part,
    encode_text_part,
    image_fingerprint,
    list_id_field,
    multipart,
    scan_fields,
    text_field,
    verbatim_field,
    wire_address,
)
from digest.settings import MailSettings

_OURS = re.compile(
    "from|to|cc|bcc|sender|reply-to|subject|date|message-id|mime-version|return-path|received"
    "|content-.*"
)
_MESSAGE_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")  # RFC 5322, 3.6.4
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646


def envelope(
    letter: Letter, *, recipient: str, message_id: str, date: datetime, mail: MailSettings
) -> Envelope:
    """The message of one letter to one recipient, with its return path.

    `message_id` has no angle brackets; `date` is aware. Header fields come in a fixed order: From,
    To, Reply-To, Subject, Date, Message-ID, those of `letter.headers` as they are listed,
    MIME-Version, Content-Language, Content-Type. The bytes end in CRLF and have no bare CR or LF.
    Raises UsageError for an address that mail cannot be sent to, DigestError for a header that
    would break the message, ValueError for a naive `date`.
    """
    to = wire_address(recipient)
    sender = wire_address(mail.from_address)
    head = _head(letter, to=to, sender=sender, message_id=message_id, date=date, mail=mail)
    data = b"".join([head, _body(letter.filled())])
    if not data.endswith(CRLF):
        data += CRLF
    return Envelope(
        sender=wire_address(mail.bounce_address) if mail.bounce_address else sender,
        recipient=to,
        parts=(data,),
        message_id=message_id,
    )


def _head(
    letter: Letter, *, to: str, sender: str, message_id: str, date: datetime, mail: MailSettings
) -> bytes:
    if date.tzinfo is None:
        raise ValueError("the Date header needs an aware datetime")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise DigestError(
            f"{message_id[:80]!r} is no Message-ID", "it has the form unique@example.org"
        )
    if not _LANGUAGE.fullmatch(letter.language):
        raise DigestError(f"{letter.language[:80]!r} is no language tag", "it is such as en or de")
    fields = [
        ("From", address_field("From", mail.from_name, sender)),
        ("To", address_field("To", "", to)),
    ]
    if mail.reply_to:
        fields.append(("Reply-To", address_field("Reply-To", "", wire_address(mail.reply_to))))
    fields += [
        ("Subject", text_field("Subject", letter.subject)),
        ("Date", verbatim_field("Date", format_datetime(date))),
        ("Message-ID", verbatim_field("Message-ID", f"<{message_id}>")),
    ]
    fields += [(name, _extra(name, value)) for name, value in letter.headers]
    fields += [
        ("MIME-Version", verbatim_field("MIME-Version", "1.0")),
        ("Content-Language", verbatim_field("Content-Language", letter.language)),
    ]
    return scan_fields(b"".join(raw for _, raw in fields), [name for name, _ in fields])


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


def _body(letter: Letter) -> bytes:
    text = encode_text_part(letter.text)
    if letter.html is None:
        return text
    html = encode_text_part(letter.html, "html")
    marks = [sha256(text).digest(), sha256(html).digest()]
    if letter.images:
        images = [encode_image_part(cid.strip("<>"), *rest) for cid, *rest in letter.images]
        marks += [image_fingerprint(image) for image in images]
        mark = boundary("rel", marks)
        html = multipart('related; type="text/html"', mark, [html, *images])
    return multipart("alternative", boundary("alt", marks), [text, html])
