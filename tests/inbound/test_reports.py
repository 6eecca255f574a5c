"""Bounces and complaints: matched to reader and letter, and what follows from them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from digest.domain.delivery import Accepted
from digest.domain.edition import Edition, EditionStatus
from digest.domain.inbound import Bounce, Reason, score, weight
from digest.domain.mailbox import Box, Sort
from digest.domain.subscriber import Status
from tests.inbound.conftest import DOMAIN, NOW


def dsn(to: str, address: str = "ada@example.org", code: str = "5.1.1", said: str = "User unknown"):
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b0"

--b0

{address} could not be reached.
--b0
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {address}
Action: failed
Status: {code}
Diagnostic-Code: smtp; 550 {code} <{address}>: {said}
--b0--
"""


def arf(address: str, to: str, message_id: str = "none@example.net", kind: str = "abuse"):
    return f"""\
From: fbl@mailbox.example
To: {to}
Subject: complaint
Content-Type: multipart/report; report-type=feedback-report; boundary="b0"

--b0
Content-Type: message/feedback-report

Feedback-Type: {kind}
Original-Rcpt-To: {address}
--b0
Content-Type: message/rfc822

From: digest <editor@digest.example.org>
To: {address}
Message-ID: <{message_id}>
Received: by x

text
--b0--
"""


@pytest.fixture
def path(house):
    reader = house.reader()
    boxes = house.wiring.listener(house.store).boxes
    house.pass_time(minutes=5)
    return boxes.address(Box.BOUNCES, reader.id, NOW)


def test_a_hard_bounce_suppresses_at_once(house, path):
    assert house.hear(dsn(path), path, "") == (
        "bounce (hard, user unknown): suppressed: the address is dead",
    )
    reader = house.again()
    assert reader.status is Status.SUPPRESSED
    (line,) = house.store.post.history(reader.id)
    assert (line.status, line.proof, "User unknown" in line.said) == ("5.1.1", "return path", True)
    # The reader can come back by subscribing.
    house.pass_time(days=1)
    house.write("subscribe")
    question = house.mails()[-1]
    house.write(question["Reply-To"])
    assert house.again().status is Status.ACTIVE


def test_soft_bounces_add_up_and_fade(house, path):
    full = {"code": "5.2.2", "said": "Mailbox full"}
    for day in range(3):
        (line,) = house.hear(dsn(path, **full) + str(day), path, "")
        assert "counted" in line
        house.pass_time(days=1)
    # Twice on one day counts once.
    house.hear(dsn(path, **full) + "again", path, "")
    assert house.hear(dsn(path, **full) + "and again", path, "")[0].endswith("3.5 of 4.0")
    house.pass_time(days=30)
    assert house.hear(dsn(path, **full) + "later", path, "")[0].endswith("1.2 of 4.0")
    for day in range(10):
        house.pass_time(days=1)
        house.hear(dsn(path, **full) + f"x{day}", path, "")
    assert house.again().status is Status.SUPPRESSED


def test_our_own_bad_days_cost_no_reader(house, path):
    for day in range(30):
        house.pass_time(days=1)
        house.hear(dsn(path, code="5.7.1", said=f"blocked using zen.spamhaus.org {day}"), path, "")
    assert house.again().status is Status.ACTIVE
    assert weight(Bounce("a@b.example", False, Reason.SPAM)) == 0
    assert score([], NOW) == 0


def test_a_forged_bounce_does_nothing(house, path):
    for to in (f"bounces@{DOMAIN}", path.replace("-", "-1", 1), "editor@digest.example.org", ""):
        (line,) = house.hear(dsn(to) + to, to, "")
        assert "not proven" in line or "of no reader" in line
    assert house.again().status is Status.ACTIVE
    # A path as old as that is no longer believed.
    house.pass_time(days=100)
    assert "of no reader" in house.hear(dsn(path), path, "")[0]
    assert house.again().status is Status.ACTIVE


def test_the_dead_end_of_a_forwarding_is_soft(house, path):
    (line,) = house.hear(dsn(path, address="old@elsewhere.example"), path, "")
    assert line == "bounce (soft, user unknown): counted: 1.0 of 4.0"


@pytest.mark.parametrize("proven", [True, False])
def test_a_complaint_unsubscribes_for_good_when_it_brings_our_letter(house, path, proven):
    number = house.again().id
    said = arf("ada@example.org", path)
    house.hear(said, path if proven else "abuse@digest.example.org")
    assert house.again().status is (Status.SUPPRESSED if proven else Status.ACTIVE)
    assert len(house.store.post.history(number)) == 1
    if proven:
        house.pass_time(days=2)
        house.write("subscribe")
        assert house.sent() == []


