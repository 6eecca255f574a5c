"""Subscribing, confirming and leaving by mail; and everything that must not do so."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.domain.mailbox import Box
from digest.domain.subscriber import Status
from tests.inbound.conftest import DOMAIN


def test_subscribing_confirming_and_leaving(house):
    assert house.write("subscribe") == (
        "subscribe: asked for confirmation by mail, as far as the limits let",
    )
    (question,) = house.mails()
    assert question["Reply-To"].startswith("confirm+s")
    assert "just answer this mail" in question.get_body(("plain",)).get_content()
    assert house.again().status is Status.PENDING
    # The return path of the question tells whose it was.
    assert house.smtp.letters[0].sender.startswith("bounces+s")

    assert house.write(question["Reply-To"], subject=f"Re: {question['Subject']}") == (
        "confirm: confirmed",
    )
    assert house.again().status is Status.ACTIVE

    leave = house.wiring.printer._links(house.again().id).by_mail
    assert leave.startswith("unsubscribe+s")
    assert house.write(leave, by="ada.l@example.net", subject="unsubscribe") == (
        "unsubscribe: left",
    )
    assert house.again().status is Status.UNSUBSCRIBED
    assert "You have left" in house.mails()[-1]["Subject"]
    house.pass_time(hours=2)
    assert house.write(leave) == ("unsubscribe: left",)
    assert len(house.sent()) == 2


def test_the_letters_own_header_unsubscribes(house):
    reader = house.reader()
    links = house.wiring.printer._links(reader.id)
    header = f"<{links.one_click}>, <mailto:{links.by_mail}?subject=unsubscribe>"
    to = re.search(r"<mailto:([^?]+)\?", header)[1]
    house.write(to, subject="unsubscribe", body="")
    assert house.again().status is Status.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("subject", "body", "verb"),
    [
        ("subscribe", "", "subscribe"),
        ("Re: Subscribe!", "", "subscribe"),
        ("hello", "subscribe\nplease", "subscribe"),
        ("unsubscribe", "", "unsubscribe"),
        ("", "\n\nSTOP\n-- \nAda", "unsubscribe"),
        ("help", "", "help"),
    ],
)
def test_a_word_in_subject_or_first_line(house, subject, body, verb):
    (line,) = house.write("editor@digest.example.org", subject=subject, body=body)
    assert line.startswith(f"{verb}: ")


def test_a_letter_to_the_editor_is_no_command(house):
    line = house.write(
        "editor@digest.example.org",
        subject="subscribe?",
        body="I unsubscribe from gradient descent",
    )
    assert line == ("ignored: neither a report nor a request",)


def test_a_from_alone_only_asks(house):
    house.reader()
    house.write("unsubscribe", by="ada@example.org")
    assert house.again().status is Status.ACTIVE
    (mail,) = house.mails()
    assert mail["To"] == "ada@example.org"
    assert "To get no more letters" in mail.get_body(("plain",)).get_content()
    # Another's address: nothing goes to the forger, and only one mail a day to the reader.
    for _ in range(20):
        house.pass_time(minutes=10)
        house.write("unsubscribe", by="ada@example.org")
    assert len(house.sent()) == 1


def test_a_token_in_the_subject_acts(house):
    reader = house.reader()
    token = house.wiring.listener(house.store).boxes.address(Box.UNSUBSCRIBE, reader.id)
    token = token.partition("+")[2].partition("@")[0]
    house.write("editor@digest.example.org", subject=f"Re: unsubscribe {token}")
    assert house.again().status is Status.UNSUBSCRIBED


def test_the_token_of_one_mailbox_does_not_open_another(house):
    house.write("subscribe")
    reader = house.again()
    boxes = house.wiring.listener(house.store).boxes
    leave = boxes.address(Box.UNSUBSCRIBE, reader.id)
    assert house.write(leave.replace("unsubscribe+", "confirm+")) == (
        "confirm: not done: the address has no valid token",
    )
    other = boxes.address(Box.CONFIRM, reader.id + 1, house.moment[0])
    forged = other.replace(f"+s{reader.id + 1}-", f"+s{reader.id}-")
    assert house.write(forged) == ("confirm: not done: the address has no valid token",)
    assert house.again().status is Status.PENDING


def test_a_confirmation_ends_after_its_days(house):
    house.write("subscribe")
    (question,) = house.mails()
    house.pass_time(days=9)
    assert "not done" in house.write(question["Reply-To"])[0]
    assert house.again().status is Status.PENDING


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated\n",
        "Precedence: bulk\n",
        "Precedence: junk\n",
        "List-Id: <some.list.example>\n",
        "X-Auto-Response-Suppress: All\n",
        "Return-Path: <>\n",
    ],
)
def test_no_program_is_answered_and_no_absence_note_confirms(house, head):
    house.write("subscribe")
    (question,) = house.mails()
    house.pass_time(hours=2)
    house.write(question["Reply-To"], head=head, subject="Away")
    assert house.again().status is Status.PENDING
    for box in ("subscribe", "help", "unsubscribe"):
        house.pass_time(hours=2)
        house.write(box, by="robot@example.net", head=head)
    assert len(house.sent()) == 1
    assert [address for address, _ in house.census()] == ["ada@example.org"]


@pytest.mark.parametrize(
    "by",
    [
        "MAILER-DAEMON@example.org", "noreply@example.org", "editor@digest.example.org",
        f"help@{DOMAIN}", "a@example.org, b@example.org", "", "nobody", "x@y\x00z.example",
    ],
)  # fmt: skip
def test_nobody_who_should_not_be_answered_is(house, by):
    for box in ("subscribe", "help", "unsubscribe"):
        house.pass_time(hours=2)
        house.write(box, by=by)
    house.hear(f"From: ada@example.org\nTo: help@{DOMAIN}\n\nhelp\n", f"help@{DOMAIN}", by="")
    assert house.sent() == []
    assert house.census() == []


def test_help_is_answered_once_an_hour(house):
    assert house.write("help") == ("help: answered",)
    house.pass_time(minutes=5)
    assert house.write("help") == ("help: not answered: one answer an hour",)
    house.pass_time(hours=1)
    assert house.write("help") == ("help: answered",)
    first, _ = house.mails()
    assert house.smtp.letters[0].sender == "<>"
    assert first["Auto-Submitted"] == "auto-replied"
    assert f"subscribe@{DOMAIN}" in first.get_content()


def test_a_report_that_comes_to_a_wrong_mailbox_is_no_command(house):
    said = (
        "From: fbl@mailbox.example\nContent-Type: multipart/report; boundary=b\n\n--b\n"
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n"
    )
    assert house.hear(said, f"subscribe@{DOMAIN}", "fbl@mailbox.example") == (
        "complaint (abuse): of no reader",
    )
    assert house.census() == []


def test_the_same_message_acts_once(house):
    text = f"From: ada@example.org\nTo: help@{DOMAIN}\nMessage-ID: <1@x>\n\nhelp\n"
    assert house.hear(text, f"help@{DOMAIN}") == ("help: answered",)
    house.pass_time(hours=5)
    assert house.hear(text, f"help@{DOMAIN}") == ("heard before",)


def test_a_flood_is_cut_off(house):
    for number in range(75):
        house.write("subscribe", by=f"x{number}@flood.example")
    assert len(house.census()) <= 60
    assert len(house.sent()) <= 60
    assert house.store.post.unproven(house.moment[0].replace(hour=0)) <= 200


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    box=st.one_of(
        st.sampled_from(["subscribe", "unsubscribe", "help", "confirm", "bounces"]),
        st.text(max_size=60).map(lambda t: f"confirm+{t}"),
        st.text(max_size=60).map(lambda t: f"unsubscribe+{t}"),
        st.text("abcdef0123456789-sd", max_size=40).map(lambda t: f"bounces+{t}"),
    ),
    head=st.text(max_size=200),
    by=st.one_of(st.none(), st.text(max_size=40), st.just("ada@example.org")),
    body=st.binary(max_size=300),
)
def test_hostile_mail_changes_nothing(house, box, head, by, body):
    if not house.census():
        house.reader()
    raw = f"From: {by}\n{head}\n\n".encode("utf-8", "surrogatepass") + body
    house.hear(raw, f"{box}@{DOMAIN}", by)
    (ada,) = [status for address, status in house.census() if address == "ada@example.org"]
    assert ada == "active"
    assert all(status in {"pending", "active"} for _, status in house.census())
    for letter in house.sent():
        head, _, _ = letter.data.partition(b"\r\n\r\n")
        assert head.count(b"\r\nTo: ") == 1
        assert b"\nBcc" not in head
