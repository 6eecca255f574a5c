"""Tokens, the operator's password, sessions and failed attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, func, select, update

from digest.domain.access import Scope, Session, Token
from digest.storage import schema
from digest.storage.doors import Access, insert

_T = schema.tokens
_OPERATORS = schema.operators
_SESSIONS = schema.sessions
_FAILED = schema.failed_logins

OPERATOR: Final = "operator"
"""The one who signs in with the password."""
_KEPT: Final = timedelta(days=1)


class AccessRows:
    """`ports.AccessStore` over SQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    # --- tokens ---------------------------------------------------------------------------------

    def add(self, token: Token) -> bool:
        """Keep a token; False when its name is taken by one that is not revoked."""
        with self._access.write() as connection:
            taken = connection.scalar(
                select(_T.c.id).where(_T.c.name == token.name, _T.c.revoked_at.is_(None)).limit(1)
            )
            if taken is not None:
                return False
            connection.execute(
                _T.insert().values(
                    id=token.id,
                    name=token.name,
                    secret_hash=token.secret_hash,
                    scopes=sorted(token.scopes),
                    created_at=token.created_at,
                    expires_at=token.expires_at,
                )
            )
        return True

    def token(self, token_id: str) -> Token | None:
        """By id."""
        with self._access.read() as connection:
            row = connection.execute(select(_T).where(_T.c.id == token_id)).one_or_none()
        return None if row is None else _token(row)

    def tokens(self) -> Sequence[Token]:
        """All, the revoked ones too, oldest first."""
        with self._access.read() as connection:
            rows = connection.execute(select(_T).order_by(_T.c.created_at, _T.c.id)).all()
        return [_token(row) for row in rows]

    def revoke(self, name: str, now: datetime) -> bool:
        """Revoke the token of a name and end its sessions; False when there is none."""
        with self._access.write() as connection:
            gone = connection.scalars(
                update(_T)
                .where(_T.c.name == name, _T.c.revoked_at.is_(None))
                .values(revoked_at=now)
                .returning(_T.c.id)
            ).all()
            whose = [f"token:{token_id}" for token_id in gone]
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.who.in_(whose)))
        return bool(gone)

    def used(self, token_id: str, now: datetime) -> None:
        """Note that a token was used."""
        with self._access.write(ledger=True) as connection:
            connection.execute(update(_T).where(_T.c.id == token_id).values(last_used_at=now))

    # --- the password ---------------------------------------------------------------------------

    def password(self) -> str:
        """The operator's password as it is kept; empty when none is set."""
        with self._access.read() as connection:
            kept: str | None = connection.scalar(
                select(_OPERATORS.c.password).where(_OPERATORS.c.name == OPERATOR)
            )
        return kept or ""

    def set_password(self, kept: str, now: datetime) -> None:
        """Keep a password (empty: none any more), and end the sessions it has opened."""
        with self._access.write() as connection:
            if kept:
                self.rehashed(kept, now)
            else:
                connection.execute(delete(_OPERATORS).where(_OPERATORS.c.name == OPERATOR))
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.who == OPERATOR))

    def rehashed(self, kept: str, now: datetime) -> None:
        """Keep the same password hashed anew; sessions go on."""
        values = {"password": kept, "changed_at": now}
        with self._access.write() as connection:
            connection.execute(
                insert(connection, _OPERATORS)
                .values(name=OPERATOR, **values)
                .on_conflict_do_update(index_elements=[_OPERATORS.c.name], set_=values)
            )

    # --- sessions -------------------------------------------------------------------------------

    def open(self, session: Session) -> None:
        """Keep a session; those older than a month are let go."""
        with self._access.write() as connection:
            connection.execute(
                delete(_SESSIONS).where(
                    _SESSIONS.c.created_at < session.created_at - timedelta(days=31)
                )
            )
            connection.execute(
                _SESSIONS.insert().values(
                    key_hash=session.key_hash,
                    who=session.who,
                    created_at=session.created_at,
                    seen_at=session.seen_at,
                )
            )

    def session(self, key_hash: str) -> Session | None:
        """By the hash of its key."""
        with self._access.read() as connection:
            row = connection.execute(
                select(_SESSIONS).where(_SESSIONS.c.key_hash == key_hash)
            ).one_or_none()
        return None if row is None else Session(*row)

    def seen(self, key_hash: str, now: datetime) -> None:
        """Note that a session was used."""
        with self._access.write(ledger=True) as connection:
            connection.execute(
                update(_SESSIONS).where(_SESSIONS.c.key_hash == key_hash).values(seen_at=now)
            )

    def close(self, key_hash: str) -> None:
        """End a session."""
        with self._access.write() as connection:
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.key_hash == key_hash))

    # --- attempts -------------------------------------------------------------------------------

    def failed(self, network: str, now: datetime) -> None:
        """Note an attempt to sign in that failed; those older than a day are let go."""
        with self._access.write() as connection:
            connection.execute(delete(_FAILED).where(_FAILED.c.at < now - _KEPT))
            connection.execute(_FAILED.insert().values(at=now, network=network))

    def failures(self, network: str, since: datetime) -> int:
        """How many there were from a network (keyed hash)."""
        with self._access.read() as connection:
            found = connection.scalar(
                select(func.count())
                .select_from(_FAILED)
                .where(_FAILED.c.network == network, _FAILED.c.at > since)
            )
        return int(found or 0)


def _token(row: Row[Any]) -> Token:
    known = set(Scope)
    return Token(
        id=row.id,
        name=row.name,
        secret_hash=row.secret_hash,
        # One that a later version of the program takes away gives no right.
        scopes=frozenset(Scope(scope) for scope in row.scopes if scope in known),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
