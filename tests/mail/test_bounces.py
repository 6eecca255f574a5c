"""Reports of many servers, written for these tests after their documentation and sources."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.domain.inbound import AutoReply, Bounce, Complaint, Reason, Unknown
from digest.mail.bounces import read

LETTER = """\
Return-Path: <b+1.x@letter.example>
Received: from out.letter.example by mx.relay.example for <ada@example.org>;
 Mon, 23 Nov 2026 07:00:00 +0000
From: digest <digest@letter.example>
To: ada@example.org
Subject: Five ideas
Message-ID: <20261123.abc@letter.example>
MIME-Version: 1.0

Hello.
"""


def dsn(fields: str, words: str = "Your message could not be delivered.") -> str:
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.relay.example (Mail Delivery System)
To: b+1.x@letter.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b0"

--b0
Content-Type: text/plain

{words}

--b0
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example

{fields}

--b0
Content-Type: message/rfc822

{LETTER}
--b0--
"""


def plain(words, *, subject="failure notice", sender="MAILER-DAEMON@a.example"):
    return f"From: {sender}\nTo: digest@letter.example\nSubject: {subject}\n\n{words}"


DSN_HARD = dsn(
    "Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown\n"
    "    in virtual mailbox table"
)
QMAIL = plain(
    "Hi. This is the qmail-send program at a.example.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    "<ada@example.org>:\n192.0.2.1 does not like recipient.\n"
    "Remote host said: 550 5.1.1 no such user\nGiving up on 192.0.2.1.\n\n"
    "--- Below this line is a copy of the message.\n\n" + LETTER
)
EXIM = plain(
    "This message was created automatically by mail delivery software.\n\n"
    "A message that you sent could not be delivered to one or more of its\n"
    "recipients. This is a permanent error. The following address(es) failed:\n\n"
    "  ada@example.org\n    host mx.example.org [192.0.2.7]\n"
    "    SMTP error from remote mail server after RCPT TO:<ada@example.org>:\n"
    "    550 No such person at this address\n\n"
    "------ This is a copy of the message, including all the headers. ------\n\n" + LETTER,
    subject="Mail delivery failed: returning message to sender",
).replace("\nSubject", "\nX-Failed-Recipients: ada@example.org\nSubject", 1)
SENDMAIL = plain(
    "   ----- The following addresses had permanent fatal errors -----\n<ada@example.org>\n\n"
    "   ----- Transcript of session follows -----\n... while talking to mx.example.org.:\n"
    ">>> RCPT To:<ada@example.org>\n<<< 550 5.1.1 <ada@example.org>... User unknown\n\n"
    "   ----- Original message follows -----\n" + LETTER,
    subject="Returned mail: User unknown",
)
FILTERED = plain(
    "   ----- The following addresses had permanent fatal errors -----\n<ada@example.org>\n\n"
    ">>> DATA\n<<< 550 Unknown user ada@example.org\n\n"
    "   ----- Original message follows -----\n" + LETTER,
    subject="Returned mail: User unknown",
)
EXCHANGE = plain(
    "Your message\n\n  To:      ada@example.org\n  Subject: Five ideas\n"
    "  Sent:    Mon, 23 Nov 2026 07:00:00 -0000\n\ndid not reach the following recipient(s):\n\n"
    "ada@example.org on Mon, 23 Nov 2026 07:00:00 -0000\n"
    "    The recipient name is not recognized\n    MSEXCH:IMS:A:B:C Unknown Recipient\n",
    subject="Undeliverable: Five ideas",
    sender="System Administrator <postmaster@example.org>",
)
FULL = plain(
    "Sorry, we were unable to deliver your message to the following address.\n\n"
    "<ada@example.org>:\nRemote host said: 552 5.2.2 <ada@example.org>... Mailbox full\n",
    subject="Failure Notice",
)


