"""Signed links, keyed hashes, Message-IDs and seeds: what must be the same whenever it is made.

Links are signed with HMAC-SHA-256 by itsdangerous, whose comparison takes constant time. Each
purpose has its own derived key, so a link for one cannot serve another. No clock is read: a
link's end lies inside what is signed and `now` is an argument.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from digest.errors import UsageError


class Purpose(StrEnum):
    """What a signed link is for."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    UNDO = "undo"
    FORM = "form"
    BOUNCE = "bounce"


LIFETIME: Final = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.UNSUBSCRIBE: None,
    Purpose.PREFERENCES: None,
    Purpose.UNDO: timedelta(days=7),
    Purpose.FORM: timedelta(days=1),
    # A server gives up after five days; what comes after two months is somebody's game.
    Purpose.BOUNCE: timedelta(days=60),
}
"""How long a link holds. Who wants to leave must be able to from a letter of any age."""

_SHORT: Final = 20

_NEXT_STEP: Final = {
    Purpose.CONFIRM: "subscribe again to get a new link",
    Purpose.UNSUBSCRIBE: "copy the whole link from the letter, or answer it with `unsubscribe`",
    Purpose.PREFERENCES: "copy the whole link from the newest letter",
    Purpose.UNDO: "subscribe again: it takes a minute",
    Purpose.FORM: "send the form once more",
    Purpose.BOUNCE: "nothing: the report is too old or not ours",
}


def sign(keys: Sequence[str], purpose: Purpose, subject: str, now: datetime) -> str:
    """A token for `subject` (a subscriber's id, an address), fit to stand in a URL.

    It is signed with the first of `keys`. `now` (aware) counts only where the purpose has a
    lifetime; without one the same arguments give the same token at any time.
    """
    lifetime = LIFETIME[purpose]
    if lifetime is None and subject.isascii() and subject.isdigit() and len(subject) < _SHORT:
        return _short(tuple(keys), purpose, subject)
    payload: dict[str, str | int] = {"s": subject}
    if lifetime is not None:
        payload["e"] = int((now + lifetime).timestamp())
    return str(_serializer(keys, purpose).dumps(payload))


def _short(keys: tuple[str, ...], purpose: Purpose, subject: str) -> str:
    """What `dumps` gives for a short subject, in a tenth of its time: two of these are in a letter.

    Such a payload is never compressed. A test holds both to the same bytes.
    """
    payload = base64.urlsafe_b64encode(b'{"s":"%s"}' % subject.encode()).rstrip(b"=")
    signature = hmac.digest(_derived(keys, purpose), payload, "sha256")
    return (payload + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode("ascii")


@lru_cache(maxsize=16)
def _derived(keys: tuple[str, ...], purpose: Purpose) -> bytes:
    """The key that itsdangerous derives for a purpose."""
    return _serializer(keys, purpose).make_signer(f"digest.{purpose}").derive_key()


def read(keys: Sequence[str], purpose: Purpose, token: str, now: datetime) -> str:
    """The subject of a token that was signed for `purpose` with any of `keys`.

    Raises UsageError when it was altered, was signed for another purpose or with a key no longer
    listed, or when its time is over at `now` (aware).
    """
    step = _NEXT_STEP[purpose]
    serializer = _serializer(keys, purpose)
    try:
        payload = serializer.loads(token)
    except (BadData, ValueError):
        raise UsageError("this link is not valid: it is incomplete or was changed", step) from None
    if not isinstance(payload, dict) or not isinstance(payload.get("s"), str):
        raise UsageError("this link is not valid: it says nothing of its reader", step)
    if LIFETIME[purpose] is not None:
        end = payload.get("e")
        if not isinstance(end, int) or now.timestamp() >= end:
            day = f" on {datetime.fromtimestamp(end, UTC):%Y-%m-%d}" if isinstance(end, int) else ""
            raise UsageError(f"this link ended{day}", step)
    subject: str = payload["s"]
    return subject


def _serializer(keys: Sequence[str], purpose: Purpose) -> URLSafeSerializer:
    if not keys or not all(keys):
        raise ValueError("signing needs a key, and none of them empty")
    return _made(tuple(keys), purpose)


@lru_cache(maxsize=16)
def _made(keys: tuple[str, ...], purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(
        list(reversed(keys)),  # itsdangerous signs with the last of the list
        salt=f"digest.{purpose}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def keyed_hash(key: str, purpose: str, text: str) -> str:
    """HMAC-SHA-256 of `text` for `purpose`, 64 hex digits: an address that cannot be guessed back.

    The purpose is part of what is hashed, apart from the text by a zero byte, so that one text
    has unrelated hashes for two purposes.
    """
    said = f"{purpose}\0{text}".encode()
    return hmac.digest(key.encode(), said, "sha256").hex()


def message_id(key: str, edition: date, subscriber_id: int, domain: str) -> str:
    """The Message-ID of a letter, without angle brackets: ``20260102.<32 hex>@domain``.

    The same for every attempt (RFC 5322, 3.6.4 asks for one per message), and it tells nothing
    of the reader to who does not have the key.
    """
    day = edition.isoformat()
    tag = keyed_hash(key, "message-id", f"{day}/{subscriber_id}")[:32]
    return f"{day.replace('-', '')}.{tag}@{domain}"


def seed(on: date, subscriber_id: int) -> int:
    """A seed, 0 to 2**64 - 1, from SHA-256 of ``date/subscriber id``: any past choice replays."""
    said = f"{on.isoformat()}/{subscriber_id}".encode()
    return int.from_bytes(hashlib.sha256(said).digest()[:8], "big")
