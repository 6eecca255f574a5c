"""Who may come in: making and checking tokens, the operator's password, sessions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from digest.domain import access
from digest.domain.access import Scope, Session, Token
from digest.errors import UsageError
from digest.ports import Store

USED_EVERY: Final = timedelta(minutes=1)
"""How exact `last used` is: a write for each request would cost more than it tells."""
OPERATOR: Final = "operator"
_HOUR: Final = timedelta(hours=1)


class Passwords(Protocol):
    """Hashes passwords slowly (argon2id)."""

    def hash(self, password: str) -> str:
        """Hash with a new salt."""
        ...

    def verify(self, kept: str, password: str) -> bool:
        """Whether a password is the one that was hashed; takes its time either way."""
        ...

    def outdated(self, kept: str) -> bool:
        """Whether it was hashed with weaker parameters than today's."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """How long sessions last, and how many failed attempts a network has an hour."""

    session_h: int = 12
    idle_minutes: int = 120
    failures_h: int = 10


class TooManyFailures(UsageError):  # noqa: N818 - it says what happened
    """Too many attempts from this network."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The door. `random_text(n)` gives n random bytes as base64url; `hash_of` is keyed."""

    store: Store
    passwords: Passwords
    random_text: Callable[[int], str]
    random_hex: Callable[[int], str]
    hash_of: Callable[[str, str], str]
    rules: Rules = Rules()

    # --- tokens ---------------------------------------------------------------------------------

    def make(
        self, name: str, scopes: Collection[Scope], expires_at: datetime | None, now: datetime
    ) -> tuple[Token, str]:
        """A new token, and its text, which is kept nowhere.

        Raises UsageError for a bad name, no scope, an end that has passed, or a name in use.
        """
        name = access.token_name(name)
        if not scopes:
            raise UsageError("a token without a scope may do nothing", "add --scope")
        if expires_at is not None and expires_at <= now:
            raise UsageError(f"the token would have ended on {expires_at:%Y-%m-%d}")
        secret = self.random_text(access.SECRET_BYTES)
        token = Token(
            id=self.random_hex(6),
            name=name,
            secret_hash=access.hash_of(secret),
            scopes=frozenset(scopes),
            created_at=now,
            expires_at=expires_at,
        )
        if not self.store.keys.add(token):
            raise UsageError(
                f"{name}: there is a token of this name",
                f"choose another, or run: digest token revoke {name}",
            )
        return token, access.written(token.id, secret)

    def holder(self, text: str, now: datetime) -> Token | None:
        """The token that a text is, if it holds at `now`; notes that it was used."""
        parts = access.parse(text)
        token = None if parts is None else self.store.keys.token(parts[0])
        # The same work whether or not there is such a token.
        kept = access.NEVER_HASH if token is None else token.secret_hash
        right = access.matches(kept, "" if parts is None else parts[1])
        if token is None or not right or not token.holds(now):
            return None
        if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
            self.store.keys.used(token.id, now)
        return token

    # --- the operator ---------------------------------------------------------------------------

    def set_password(self, password: str, now: datetime) -> None:
        """Keep a new password; whoever was signed in with the old one is no longer.

        Raises UsageError for one that is too short or too long.
        """
        access.check_password(password)
        self.store.keys.set_password(self.passwords.hash(password), now)

    def is_open(self, now: datetime) -> bool:
        """Whether anybody can sign in at all: a password is set, or a token that may."""
        return bool(self.store.keys.password()) or any(
            Scope.ADMIN in token.scopes and token.holds(now) for token in self.store.keys.tokens()
        )

    def sign_in(self, given: str, network: str, now: datetime) -> tuple[Session, str]:
        """A session for the operator's password or a token; and its key, for the cookie.

        Raises TooManyFailures, or UsageError for what is neither.
        """
        hashed = self.hash_of("login", network)
        if self.store.keys.failures(hashed, now - _HOUR) >= self.rules.failures_h:
            raise TooManyFailures(
                "too many attempts from your network within the hour", "try again later"
            )
        who = self._who(given, now)
        if not who:
            self.store.keys.failed(hashed, now)
            raise UsageError("that is neither the password nor a token with the scope admin")
        key = self.random_text(access.SECRET_BYTES)
        session = Session(access.hash_of(key), who, now, now)
        self.store.keys.open(session)
        return session, key

    def _who(self, given: str, now: datetime) -> str:
        if access.parse(given) is not None:
            token = self.holder(given, now)
            return f"token:{token.id}" if token is not None and Scope.ADMIN in token.scopes else ""
        kept = self.store.keys.password()
        if not kept or len(given) > access.MAX_PASSWORD or not self.passwords.verify(kept, given):
            return ""
        if self.passwords.outdated(kept):
            self.store.keys.rehashed(self.passwords.hash(given), now)
        return OPERATOR

    def session(self, key: str, now: datetime) -> Session | None:
        """The session of a cookie, if it holds; notes that it was used."""
        if not key:
            return None
        found = self.store.keys.session(access.hash_of(key))
        if found is None:
            return None
        longest = timedelta(hours=self.rules.session_h)
        idle = timedelta(minutes=self.rules.idle_minutes)
        if not found.holds(now, longest, idle) or not self._still(found, now):
            self.store.keys.close(found.key_hash)
            return None
        if now - found.seen_at >= USED_EVERY:
            self.store.keys.seen(found.key_hash, now)
        return found

    def _still(self, session: Session, now: datetime) -> bool:
        """Whether what opened a session still would."""
        kind, _, token_id = session.who.partition(":")
        if kind != "token":
            return True
        token = self.store.keys.token(token_id)
        return token is not None and token.holds(now) and Scope.ADMIN in token.scopes

    def sign_out(self, key: str) -> None:
        """End a session."""
        self.store.keys.close(access.hash_of(key))
