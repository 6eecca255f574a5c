"""The verdict on a message: the witnesses are heard in order of how often they are right.

The machine's fields, then X-Failed-Recipients, then addresses of the text by where they stand, then
the letter that came back (its To, and the `for` of its Received). Weak ones count only where
another bears them out or none contradicts.
"""

from __future__ import annotations

import re
from typing import Final

from digest.domain.inbound import AutoReply, Bounce, Complaint, Event, Inbound, Reason, Unknown
from digest.mail.bounces import phrases, prose, status, words_report, words_tongues
from digest.mail.bounces.addresses import in_field, in_text, is_daemon, same, typed, unique
from digest.mail.bounces.mime import parse
from digest.mail.bounces.phrases import any_of
from digest.mail.bounces.replies import is_auto_reply
from digest.mail.bounces.report import Report, dissect

DIAGNOSTIC: Final = 400
"""Characters kept of what a server said."""
WORDS: Final = 4_000
"""Characters of a report that are read for its reason, where it is about one recipient."""
WORDS_EACH: Final = 600
"""The same for each of several."""
_ENDED_WELL: Final = frozenset({"delivered", "relayed", "expanded"})
_FOR: Final = re.compile(r"\bfor\s+<?([^\s<>;]+@[^\s<>;]+)>?", re.IGNORECASE)
_DAEMON: Final = re.compile(any_of(words_report.DAEMON), re.IGNORECASE)
_FAILED: Final = re.compile(any_of(words_report.FAILED + words_tongues.FAILED), re.IGNORECASE)
_DIALOGUE: Final = re.compile(r"rcpt to:", re.IGNORECASE)
_CODED: Final = re.compile(r"(?:[45]\d\d[ -]{1,2}#?|#|\()[45]\.\d{1,2}\.\d{1,3}\b|said: [45]\d\d\b")
"""A server's reply, in whatever language the words around it are."""
_REFUSAL: Final = re.compile(r"(?:^|\s)[45]\d\d[ -]\S", re.MULTILINE)
_DELAY: Final = re.compile(any_of(words_report.DELAY + words_tongues.DELAY), re.IGNORECASE)
_LISTS: Final = ("list-post", "x-beenthere", "x-mailing-list", "mailing-list")
"""Fields that name the list a letter was written to: its To is nobody's mailbox."""
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{3,250})>")


def provider_notice(text: str) -> tuple[Event, ...] | None:
    """The events of a provider's notice (Amazon's SNS) that came as a mail."""
    # Here, because the providers' words are weighed by the modules of this package.
    from digest.mail.webhooks import ses_mail  # noqa: PLC0415

    return ses_mail(text)


def read(raw: bytes, recipient: str = "") -> Inbound:
    """What a message says. Never raises, whatever the bytes are."""
    report = dissect(parse(raw))
    found = _MESSAGE_ID.search(report.of_letter("message-id"))
    quoted = found[1] if found else ""
    return Inbound(tuple(_events(report)), recipient, quoted, raw=raw)


def _events(report: Report) -> list[Event]:
    notice = provider_notice(report.text)
    if notice is not None:
        return list(notice)
    if report.feedback or _is_complaint(report):
        return list(_complaints(report))
    bounces = _bounces(report)
    if bounces:
        return list(bounces)
    if is_auto_reply(report):
        sender = in_field(report.field("from")) or in_field(report.field("return-path"))
        return [AutoReply(sender[0] if sender else "")]
    return [Unknown("neither a report nor a request")]


# --- complaints --------------------------------------------------------------------------------


def _is_complaint(report: Report) -> bool:
    """Hotmail's own form: no ARF, a fixed sender and subject, the letter attached."""
    return (
        report.found
        and re.match(r"complaint about message from", report.field("subject"), re.IGNORECASE)
        is not None
    )


def _complaints(report: Report) -> list[Complaint]:
    kind = (report.feedback.get("feedback-type") or ["abuse"])[0].strip().lower() or "abuse"
    named = unique(
        address
        for name in ("original-rcpt-to", "removal-recipient")
        for value in report.feedback.get(name, [])
        for address in in_field(value)
    )
    if not named:
        named = in_field(report.of_letter("to"))[:1] or _received_for(report)[:1]
    if not named:
        hotmail = "x-hmxmroriginalrecipient"
        named = in_field(report.field(hotmail) or report.of_letter(hotmail))[:1]
    return [Complaint(address, kind) for address in named] or [Complaint("", kind)]


