"""Before the first letter goes out it is looked over, once an edition; on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from digest.domain.alert import Kind
from digest.domain.checkup import Finding, State
from digest.errors import TransportError
from tests.workflows.test_deliver import NOW, ON, courier, smtp, store, subscribe  # noqa: F401

BROKEN = Finding("letter: template", State.FAIL, "{{ x }} was not filled in", certain=True)
AWAY = Finding("one-click", State.FAIL, "cannot be reached", "start the site")
ODD = Finding("links", State.WARN, "1 of 9 leads nowhere")


class Looks:
    """What a preflight finds, and how often it was asked to look."""

    def __init__(self, *found: Finding) -> None:
        self.found = found
        self.times = 0

    def __call__(self, on: object) -> tuple[Finding, ...]:
        self.times += 1
        return self.found


def test_a_broken_letter_reaches_nobody_until_it_is_let_go(store, smtp):  # noqa: F811
    subscribe(store, 5)
    looks = Looks(BROKEN, ODD)
    run = courier(store, smtp, look_over=looks).deliver(ON)
    assert (run.outcomes, smtp.letters) == (Counter(), [])
    assert "{{ x }} was not filled in" in run.stopped
    assert f"digest resume {ON}" in run.stopped
    (hold,) = store.ledger.holds()
    assert (hold.name, hold.cause) == (ON.isoformat(), "preflight")
    # A second sender, a restart: nothing is looked at again, nothing is sent.
    assert courier(store, smtp, look_over=looks).deliver(ON).outcomes == Counter()
    store.ledger.release([ON.isoformat()])
    assert courier(store, smtp, look_over=looks).deliver(ON).outcomes == Counter(sent=5)
    assert looks.times == 1
    assert store.alerts.preflight(ON) == [BROKEN, ODD]


def test_what_is_odd_is_told_and_stops_nothing(store, smtp):  # noqa: F811
    subscribe(store, 3)
    run = courier(store, smtp, look_over=Looks(AWAY, ODD)).deliver(ON)
    assert run.outcomes == Counter(sent=3)
    assert list(run.found) == [AWAY, ODD]
    (alert,) = store.alerts.open(NOW)
    assert (alert.kind, alert.hint) == (Kind.PREFLIGHT, "start the site")
    assert "cannot be reached" in alert.words


def test_nobody_due_is_no_reason_to_look(store, smtp):  # noqa: F811
    looks = Looks()
    courier(store, smtp, look_over=looks).deliver(ON)
    assert looks.times == 0


def test_a_server_that_is_away_is_told_after_some_patience(store, smtp):  # noqa: F811
    subscribe(store, 30)
    patience = timedelta(minutes=10)
    smtp.answer("CONNECT", "554 5.3.2 not today")
    for minute in (0, 5, 11):
        now = NOW + timedelta(minutes=minute)
        with pytest.raises(TransportError):
            courier(store, smtp, clock=lambda now=now: now, patience=patience).deliver(ON)
        told = store.alerts.claim(now)
        assert [alert.kind for alert in told] == ([Kind.SERVERS] if minute == 11 else [])
    assert "554 5.3.2 not today" in told[0].words
    store.alerts.told(told, now)
    smtp.behave()
    later = now + timedelta(minutes=5)
    assert courier(store, smtp, clock=lambda: later).deliver(ON).outcomes == Counter(sent=30)
    assert [alert.state for alert in store.alerts.claim(later)] == ["over"]


def test_many_refusals_are_told(store, smtp):  # noqa: F811
    subscribe(store, 40)
    for number in range(12):
        smtp.answer("RCPT", "550 5.1.1 no such user", to=f"reader{number}@inbox.example")
    courier(store, smtp, tell_refused=0.05).deliver(ON)
    (alert,) = store.alerts.open(NOW)
    assert alert.kind is Kind.BOUNCES
    assert "12 of 40 letters" in alert.words
