"""What is amiss in the rows becomes alerts, and over what channels they are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.domain.alert import Alert, Kind, as_text
from digest.domain.delivery import Accepted
from digest.domain.edition import Edition, EditionStatus
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.errors import DigestError, EditionError
from digest.ports import FeedResult, FeedState, Heard
from digest.storage import SqlStore, open_store
from digest.workflows.alarm import Thresholds, judge_complaints, look, tell
from digest.workflows.tick import tick
from tests.databases import settings_for

ON = date(2026, 3, 14)
NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Ear:
    """A channel that keeps what it was told, unless it is `deaf`."""

    name = "ear"

    def __init__(self, *, deaf: bool = False, but: Kind | None = None) -> None:
        self.deaf = deaf
        self.but = but
        self.heard: list[tuple[Kind, str, str]] = []

    def takes(self, alert: Alert) -> bool:
        return alert.kind is not self.but

    def tell(self, alerts: Sequence[Alert], now: datetime) -> None:
        if self.deaf:
            raise DigestError("nobody listens")
        self.heard += [(alert.kind, alert.about, alert.state) for alert in alerts]


@pytest.fixture
def store(database_url):
    with open_store(settings_for(database_url)) as opened:
        for number in range(40):
            address = f"reader{number}@inbox.example"
            opened.subscribers.add(
                Subscriber(0, address, address, Status.ACTIVE, NOW - timedelta(hours=30),
                           Preferences(hour=8))
            )  # fmt: skip
        yield opened


def looked(store: SqlStore, now: datetime, *ears: Ear, free: float = 9000.0) -> None:
    look(store, now, {"lab"}, Thresholds(12, 0.05, "host", free, 500.0, "/var"))
    tell(store, ears, now)


def publish(store: SqlStore) -> None:
    store.editions.save(Edition(ON, 1, EditionStatus.DRAFT, NOW, "S", "", (), ()), [])
    store.editions.publish(ON, NOW)


def test_a_date_without_edition_is_told_and_that_it_came(store):
    ear = Ear()
    eight = datetime(2026, 3, 14, 8, tzinfo=UTC)
    looked(store, eight - MINUTE, ear)
    looked(store, eight + MINUTE, ear)
    assert ear.heard == []
    looked(store, eight + 7 * MINUTE, ear)
    assert ear.heard == [(Kind.NO_EDITION, "2026-03-14", "raised")]
    publish(store)
    looked(store, eight + 15 * MINUTE, ear)
    assert ear.heard[1:] == [(Kind.NO_EDITION, "2026-03-14", "over")]


def test_a_hold_of_the_programs_is_told_at_once_and_an_operators_after_a_day(store):
    publish(store)
    ear = Ear()
    store.ledger.hold("2026-03-14", "7 of the first 20 letters were refused", NOW, "first letters")
    store.ledger.hold("sending", "a new disk", NOW)
    looked(store, NOW, ear)
    assert ear.heard == [(Kind.HELD, "2026-03-14", "raised")]
    store.ledger.release(["2026-03-14"])
    looked(store, NOW + timedelta(hours=1), ear)
    assert ear.heard[1:] == [(Kind.HELD, "2026-03-14", "over")]
    looked(store, NOW + timedelta(hours=25), ear)
    assert (Kind.HELD, "sending", "raised") in ear.heard


def test_disk_and_feeds(store):
    publish(store)
    ear = Ear()
    for name in ("lab", "not ours any more"):
        parked = FeedState(source=name, parked=True, message="answered 404")
        store.entries.record(FeedResult(parked, fault="answered 404"), NOW)
    looked(store, NOW, ear, free=100)
    assert ear.heard == [(Kind.DISK, "host", "raised"), (Kind.FEED, "lab", "raised")]
    store.entries.unpark(["lab"])
    looked(store, NOW + 10 * MINUTE, ear)
    assert ear.heard[2:] == [(Kind.DISK, "host", "over"), (Kind.FEED, "lab", "over")]


def test_a_channel_that_fails_is_tried_again_and_the_others_are_not_kept(store):
    publish(store)
    deaf, well = Ear(deaf=True), Ear()
    looked(store, NOW, deaf, free=1)
    looked(store, NOW + MINUTE, deaf, free=1)
    assert [alert.told_at for alert in store.alerts.open(NOW)] == [None]
    looked(store, NOW + 6 * MINUTE, deaf, well, free=1)
    assert well.heard == [(Kind.DISK, "host", "raised")]
    # What no channel takes stands in the log, and is done with.
    looked(store, NOW + 20 * MINUTE, Ear(but=Kind.DISK))
    assert [alert.over_at for alert in store.alerts.history(1)] == [NOW + 20 * MINUTE]
    assert store.alerts.claim(NOW + timedelta(hours=1)) == []


def sent(store: SqlStore) -> list[int]:
    publish(store)
    store.deliveries.enqueue(ON, NOW, 12, None)
    rows = store.deliveries.claim(ON, "me", NOW, 30)
    store.deliveries.exchange("me", NOW, [], rows)
    store.deliveries.exchange("me", NOW, [(row, Accepted("250 ok")) for row in rows], [])
    return [row.id for row in rows]


def heard(store: SqlStore, kind: str, row: int) -> None:
    store.post.log(
        Heard(NOW, kind, "noted", delivery_id=row, reason="hard", proof="return path", edition=ON),
        None,
    )


def test_letters_that_came_back_are_told(store):
    rows = sent(store)
    ear = Ear()
    for row in rows[:9]:
        heard(store, "bounce", row)
        heard(store, "bounce", row)  # a reader's second report is no second letter
    looked(store, NOW, ear)
    assert ear.heard == []
    heard(store, "bounce", rows[9])
    looked(store, NOW, ear)
    looked(store, NOW + 10 * MINUTE, ear)
    assert ear.heard == [(Kind.BOUNCES, "2026-03-14", "raised")]
    assert "10 of 30 letters" in store.alerts.open(NOW)[0].words


def test_complaints_stop_an_edition_that_is_not_out(store):
    rows = sent(store)
    for number, row in enumerate(rows[:3]):
        judge_complaints(store, ON, 0.003, NOW)
        assert store.ledger.holds() == [], number
        heard(store, "complaint", row)
    judge_complaints(store, ON, 0.2, NOW)
    assert store.ledger.holds() == []
    judge_complaints(store, ON, 0.003, NOW)
    (hold,) = store.ledger.holds()
    assert (hold.cause, hold.name) == ("complaints", "2026-03-14")
    assert "3 of 30 readers" in hold.reason
    assert store.deliveries.claim(ON, "me", NOW, 9) == []
    # Let go, it is not held by the next one again.
    store.ledger.release([ON.isoformat()])
    heard(store, "complaint", rows[3])
    judge_complaints(store, ON, 0.003, NOW)
    assert store.ledger.holds() == []


def test_a_day_whose_books_do_not_add_up_and_one_that_cannot_be_built(store):
    class Broken:
        def publish(self, on: date, now: datetime) -> Edition:
            raise EditionError(f"edition {on}: there is neither a concept nor a story", "check")

    ear = Ear()
    tick(store, NOW - timedelta(hours=2), Broken(), None, lead_minutes=90, window_h=12)  # type: ignore[arg-type]
    tell(store, [ear], NOW)
    assert ear.heard == [(Kind.NO_EDITION, "2026-03-14", "raised")]
    # It stays so until the books are closed; that the hour is over mends nothing.
    later = NOW + timedelta(days=3)
    done = tick(store, later, Broken(), None, lead_minutes=30, window_h=12)  # type: ignore[arg-type]
    assert [books.edition for books in done.closed if not books.balanced]
    looked(store, later, ear)
    kinds = {(kind, about) for kind, about, _ in ear.heard}
    assert (Kind.BOOKS, "2026-03-14") in kinds
    assert (Kind.NO_EDITION, "2026-03-14", "over") not in ear.heard


def test_the_words_of_a_mail():
    alert = Alert(Kind.DISK, "host", "the disk is nearly full", "make room", NOW, NOW, None)
    text = as_text([alert], NOW + timedelta(days=1))
    assert text == (
        "Still: the disk is nearly full.\nSince 2026-03-14 09:00 UTC.\nNext: make room.\n"
    )