# --- bounces -----------------------------------------------------------------------------------


def _bounces(report: Report) -> list[Bounce]:
    groups = [g for g in report.groups if _action(g) not in _ENDED_WELL]
    if report.groups and not groups:
        return []
    named = unique(
        address
        for value in report.top.fields.get("x-failed-recipients", [])
        for address in in_text(value)
    )
    spoken = prose.mentions(report.text, _ours(report))
    if not groups and not named and not _looks_like_one(report, spoken):
        return []
    if groups:
        made = _from_groups(report, groups, named, spoken)
        if made:
            return made
    addresses = _outvoted(report, named, spoken) or named or _from_words(report, spoken)
    return [
        _bounce(report, address, {}, spoken, alone=len(addresses) == 1) for address in addresses
    ]


def _outvoted(report: Report, named: list[str], spoken: list[prose.Mention]) -> list[str]:
    """Whom the text blames and the letter was written to, where the header names others.

    Only where the text mentions none of the header's: that of an alias is in both.
    """
    if not named or any(same(m.address, one) for m in spoken for one in named):
        return []
    to = in_field(report.of_letter("to"))
    heads = unique(m.address for m in spoken if m.weight == prose.HEAD)
    return [address for address in heads if any(same(address, one) for one in to)]


def _from_groups(
    report: Report, groups: list[dict[str, str]], named: list[str], spoken: list[prose.Mention]
) -> list[Bounce]:
    made: dict[str, Bounce] = {}
    for group in groups:
        said = group.get("final-recipient", "")
        # A pipe, a file or a source route is nobody's address.
        final = "" if re.search(r"(?:^|;)\s*[|/@\"]?[|/@]", said) else typed(said)
        original = typed(group.get("original-recipient", ""))
        address = final or typed(group.get("x-actual-recipient", "")) or original
        if not address and len(groups) == 1:
            candidates = named or _from_words(report, spoken)
            address = candidates[0] if candidates else ""
        if not address:
            continue
        alias = original if original and not same(original, address) else ""
        bounce = _bounce(report, address, group, spoken, alone=len(groups) == 1, alias=alias)
        made.setdefault(address.casefold(), bounce)
    return list(made.values())


def _bounce(
    report: Report,
    address: str,
    group: dict[str, str],
    spoken: list[prose.Mention],
    *,
    alone: bool,
    alias: str = "",
) -> Bounce:
    kind, _, rest = group.get("diagnostic-code", "").partition(";")
    diagnostic = (rest if rest.strip() else kind).strip()
    category = group.get("x-powermta-bouncecategory", "").strip()
    said_of_it = next((m.words for m in spoken if same(m.address, address) and m.words), "")
    words = report.text[:WORDS] if alone else said_of_it[:WORDS_EACH]
    code = status.code_in(group.get("status", ""))
    diagnostic = diagnostic or prose.replied(words)
    if not diagnostic and status.says_dead(code):
        # The code is all that the server says; what else is in the text is a footer's.
        words = re.split(r"\n\s*\n", said_of_it)[0][:WORDS_EACH]
    if not diagnostic and not words:
        words = report.field("subject")
    of_us = _names_us(report, diagnostic, address)
    reason, hard = status.judge(code, f"{diagnostic}\n{category}".strip(), words, of_us=of_us)
    action = _action(group) or ("delayed" if _is_delay(report) else "failed")
    if action == "delayed" and reason not in {Reason.MAILBOX_FULL, Reason.TOO_MANY}:
        hard = False
    reply = status.reply_in(diagnostic) or (code or status.code_in(diagnostic))
    if reply.startswith("4"):
        hard = False
    said = " ".join((diagnostic or _first_words(words)).split())[:DIAGNOSTIC]
    shown = status.code_in(diagnostic) or code or status.code_in(words)
    return Bounce(address, hard, reason, shown, said, action, alias)


def _names_us(report: Report, diagnostic: str, address: str) -> bool:
    """Whether a server's line speaks of the sender or the sender's domain, not of the recipient."""
    line = diagnostic.casefold()
    theirs = address.casefold().rpartition("@")[2]
    ours = {one.casefold().rpartition("@")[2] for one in _ours(report)} - {"", theirs}
    if theirs and theirs in line:
        return False
    return any(re.search(rf"(?<![\w/.-]){re.escape(one)}(?![\w/.-]*/)", line) for one in ours)