@pytest.mark.parametrize(
    ("text", "hard", "reason"),
    [
        pytest.param(DSN_HARD, True, Reason.USER_UNKNOWN, id="dsn"),
        pytest.param(QMAIL, True, Reason.USER_UNKNOWN, id="qmail"),
        pytest.param(EXIM, True, Reason.USER_UNKNOWN, id="exim"),
        pytest.param(SENDMAIL, True, Reason.USER_UNKNOWN, id="sendmail"),
        pytest.param(EXCHANGE, True, Reason.USER_UNKNOWN, id="exchange"),
        pytest.param(FILTERED, False, Reason.FILTERED, id="refused after the text"),
        pytest.param(FULL, False, Reason.MAILBOX_FULL, id="full"),
        pytest.param(
            dsn("Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.4.4\n"
                "Diagnostic-Code: X-Postfix; Host or domain name not found. Name service error\n"
                "    for name=example.org type=A: Host not found"),
            True, Reason.HOST_UNKNOWN, id="no such host",
        ),
        pytest.param(
            dsn("Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.7.1\n"
                "Diagnostic-Code: smtp; 550 5.7.1 blocked using zen.spamhaus.org"),
            False, Reason.BLOCKED, id="blocked",
        ),
        pytest.param(
            dsn("Final-Recipient: rfc822; ada@example.org\nAction: delayed\nStatus: 4.4.1\n"
                "Diagnostic-Code: X-Postfix; connect to mx.example.org: Connection timed out"),
            False, Reason.EXPIRED, id="delayed",
        ),
        pytest.param(
            dsn("Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.1.8\n"
                "Diagnostic-Code: smtp; 553 5.1.8 <b@letter.example>... Domain of sender address\n"
                "    b@letter.example does not exist"),
            False, Reason.BLOCKED, id="our own domain",
        ),
        pytest.param(
            dsn("Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.1.10\n"
                "Diagnostic-Code: smtp; 556 5.1.10 recipient domain has a null MX"),
            True, Reason.NO_MAIL, id="null mx",
        ),
    ],
)  # fmt: skip
def test_one_address_and_one_verdict(text, hard, reason):
    (bounce,) = read(text.encode()).events
    assert isinstance(bounce, Bounce)
    assert (bounce.address, bounce.hard, bounce.reason) == ("ada@example.org", hard, reason)


@pytest.mark.parametrize("text", [DSN_HARD, QMAIL, EXIM, SENDMAIL, EXCHANGE, FULL])
def test_line_ends_are_all_one(text):
    said = {read(text.replace("\n", end).encode()).events for end in ("\n", "\r\n", "\r")}
    assert len(said) == 1


def test_the_letter_that_came_back_is_known():
    assert read(DSN_HARD.encode()).message_id == "20261123.abc@letter.example"
    assert read(QMAIL.encode()).message_id == "20261123.abc@letter.example"


def test_several_recipients_have_their_own_verdicts():
    text = plain(
        "The following addresses failed:\n\n<ada@example.org>:\n550 5.1.1 user unknown\n\n"
        "<bob@example.org>:\n552 5.2.2 mailbox full\n"
    )
    ada, bob = read(text.encode()).events
    assert (ada.address, ada.hard, bob.address, bob.hard) == (
        "ada@example.org", True, "bob@example.org", False,
    )  # fmt: skip


def test_what_was_delivered_is_no_bounce():
    text = dsn("Final-Recipient: rfc822; ada@example.org\nAction: delivered\nStatus: 2.0.0")
    assert not any(isinstance(event, Bounce) for event in read(text.encode()).events)


def test_an_expanded_address_keeps_the_one_we_wrote_to():
    (bounce,) = read(
        dsn("Final-Recipient: rfc822; box7@inner.example\n"
            "Original-Recipient: rfc822;ada@example.org\nAction: failed\nStatus: 5.1.1").encode()
    ).events  # fmt: skip
    assert (bounce.address, bounce.alias) == ("box7@inner.example", "ada@example.org")


EXIM_WITH = """\
From: Mail Delivery System <Mailer-Daemon@a.example>
To: digest@letter.example
Subject: Mail delivery failed: returning message to sender
X-Failed-Recipients: box7@inner.example
Auto-Submitted: auto-replied

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {blamed}
    SMTP error from remote mail server: 550 5.1.1 user unknown

------ This is a copy of the message, including all the headers. ------

"""


@pytest.mark.parametrize(
    ("blamed", "address"),
    [
        pytest.param("ada@example.org", "ada@example.org", id="the text and the letter agree"),
        pytest.param(
            "box7@inner.example\n    (generated from ada@example.org)",
            "box7@inner.example",
            id="the text knows the header's too",
        ),
        pytest.param("eve@other.example", "box7@inner.example", id="a third one bears out nothing"),
    ],
)
def test_a_header_counts_unless_the_text_and_the_letter_both_say_otherwise(blamed, address):
    text = EXIM_WITH.format(blamed=blamed) + LETTER
    (bounce,) = read(text.encode()).events
    assert (bounce.address, bounce.hard) == (address, True)


ARF = (
    """\
From: fbl@mailbox.example
To: abuse@letter.example
Subject: Abuse report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b1

--b1
Content-Type: text/plain

This is an email abuse report.

--b1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Some/1
Version: 1
Original-Rcpt-To: <ada@example.org>

--b1
Content-Type: message/rfc822

"""
    + LETTER
)