def test_a_report_on_signatures_is_no_complaint_of_a_reader(house, path):
    house.hear(arf("ada@example.org", path, kind="auth-failure"), path)
    assert house.again().status is Status.ACTIVE


def test_tokens_of_the_return_path():
    from digest.domain.mailbox import Mailboxes
    from digest.errors import UsageError

    boxes = Mailboxes("in.example.org", ["a" * 64, "b" * 64])
    old = Mailboxes("in.example.org", ["b" * 64])
    address = old.address(Box.BOUNCES, 365_000_000_000, NOW, Sort.DELIVERY)
    assert len(address.partition("@")[0]) <= 64
    box, token = boxes.box_of(f"<{address.upper()}>")
    assert boxes.whose(box, token, NOW) == (Sort.DELIVERY, 365_000_000_000)
    for wrong in (token[:-1], token.replace("d", "s", 1), "", "d1-0-" + "0" * 20):
        with pytest.raises(UsageError):
            boxes.whose(Box.BOUNCES, wrong, NOW)
    assert boxes.box_of("bounces@other.example") == (None, "")


def test_a_flood_of_reports_fills_nothing(house, path, monkeypatch):
    monkeypatch.setattr("digest.workflows.listen.UNPROVEN_AN_HOUR", 5)
    monkeypatch.setattr("digest.workflows.listen.ABOUT_ONE_A_DAY", 5)
    for number in range(12):
        house.hear(dsn("x") + f"{number}", f"bounces@{DOMAIN}", "")
        house.hear(dsn(path, code="5.7.1", said="spam") + f"{number}", path, "")
    assert len(house.store.post.history(house.again().id)) == 10
    with house.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM messages").scalar() == 10


def test_one_who_came_back_begins_anew(house, path):
    for day in range(6):
        house.hear(dsn(path, code="5.2.2", said="Mailbox full") + f"{day}", path, "")
        house.pass_time(days=1)
    assert house.again().status is Status.SUPPRESSED
    house.write("subscribe")
    house.write(house.mails()[-1]["Reply-To"])
    (line,) = house.hear(dsn(path, code="5.2.2", said="Mailbox full") + "z", path, "")
    assert line.endswith("counted: 1.0 of 4.0")


def test_letters_that_arrive_since_let_earlier_bounces_be_forgotten(house, path):
    reader = house.again()
    full = {"code": "5.2.2", "said": "Mailbox full"}

    def taken(on):
        """The letter of a date is taken by the server."""
        store = house.store
        store.editions.save(
            Edition(on, on.toordinal(), EditionStatus.DRAFT, NOW, "S", "", (), ()), []
        )
        store.editions.publish(on, house.moment[0])
        store.deliveries.enqueue(on, house.moment[0], 12, None)
        (row,) = store.deliveries.claim(on, "me", house.moment[0], 9)
        store.deliveries.exchange("me", house.moment[0], [], [row])
        store.deliveries.exchange("me", house.moment[0], [(row, Accepted("250"))], [])
        return row.id

    def bounced(word, to=path):
        return house.hear(dsn(to, **full) + word, to, "")[0]

    for day in range(3):
        bounced(f"x{day}")
        house.pass_time(days=1)
    # Taken is not arrived: for five days a bounce may still come.
    row = taken(house.moment[0].date())
    house.pass_time(days=2)
    assert bounced("y").endswith("3.0 of 4.0")
    # Of the letter itself one came: it did not arrive.
    boxes = house.wiring.listener(house.store).boxes
    back = boxes.address(Box.BOUNCES, row, house.moment[0], Sort.DELIVERY)
    assert "soft" in bounced("of that letter", back)
    house.pass_time(days=1)
    taken(house.moment[0].date())
    house.pass_time(days=6)
    assert house.store.post.arrived(reader.id, house.moment[0]) is not None
    assert bounced("z").endswith("1.0 of 4.0")


def test_an_absence_note_is_counted_and_not_kept(house, path):
    reader = house.again()
    note = (
        "From: ada@example.org\nAuto-Submitted: auto-replied\nSubject: away\n\nI am in hospital.\n"
    )
    assert house.hear(note, path, "ada@example.org") == ("auto-reply: nothing to do",)
    (line,) = house.store.post.history(reader.id)
    assert (line.kind, line.outcome, line.proof) == ("auto-reply", "nothing to do", "return path")
    with house.store.read() as connection:
        assert connection.scalar(text("SELECT sum(length(raw)) FROM messages")) == 0
