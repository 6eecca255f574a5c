"""Enhanced status codes (RFC 3463 and IANA's registry), SMTP commands, and the verdict on both.

Hard means that the address is dead. An unknown user is believed where the server said so in answer
to RCPT TO, or with a status that means just that: refused after the letter's text, the same words
are often a filter's (some mobile carriers answer so for every letter that their customer's filter
stops), so they count as soft.
"""

from __future__ import annotations

import re
from typing import Final

from digest.domain.inbound import DEAD, Reason
from digest.mail.bounces import phrases

_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,2})\.(\d{1,3})(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\d.])([45]\d\d)(?=[ :-])")

_MEANING: Final = {
    "1.0": Reason.USER_UNKNOWN, "1.1": Reason.USER_UNKNOWN, "1.2": Reason.HOST_UNKNOWN,
    "1.3": Reason.USER_UNKNOWN, "1.6": Reason.MOVED, "1.7": Reason.BLOCKED,
    "1.8": Reason.BLOCKED, "1.10": Reason.NO_MAIL, "1.351": Reason.USER_UNKNOWN,
    "2.0": Reason.FILTERED, "2.1": Reason.FILTERED, "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_BIG, "2.4": Reason.FILTERED,
    "3.0": Reason.SYSTEM, "3.1": Reason.MAILBOX_FULL, "3.2": Reason.NO_MAIL,
    "3.4": Reason.TOO_BIG, "3.5": Reason.SYSTEM,
    "4.1": Reason.EXPIRED, "4.2": Reason.NETWORK, "4.3": Reason.SYSTEM,
    "4.4": Reason.HOST_UNKNOWN, "4.5": Reason.NETWORK, "4.6": Reason.NETWORK,
    "4.7": Reason.EXPIRED,
    "5.3": Reason.TOO_MANY, "6.0": Reason.POLICY,
    "7.0": Reason.POLICY, "7.1": Reason.POLICY, "7.13": Reason.SUSPENDED,
    "7.17": Reason.MOVED, "7.18": Reason.MOVED,
    "7.20": Reason.AUTHENTICATION, "7.21": Reason.AUTHENTICATION, "7.22": Reason.AUTHENTICATION,
    "7.23": Reason.AUTHENTICATION, "7.24": Reason.AUTHENTICATION, "7.25": Reason.BLOCKED,
    "7.26": Reason.AUTHENTICATION, "7.27": Reason.NO_MAIL,
}  # fmt: skip
_SAYS_DEAD: Final = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "1.351", "7.17", "7.18"})
_AT_RCPT: Final = frozenset({"1.0", "5.0"})
"""Codes that servers give to a recipient whom they refuse."""
_VAGUE: Final = frozenset({Reason.POLICY, Reason.FILTERED, Reason.SYSTEM})

_COMMANDS: Final = (
    ("RCPT", re.compile(
        r"rcpt|does not like recipient|recipient address rejected|after recipient|\(state 14\)",
        re.IGNORECASE)),
    ("DATA", re.compile(
        r"(?:end of|final|>>>|to|\[|after|reply to) ?\"?data\b|after i sent the message"
        r"|sending message body|smtp command\s+data|\(state 1[5-9]\)", re.IGNORECASE)),
    ("MAIL", re.compile(
        r"mail[ _]from|>>> ?mail\b|to mail\b|sender was rejected|mail command", re.IGNORECASE)),
    ("CONN", re.compile(
        r"initial connection|(?:ehlo|helo)\b|while talking to me|refused to talk"
        r"|my name was rejected|greeting failed", re.IGNORECASE)),
)  # fmt: skip


def code_in(words: str) -> str:
    """The most telling enhanced code of a text: one with a detail before one that ends in 0.0."""
    found = [".".join(each) for each in _CODE.findall(words) if each[0] != "2"]
    for each in found:
        if not each.endswith("0.0"):
            return each
    return found[0] if found else ""


def says_dead(code: str) -> bool:
    """Whether the code alone says that the address is dead."""
    return code.startswith("5.") and code.removeprefix("5.") in _SAYS_DEAD


def reply_in(words: str) -> str:
    """The SMTP reply code of a text, or an empty string."""
    found = _REPLY.search(words)
    return found[1] if found else ""


def command_in(words: str) -> str:
    """The SMTP command that was answered: RCPT, DATA, MAIL, CONN, or nothing.

    Of several, the one said last: a dialogue ends with the one that failed.
    """
    best, where = "", -1
    for name, pattern in _COMMANDS:
        for found in pattern.finditer(words):
            if found.start() >= where:
                best, where = name, found.start()
    return best


def judge(status: str, diagnostic: str, words: str, *, of_us: bool = False) -> tuple[Reason, bool]:
    """Reason, and whether the address is dead.

    `status` is the enhanced code, `diagnostic` the server's own line, `words` all that the report
    says of the recipient, `of_us` that the line names the sender, and not the recipient.
    """
    code = code_in(diagnostic) or code_in(words) or status
    if code.endswith("0.0") and status and not status.endswith("0.0"):
        code = status
    detail = code.partition(".")[2]
    means = _MEANING.get(detail)
    command = command_in(diagnostic) or command_in(words)
    if of_us or command in {"MAIL", "CONN"} or phrases.about_sender(diagnostic, words):
        kept = phrases.mild(diagnostic) or phrases.mild(words)
        return kept or (means if means and means not in DEAD else Reason.BLOCKED), False
    for said in (diagnostic, words):
        # The server's own line first: what the report says around it is often boilerplate.
        final, mild = phrases.final(said), phrases.mild(said)
        if mild is not None and not (final and detail in _SAYS_DEAD and code.startswith("5")):
            return mild, False
        if final is not None:
            return _dead(final, said, code, command)
        if said is diagnostic and detail in _SAYS_DEAD and code_in(diagnostic):
            break
    if detail in _SAYS_DEAD and means is not None:
        return means, code.startswith("5")
    found = phrases.other(diagnostic) or phrases.other(words)
    if means is None or means in DEAD:
        return found or Reason.UNDEFINED, False
    return (found if found and means in _VAGUE else means), False


def _dead(final: Reason, said: str, code: str, command: str) -> tuple[Reason, bool]:
    """The words say that the address is dead: are they to be believed?"""
    if code.startswith("4") and not reply_in(said).startswith("5"):
        return final, False
    if final is not Reason.USER_UNKNOWN:
        return final, True
    detail = code.partition(".")[2]
    if detail in _SAYS_DEAD or detail in _AT_RCPT or phrases.first_hand(said):
        return final, True
    if command == "RCPT":
        return final, True
    return Reason.FILTERED, False
