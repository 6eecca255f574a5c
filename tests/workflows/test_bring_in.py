"""Lists brought in: who is added, who stays away, and what is kept of it."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.domain.moving import Newcomer
from digest.domain.notice import Action, Consent, Via
from digest.domain.subscriber import WEEKDAYS, Preferences, Status
from digest.storage import open_store
from digest.workflows.bring_in import Bringer, Line
from digest.workflows.subscribe import Registrar
from tests.databases import settings_for

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
LONG_AGO = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
GONE = Status.UNSUBSCRIBED


def hash_of(purpose, text):
    return f"{purpose} {text}"[:64]


class Desk:
    def __init__(self, store) -> None:
        self.store = store
        self.registrar = Registrar(store)

    def bring(self, *newcomers, ours=False, now=NOW):
        lines = [Line("l.csv", n, one, "mailchimp", ours) for n, one in enumerate(newcomers, 2)]
        return Bringer(self.store, hash_of).bring_in(lines, now)

    def barred(self, address):
        return self.store.subscribers.suppressed_for(address)

    def actions(self, address):
        number = self.registrar.find(address).id
        return [line.action for line in self.store.notices.consents(number)]


@pytest.fixture
def desk(database_url):
    with open_store(settings_for(database_url)) as store:
        yield Desk(store)


def ada(status=Status.ACTIVE, address="ada@example.org", **more):
    return Newcomer(address, status, **more)


def test_who_agreed_elsewhere_is_a_reader_with_the_log_of_it(desk):
    came = ada(
        asked_at=LONG_AGO, asked_ip="198.51.100.7", confirmed_at=LONG_AGO + timedelta(minutes=1),
        wants={"zone": "Europe/Berlin"},
    )  # fmt: skip
    assert desk.bring(came).added == 1
    reader = desk.registrar.find("ada@example.org")
    assert (reader.status, reader.preferences.zone) == (Status.ACTIVE, "Europe/Berlin")
    assert (reader.created_at, reader.confirmed_at) == (NOW, LONG_AGO + timedelta(minutes=1))
    asked, confirmed, imported = desk.store.notices.consents(reader.id)
    assert (asked.action, asked.at, asked.ip) == (Action.ASKED, LONG_AGO, "ip 198.51.100.7")
    assert (asked.via, asked.form) == (Via.ELSEWHERE, "mailchimp")
    assert (confirmed.action, confirmed.ip) == (Action.CONFIRMED, "")
    assert (imported.action, imported.at) == (Action.IMPORTED, NOW)


def test_to_repeat_it_is_harmless(desk):
    list_ = (ada(), ada(GONE, "bob@example.org", reason="unsubscribed"))
    desk.bring(*list_)
    report = desk.bring(*list_)
    assert (report.added, report.known, report.suppressed, report.left) == (0, 1, 0, 1)
    assert desk.actions("ada@example.org") == [Action.IMPORTED]


def test_who_left_there_is_barred_by_a_hash_alone_and_says_why(desk):
    report = desk.bring(
        ada(GONE, reason="unsubscribed"),
        ada(Status.SUPPRESSED, "bob@example.org", reason="cleaned"),
    )
    assert (report.added, report.suppressed) == (0, 2)
    assert desk.barred("ada@example.org") == "unsubscribed (mailchimp)"
    assert desk.barred("bob@example.org") == "cleaned (mailchimp)"
    assert not list(desk.store.subscribers.listing())


def test_who_left_here_stays_gone(desk):
    desk.registrar.add("ada@example.org", NOW)
    desk.registrar.remove("ada@example.org")
    desk.registrar.add("bob@example.org", NOW)
    desk.registrar.erase("bob@example.org", NOW)
    report = desk.bring(ada(), ada(address="bob@example.org"))
    assert (report.added, report.left) == (0, 2)
    assert desk.registrar.find("ada@example.org").status is GONE


def test_a_later_list_takes_away_who_left_there_since(desk):
    desk.bring(ada(confirmed_at=LONG_AGO))
    report = desk.bring(ada(GONE, left_at=NOW - timedelta(days=1)))
    assert report.unsubscribed == 1
    assert desk.registrar.find("ada@example.org").status is GONE
    assert desk.actions("ada@example.org")[-1] is Action.LEFT
    assert desk.barred("ada@example.org") == "unsubscribed (mailchimp)"


@pytest.mark.parametrize(
    ("left_at", "stays"), [(LONG_AGO, True), (None, True), (NOW + timedelta(days=2), False)]
)
def test_who_came_here_after_leaving_there_stays(desk, left_at, stays):
    reader, _ = desk.registrar.add("ada@example.org", NOW)
    desk.store.notices.log(Consent(NOW, reader.id, "hash", Action.CONFIRMED, Via.SITE, "1", "ip"))
    report = desk.bring(ada(GONE, left_at=left_at), now=NOW + timedelta(days=3))
    assert (report.known, report.unsubscribed) == ((1, 0) if stays else (0, 1))


def test_of_two_lines_the_one_who_left_counts(desk):
    report = desk.bring(ada(), ada(address="ADA@example.org"), ada(GONE))
    assert (report.added, report.suppressed) == (0, 1)
    assert [(line.number, line.fault) for line in report.again] == [
        (3, "ADA@example.org: stands in line 2 already"),
        (2, "ada@example.org: stands in line 4 already, as unsubscribed"),
    ]


def test_our_own_export_brings_back_who_was_what(desk):
    report = desk.bring(
        ada(wants={"days": "weekdays", "hour": "6"}),
        ada(GONE, "bob@example.org"),
        ada(Status.SUPPRESSED, "cyd@example.org", reason="suppressed"),
        ours=True,
    )
    assert report.added == 3
    assert desk.registrar.find("ada@example.org").preferences == Preferences(days=WEEKDAYS, hour=6)
    assert desk.registrar.find("bob@example.org").status is GONE
    assert not desk.barred("bob@example.org")
    assert desk.barred("cyd@example.org")


def test_bad_lines_are_named_and_the_others_kept(desk):
    lines = [
        Line("l.csv", 2, ada(address="no address")),
        Line("l.csv", 3, ada(wants={"hour": "24"})),
        Line("l.csv", 4, ada(address="bob@example.org", wants={"zone": "../../etc/passwd"})),
        Line("l.csv", 5, None, fault="has 3 fields"),
        Line("l.csv", 6, None),
        Line("l.csv", 7, ada(address=" ")),
        Line("l.csv", 8, ada(address="cyd@example.org", confirmed_at=NOW + timedelta(days=1))),
    ]
    report = Bringer(desk.store, hash_of).bring_in(lines, NOW)
    assert [line.number for line in report.refused] == [2, 3, 4, 5, 7]
    assert "hour '24' is no whole number from 0 to 23" in report.refused[1].fault
    assert (report.added, report.never) == (1, 1)
    # A time that is yet to come is not believed.
    assert desk.registrar.find("cyd@example.org").confirmed_at == NOW
    assert desk.actions("cyd@example.org") == [Action.IMPORTED]


def test_more_than_one_statement_s_worth(desk):
    many = [ada(address=f"r{n}@example.org") for n in range(2100)]
    gone = [ada(GONE, f"g{n}@example.org") for n in range(1100)]
    report = desk.bring(*many, *gone)
    assert (report.added, report.suppressed) == (2100, 1100)
    assert desk.store.subscribers.counts()[Status.ACTIVE] == 2100
