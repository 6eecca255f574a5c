"""The tables, as this version of the program reads and writes them.

migrations/ makes them; a test holds that both say the same on both databases.

    editions 1-n edition_picks            subscribers     sources 1-n entries
    editions 1-n edition_blocks -> images suppressions
    editions 1-n deliveries n-1 subscriber (a bare number: it outlives an erased reader)
    subscriber 1-n notices (the mails that readers ask for), 1-n consents (append-only); asks
    tokens, operators, sessions, failed_logins (who may come in); choices (an editor's)

Times are UTC: `timestamp with time zone` in Postgres, text without a zone in SQLite.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A moment: aware going in, aware and in UTC coming out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite keeps no zone. Raises ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As aware UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text from outside: Postgres refuses NUL, and both databases lone surrogates."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Without NUL; a lone surrogate becomes a question mark."""
        del dialect
        if value is None:
            return None
        if not value.isascii():
            value = value.encode("utf-8", "replace").decode("utf-8")
        return value.replace("\0", "")


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _required(name: str, kind: Any, *rest: Any, **how: Any) -> Column[Any]:  # noqa: ANN401 - SQLAlchemy's own
    return Column(name, kind, *rest, nullable=False, **how)


editions = Table(
    "editions",
    metadata,
    Column("date", Date, primary_key=True),
    _required("number", Integer, unique=True),
    _required("status", String(16)),
    _required("built_at", Moment),
    Column("published_at", Moment),
    _required("subject", Words),
    _required("preheader", Words),
    _required("faults", JSON),
)
"""A date's issue. A trigger of the database refuses every change after publishing."""

