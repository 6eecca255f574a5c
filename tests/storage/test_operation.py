"""Tokens, sessions, reports and choices on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import text

from digest.domain.access import Scope, Session, Token
from digest.domain.edition import Choice, Edition
from digest.domain.notice import Action, Consent, Via
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.ports import Heard
from digest.storage import SqlStore
from tests.storage.conftest import DAY, NOW, an_edition

HOUR = timedelta(hours=1)


def a_token(name: str = "one", token_id: str = "0" * 12) -> Token:
    scopes = frozenset({Scope.STATS_READ, Scope.ADMIN})
    return Token(token_id, name, "f" * 64, scopes, NOW, NOW + HOUR)


def test_a_token_is_kept_used_and_revoked(store: SqlStore) -> None:
    assert store.keys.add(a_token())
    assert not store.keys.add(a_token(token_id="1" * 12)), "the name is taken"
    assert store.keys.token("0" * 12) == a_token()
    assert store.keys.token("x") is None
    store.keys.used("0" * 12, NOW + HOUR)
    store.keys.open(Session("a" * 64, f"token:{'0' * 12}", NOW, NOW))
    store.keys.open(Session("b" * 64, "operator", NOW, NOW))
    assert store.keys.revoke("one", NOW + 2 * HOUR)
    assert not store.keys.revoke("one", NOW + 2 * HOUR)
    assert store.keys.session("a" * 64) is None
    assert store.keys.session("b" * 64) is not None
    (kept,) = store.keys.tokens()
    assert (kept.last_used_at, kept.revoked_at) == (NOW + HOUR, NOW + 2 * HOUR)
    assert not kept.holds(NOW)
    assert store.keys.add(a_token(token_id="2" * 12)), "and free again"


def test_a_scope_that_is_known_no_more_gives_no_right(store: SqlStore) -> None:
    store.keys.add(a_token())
    with store.access.write() as connection:
        connection.execute(text('UPDATE tokens SET scopes = \'["stats:read", "fly"]\''))
    kept = store.keys.token("0" * 12)
    assert kept is not None
    assert kept.scopes == {Scope.STATS_READ}


def test_a_password_and_its_sessions(store: SqlStore) -> None:
    assert store.keys.password() == ""
    store.keys.set_password("one", NOW)
    store.keys.open(Session("b" * 64, "operator", NOW, NOW))
    store.keys.rehashed("two", NOW)
    store.keys.seen("b" * 64, NOW + HOUR)
    assert store.keys.session("b" * 64) == Session("b" * 64, "operator", NOW, NOW + HOUR)
    store.keys.set_password("three", NOW)
    assert store.keys.session("b" * 64) is None
    assert store.keys.password() == "three"
    store.keys.set_password("", NOW)
    assert store.keys.password() == ""


def test_failures_are_counted_by_network_for_a_day(store: SqlStore) -> None:
    for network in ("a", "a", "b"):
        store.keys.failed(network, NOW)
    assert store.keys.failures("a", NOW - HOUR) == 2
    assert store.keys.failures("a", NOW) == 0
    store.keys.failed("c", NOW + timedelta(days=1, seconds=1))
    assert store.keys.failures("a", NOW - HOUR) == 0


def test_pages_of_subscribers_and_deliveries(
    store: SqlStore, publish: Callable[..., Edition], subscribe: Callable[..., Subscriber]
) -> None:
    hour = NOW.hour
    for name in ("ada", "bo", "cy"):
        subscribe(name, preferences=Preferences(hour=hour))
    subscribe("di", status=Status.PENDING)
    first = store.reports.subscribers(0, 2, None, "")
    assert [reader.key[:2] for reader in first] == ["ad", "bo"]
    assert len(store.reports.subscribers(first[-1].id, 9, None, "")) == 2
    assert len(store.reports.subscribers(0, 9, Status.PENDING, "")) == 1
    assert len(store.reports.subscribers(0, 9, None, "bo@example.org")) == 1
    publish()
    store.deliveries.enqueue(DAY, NOW, 12, None)
    rows = store.reports.deliveries(None, 2, edition=DAY, state="pending", domain="example.org")
    assert [row.address for row in rows] == ["Cy@example.org", "Bo@example.org"]
    (last,) = store.reports.deliveries(rows[-1].id, 9, edition=None, state="", domain="")
    assert (last.address, last.edition, last.state) == ("Ada@example.org", DAY, "pending")
    assert store.reports.deliveries(None, 9, edition=DAY, state="sent", domain="") == []
    assert store.reports.by_domain(DAY, 5) == {"example.org": {"pending": 3}}
    assert store.reports.outcomes(5) == [(DAY, {"pending": 3})]
    store.subscribers.erase("ada@example.org")
    assert store.reports.by_domain(DAY, 5) == {"example.org": {"pending": 2}}
    assert store.reports.deliveries(None, 9, edition=DAY, state="", domain="")[-1].address == ""


def test_the_last_edition_and_those_before_a_date(
    store: SqlStore, publish: Callable[..., Edition]
) -> None:
    store.reports.check()
    assert store.reports.last_published() is None
    publish()
    draft = DAY + timedelta(days=1)
    store.editions.save(an_edition(draft, 2), [])
    assert store.reports.last_published() == (DAY, NOW)
    assert [e.date for e in store.reports.editions(None, 9)] == [draft, DAY]
    assert [e.date for e in store.reports.editions(draft, 9)] == [DAY]


def test_growth_is_counted_by_day_in_utc(
    store: SqlStore, subscribe: Callable[..., Subscriber]
) -> None:
    late = datetime.fromisoformat("2026-03-01T23:30:00-05:00")
    subscribe("ada", confirmed_at=late)
    subscribe("bo", confirmed_at=NOW, left_at=NOW)
    subscribe("cy", confirmed_at=NOW - timedelta(days=40))
    consent = Consent(NOW, 9, "a" * 64, Action.ERASED, Via.SITE, "2026-11")
    store.notices.log(consent)
    store.notices.log(replace(consent, action=Action.ASKED))
    came, left = store.reports.growth(NOW - timedelta(days=30))
    assert came == {date(2026, 3, 2): 2}
    assert left == {date(2026, 3, 2): 2}


def test_what_came_in_is_counted_by_day_in_utc(store: SqlStore) -> None:
    late = datetime.fromisoformat("2026-03-01T23:30:00-05:00")
    lines = [
        Heard(late, "bounce", "counted", reason="soft: mailbox full", proof="return path"),
        Heard(NOW, "bounce", "suppressed", reason="hard: user unknown", proof="return path"),
        Heard(NOW, "bounce", "nothing done", reason="hard: user unknown"),
        Heard(NOW, "complaint", "unsubscribed", reason="abuse", proof="message-id"),
        Heard(NOW - timedelta(days=1), "auto-reply", "nothing to do", proof="return path"),
        Heard(NOW - timedelta(days=40), "complaint", "unsubscribed", proof="message-id"),
    ]
    for line in lines:
        store.post.log(line, None)
    assert store.reports.came_in(NOW - timedelta(days=30)) == {
        date(2026, 3, 1): {"auto-reply": 1},
        date(2026, 3, 2): {"hard": 1, "soft": 1, "complaint": 1, "unproven": 1},
    }
    assert [line.kind for line in store.post.latest(2)] == ["complaint", "auto-reply"]


def test_a_choice_is_kept_as_both_stories_were_judged(store: SqlStore) -> None:
    edition = an_edition()
    dropped, taken = edition.stories[0], edition.runners_up[0]
    store.choices.add(Choice(NOW, DAY, 1, "asked for", "operator", dropped, taken))
    (kept,) = store.choices.listing()
    assert (kept["edition"], kept["slot"], kept["who"]) == (DAY, 1, "operator")
    assert kept["at"] == NOW
    assert kept["dropped"]["features"] == {"outlets": 3, "age_h": 1.25}  # type: ignore[index]
    assert kept["taken"]["id"] == taken.story.id  # type: ignore[index]
