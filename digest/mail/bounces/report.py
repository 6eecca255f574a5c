"""What a report consists of: words for people, fields for machines, the letter that came back.

RFC 3462 puts them in three parts; half of the servers have never heard of it. So each is looked
for where it may be: the machine's fields also in running text, the letter also below a line that
announces it, or simply where its header begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from digest.mail.bounces.mime import Part, decoded, fields_of, unencoded

MAX_TEXT: Final = 40_000
"""Characters of running text that are read."""
MAX_RECIPIENTS: Final = 50

_MACHINE: Final = {"message/delivery-status", "message/global-delivery-status"}
_LETTER: Final = {"message/rfc822", "message/global", "message/partial"}
_HEAD: Final = {"text/rfc822-headers", "message/rfc822-headers", "text/rfc822-header",
                "message/global-headers"}  # fmt: skip
_OF_A_LETTER: Final = frozenset(
    ("received", "return-path", "message-id", "from", "to", "subject", "date", "mime-version",
     "content-type", "content-transfer-encoding", "reply-to", "sender", "delivered-to",
     "dkim-signature", "x-mailer", "user-agent", "cc", "x-received", "arc-seal",
     "x-google-dkim-signature", "x-gm-message-state")
)  # fmt: skip
_TELLING: Final = frozenset(
    ("received", "return-path", "message-id", "mime-version", "x-received", "dkim-signature",
     "arc-seal", "content-type")
)  # fmt: skip
_FIELD: Final = re.compile(r"\s{0,8}([A-Za-z][A-Za-z0-9-]{1,40})\s?:(?:\s|\S)")
_BELOW: Final = re.compile(
    r"below this line is|original (?:message|mail) (?:follows|headers?)|message headers? follow"
    r"|copy of (?:the|your) (?:original )?message|header of the original"
    r"|^-{2,}.{0,12}(?:original|returned|unsent|undelivered).{0,9}(?:message|mail)"
    r"|^\s*-{3,} ?(?:the )?headers? of",
    re.IGNORECASE,
)
_FIELD_OF_DSN: Final = re.compile(
    r"^[ \t>]{0,8}((?:original|final|x-actual)-recipient|action|status|diagnostic-code"
    r"|remote-mta|reporting-mta|x-powermta-bouncecategory)\s*:",
    re.IGNORECASE,
)

_ONCE: Final = {"final-recipient", "original-recipient", "action", "status"}
"""Fields of which a second one belongs to the next recipient."""
_MORE: Final = re.compile(
    r"^\s*final-recipient:|^your (?:message|mail) can(?:not|'t) be delivered",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Report:
    """The pieces of a message that reports something.

    `groups` are the blocks of fields about one recipient each (lower-case name -> value),
    `feedback` the fields of an ARF report, `letter` those of the letter that came back, `found`
    tells whether a part of its own held it.
    """

    top: Part
    text: str
    groups: tuple[dict[str, str], ...] = ()
    feedback: dict[str, list[str]] = field(default_factory=dict)
    letter: dict[str, list[str]] = field(default_factory=dict)
    found: bool = False

    def field(self, name: str) -> str:
        """A field of the message itself, its encoded words read."""
        return unencoded(self.top.get(name))

    def of_letter(self, name: str) -> str:
        """A field of the letter that came back."""
        values = self.letter.get(name)
        return unencoded(values[0]) if values else ""


def dissect(top: Part) -> Report:
    """Find the pieces."""
    pieces = _Pieces()
    pieces.gather(top)
    letter = pieces.letter
    text, quoted, rest = split("\n".join(pieces.words)[:MAX_TEXT])
    if not letter:
        letter = quoted
        if rest and re.search(r"mailer-?daemon", " ".join(letter.get("from", [])), re.IGNORECASE):
            # A report inside a report: the inner one knows.
            inner, letter, _ = split(rest)
            text += "\n\n" + inner
    if rest and _MORE.search(rest[:3000]):
        # The fields of the letter were quoted first, and what became of it comes after.
        text += "\n\n" + split(rest)[0]
    groups = pieces.groups or blocks(text)
    return Report(
        top, text, tuple(groups[:MAX_RECIPIENTS]), pieces.feedback, letter, bool(pieces.letter)
    )


class _Pieces:
    """What the parts of a message hold, collected in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.groups: list[dict[str, str]] = []
        self.feedback: dict[str, list[str]] = {}
        self.letter: dict[str, list[str]] = {}

    def gather(self, part: Part) -> None:
        """Take what a part holds, and those in it."""
        if part.kind in _MACHINE:
            self.groups += blocks(_raw_text(part))
        elif part.kind == "message/feedback-report":
            for name, values in fields_of(_raw_text(part).lstrip("\n")).items():
                self.feedback.setdefault(name, []).extend(values)
        elif part.kind in _HEAD:
            self.letter = self.letter or fields_of(part.text.lstrip("\n"))
        elif part.kind in _LETTER:
            self.letter = self.letter or (part.parts[0].fields if part.parts else {})
        elif part.kind == "multipart/alternative" and part.parts:
            self._first_with_words(part)
        elif part.parts:
            for each in part.parts:
                self.gather(each)
        elif part.kind.startswith(("text/", "multipart/")) or not part.fields:
            # A multipart without parts has lost its boundary: all of it is text.
            self.words += [part.text[:MAX_TEXT]]

    def _first_with_words(self, part: Part) -> None:
        for each in part.parts:
            before = len(self.words)
            self.gather(each)
            if len(self.words) > before and self.words[-1].strip():
                return


