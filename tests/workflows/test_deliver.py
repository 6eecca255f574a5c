"""The courier against a real SMTP server that misbehaves, on both databases."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.domain.delivery import Envelope
from digest.domain.edition import Edition, EditionStatus
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.errors import DigestError, TransportError, UsageError
from digest.mail.message import envelope
from digest.mail.smtp import SmtpTransport
from digest.settings import MailSettings
from digest.storage import open_store
from digest.workflows.deliver import Courier
from tests.databases import settings_for
from tests.smtpserver import SmtpServer

ON = date(2026, 3, 14)
NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
MAIL = MailSettings.model_validate({"from_address": "editor@digest.example.org"})


class PlainPrinter:
    """A Printer whose letters are one line of text."""

    def letter(self, edition, blocks, delivery):
        from digest.domain.delivery import Letter

        return Letter(edition.subject, None, f"Hello {delivery.address}\n", (), ())


def seal(letter, delivery) -> Envelope:
    return envelope(
        letter,
        recipient=delivery.address,
        message_id=delivery.message_id,
        date=delivery.date_header,
        mail=MAIL,
    )


@pytest.fixture
def smtp():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def store(database_url):
    with open_store(settings_for(database_url)) as opened:
        draft = Edition(ON, 1, EditionStatus.DRAFT, NOW, "Subject", "", (), ())
        opened.editions.save(draft, [])
        opened.editions.publish(ON, NOW)
        yield opened


def subscribe(store, count):
    for number in range(count):
        address = f"reader{number}@inbox.example"
        store.subscribers.add(
            Subscriber(0, address, address, Status.ACTIVE, NOW, Preferences(hour=8))
        )


def courier(store, smtp, clock=lambda: NOW, connections=1, **more) -> Courier:
    transport = SmtpTransport([smtp.settings(timeout_s=5.0, connections=connections)], clock)
    parts = {"seal": seal, "owner": "test", "batch": 7, **more}
    return Courier(store=store, printer=PlainPrinter(), transport=transport, clock=clock, **parts)


def test_each_gets_one_letter_and_a_second_run_sends_none(store, smtp):
    subscribe(store, 20)
    run = courier(store, smtp).deliver(ON)
    assert (run.queued, run.outcomes) == (20, Counter(sent=20))
    assert courier(store, smtp).deliver(ON).outcomes == Counter()
    assert len({letter.recipients for letter in smtp.letters}) == len(smtp.letters) == 20


def test_a_refused_address_and_one_put_off_do_not_stop_the_rest(store, smtp):
    subscribe(store, 10)
    smtp.answer("RCPT", "550 5.1.1 no such user", to="reader3@inbox.example")
    smtp.answer("RCPT", "450 4.2.1 try later", to="reader4@inbox.example", times=1)
    run = courier(store, smtp).deliver(ON)
    assert run.outcomes == Counter(sent=8, refused=1, deferred=1)
    assert sorted(trouble[:2] for trouble in run.troubles) == [
        ("reader3@inbox.example", "refused"),
        ("reader4@inbox.example", "deferred"),
    ]
    later = courier(store, smtp, clock=lambda: NOW + timedelta(minutes=6)).deliver(ON)
    assert later.outcomes == Counter(sent=1)
    assert store.deliveries.counts(ON) == {"sent": 9, "refused": 1}


def test_a_server_that_is_not_there_leaves_every_row_to_be_sent(store, smtp):
    subscribe(store, 10)
    smtp.answer("CONNECT", "554 5.3.2 not today")
    with pytest.raises(TransportError):
        courier(store, smtp).deliver(ON)
    assert store.deliveries.counts(ON) == {"pending": 10}
    smtp.behave()
    assert courier(store, smtp).deliver(ON).outcomes == Counter(sent=10)


def test_a_server_that_dies_midway_is_reported_and_the_rest_stays_pending(store, smtp):
    subscribe(store, 10)
    first = courier(store, smtp, batch=4).deliver(ON, limit=4)
    assert first.sent == 4
    smtp.drop("DATA")
    run = courier(store, smtp, batch=4).deliver(ON)
    assert run.outcomes == Counter(released=3)
    assert "3 faults of the SMTP server in a row" in run.stopped
    assert store.deliveries.counts(ON) == {"sent": 4, "pending": 6}
    smtp.behave()
    assert courier(store, smtp).deliver(ON).outcomes == Counter(sent=6)


def test_a_reply_that_never_came_is_in_doubt_and_repeated_with_the_same_bytes(store, smtp):
    subscribe(store, 3)
    smtp.drop("END", times=1)
    run = courier(store, smtp).deliver(ON)
    assert run.outcomes == Counter(sent=2, unknown=1)
    assert store.deliveries.counts(ON) == {"sent": 2, "on_wire": 1}
    # Its lease keeps others from it; then it goes out again (on_ambiguous = resend).
    assert courier(store, smtp, owner="other").deliver(ON).outcomes == Counter()
    later = courier(store, smtp, clock=lambda: NOW + timedelta(minutes=20)).deliver(ON)
    assert later.outcomes == Counter(sent=1)
    assert store.deliveries.counts(ON) == {"sent": 3}


def test_an_address_that_cannot_be_written_to_is_that_readers_matter(store, smtp):
    subscribe(store, 3)

    def refuse(letter, delivery):
        if delivery.address.startswith("reader1"):
            raise UsageError("reader1: no address")
        return seal(letter, delivery)

    run = courier(store, smtp, seal=refuse).deliver(ON)
    assert run.outcomes == Counter(sent=2, refused=1)


def test_a_letter_that_cannot_be_composed_keeps_nobody_waiting(store, smtp):
    subscribe(store, 5)

    def broken(letter, delivery):
        if delivery.address.startswith(("reader0", "reader1")):
            raise DigestError("header X: has a line break")
        return seal(letter, delivery)

    run = courier(store, smtp, seal=broken).deliver(ON)
    assert run.outcomes == Counter(sent=3, refused=2)
    assert run.troubles[0] == ("reader0@inbox.example", "refused", "header X: has a line break")


@pytest.mark.parametrize("readers", [1, 30])
def test_letters_of_which_none_can_be_composed_blame_nobody(store, smtp, readers):
    subscribe(store, readers)

    def broken(letter, delivery):
        raise DigestError("header X: has a line break")

    with pytest.raises(DigestError, match="line break"):
        courier(store, smtp, seal=broken).deliver(ON)
    assert store.deliveries.counts(ON) == {"pending": readers}


def test_an_interruption_gives_the_batch_back(store, smtp):
    subscribe(store, 10)
    sealed = []

    def interrupt(letter, delivery):
        sealed.append(delivery)
        if len(sealed) == 8:  # the first of the second batch
            raise KeyboardInterrupt
        return seal(letter, delivery)

    with pytest.raises(KeyboardInterrupt):
        courier(store, smtp, seal=interrupt).deliver(ON)
    # Six went out before; of the seventh only MAIL, RCPT and DATA did.
    assert store.deliveries.counts(ON) == {"sent": 6, "pending": 4}


def test_who_left_after_queueing_gets_nothing(store, smtp):
    subscribe(store, 3)
    store.deliveries.enqueue(ON, NOW, 12, None)
    gone = store.subscribers.find("reader1@inbox.example")
    from dataclasses import replace

    store.subscribers.update(replace(gone, status=Status.UNSUBSCRIBED))
    assert courier(store, smtp).deliver(ON).outcomes == Counter(sent=2)
    assert store.deliveries.counts(ON) == {"sent": 2, "suppressed": 1}


def test_limit_and_progress(store, smtp):
    subscribe(store, 10)
    told = []
    run = courier(store, smtp).deliver(ON, limit=3, progress=told.append)
    assert run.sent == len(told) == len(smtp.letters) == 3
    assert told == ["sent"] * 3


def test_nothing_is_sent_for_a_date_without_an_edition(store, smtp):
    subscribe(store, 1)
    assert courier(store, smtp).deliver(date(2026, 3, 15)).outcomes == Counter()


def test_an_edition_that_its_first_readers_refuse_is_held(store, smtp):
    subscribe(store, 60)
    for number in range(6):
        address = f"reader{number}@inbox.example"
        smtp.answer("RCPT", "550 5.7.1 looks like spam", to=address)
    run = courier(store, smtp, stop_refused=0.2).deliver(ON)
    assert run.outcomes == Counter(sent=14, refused=6)
    assert "6 of the first 20 letters were refused: 550 5.7.1" in run.stopped
    assert courier(store, smtp, stop_refused=0.2).deliver(ON).outcomes == Counter()
    assert [hold.name for hold in store.ledger.holds()] == [ON.isoformat()]
    store.ledger.release([ON.isoformat()])
    assert courier(store, smtp, stop_refused=0.2).deliver(ON).outcomes == Counter(sent=40)


def test_a_few_refusals_among_the_first_stop_nothing(store, smtp):
    subscribe(store, 60)
    for number in range(4):
        smtp.answer("RCPT", "550 5.1.1 no such user", to=f"reader{number}@inbox.example")
    run = courier(store, smtp, stop_refused=0.05).deliver(ON)
    assert run.outcomes == Counter(sent=56, refused=4)
    assert store.ledger.cleared(ON)
