"""The log of what came in, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from digest.domain.subscriber import Status, Subscriber
from digest.ports import Heard

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


def test_the_same_message_is_kept_once(store):
    assert store.post.keep(b"raw", "bounces@in.example.org", NOW) is not None
    assert store.post.keep(b"raw", "Bounces@in.example.org", NOW) is None
    assert store.post.keep(b"raw", "help@in.example.org", NOW) is not None


def test_a_message_may_be_dropped_and_its_words_left_out(store):
    message = store.post.keep(b"raw", "", NOW)
    store.post.drop(message)
    assert store.post.keep(b"raw", "", NOW, whole=False) is not None
    with store.read() as connection:
        assert connection.scalar(text("SELECT sum(length(raw)) FROM messages")) == 0


def test_a_line_is_told_with_the_servers_words_until_they_are_pruned(store):
    message = store.post.keep(b"raw", "", NOW)
    line = Heard(
        at=NOW, kind="bounce", outcome="counted", subscriber_id=7, reason="soft: mailbox full",
        status="5.2.2", proof="return path", weight=1.0, said="552 full",
    )  # fmt: skip
    store.post.log(line, message)
    assert store.post.history(7) == [line]
    assert list(store.post.soft(7, NOW - timedelta(days=1))) == [(NOW, 1.0)]
    assert store.post.unproven(NOW - timedelta(hours=1)) == 0
    assert store.post.about(7, NOW - timedelta(hours=1)) == 1
    assert store.post.prune(NOW + timedelta(days=1)) == 1
    (left,) = store.post.history(7)
    assert (left.outcome, left.said) == ("counted", "")


def test_the_log_is_append_only(store):
    store.post.log(Heard(at=NOW, kind="command", outcome="left"), None)
    for statement in ("UPDATE heard SET outcome = ''", "DELETE FROM heard"):
        with pytest.raises(IntegrityError, match="append-only"), store.access.write() as connection:
            connection.execute(text(statement))


def test_erasing_a_reader_takes_the_reports_along(store):
    reader = store.subscribers.add(
        Subscriber(0, "ada@example.org", "ada@example.org", Status.ACTIVE, NOW)
    )
    message = store.post.keep(b"to ada@example.org", "", NOW)
    store.post.log(
        Heard(at=NOW, kind="bounce", outcome="counted", subscriber_id=reader.id, said="<ada@>"),
        message,
    )
    store.subscribers.erase("ada@example.org")
    with store.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM messages")) == 0
        assert connection.scalar(text("SELECT count(*) FROM heard")) == 1