def _raw_text(part: Part) -> str:
    return decoded(part.body, part.get("content-transfer-encoding"), part.parameter("charset"))


def blocks(text: str) -> list[dict[str, str]]:
    """The blocks about recipients in fields of RFC 3464, also where their order is broken.

    A blank line ends a block, and so does a second recipient; fields before the first recipient
    (action and status before Final-Recipient) belong to it.
    """
    found: list[dict[str, str]] = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        current: dict[str, str] = {}
        last = ""
        for line in paragraph.split("\n"):
            match = _FIELD_OF_DSN.match(line)
            if match:
                last = match[1].lower()
                if last in current and last in _ONCE:
                    found.append(current)
                    current = {}
                value = line[match.end() :].strip()
                current.setdefault(last, "")
                current[last] = (current[last] + " " + value).strip()[:4000]
            elif line[:1] in {" ", "\t"} and last in current and len(current[last]) < 4000:  # noqa: PLR2004 - bounded
                current[last] += " " + line.strip()
            elif last == "diagnostic-code" and ":" not in line[:24] and line.strip():
                current[last] += " " + line.strip()  # a folded line that lost its blank
            else:
                last = ""
        found.append(current)
    return [b for b in found if "final-recipient" in b or "original-recipient" in b
            or "x-actual-recipient" in b]  # fmt: skip


def split(text: str) -> tuple[str, dict[str, list[str]], str]:
    """Running text, the head of the letter quoted in it, and what follows that head."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if line.strip() and _begins_letter(lines, at):
            indent = len(line) - len(line.lstrip())
            block = [each[indent:] if not each[:indent].strip() else each for each in lines[at:]]
            end = next((i for i, each in enumerate(block) if not each.strip()), len(block))
            return "\n".join(lines[:at]), fields_of("\n".join(block[:end])), "\n".join(block[end:])
        if at and _BELOW.search(line[:160]):
            # What follows may be the letter without a header that one would know.
            rest = [i for i in range(at + 1, min(at + 12, len(lines))) if lines[i].strip()]
            if rest and not any(_begins_letter(lines, i) for i in rest):
                head = "\n".join(lines[rest[0] : rest[0] + 200])
                return "\n".join(lines[:at]), fields_of(head), ""
    return text, {}, ""


def _begins_letter(lines: list[str], at: int) -> bool:
    first = _FIELD.match(lines[at])
    if not first or first[1].lower() not in _OF_A_LETTER:
        return False
    names = {first[1].lower()}
    for line in lines[at + 1 : at + 40]:
        if not line.strip():
            break
        match = _FIELD.match(line)
        if match:
            names.add(match[1].lower())
    return len(names & _OF_A_LETTER) >= 3 and bool(names & _TELLING)  # noqa: PLR2004 - no accident