def _ours(report: Report) -> list[str]:
    """The addresses under which we wrote."""
    return [
        address
        for name in ("from", "return-path", "sender", "reply-to", "errors-to", "x-envelope-from")
        for address in in_field(report.of_letter(name))
    ] + in_field(report.field("to"))


def _first_words(words: str) -> str:
    return "\n".join(line for line in words.split("\n") if line.strip())[:DIAGNOSTIC]


def _action(group: dict[str, str]) -> str:
    found = re.match(r"\s*([a-z]+)", group.get("action", "").lower())
    return found[1] if found else ""


def _is_delay(report: Report) -> bool:
    return _DELAY.search(report.field("subject")) is not None


def _looks_like_one(report: Report, spoken: list[prose.Mention]) -> bool:
    """Whether a message without machine fields is a bounce at all."""
    sender = f"{report.field('from')} {report.field('return-path')} {report.field('sender')}"
    null = report.field("return-path").strip() in {"<>", ""} and "return-path" in report.top.fields
    # A dialogue with a server, quoted: no person writes so.
    dialogue = bool(_DIALOGUE.search(report.text) and _REFUSAL.search(report.text))
    titled = _FAILED.search(report.field("subject")) is not None
    daemon = _DAEMON.search(sender) is not None
    if not daemon and not report.letter and is_auto_reply(report):
        # Absence notes have the null sender, too, and may speak of what failed.
        return False
    if daemon or null:
        told = report.text[:3000]
        return titled or dialogue or bool(_FAILED.search(told) or _CODED.search(told))
    weight = max((mention.weight for mention in spoken), default=0)
    why = phrases.mild(report.text[:WORDS]) or phrases.final(report.text[:WORDS])
    blamed = report.letter or weight == prose.HEAD or (weight == prose.NAMED and why)
    return dialogue or bool(titled and blamed)


def _from_words(report: Report, spoken: list[prose.Mention]) -> list[str]:
    """The addresses of the text that failed, as far as the letter that came back agrees."""
    ours = _ours(report)
    lists = [
        address
        for name in _LISTS
        for value in report.letter.get(name, [])
        for address in in_text(value)
    ]
    to = unique([*in_field(report.of_letter("to")), *in_field(report.of_letter("cc"))])
    to = [each for each in to if not any(same(each, one) for one in lists)]
    ours += lists
    foreign = [
        m
        for m in spoken
        if not any(same(m.address, mine) for mine in ours) and not is_daemon(m.address)
    ]
    received = _received_for(report)
    reached = [*to, *received]
    heads = [m for m in foreign if m.weight == prose.HEAD]
    if any(same(m.address, one) for m in heads for one in reached):
        # The letter bears one out: another must be blamed in words, else it is a signature's.
        return [
            m.address for m in heads if any(same(m.address, one) for one in reached) or _blamed(m)
        ]
    if heads:
        return [m.address for m in heads]
    loud = [
        m.address
        for m in spoken
        if m.weight == prose.HEAD and (not is_daemon(m.address) or _blamed(m))
    ]
    if loud:
        return loud[:1]
    for name in ("delivered-to", "x-original-to", "x-envelope-to"):
        reached += in_field(report.of_letter(name))
    for weight in (prose.NAMED, prose.SEEN):
        named = [m.address for m in foreign if m.weight == weight]
        agreed = [each for each in named if any(same(each, one) for one in reached)]
        if agreed or (named and weight == prose.NAMED):
            return agreed or named
    if len(to) == 1:
        return to
    found = received[:1] or [m.address for m in foreign][:1] or to[:1]
    return found or prose.without_domain(report.text, in_field(report.field("from")))


def _blamed(mention: prose.Mention) -> bool:
    """Whether the words right after an address say that it failed."""
    words = mention.words[:300]
    return bool(status.reply_in(words) or phrases.final(words) or phrases.mild(words))


def _received_for(report: Report) -> list[str]:
    return unique(
        found[1].rstrip(".,;")
        for value in report.letter.get("received", [])
        for found in [_FOR.search(value)]
        if found
    )
