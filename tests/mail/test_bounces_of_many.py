"""Reports written after what servers and providers document, one case a paragraph of `bounces/`.

`=== name | expected` begins a case. Expected is `address hard|soft [delayed]`, several of them
parted by a semicolon; `auto-reply address`, `complaint address kind`, or `none`. Lines that begin
with @ stand for what many reports share.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from digest.domain.inbound import AutoReply, Bounce, Complaint
from digest.mail.bounces import read
from tests.mail.test_bounces import LETTER

FOLDER = Path(__file__).parent / "bounces"
DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.relay.example>
To: b+1.x@letter.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b9"

--b9
Content-Type: text/plain; charset=utf-8
"""
FIELDS = """
--b9
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example
"""
HEADS = {
    "exim": """\
From: Mail Delivery System <Mailer-Daemon@mx.relay.example>
To: b+1.x@letter.example
Subject: Mail delivery failed: returning message to sender
Auto-Submitted: auto-replied

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:
""",
    "sendmail": """\
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.relay.example>
To: b+1.x@letter.example
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-generated (failure)

The original message was received at Mon, 23 Nov 2026 07:00:00 +0000
from out.letter.example [192.0.2.9]

   ----- The following addresses had permanent fatal errors -----""",
    "qmail": """\
From: MAILER-DAEMON@mx.relay.example
To: b+1.x@letter.example
Subject: failure notice

Hi. This is the qmail-send program at mx.relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.
""",
    "arf": """\
From: feedback@mailbox.example
To: fbl@letter.example
Subject: FW: Five ideas
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b9"

--b9
Content-Type: text/plain

This is an email abuse report.

--b9
Content-Type: message/feedback-report
""",
}
LIST = """\
Received: from lists.letter.example by mx.relay.example; Mon, 23 Nov 2026 07:00:00 +0000
From: Eve <eve@home.example>
To: readers@lists.letter.example
Subject: [Readers] Five ideas
Message-ID: <20261123.abc@home.example>
X-BeenThere: readers@lists.letter.example
List-Post: <mailto:readers@lists.letter.example>

Hello.
"""
TAILS = {
    "exim": "\n------ This is a copy of the message, including all the headers. ------\n\n@letter",
    "sendmail": "\n   ----- Original message follows -----\n@letter",
    "qmail": "\n--- Below this line is a copy of the message.\n\n@letter",
    "arf": "\n--b9\nContent-Type: message/rfc822\n\n@letter\n--b9--",
    "dsn": "\n--b9\nContent-Type: message/rfc822\n\n@letter\n--b9--",
}


def whole(short: str) -> bytes:
    """A case's text with its shared parts."""
    name, _, rest = short.partition("\n")
    kind, _, title = name.removeprefix("@").partition(" ")
    text = short
    if name == "@dsn":
        text = DSN + "\n" + rest.replace("@fields", FIELDS) + TAILS["dsn"]
    elif kind in {"google", "exchange"}:
        sender = {"google": "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"}.get(
            kind, "Microsoft Outlook <postmaster@example.org>"
        )
        text = f"From: {sender}\nTo: b+1.x@letter.example\nSubject: {title}\n"
        text += "Content-Type: text/plain; charset=utf-8\n"
        if kind == "google":
            text = DSN.replace("Mail Delivery System <MAILER-DAEMON@mx.relay.example>", sender)
            text = text.replace("Undelivered Mail Returned to Sender", title)
            rest = rest.replace("@google-fields", FIELDS) + TAILS["dsn"]
        text += "\n" + rest
    elif kind in HEADS and name.startswith("@"):
        text = HEADS[kind] + "\n" + rest + TAILS[kind]
    text = re.sub(r"^@letter$", lambda _: LETTER, text, flags=re.MULTILINE)
    return re.sub(r"^@list$", lambda _: LIST, text, flags=re.MULTILINE).encode()


def cases(name: str) -> list[object]:
    """Those of one file."""
    _, *found = re.split(r"^=== ", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    made = []
    for each in found:
        head, _, text = each.partition("\n")
        title, _, expected = head.partition(" | ")
        made.append(pytest.param(text, expected.strip(), id=f"{name[:-4]}: {title}"))
    return made


def said(raw: bytes) -> str:
    """What was read, in the form in which it is expected."""
    events = []
    for event in read(raw).events:
        match event:
            case Bounce():
                words = [event.address, "hard" if event.hard else "soft"]
                events.append(
                    " ".join([*words, *(["delayed"] if event.action == "delayed" else [])])
                )
            case AutoReply():
                events.append(f"auto-reply {event.address}")
            case Complaint():
                events.append(f"complaint {event.address} {event.feedback}")
            case _:
                events.append("none")
    return "; ".join(events)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        case
        for file in sorted(FOLDER.glob("*.txt"))
        if file.name != "replies.txt"
        for case in cases(file.name)
    ],
)
def test_a_report(text, expected):
    assert said(whole(text)) == expected


WORDS = {"RCPT": "RCPT TO", "DATA": "end of DATA", "MAIL": "MAIL FROM"}


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in (FOLDER / "replies.txt").read_text(encoding="utf-8").splitlines()
        if re.match(r"(hard|soft) (RCPT|DATA|MAIL|CONN) ", line)
    ],
)
def test_a_reply(line):
    verdict, command, reply = line.split(" ", 2)
    status = (re.search(r"[45]\.\d\.\d+", reply[:12]) or ["5.0.0"])[0]
    told = f" (in reply to {WORDS[command]} command)" if command in WORDS else ""
    host = "host mx.example.org[192.0.2.7]"
    spoken = f"{host} said: {reply}{told}" if told else f"{host} refused to talk to me: {reply}"
    text = (
        f"@dsn\n<ada@example.org>: {spoken}\n@fields\nFinal-Recipient: rfc822; ada@example.org\n"
        f"Action: failed\nStatus: {status}\nRemote-MTA: dns; mx.example.org\n"
        f"Diagnostic-Code: smtp; {reply}\n"
    )
    assert said(whole(text)) == f"ada@example.org {verdict}"
