"""listen(message, store, now): mail comes in.

    read ──▶ whose? ──▶ bounce     hard: suppressed at once; soft: by score over days
               │        complaint  unsubscribed, and never asked again
               │        auto-reply nothing
               └──────▶ command    with a token it acts; a From alone only asks, by mail

Nothing that anybody can write changes anything: a report counts when it came to the return path of
a letter (a keyed address), brings the Message-ID of one back (keyed too) or was signed by a
provider; a command when it has a token. All the rest is noted at most. The same message is heard
once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from digest.domain.address import normalise
from digest.domain.inbound import (
    ARRIVED,
    LIMIT,
    MEMORY,
    AutoReply,
    Bounce,
    Command,
    Complaint,
    Inbound,
    Unknown,
    Verb,
    score,
    weight,
)
from digest.domain.mailbox import Box, Mailboxes, Sort
from digest.domain.notice import Action, Ask, Consent, Via
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.errors import UsageError
from digest.ports import Heard, Store
from digest.workflows.alarm import judge_complaints
from digest.workflows.reception import FORM, NEVER_AGAIN, Origin, Reception, Verdict

BOUNCED: Final = "bounced"
"""Reason of a suppression that its reader lifts by subscribing anew."""
UNPROVEN_AN_HOUR: Final = 200
"""Reports and commands without proof that are noted in an hour; a flood fills no database."""
ABOUT_ONE_A_DAY: Final = 50
"""Lines about one reader that are noted in a day; whoever has their letter could write for ever."""
RECENT: Final = timedelta(days=7)
"""How old a letter may be to which a complaint is put that names none."""
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whom a report is about, and how that is known."""

    reader: Subscriber | None = None
    delivery_id: int | None = None
    edition: date | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """Hears messages. `read` takes one apart, `help_mail` answers a request for help at once.

    `read(raw, recipient, sender)` gets the envelope's addresses (empty, None: not known);
    `hash_of(purpose, text)` is the keyed hash of the installation. `stop_complaints` is the share
    of complaints among an edition's letters from which it is held.
    """

    store: Store
    reception: Reception
    boxes: Mailboxes
    read: Callable[[bytes, str, str | None], Inbound]
    help_mail: Callable[[str], None]
    hash_of: Callable[[str, str], str]
    defaults: Preferences = field(default_factory=Preferences)
    stop_complaints: float = 0.0

    def hear(
        self, raw: bytes, now: datetime, recipient: str = "", sender: str | None = None
    ) -> tuple[str, ...]:
        """Do what a message asks for; returns what followed, a line for the log each.

        Raises StorageError when the database cannot be written: the message must come again.
        """
        return self.take(self.read(raw, recipient, sender), now)

    def take(self, inbound: Inbound, now: datetime) -> tuple[str, ...]:
        """The same for what was read already (a provider's web hook, its signature checked)."""
        if all(isinstance(event, Unknown) for event in inbound.events):
            return tuple(f"ignored: {e.why}" for e in inbound.events if isinstance(e, Unknown))
        found: list[tuple[str, Heard | None]] = []
        answers: list[str] = []
        with self.store.write():
            about = f"{inbound.signed}:{inbound.events}" if inbound.signed else inbound.recipient
            # What people write is not kept, only that it came.
            reported = any(isinstance(event, Bounce | Complaint) for event in inbound.events)
            message = self.store.post.keep(inbound.raw, about, now, whole=reported)
            if message is None:
                return ("heard before",)
            for event in inbound.events:
                match event:
                    case Bounce():
                        found.append(self._bounce(event, inbound, now))
                    case Complaint():
                        found.append(self._complaint(event, inbound, now))
                    case AutoReply():
                        found.append(self._absence(event, inbound, now))
                    case Command():
                        found.append(self._command(event, inbound, now, answers))
                    case Unknown(why):
                        found.append((f"ignored: {why}", None))
            lines = [line for _, line in found if line is not None and self._worth(line)]
            for line in lines:
                self.store.post.log(line, message)
                if line.kind == "complaint" and line.proof and line.edition is not None:
                    judge_complaints(self.store, line.edition, self.stop_complaints, now)
            if not lines:
                self.store.post.drop(message)
        # After the transaction: a server that is slow must not hold the database.
        for address in answers:
            self.help_mail(address)
        return tuple(told for told, _ in found)

    # --- reports --------------------------------------------------------------------------------

    def _whose(self, inbound: Inbound, address: str, now: datetime) -> Proof:
        box, token = self.boxes.box_of(inbound.recipient)
        if box is Box.BOUNCES and token:
            try:
                sort, number = self.boxes.whose(box, token, now)
            except UsageError:
                return Proof()
            if sort is Sort.SUBSCRIBER:
                return Proof(self.store.subscribers.by_id(number), how="return path")
            letter = self.store.post.letter(number)
            if letter is not None:
                reader = self.store.subscribers.by_id(letter[0])
                return Proof(reader, number, letter[1], "return path")
            return Proof(how="return path")
        edition = _edition_of(inbound.message_id)
        if edition is not None and abs((now.date() - edition).days) <= MEMORY.days:
            found = self.store.post.letter_of(edition, inbound.message_id)
            if found is not None:
                reader = self.store.subscribers.by_id(found[1])
                return Proof(reader, found[0], edition, "message-id")
        key = _key(address)
        reader = self.store.subscribers.find(key) if key else None
        return Proof(reader, how="signature" if inbound.signed else "")

    def _bounce(self, event: Bounce, inbound: Inbound, now: datetime) -> tuple[str, Heard]:
        proof = self._whose(inbound, event.address, now)
        reader = proof.reader
        heavy = weight(event)
        own = reader is not None and reader.key in {_key(event.address), _key(event.alias)}
        # Of another address (a forwarding of theirs that broke) only the reader can say more.
        hard = event.hard and own
        if reader is None:
            outcome = "of no reader"
        elif not proof.how:
            outcome = "not proven to be about a letter of ours: nothing done"
        elif reader.status not in {Status.ACTIVE, Status.PAUSED, Status.PENDING}:
            outcome = f"{reader.status} already"
        elif hard:
            self._give_up(reader, BOUNCED, now)
            outcome = "suppressed: the address is dead"
        else:
            # One who came back begins anew, and so does a mailbox that letters reached since.
            arrived = self.store.post.arrived(reader.id, now - ARRIVED)
            since = max(now - MEMORY, *filter(None, (reader.confirmed_at, arrived)))
            earlier = self.store.post.soft(reader.id, since)
            sum_ = score([*earlier, (now, heavy)], now)
            if sum_ >= LIMIT:
                self._give_up(reader, BOUNCED, now)
                outcome = f"suppressed: bounces add up to {sum_:.1f}"
            else:
                outcome = f"counted: {sum_:.1f} of {LIMIT:.1f}"
        kind = "hard" if hard else "soft"
        heard = Heard(
            at=now,
            kind="bounce",
            outcome=outcome,
            subscriber_id=reader.id if reader else None,
            delivery_id=proof.delivery_id,
            address=self._address_hash(event.address),
            reason=f"{kind}: {event.reason}",
            status=event.status,
            proof=proof.how,
            weight=heavy,
            said=event.diagnostic,
            edition=proof.edition,
        )
        return f"bounce ({kind}, {event.reason}): {outcome}", heard

    def _complaint(self, event: Complaint, inbound: Inbound, now: datetime) -> tuple[str, Heard]:
        proof = self._whose(inbound, event.address, now)
        reader = proof.reader
        if reader is not None and proof.how and proof.edition is None:
            # Some providers do not say of which letter: of the last one, most likely.
            last = self.store.post.last_letter(reader.id, now - RECENT)
            if last is not None:
                proof = replace(proof, delivery_id=last[0], edition=last[1])
        if reader is None:
            outcome = "of no reader"
        elif not event.angry:
            outcome = "is about our signatures, not from the reader: nothing done"
        elif not proof.how:
            outcome = "not proven to be about a letter of ours: nothing done"
        else:
            self._give_up(reader, NEVER_AGAIN, now)
            self._log(reader, Action.LEFT, now)
            outcome = "unsubscribed and suppressed"
        heard = Heard(
            at=now,
            kind="complaint",
            outcome=outcome,
            subscriber_id=reader.id if reader else None,
            delivery_id=proof.delivery_id,
            address=self._address_hash(event.address),
            reason=event.feedback[:40],
            proof=proof.how,
            edition=proof.edition,
        )
        return f"complaint ({event.feedback[:40]}): {outcome}", heard

    def _absence(self, event: AutoReply, inbound: Inbound, now: datetime) -> tuple[str, Heard]:
        proof = self._whose(inbound, event.address, now)
        heard = Heard(
            at=now,
            kind="auto-reply",
            outcome="nothing to do",
            subscriber_id=proof.reader.id if proof.reader else None,
            delivery_id=proof.delivery_id,
            address=self._address_hash(event.address),
            proof=proof.how,
            edition=proof.edition,
        )
        return "auto-reply: nothing to do", heard

    def _give_up(self, reader: Subscriber, reason: str, now: datetime) -> None:
        self.store.subscribers.update(
            replace(reader, status=Status.SUPPRESSED, paused_until=None, asked_at=None, left_at=now)
        )
        if reason == NEVER_AGAIN:
            # It outweighs an earlier reason, of which the first stays otherwise.
            self.store.subscribers.lift(reader.key)
        self.store.subscribers.suppress(reader.key, reason, now)

    # --- commands -------------------------------------------------------------------------------

    def _command(
        self, event: Command, inbound: Inbound, now: datetime, answers: list[str]
    ) -> tuple[str, Heard]:
        outcome, reader = self._act(event, inbound, now, answers)
        heard = Heard(
            at=now,
            kind="command",
            outcome=outcome,
            subscriber_id=reader.id if reader else None,
            address=self._address_hash(event.address),
            reason=str(event.verb),
            proof="token" if reader else "",
        )
        return f"{event.verb}: {outcome}", heard

    def _act(
        self, event: Command, inbound: Inbound, now: datetime, answers: list[str]
    ) -> tuple[str, Subscriber | None]:
        if inbound.automatic == "null sender":
            return "from a null sender: nothing done", None
        origin = Origin(Via.MAIL, network=f"mail:{event.address.rpartition('@')[2].lower()}")
        if event.token and event.verb in {Verb.UNSUBSCRIBE, Verb.CONFIRM}:
            return self._with_token(event, inbound, origin, now)
        if inbound.automatic:
            return f"not answered: {inbound.automatic}", None
        try:
            address = normalise(event.address)
            match event.verb:
                case Verb.SUBSCRIBE:
                    verdict = self.reception.ask(address.shown, self.defaults, origin, now)
                    said = "asked for confirmation by mail, as far as the limits let"
                case Verb.UNSUBSCRIBE | Verb.CONFIRM:
                    # Anybody can write a From: its owner gets the link.
                    verdict = self.reception.send_link(address.shown, origin, now)
                    said = "sent the reader's own link, if there is such a reader"
                case Verb.HELP:
                    return self._help(address.shown, now, answers), None
        except UsageError as fault:
            return f"not done: {fault.message}", None
        return said if verdict is Verdict.TAKEN else f"not done: {verdict}", None

    def _with_token(
        self, event: Command, inbound: Inbound, origin: Origin, now: datetime
    ) -> tuple[str, Subscriber | None]:
        box = Box.CONFIRM if event.verb is Verb.CONFIRM else Box.UNSUBSCRIBE
        try:
            _, number = self.boxes.whose(box, event.token, now)
            if event.verb is Verb.CONFIRM:
                if inbound.automatic:
                    # An absence note that answers our question is no consent.
                    return f"does not confirm: {inbound.automatic}", None
                return "confirmed", self.reception.confirm(number, origin, now)
            left = self.reception.leave(number, origin, now)
        except UsageError as fault:
            return f"not done: {fault.message}", None
        return ("left" if left is not None else "left already"), left

    def _help(self, address: str, now: datetime, answers: list[str]) -> str:
        key = self.hash_of("address", address.lower())
        domain = self.hash_of("domain", address.rpartition("@")[2].lower())
        notices = self.store.notices
        if (
            notices.asked(now - _HOUR, address=key, mailed=True)
            or notices.asked(now - _HOUR, domain=domain, purpose="help", mailed=True)
            >= self.reception.limits.domain_h
            or notices.asked(now - timedelta(minutes=1)) >= self.reception.limits.minute
        ):
            return "not answered: one answer an hour"
        notices.note(Ask(now, "help", "", key, domain, mailed=True))
        answers.append(address)
        return "answered"

    # --- the logs -------------------------------------------------------------------------------

    def _worth(self, heard: Heard) -> bool:
        """Whether a line is noted: not in a flood."""
        post = self.store.post
        if not heard.proof:
            return post.unproven(heard.at - _HOUR) < UNPROVEN_AN_HOUR
        reader = heard.subscriber_id
        return reader is None or post.about(reader, heard.at - 24 * _HOUR) < ABOUT_ONE_A_DAY

    def _log(self, reader: Subscriber, action: Action, now: datetime) -> None:
        self.store.notices.log(
            Consent(now, reader.id, self.hash_of("address", reader.key), action, Via.MAIL, FORM)
        )

    def _address_hash(self, address: str) -> str:
        key = _key(address)
        return self.hash_of("address", key) if key else ""


def _key(address: str) -> str:
    try:
        return normalise(address).key
    except UsageError:
        return ""


def _edition_of(message_id: str) -> date | None:
    """The date in a Message-ID of ours, see `tokens.message_id`."""
    head = message_id.partition(".")[0]
    if len(head) != 8 or not (head.isascii() and head.isdigit()):  # noqa: PLR2004 - YYYYMMDD
        return None
    try:
        return date(int(head[:4]), int(head[4:6]), int(head[6:]))
    except ValueError:
        return None