edition_picks = Table(
    "edition_picks",
    metadata,
    Column("edition_date", Date, ForeignKey("editions.date", ondelete="CASCADE"), primary_key=True),
    # concept, story or runner_up; `position` is its order there, `slot` its number in the letter.
    Column("kind", String(16), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    _required("slot", SmallInteger),
    _required("key", Words),
    Column("score", Float(53)),
    _required("reason", Words),
    _required("features", JSON),
    _required("snapshot", JSON),
)

edition_blocks = Table(
    "edition_blocks",
    metadata,
    Column("edition_date", Date, ForeignKey("editions.date", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    _required("key", Words),
    _required("html", Words),
    _required("text", Words),
    _required("answer_html", Words),
    _required("answer_text", Words),
    # [{name, sha256, width, height}]: the same picture may bear another name elsewhere.
    _required("images", JSON),
)

images = Table(
    "images",
    metadata,
    Column("sha256", String(64), primary_key=True),
    _required("png", LargeBinary),
)
"""Pictures by content, shared by all editions that show them."""

sources = Table(
    "sources",
    metadata,
    Column("source", Words, primary_key=True),
    _required("url", Words),
    _required("etag", Words),
    _required("last_modified", Words),
    Column("last_success", Moment),
    Column("last_tried", Moment),
    Column("next_at", Moment),
    _required("failures", Integer),
    _required("parked", Boolean),
    _required("message", Words),
    _required("moved_to", Words),
    _required("moved_seen", Integer),
)

entries = Table(
    "entries",
    metadata,
    # SHA-256 of ``source/key``: a key may be longer than an index of Postgres takes.
    Column("id", String(64), primary_key=True),
    _required("source", Words),
    _required("key", Words),
    _required("url", Words),
    _required("title", Words),
    _required("lead", Words),
    _required("published", Moment),
    _required("first_seen", Moment),
    _required("ref", Words),
    _required("authors", JSON),
    _required("language", Words),
    _required("paper", Boolean),
    _required("signals", JSON),
    Index(None, "first_seen"),
    Index(None, "published"),
)

subscribers = Table(
    "subscribers",
    metadata,
    # Never given twice: links and Message-IDs of an erased reader must not fit the next one.
    Column("id", Integer, primary_key=True),
    _required("address", Words),
    _required("key", Words, unique=True),
    _required("status", String(16)),
    _required("created_at", Moment),
    Column("confirmed_at", Moment),
    Column("paused_until", Moment),
    _required("zone", String(64)),
    _required("hour", SmallInteger),
    # Bit n is weekday n, 0 Monday.
    _required("days", SmallInteger),
    _required("concepts", SmallInteger),
    _required("stories", SmallInteger),
    _required("level", SmallInteger),
    _required("tracks", JSON),
    _required("text_only", Boolean),
    # cid, hosted, or empty: as the publisher has it.
    _required("images", String(8), server_default=text("''")),
    Column("asked_at", Moment),
    Column("left_at", Moment),
    Index(None, "status"),
    sqlite_autoincrement=True,
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("key_hash", String(128), primary_key=True),
    _required("reason", Words),
    _required("created_at", Moment),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    # What it says: domain/notice.py lists them.
    _required("kind", String(16)),
    _required("subscriber_id", Integer, index=True),
    _required("status", String(16)),
    _required("created_at", Moment),
    # When it may be claimed: at once, at its next try, or when its owner's lease is over.
    _required("next_at", Moment),
    _required("attempts", Integer),
    Column("owner", Words),
    _required("last_reply", Words),
    Index(None, "status", "next_at"),
    Index(None, "created_at"),
)
"""Mails that answer a reader's own request; each goes to one reader, once."""

asks = Table(
    "asks",
    metadata,
    Column("id", Integer, primary_key=True),
    _required("at", Moment),
    _required("purpose", String(16)),
    # Keyed hashes: whence it came (a block of addresses), whom it is about, and their domain.
    _required("network", String(64)),
    _required("address", String(64)),
    _required("domain", String(64)),
    # Whether a mail went out for it.
    _required("mailed", Boolean),
    Index(None, "at"),
    Index(None, "address"),
)
"""Requests for a mail, by which the limits count."""

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    _required("at", Moment),
    _required("subscriber_id", Integer, index=True),
    # Keyed hash of the address: it tells whose it was after the address is gone.
    _required("address", String(64)),
    _required("action", String(16)),
    # How: site, one-click, mail, command; and which version of the words they agreed to.
    _required("via", String(16)),
    _required("form", String(32)),
    # Keyed hash of the IP address, empty where there is none.
    _required("ip", String(64)),
)
"""Who agreed to what, when. A trigger of the database refuses every change."""

UNFINISHED = text("status IN ('pending', 'deferred', 'claimed', 'on_wire')")
"""Spelt out, not bound: a partial index serves only a condition that holds its own words."""

deliveries = Table(
    "deliveries",
    metadata,
    # 365 000 000 rows a year with a million readers: more than 32 bits hold for long.
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    _required("edition_date", Date, ForeignKey("editions.date")),
    _required("subscriber_id", Integer, index=True),
    # The recipient's domain; empty once the reader is erased.
    _required("domain", Words),
    # As they were when the row was made, so that a repeat has the same bytes.
    _required("preferences", JSON),
    _required("status", String(16)),
    _required("not_before", Moment),
    # When the row may be claimed: its hour, its next try, or the end of its owner's lease.
    _required("next_at", Moment),
    _required("expires_at", Moment),
    # Claims so far; with `owner` the fence against one who comes back late.
    _required("attempts", Integer),
    # 4xx replies that were about this recipient.
    _required("deferrals", Integer),
    Column("owner", Words),
    _required("message_id", Words),
    _required("created_at", Moment),
    _required("updated_at", Moment),
    _required("last_reply", Words),
    # How often the row was on the wire and no reply was recorded: copies that may be out there.
    _required("doubts", SmallInteger, server_default=text("0")),
    # The SMTP server that gave the last reply, host:port.
    _required("server", Words, server_default=text("''")),
    UniqueConstraint("edition_date", "subscriber_id"),
    Index(
        "ix_deliveries_unfinished",
        "edition_date",
        "next_at",
        "id",
        postgresql_where=UNFINISHED,
        sqlite_where=UNFINISHED,
    ),
)

ledger_days = Table(
    "ledger_days",
    metadata,
    Column("edition_date", Date, primary_key=True),
    # Rows ever made, counted in the transaction that makes them: what the audit compares with.
    _required("queued", Integer),
    # Readers who were due and had no row when the books were closed.
    _required("missing", Integer, server_default=text("0")),
    # {status: rows} of the rows that pruning took away.
    _required("pruned", JSON),
    # When the books of the day were closed: nothing of it will be sent any more.
    Column("closed_at", Moment),
    # When the first letters were found to be taken by the servers, or the edition had too few.
    Column("cleared_at", Moment),
)
"""A line of the ledger's books for each edition."""

holds = Table(
    "holds",
    metadata,
    # sending, restored, or the date of an edition: what is held.
    Column("name", Words, primary_key=True),
    _required("since", Moment),
    _required("reason", Words),
)
"""While there is a row, nothing is claimed: of any edition, or of the one it names."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(12), primary_key=True),
    _required("name", Words, index=True),
    # SHA-256 of the secret, which nobody but its holder has.
    _required("secret_hash", String(64)),
    _required("scopes", JSON),
    _required("created_at", Moment),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)
"""Tokens of the API; one that was revoked stays, so that one can tell when it was used last."""

operators = Table(
    "operators",
    metadata,
    Column("name", String(32), primary_key=True),
    # argon2id in the form of its reference implementation, with salt and parameters.
    _required("password", Text),
    _required("changed_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    # SHA-256 of what the cookie holds.
    Column("key_hash", String(64), primary_key=True),
    # operator, or token:<id>.
    _required("who", String(32)),
    _required("created_at", Moment),
    _required("seen_at", Moment),
)

failed_logins = Table(
    "failed_logins",
    metadata,
    Column("id", Integer, primary_key=True),
    _required("at", Moment),
    # Keyed hash of the block of addresses it came from.
    _required("network", String(64)),
    Index(None, "network", "at"),
)

choices = Table(
    "choices",
    metadata,
    Column("id", Integer, primary_key=True),
    _required("at", Moment),
    # Not a foreign key: what an editor chose outlives a draft that is built anew.
    _required("edition_date", Date, index=True),
    _required("slot", SmallInteger),
    _required("reason", Words),
    _required("who", String(32)),
    # The picks as they were judged: {key, title, outlet, score, features}.
    _required("dropped", JSON),
    _required("taken", JSON),
)
"""Stories that an editor put in another's place, to hold the ranking against."""
