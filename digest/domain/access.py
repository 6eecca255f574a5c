"""Who may use the API and the operator's page: tokens with scopes, and sessions.

A token is ``dgt_<id>_<secret>``: the id finds its row, the secret is 256 random bits. What is kept
is SHA-256 of the secret: nobody can guess so much at random, so a slow hash would gain nothing
(NIST SP 800-63B, 5.1.2.2 asks for a salt below 112 bits only). A password is another matter: it
is kept as argon2id (RFC 9106).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from digest.errors import UsageError

SECRET_BYTES: Final = 32
TOKEN_PREFIX: Final = "dgt"  # noqa: S105 - not a secret: what all tokens begin with
MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
"""Characters of the operator's password (NIST SP 800-63B, 5.1.1.2: 8 at least, 64 must be let)."""

NEVER_HASH: Final = "0" * 64
"""Compared with where there is no token of that id: no secret has this hash, as far as we know."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOKEN: Final = re.compile(rf"{TOKEN_PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")


class Scope(StrEnum):
    """What a token may do."""

    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    SUBSCRIBERS_DIRECT = "subscribers:direct"
    EDITIONS_READ = "editions:read"
    DELIVERIES_READ = "deliveries:read"
    STATS_READ = "stats:read"
    ADMIN = "admin"


SCOPE_WORDS: Final = {
    Scope.SUBSCRIBERS_READ: "list and show subscribers",
    Scope.SUBSCRIBERS_WRITE: "ask addresses to confirm, pause and remove subscribers",
    Scope.SUBSCRIBERS_DIRECT: "add subscribers who are not asked: they have agreed elsewhere",
    Scope.EDITIONS_READ: "list and show editions, drafts too",
    Scope.DELIVERIES_READ: "list deliveries",
    Scope.STATS_READ: "read counts",
    Scope.ADMIN: "sign in to the operator's page; nothing in the API",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept; `id` is 12 hex digits, `secret_hash` 64. Times in UTC."""

    id: str
    name: str
    secret_hash: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is neither revoked nor over."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in operator; `key_hash` is the hash of what their cookie holds."""

    key_hash: str
    who: str
    created_at: datetime
    seen_at: datetime

    def holds(self, now: datetime, longest: timedelta, idle: timedelta) -> bool:
        """Whether it is neither too old nor left alone for too long."""
        return now - self.created_at < longest and now - self.seen_at < idle


def hash_of(secret: str) -> str:
    """SHA-256 of a random secret, 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def written(token_id: str, secret: str) -> str:
    """The token as its holder sends it."""
    return f"{TOKEN_PREFIX}_{token_id}_{secret}"


def parse(text: str) -> tuple[str, str] | None:
    """Id and secret of a token; None for what is none."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else (found[1], found[2])


def matches(kept_hash: str, secret: str) -> bool:
    """Whether a secret is the one that was hashed, in constant time."""
    return hmac.compare_digest(kept_hash.encode(), hash_of(secret).encode())


def token_name(text: str) -> str:
    """The name of a token. Raises UsageError for what is none."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text!r}: is no name of a token",
            "use 1 to 64 letters, digits, dots, hyphens and underscores, such as grafana",
        )
    return text


def check_password(text: str) -> None:
    """Raises UsageError for a password that is too short, too long or one sign repeated."""
    if not MIN_PASSWORD <= len(text) <= MAX_PASSWORD:
        raise UsageError(
            f"the password has {len(text)} characters: {MIN_PASSWORD} to {MAX_PASSWORD} are asked",
            "several words in a row are good: they are easy to keep in mind",
        )
    if len(set(text)) < MIN_PASSWORD // 3:
        raise UsageError("the password is a few signs repeated", "choose another")
