"""The tables of the operator's side: who may come in, what an editor chose, what is amiss."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    Float,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
)

from digest.storage.columns import Moment, Words, metadata, required

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(12), primary_key=True),
    required("name", Words, index=True),
    # SHA-256 of the secret, which nobody but its holder has.
    required("secret_hash", String(64)),
    required("scopes", JSON),
    required("created_at", Moment),
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
    required("password", Text),
    required("changed_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    # SHA-256 of what the cookie holds.
    Column("key_hash", String(64), primary_key=True),
    # operator, or token:<id>.
    required("who", String(32)),
    required("created_at", Moment),
    required("seen_at", Moment),
)

failed_logins = Table(
    "failed_logins",
    metadata,
    Column("id", Integer, primary_key=True),
    required("at", Moment),
    # Keyed hash of the block of addresses it came from.
    required("network", String(64)),
    Index(None, "network", "at"),
)

choices = Table(
    "choices",
    metadata,
    Column("id", Integer, primary_key=True),
    required("at", Moment),
    # Not a foreign key: what an editor chose outlives a draft that is built anew.
    required("edition_date", Date, index=True),
    required("slot", SmallInteger),
    required("reason", Words),
    required("who", String(32)),
    # The picks as they were judged: {key, title, outlet, score, features}.
    required("dropped", JSON),
    required("taken", JSON),
)
"""Stories that an editor put in another's place, to hold the ranking against."""

alerts = Table(
    "alerts",
    metadata,
    # What is amiss (domain/alert.py), and what it is about: a date, a feed, a host.
    Column("kind", String(16), primary_key=True),
    Column("about", Words, primary_key=True),
    required("words", Words),
    required("hint", Words),
    required("since", Moment),
    # Not to be told before: what mends itself within minutes is nobody's concern.
    required("tell_at", Moment),
    # When a process last took it upon itself to tell: others leave it alone for some minutes.
    Column("tried_at", Moment),
    Column("told_at", Moment),
    Column("over_at", Moment),
    Column("over_told_at", Moment),
)

preflights = Table(
    "preflights",
    metadata,
    Column("edition_date", Date, primary_key=True),
    required("at", Moment),
    # Findings (domain/checkup.py): name, state, words, hint, certain.
    required("found", JSON),
)
"""What was found before the first letter of an edition went out."""

senders = Table(
    "senders",
    metadata,
    # host:process:chance
    Column("owner", Words, primary_key=True),
    required("started_at", Moment),
    required("seen_at", Moment),
    # {outcome: letters} since it was started.
    required("letters", JSON),
    required("commits", BigInteger),
    required("commit_s", Float(53)),
    # Letters on their way at that moment, one a connection.
    required("out", Integer),
)
"""What processes that send say of themselves now and then, for those who watch."""

paces = Table(
    "paces",
    metadata,
    # server:host:port, or domain:name.
    Column("key", Words, primary_key=True),
    # How many letters could go, and when that was so.
    required("tokens", Float(53)),
    Column("at", Moment),
    # Letters a second that trouble left, and when the last of it was.
    Column("slowed", Float(53)),
    Column("trouble_at", Moment),
    # A warm-up: its first day, and the letters granted on the last one (UTC).
    Column("first", Date),
    Column("day", Date),
    required("sent", Integer),
)
"""How fast letters may go to a server or a domain, for all senders (domain/pace.py)."""
