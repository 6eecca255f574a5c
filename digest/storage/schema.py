"""The tables, as this version of the program reads and writes them.

migrations/ makes them; a test holds that both say the same on both databases.

    editions 1-n edition_picks            subscribers     sources 1-n entries
    editions 1-n edition_blocks -> images suppressions                entries 1-n entry_vectors
    editions 1-n deliveries n-1 subscriber (a bare number: it outlives an erased reader)
    subscriber 1-n notices (the mails that readers ask for), 1-n consents (append-only); asks
    tokens, operators, sessions, failed_logins (who may come in); choices (an editor's)
    alerts (what is amiss, and what was told of it); preflights (one an edition); senders (what
    processes that send say of themselves); paces (of servers and recipient domains)
    subscriber 1-n heard (what came in by mail, append-only) n-1 messages (raw, for a while)

Times are UTC: `timestamp with time zone` in Postgres, text without a zone in SQLite.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)

from digest.storage.columns import Moment, Words, metadata, required
from digest.storage.operation import (
    alerts,
    choices,
    failed_logins,
    operators,
    paces,
    preflights,
    senders,
    sessions,
    tokens,
)

__all__ = [
    "UNFINISHED", "Moment", "Words", "alerts", "asks", "choices", "consents", "deliveries",
    "edition_blocks", "edition_picks", "editions", "entries", "entry_vectors", "failed_logins",
    "heard", "holds", "images", "ledger_days", "messages", "metadata", "notices", "operators",
    "paces", "preflights", "senders", "sessions", "sources", "subscribers", "suppressions",
    "tokens",
]  # fmt: skip

editions = Table(
    "editions",
    metadata,
    Column("date", Date, primary_key=True),
    required("number", Integer, unique=True),
    required("status", String(16)),
    required("built_at", Moment),
    Column("published_at", Moment),
    required("subject", Words),
    required("preheader", Words),
    required("faults", JSON),
)
"""A date's issue. A trigger of the database refuses every change after publishing."""

