"""Notices, the requests that limits count, and the consent log, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from digest.domain.notice import Action, Ask, Consent, NoticeKind, NoticeStatus, Via
from digest.domain.subscriber import Status, Subscriber
from digest.storage import SqlStore
from tests.storage.conftest import NOW, a_subscriber

LEASE = timedelta(minutes=10)


def test_a_notice_is_claimed_once_and_comes_back_after_the_lease(store: SqlStore) -> None:
    store.notices.put(NoticeKind.CONFIRM, 7, NOW)
    (first,) = store.notices.claim("one", NOW, LEASE)
    assert (first.kind, first.subscriber_id, first.attempts) == (NoticeKind.CONFIRM, 7, 1)
    assert store.notices.claim("two", NOW + LEASE - timedelta(seconds=1), LEASE) == []
    (again,) = store.notices.claim("two", NOW + LEASE, LEASE)
    store.notices.record(first, "one", NoticeStatus.SENT, "late")
    store.notices.put_off(again, "two", NOW + timedelta(hours=1), "busy")
    assert store.notices.claim("two", NOW + timedelta(minutes=59), LEASE) == []
    (third,) = store.notices.claim("two", NOW + timedelta(hours=1), LEASE)
    store.notices.record(third, "two", NoticeStatus.SENT, "250 ok")
    assert store.notices.claim("two", NOW + timedelta(days=1), LEASE) == []
    assert store.notices.has(NoticeKind.CONFIRM, 7, NOW)
    assert not store.notices.has(NoticeKind.REMINDER, 7, NOW)
    assert not store.notices.has(NoticeKind.CONFIRM, 7, NOW + timedelta(seconds=1))


def test_nothing_goes_out_while_all_sending_is_held(store: SqlStore) -> None:
    store.notices.put(NoticeKind.CONFIRM, 7, NOW)
    store.ledger.hold("sending", "paused", NOW)
    assert store.notices.claim("me", NOW, LEASE) == []
    store.ledger.release(["sending"])
    assert len(store.notices.claim("me", NOW, LEASE)) == 1


def test_requests_are_counted_by_what_they_share(store: SqlStore) -> None:
    for number, mailed in enumerate((True, True, False)):
        at = NOW + timedelta(minutes=number)
        store.notices.note(Ask(at, "confirm", f"n{number % 2}", "a", "d", mailed))
    count = store.notices.asked
    assert count(None) == 3
    assert count(NOW) == 2
    assert count(None, network="n0") == 2
    assert count(None, network="n0", mailed=True) == 1
    assert count(None, address="a", domain="d", purpose="confirm", mailed=True) == 2
    assert count(None, address="b") == 0
    store.notices.prune(NOW + timedelta(days=1))
    assert count(None) == 2, "what was mailed and never answered counts on"
    store.notices.answered("a")
    assert count(None) == 0


def test_the_log_only_grows(store: SqlStore) -> None:
    lines = [
        Consent(NOW, 1, "h1", Action.ASKED, Via.SITE, "v1", "ip"),
        Consent(NOW, 1, "h1", Action.CONFIRMED, Via.SITE, "v1"),
        Consent(NOW, 2, "h2", Action.LEFT, Via.ONE_CLICK, "v1"),
    ]
    for line in lines:
        store.notices.log(line)
    assert list(store.notices.consents()) == lines
    assert list(store.notices.consents(2)) == lines[2:]
    for statement in ("UPDATE consents SET form = 'v2'", "DELETE FROM consents"):
        with pytest.raises(IntegrityError, match="append-only"), store.access.write() as connection:
            connection.execute(text(statement))
    assert list(store.notices.consents()) == lines


def test_forgetting_a_reader_takes_their_notices_along(
    store: SqlStore, subscribe: Callable[..., Subscriber]
) -> None:
    reader, other = subscribe(), subscribe("bo")
    for one in (reader, other):
        store.notices.put(NoticeKind.MANAGE, one.id, NOW)
    assert store.subscribers.erase(reader.key)
    assert [n.subscriber_id for n in store.notices.claim("me", NOW, LEASE)] == [other.id]


def test_the_unconfirmed_are_those_who_asked(store: SqlStore) -> None:
    asked = store.subscribers.add(a_subscriber(status=Status.PENDING, asked_at=NOW))
    store.subscribers.add(a_subscriber("bo", status=Status.PENDING))
    assert store.subscribers.unconfirmed(NOW, 10) == []
    assert store.subscribers.unconfirmed(NOW + timedelta(seconds=1), 10) == [asked]


def test_a_suppression_says_why_and_can_be_lifted(store: SqlStore) -> None:
    assert store.subscribers.suppressed_for("h") == ""
    store.subscribers.suppress("h", "erased", NOW)
    assert store.subscribers.suppressed_for("h") == "erased"
    store.subscribers.lift("h")
    assert not store.subscribers.is_suppressed("h")