@pytest.mark.parametrize(("kind", "angry"), [("abuse", True), ("auth-failure", False)])
def test_a_complaint(kind, angry):
    said = read(ARF.replace("{kind}", kind).encode())
    (complaint,) = said.events
    assert isinstance(complaint, Complaint)
    assert (complaint.address, complaint.angry) == ("ada@example.org", angry)
    assert said.message_id == "20261123.abc@letter.example"


@pytest.mark.parametrize(
    "head",
    [
        "Subject: Re: Five ideas\nAuto-Submitted: auto-replied",
        "Subject: Automatic reply: Five ideas",
        "Subject: Out of office",
        "Subject: Abwesenheitsnotiz",
        "Subject: Re: Five ideas\nX-Autoreply: yes",
        "Subject: Re: Five ideas\nIn-Reply-To: <1@letter.example>",
    ],
)
def test_an_auto_reply(head):
    text = f"From: Ada <ada@example.org>\n{head}\n\nI am out of the office until Monday.\n"
    assert read(text.encode()).events == (AutoReply("ada@example.org"),)


def test_a_person_is_no_bounce():
    text = "From: Ada <ada@example.org>\nSubject: thanks\n\nThe letter of today was fun.\n"
    assert isinstance(read(text.encode()).events[0], Unknown)
    # Not even one who forwards a letter and speaks of bounces.
    text = (
        "From: Ada <ada@example.org>\nSubject: look\nContent-Type: multipart/mixed; boundary=q\n\n"
        "--q\n\nI do not consider this a bounce.\n--q\nContent-Type: message/rfc822\n\n"
        + LETTER + "\n--q--\n"
    )  # fmt: skip
    assert isinstance(read(text.encode()).events[0], Unknown)


NESTED = b"--a\nContent-Type: multipart/mixed; boundary=a\n\n"


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([DSN_HARD, QMAIL, EXIM, SENDMAIL, EXCHANGE, ARF]),
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 400), st.binary(max_size=80)), max_size=6
    ),
)
def test_broken_reports_are_read_or_let_be(text, cuts):
    raw = text.encode()
    for at, length, new in cuts:
        raw = raw[:at] + new + raw[at + length :]
    assert read(raw).events


@pytest.mark.parametrize("charset", ["utf-7", "punycode", "unicode_escape", "utf-16", "x", "hex"])
def test_any_charset(charset):
    head = f"From: MAILER-DAEMON\nSubject: =?{charset}?q?failure+2lY-?=\n"
    head += f"Content-Type: text/plain; charset={charset}\n\n"
    letter = "Received: x\nFrom: +2lY-\nTo: a@example.org\nMessage-ID: <1@x>\n\n"
    for body in (b"+2lY- a@example.org failed\n" + letter.encode(), b"a-" + b"b" * 200_000):
        said = read(head.encode() + body)
        repr(said.events).encode()


@given(st.binary(max_size=3000))
def test_any_bytes(raw):
    assert read(raw).events


@pytest.mark.parametrize(
    "raw",
    [
        b"".join([NESTED[4 * (not i) :] for i in range(20_000)]),
        b"From: MAILER-DAEMON\nSubject: failure\n\n" + b"<" * 900_000,
        b"From: MAILER-DAEMON\nSubject: failure\n\n" + b"a@" * 400_000,
        b"From: MAILER-DAEMON\nSubject: failure\n\n" + b"user " * 200_000,
        b"From: MAILER-DAEMON\nSubject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\nx",
        b"From: MAILER-DAEMON\n" + b"X: y\n" * 200_000,
        b"From: MAILER-DAEMON\n\n" + b"\r" * 900_000 + b"x",
        b"From: MAILER-DAEMON\nContent-Type: text/html\n\n" + b"<style" * 150_000,
        b"From: MAILER-DAEMON\n\n" + b"Final-Recipient: rfc822; a@b.example\n\n" * 25_000,
        b"From: MAILER-DAEMON\nContent-Type: text/html\n\n"
        + (b"<a " + b"href=mailto:" * 80) * 1_000,
        b"From: MAILER-DAEMON\nContent-Type: text/html\n\n" + b"<a href=mailto:a@b.c>" * 45_000,
        b"From: MAILER-DAEMON\n\n" + b"error 550 was error: 550 5.1.1 recipients:\n a\n" * 20_000,
        b"From: MAILER-DAEMON\n\n" + b"a@b.example, " * 70_000,
    ],
    ids=["nested", "brackets", "ats", "words", "encoded", "fields",
         "returns", "markup", "recipients", "links", "more links", "replies", "a row"],
)  # fmt: skip
def test_nothing_takes_long(raw):
    began = time.perf_counter()
    read(raw)
    assert time.perf_counter() - began < 3
