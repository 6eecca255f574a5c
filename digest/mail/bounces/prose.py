"""Free text: which addresses a report names as the ones that failed, and what it says of each.

No server is known by name here. An address counts by where it stands: alone at the head of a
paragraph, after RCPT TO, after words such as "could not be delivered to", or only somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from digest.mail.bounces.addresses import FOUND, clean, is_daemon, same

MAX_LINES: Final = 800
MAX_NAMES: Final = 20
HEAD: Final = 3
"""It stands at the head of a paragraph, or after RCPT TO."""
NAMED: Final = 2
"""Words before it say that it failed, or its line goes on with what happened."""
SEEN: Final = 1
"""It is somewhere in the text."""

_BULLET: Final = r"[\s>*•\-\"'(<\[]{0,16}"
_HEAD_LINE: Final = re.compile(rf"^\s{{0,8}}(?:\d{{1,3}}[.)]\s)?{_BULLET}$")
_KEY: Final = re.compile(
    r"(?:recipient|rcpt|to|from|sender|e?mail|user|addr(?:ess)?|orcpt)=", re.IGNORECASE
)
_REPLY_LINE: Final = re.compile(r"^\s*[45]\d\d[ -](?:[45]\.\d\.\d+ )?<$")
_AFTER_HEAD: Final = re.compile(r"^[>\"')\]]*\s*(?::|$|\.\.\.|,?\s*$|\(|\[|;|-|on \w{3},? |on \d)")
_NAMING: Final = re.compile(
    r"(rcpt to|recipients?|recipient address|delivering your (?:mail|message) to|addressed to"
    r"|could not be delivered to|undeliverable to|deliver(?:y|ed)? (?:\w+ ){0,3}to|failed for"
    r"|address(?: is unknown)?|unknown user|user unknown|generated (?:by|from)|user|e-?mail address"
    r"|following (?:address|recipient)(?:es|s)?|mailbox|sent to|your message to|message to|for"
    r"|not found|receiver|destinat\w+|empf[äa]e?nger|получател\w+|宛先|受信者|收件人)"
    r"(?: was| is| failed)?\s*[:=：]?\s*[<\"'(\[（]*$",
    re.IGNORECASE,
)
_FAILED_TO: Final = re.compile(
    r"(?:deliver\w*|could not|cannot|unable|failed|error|your|the|a) .{0,40}\bto:?\s*[<\"'(\[]*$",
    re.IGNORECASE,
)
"""Words that name a recipient although they end as those that name somebody to write to."""
_ASKED: Final = re.compile(
    r"please|write|contact|send|reply|forward|complain|question", re.IGNORECASE
)
_NOT_IT: Final = re.compile(
    r"(mail from|\bfrom|sender(?:'s)?(?: e-?mail)?(?: address)?|sent by|a message sent"
    r"|contact|reply(?:-to)?|envelope-from|return-path|message-id|in-reply-to"
    r"|mailto|write to|mail to|questions?|support|postmaster"
    r"|administrator|helo|ehlo|references|expanded from|forwarded (?:from|by)|hallo|hello|dear|hi"
    r"|original message was received from|^cc|on behalf of|, id|absender\w*|expéditeur|remitente"
    r"|mittente|remetente|afzender|avsändare|отправител\w*|差出人|送信者|发件人|寄件者)"
    r"[^\w@]{0,6}$",
    re.IGNORECASE,
)
_AND: Final = re.compile(r"[>\"')\]\s]{0,4}(?:[,;&]|and|und|et|y|e)[<\"'(\[\s]{0,4}")
_RCPT: Final = re.compile(r"rcpt[- ]?to$", re.IGNORECASE)
_REASON: Final = re.compile(r"^\s*\(reason: ([^\n]{3,400}?)\)?$", re.MULTILINE)
_ANSWER: Final = re.compile(
    r"^\s*>>> ?(?:MAIL|RCPT|DATA)\b[^\n]{0,400}\n\s*<<< ?([45]\d\d[^\n]{3,400})",
    re.MULTILINE | re.IGNORECASE,
)
_NAMES: Final = re.compile(
    r"(?:recipients?|address(?:es)?|users?)\b[^\n@]{0,200}:[ \t]*\n{1,2}"
    r"((?:[ \t]+[\w.+-]{2,64}[ \t]*(?:\n|\Z)){1,20})",
    re.IGNORECASE,
)
_REMOTE: Final = re.compile(r"(?:mail from|rcpt to):|\bsmtp\b|while talking", re.IGNORECASE)
_SAID: Final = re.compile(
    r"(?:\b(?:said|replied|returned|diagnostic(?:[ -]code)?)\s*:?"
    r"|\b(?:response|error)(?: \w+){0,6} was\s*:?|\b(?:error|reason)\s*:|^#)\s*"
    r"(?:smtp;\s*)?['\"]?([45]\d\d[ -][^\n]{3,400}(?:\n[ \t]+[^\n]{1,400}){0,6})",
    re.IGNORECASE | re.MULTILINE,
)
"""A reply that the text quotes."""
_IN_URL: Final = re.compile(r"[/?=&%]$|https?:\S*$")


@dataclass(slots=True)
class Mention:
    """An address of the text, how surely it is one that failed, and the words about it."""

    address: str
    weight: int
    words: str


def replied(text: str) -> str:
    """What another server replied, as the transcript in a report has it; or an empty string.

    The line after it ("550 5.1.1 ... User unknown") is this server's own, and says so of whatever
    the other refused (Sendmail).
    """
    found = _REASON.findall(text) or _ANSWER.findall(text) or _SAID.findall(text)
    return str(found[-1]).strip() if found else ""


def without_domain(text: str, sender: list[str]) -> list[str]:
    """Recipients that a server calls by their local parts alone, at the server's own domain."""
    found = _NAMES.search(text)
    if not found or not sender or not is_daemon(sender[0]) or _REMOTE.search(text):
        return []
    domain = sender[0].rpartition("@")[2]
    return [f"{name}@{domain}" for name in found[1].split()][:MAX_NAMES]