edition_picks = Table(
    "edition_picks",
    metadata,
    Column("edition_date", Date, ForeignKey("editions.date", ondelete="CASCADE"), primary_key=True),
    # concept, story or runner_up; `position` is its order there, `slot` its number in the letter.
    Column("kind", String(16), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    required("slot", SmallInteger),
    required("key", Words),
    Column("score", Float(53)),
    required("reason", Words),
    required("features", JSON),
    required("snapshot", JSON),
)

edition_blocks = Table(
    "edition_blocks",
    metadata,
    Column("edition_date", Date, ForeignKey("editions.date", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    required("key", Words),
    required("html", Words),
    required("text", Words),
    required("answer_html", Words),
    required("answer_text", Words),
    # [{name, sha256, width, height}]: the same picture may bear another name elsewhere.
    required("images", JSON),
)

images = Table(
    "images",
    metadata,
    Column("sha256", String(64), primary_key=True),
    required("png", LargeBinary),
)
"""Pictures by content, shared by all editions that show them."""

sources = Table(
    "sources",
    metadata,
    Column("source", Words, primary_key=True),
    required("url", Words),
    required("etag", Words),
    required("last_modified", Words),
    Column("last_success", Moment),
    Column("last_tried", Moment),
    Column("next_at", Moment),
    required("failures", Integer),
    required("parked", Boolean),
    required("message", Words),
    required("moved_to", Words),
    required("moved_seen", Integer),
    # What the feed itself wishes; bit n is hour n (GMT), and weekday n, 0 Monday.
    required("ttl_s", Float(53), server_default=text("0")),
    required("skip_hours", Integer, server_default=text("0")),
    required("skip_days", Integer, server_default=text("0")),
)

entries = Table(
    "entries",
    metadata,
    # SHA-256 of ``source/key``: a key may be longer than an index of Postgres takes.
    Column("id", String(64), primary_key=True),
    required("source", Words),
    required("key", Words),
    required("url", Words),
    required("title", Words),
    required("lead", Words),
    required("published", Moment),
    required("first_seen", Moment),
    required("ref", Words),
    required("authors", JSON),
    required("language", Words),
    required("paper", Boolean),
    required("signals", JSON),
    Index(None, "first_seen"),
    Index(None, "published"),
)

entry_vectors = Table(
    "entry_vectors",
    metadata,
    Column("entry", String(64), ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    # The model's name and version: vectors of two models must not be compared.
    Column("model", String(64), primary_key=True),
    required("vector", LargeBinary),
)
"""What an embedding model says of an entry; may be deleted, and is then made anew."""

subscribers = Table(
    "subscribers",
    metadata,
    # Never given twice: links and Message-IDs of an erased reader must not fit the next one.
    Column("id", Integer, primary_key=True),
    required("address", Words),
    required("key", Words, unique=True),
    required("status", String(16)),
    required("created_at", Moment),
    Column("confirmed_at", Moment),
    Column("paused_until", Moment),
    required("zone", String(64)),
    required("hour", SmallInteger),
    # Bit n is weekday n, 0 Monday.
    required("days", SmallInteger),
    required("concepts", SmallInteger),
    required("stories", SmallInteger),
    required("level", SmallInteger),
    required("tracks", JSON),
    required("text_only", Boolean),
    # cid, hosted, or empty: as the publisher has it.
    required("images", String(8), server_default=text("''")),
    Column("asked_at", Moment),
    Column("left_at", Moment),
    Index(None, "status"),
    sqlite_autoincrement=True,
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("key_hash", String(128), primary_key=True),
    required("reason", Words),
    required("created_at", Moment),
    # Which secret key the hash was made with; empty for those of before this was kept.
    required("key_id", String(16), server_default=text("''")),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    # What it says: domain/notice.py lists them.
    required("kind", String(16)),
    required("subscriber_id", Integer, index=True),
    required("status", String(16)),
    required("created_at", Moment),
    # When it may be claimed: at once, at its next try, or when its owner's lease is over.
    required("next_at", Moment),
    required("attempts", Integer),
    Column("owner", Words),
    required("last_reply", Words),
    Index(None, "status", "next_at"),
    Index(None, "created_at"),
)
"""Mails that answer a reader's own request; each goes to one reader, once."""

asks = Table(
    "asks",
    metadata,
    Column("id", Integer, primary_key=True),
    required("at", Moment),
    required("purpose", String(16)),
    # Keyed hashes: whence it came (a block of addresses), whom it is about, and their domain.
    required("network", String(64)),
    required("address", String(64)),
    required("domain", String(64)),
    # Whether a mail went out for it.
    required("mailed", Boolean),
    Index(None, "at"),
    Index(None, "address"),
)
"""Requests for a mail, by which the limits count."""

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    required("at", Moment),
    required("subscriber_id", Integer, index=True),
    # Keyed hash of the address: it tells whose it was after the address is gone.
    required("address", String(64)),
    required("action", String(16)),
    # How: site, one-click, mail, command; and which version of the words they agreed to.
    required("via", String(16)),
    required("form", String(32)),
    # Keyed hash of the IP address, empty where there is none.
    required("ip", String(64)),
)
"""Who agreed to what, when. A trigger of the database refuses every change."""

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    required("at", Moment, index=True),
    # SHA-256 of mailbox and bytes: the same message is heard once.
    required("digest", String(64), unique=True),
    Column("subscriber_id", Integer, index=True),
    # The server's words; they may hold an address, so they go when the raw bytes go.
    required("said", Words),
    required("raw", LargeBinary),
)
"""Reports as they came in; deleted after a while, and with the reader."""

heard = Table(
    "heard",
    metadata,
    Column("id", Integer, primary_key=True),
    required("at", Moment, index=True),
    # bounce, complaint, auto-reply, command.
    required("kind", String(16)),
    required("outcome", Words),
    Column("subscriber_id", Integer, index=True),
    Column("delivery_id", BigInteger),
    # Keyed hash.
    required("address", String(64)),
    required("reason", String(40)),
    required("status", String(16)),
    # return path, message-id, token; empty: nothing shows that it is about a letter of ours.
    required("proof", String(16)),
    required("weight", Float(53)),
    # A bare number: the message may be gone.
    Column("message_id", Integer),
)
"""What came in and what followed. A trigger of the database refuses every change."""

UNFINISHED = text("status IN ('pending', 'deferred', 'claimed', 'on_wire')")
"""Spelt out, not bound: a partial index serves only a condition that holds its own words."""

deliveries = Table(
    "deliveries",
    metadata,
    # 365 000 000 rows a year with a million readers: more than 32 bits hold for long.
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    required("edition_date", Date, ForeignKey("editions.date")),
    required("subscriber_id", Integer, index=True),
    # The recipient's domain; empty once the reader is erased.
    required("domain", Words),
    # As they were when the row was made, so that a repeat has the same bytes.
    required("preferences", JSON),
    required("status", String(16)),
    required("not_before", Moment),
    # When the row may be claimed: its hour, its next try, or the end of its owner's lease.
    required("next_at", Moment),
    required("expires_at", Moment),
    # Claims so far; with `owner` the fence against one who comes back late.
    required("attempts", Integer),
    # 4xx replies that were about this recipient.
    required("deferrals", Integer),
    Column("owner", Words),
    required("message_id", Words),
    required("created_at", Moment),
    required("updated_at", Moment),
    required("last_reply", Words),
    # How often the row was on the wire and no reply was recorded: copies that may be out there.
    required("doubts", SmallInteger, server_default=text("0")),
    # The SMTP server that gave the last reply, host:port.
    required("server", Words, server_default=text("''")),
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
    required("queued", Integer),
    # Readers who were due and had no row when the books were closed.
    required("missing", Integer, server_default=text("0")),
    # {status: rows} of the rows that pruning took away.
    required("pruned", JSON),
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
    required("since", Moment),
    required("reason", Words),
    # Who holds it: operator, restore, or what the program found (first letters, preflight, ...).
    required("cause", String(16), server_default=text("'operator'")),
)
"""While there is a row, nothing is claimed: of any edition, or of the one it names."""
