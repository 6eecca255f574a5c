"""Mail from people: subscribe, unsubscribe, confirm, help; and what a program must not answer.

A mailbox says what is wanted (``unsubscribe@``), else the subject's first word, else that of the
first line. A report or an auto-reply is never a command, wherever it came to.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from digest.domain.inbound import AutoReply, Bounce, Command, Complaint, Inbound, Unknown, Verb
from digest.domain.mailbox import Box, Mailboxes
from digest.mail.bounces import read as read_report
from digest.mail.bounces.addresses import in_field, is_daemon
from digest.mail.bounces.mime import Part, parse, unencoded

_BY_BOX: Final = {
    Box.SUBSCRIBE: Verb.SUBSCRIBE,
    Box.UNSUBSCRIBE: Verb.UNSUBSCRIBE,
    Box.CONFIRM: Verb.CONFIRM,
    Box.HELP: Verb.HELP,
}
_BY_WORD: Final = {
    "subscribe": Verb.SUBSCRIBE, "join": Verb.SUBSCRIBE, "signup": Verb.SUBSCRIBE,
    "unsubscribe": Verb.UNSUBSCRIBE, "leave": Verb.UNSUBSCRIBE, "signoff": Verb.UNSUBSCRIBE,
    "remove": Verb.UNSUBSCRIBE, "stop": Verb.UNSUBSCRIBE, "help": Verb.HELP,
    "info": Verb.HELP, "confirm": Verb.CONFIRM,
}  # fmt: skip
_RE: Final = re.compile(r"^(?:\s*(?:re|aw|sv|antw|vs|fwd?)\s*:)+", re.IGNORECASE)
_WORDS: Final = re.compile(r"\s*([a-z]{3,12})[\s.!]*$", re.IGNORECASE)
_WITH_TOKEN: Final = re.compile(
    r"\b(confirm|unsubscribe)[\s+:]+(s[0-9a-z]{1,13}-[0-9a-z]{1,6}-[0-9a-f]{20})\b", re.IGNORECASE
)
_NO_ANSWER: Final = ("x-auto-response-suppress", "x-loop", "feedback-id")
_LINES: Final = 10
"""Lines of the text in which the first word is looked for."""


def read(
    raw: bytes, recipient: str, sender: str | None, boxes: Mailboxes, ours: Collection[str]
) -> Inbound:
    """What a message says: a report's events, else the command in it. Never raises.

    `recipient` and `sender` are the envelope's, empty or None where they are not known (an empty
    sender is the null one); `ours` are the addresses and List-Ids (lower case) of this program.
    """
    top = parse(raw)
    recipient = recipient or _delivered_to(top, boxes)
    box, token = boxes.box_of(recipient)
    report = read_report(raw, recipient)
    automatic = why_automatic(top, sender, ours)
    reported = any(isinstance(e, Bounce | Complaint | AutoReply) for e in report.events)
    accused = any(isinstance(e, Complaint) for e in report.events)
    # A person's mail may have the words of a bounce: then the mailbox decides.
    if reported and (box in {None, Box.BOUNCES} or automatic or accused):
        return Inbound(report.events, recipient, report.message_id, automatic, raw=raw)
    if box is Box.BOUNCES:
        return Inbound((Unknown("no report"),), recipient, report.message_id, automatic, raw=raw)
    command = _command(top, box, token)
    event = command or Unknown("neither a report nor a request")
    return Inbound((event,), recipient, report.message_id, automatic, raw=raw)


def why_automatic(top: Part, sender: str | None, ours: Collection[str]) -> str:
    """Why a message must not be answered (RFC 3834, 2; RFC 5230, 4.6); empty when it may be."""
    wrote = in_field(unencoded(top.get("from")))
    by = sender or ""
    precedence = top.get("precedence").strip().lower()
    submitted = top.get("auto-submitted").partition(";")[0].strip().lower()
    reasons = (
        ("null sender", sender == "" or top.get("return-path").strip() == "<>"),
        ("no single sender", len(wrote) != 1),
        ("sent by a program", is_daemon(by) or any(is_daemon(each) for each in wrote)),
        ("sent by ourselves", any(each.lower() in ours for each in [*wrote, by])),
        ("auto-submitted", submitted not in {"", "no"}),
        ("bulk", precedence in {"bulk", "list", "junk", "auto_reply"}),
        ("from a list", any(name.startswith(("list-", "mailing-list")) for name in top.fields)),
        ("asks for no answer", any(top.get(name) for name in _NO_ANSWER)),
    )
    return next((why for why, holds in reasons if holds), "")


def _command(top: Part, box: Box | None, token: str) -> Command | None:
    wrote = in_field(unencoded(top.get("from")))
    address = wrote[0] if wrote else ""
    subject = _RE.sub("", unencoded(top.get("subject"))).strip()
    if not token and (found := _WITH_TOKEN.search(subject)):
        return Command(_BY_WORD[found[1].lower()], address, found[2].lower())
    if box in _BY_BOX:
        return Command(_BY_BOX[box], address, token)
    for line in [subject, *_first_lines(top)]:
        if found := _WORDS.match(line):
            verb = _BY_WORD.get(found[1].lower())
            if verb is not None:
                return Command(verb, address)
    return None


def _first_lines(top: Part) -> list[str]:
    """The first line that says something, of the first part that is text."""
    for part in top.walk():
        if part.kind.startswith("text/") and not part.parts:
            lines = [line for line in part.text[:4000].split("\n")[:_LINES] if line.strip()]
            return lines[:1]
    return []


def _delivered_to(top: Part, boxes: Mailboxes) -> str:
    """The mailbox that a message says it came to, where the envelope is not known."""
    for name in ("x-original-to", "delivered-to", "envelope-to", "to", "cc"):
        for value in top.fields.get(name, []):
            for address in in_field(value):
                if boxes.box_of(address)[0] is not None:
                    return address
    return ""