def mentions(text: str, ours: Iterable[str] = ()) -> list[Mention]:
    """The addresses that may have failed, in order; each once, with its best weight.

    One of ours at the head of a line is no other recipient's beginning.
    """
    own = {address.casefold() for address in ours}
    lines = text.split("\n")[:MAX_LINES]
    seen: dict[str, Mention] = {}
    heads: list[tuple[int, str]] = []
    for at, line in enumerate(lines):
        before, end = 0, 0
        for match in FOUND.finditer(line[:1000]):
            key = _KEY.match(match[1])  # "recipient=ada@example.org"
            start = match.start(1) + (key.end() if key else 0)
            address = clean(line[start : match.end(1)])
            above = next((each for each in lines[max(at - 2, 0) : at][::-1] if each.strip()), "")
            shown = f"{line[: start - 1]}:{line[start:]}" if key else line
            weight = _weight(shown, start, match.end(1), above)
            if weight == SEEN and end and _AND.fullmatch(line[end:start]):
                weight = before  # "ada@example.org, bob@example.org": as the one before it
            before, end = weight, match.end(1)
            if not weight:
                continue
            if weight == HEAD and address.casefold() not in own:
                heads.append((at, address))
            kept = seen.setdefault(address.casefold(), Mention(address, weight, ""))
            kept.weight = max(kept.weight, weight)
    for mention in seen.values():
        mention.words = _words(lines, heads, mention.address)
    return list(seen.values())


def _weight(line: str, start: int, end: int, above: str) -> int:
    before, after = line[:start], line[end : end + 40]
    if _IN_URL.search(before) or after.startswith("/"):
        return 0
    if not _HEAD_LINE.match(before):
        return _weight_in(before, after)
    named_above = above.rstrip()[-60:]
    if above.endswith("=") and not before.strip():
        return 0  # the rest of an address that quoted-printable cut
    if _NOT_IT.search(named_above) and not _NAMING.search(named_above):
        return 0
    return HEAD if _AFTER_HEAD.match(after) else NAMED


def _weight_in(before: str, after: str) -> int:
    """The weight of an address amid a line."""
    transcript = _REPLY_LINE.match(before) and after.startswith(">...")  # Sendmail's
    if transcript or _RCPT.search(before.rstrip(" <\"'(=:[")[-60:]):
        return HEAD
    if _NOT_IT.search(before[-60:]):
        failed = _FAILED_TO.search(before[-80:]) and not _ASKED.search(before[-80:])
        return NAMED if failed else 0
    return NAMED if _NAMING.search(before[-80:]) else SEEN


def _words(lines: list[str], heads: list[tuple[int, str]], address: str) -> str:
    """What follows the head of this address, up to the head of another; else the lines with it."""
    for index, (at, head) in enumerate(heads):
        if same(head, address):
            end = len(lines)
            for other_at, other in heads[index + 1 :]:
                if other_at > at and not same(other, address):
                    end = other_at
                    break
            return "\n".join(lines[at : min(end, at + 60)])
    low = address.casefold()
    near = [i for i, line in enumerate(lines) if low in line.casefold()][:4]
    return "\n".join("\n".join(lines[i : i + 4]) for i in near)
