"""What readers do by themselves, on the site or by mail: subscribe, confirm, change, pause, leave.

    ask ──▶ a notice ──▶ confirm ──▶ active ──▶ pause, change ──▶ leave ──▶ (7 days) come back
                 └─ no answer: one reminder, then forgotten        └─▶ forget: a hash stays

Whoever asks learns the same whether or not an address is known, and nothing is mailed from here: a
notice is queued, which `notify.Messenger` sends. Every request passes the same limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from digest.domain.address import Address, normalise
from digest.domain.notice import Action, Ask, Consent, NoticeKind, Via
from digest.domain.subscriber import (
    Preferences,
    Status,
    Subscriber,
    may_confirm,
    may_return,
)
from digest.errors import UsageError
from digest.ports import Store
from digest.workflows.subscribe import ERASED

FORM: Final = "2026-11"
"""Version of the words that a reader agrees to; a change of theirs is a change of this."""

NEVER_AGAIN: Final = "complaint"
"""Reason of a suppression that no request lifts: who reported us as spam is not asked again."""

MAX_WEEKS: Final = 4

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_A_DAY: Final = 1
"""Mails of one kind to an address a day."""
_EVER: Final = 3
"""Confirmations sent to an address that never answers."""


class Verdict(StrEnum):
    """What became of a request."""

    TAKEN = "taken"
    NETWORK = "too many requests from this network"
    BUSY = "too many requests in all"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests from one network an hour, in all a minute, mails to one domain an hour."""

    network_h: int = 20
    minute: int = 60
    domain_h: int = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Whence a request came: by which way, from which IP address and block (empty: unknown)."""

    via: Via
    ip: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Reception:
    """Takes requests; `hash_of(purpose, text)` is the keyed hash of the installation."""

    store: Store
    hash_of: Callable[[str, str], str]
    limits: Limits = field(default_factory=Limits)

    # --- asking for a mail ----------------------------------------------------------------------

    def ask(self, text: str, preferences: Preferences, origin: Origin, now: datetime) -> Verdict:
        """Someone asks that an address be subscribed. Raises UsageError for what is none."""
        address = normalise(text)
        with self.store.write():
            verdict = self._limited(origin, now)
            if verdict is not Verdict.TAKEN:
                return verdict
            found = self.store.subscribers.find(address.key)
            if found is not None and found.status in {Status.ACTIVE, Status.PAUSED}:
                if self._noted(NoticeKind.KNOWN, address, origin, now):
                    self.store.notices.put(NoticeKind.KNOWN, found.id, now)
            elif self._noted(NoticeKind.CONFIRM, address, origin, now):
                reader = self._asking(address, found, preferences, now)
                self._log(reader, Action.ASKED, origin, now)
                self.store.notices.put(NoticeKind.CONFIRM, reader.id, now)
        return Verdict.TAKEN

    def send_link(self, text: str, origin: Origin, now: datetime) -> Verdict:
        """Mail the link to their preferences, if the address is a reader's.

        Raises UsageError for what is no address.
        """
        address = normalise(text)
        with self.store.write():
            verdict = self._limited(origin, now)
            if verdict is not Verdict.TAKEN:
                return verdict
            found = self.store.subscribers.find(address.key)
            wanted = found is not None and found.status in {Status.ACTIVE, Status.PAUSED}
            noted = self._noted(NoticeKind.MANAGE, address, origin, now, send=wanted)
            if found is not None and noted:
                self.store.notices.put(NoticeKind.MANAGE, found.id, now)
        return Verdict.TAKEN

    def _asking(
        self, address: Address, found: Subscriber | None, preferences: Preferences, now: datetime
    ) -> Subscriber:
        if found is not None:
            changed = replace(found, preferences=preferences, asked_at=now)
            self.store.subscribers.update(changed)
            return changed
        fresh = Subscriber(
            id=0,
            address=address.shown,
            key=address.key,
            status=Status.PENDING,
            created_at=now,
            preferences=preferences,
            asked_at=now,
        )
        added = self.store.subscribers.add(fresh)
        if added is None:  # another process was first; this transaction sees it by now
            known = self.store.subscribers.find(address.key)
            if known is None:
                raise UsageError(f"{address.shown}: could not be added", "try again")
            return known
        return added

    def _limited(self, origin: Origin, now: datetime) -> Verdict:
        asked = self.store.notices.asked
        network = self.hash_of("network", origin.network) if origin.network else ""
        if network and asked(now - _HOUR, network=network) >= self.limits.network_h:
            return Verdict.NETWORK
        if asked(now - timedelta(minutes=1)) >= self.limits.minute:
            return Verdict.BUSY
        return Verdict.TAKEN

    def _noted(
        self,
        kind: NoticeKind,
        address: Address,
        origin: Origin,
        now: datetime,
        *,
        send: bool = True,
    ) -> bool:
        """Note the request; returns whether a mail may go out for it."""
        key = self.hash_of("address", address.key)
        domain = self.hash_of("domain", address.key.rpartition("@")[2])
        asked = self.store.notices.asked
        suppressed = self.store.subscribers.suppressed_for(address.key)
        mailed = (
            send
            and suppressed != NEVER_AGAIN
            and asked(now - _DAY, address=key, purpose=kind, mailed=True) < _A_DAY
            and asked(now - _HOUR, domain=domain, mailed=True) < self.limits.domain_h
            and (
                kind is not NoticeKind.CONFIRM
                or asked(None, address=key, purpose=kind, mailed=True) < _EVER
            )
        )
        self.store.notices.note(
            Ask(
                at=now,
                purpose=kind,
                network=self.hash_of("network", origin.network) if origin.network else "",
                address=key,
                domain=domain,
                mailed=mailed,
            )
        )
        return mailed

    # --- with a signed link ---------------------------------------------------------------------

    def confirm(self, reader_id: int, origin: Origin, now: datetime) -> Subscriber:
        """The reader of an address confirms; a second time changes nothing.

        Raises UsageError when there is nothing to confirm any more.
        """
        with self.store.write():
            found = self.store.subscribers.by_id(reader_id)
            if found is not None and found.status in {Status.ACTIVE, Status.PAUSED}:
                return found
            if found is None or not may_confirm(found, now):
                raise UsageError("this link was used or has ended", "subscribe again")
            changed = replace(
                found,
                status=Status.ACTIVE,
                confirmed_at=now,
                asked_at=None,
                left_at=None,
                paused_until=None,
            )
            self.store.subscribers.update(changed)
            self.store.subscribers.lift(found.key)
            self.store.notices.answered(self.hash_of("address", found.key))
            self._log(changed, Action.CONFIRMED, origin, now)
        return changed

    def leave(self, reader_id: int, origin: Origin, now: datetime) -> Subscriber | None:
        """The reader leaves; what is queued is not sent. None when they are not known any more.

        One who never confirmed gets no further mail; a second time changes nothing.
        """
        with self.store.write():
            found = self.store.subscribers.by_id(reader_id)
            if found is None:
                return None
            reading = found.status in {Status.ACTIVE, Status.PAUSED}
            if not reading and not may_confirm(found, now):
                return found
            status = found.status if found.status is Status.SUPPRESSED else Status.UNSUBSCRIBED
            changed = replace(found, status=status, paused_until=None, asked_at=None, left_at=now)
            self.store.subscribers.update(changed)
            self._log(changed, Action.LEFT, origin, now)
            if reading:
                self.store.notices.put(NoticeKind.GOODBYE, found.id, now)
        return changed

    def come_back(self, reader_id: int, left_at: int, origin: Origin, now: datetime) -> Subscriber:
        """Undo leaving, within the days of grace; `left_at` (epoch seconds) names which leaving.

        Raises UsageError when it is too late.
        """
        with self.store.write():
            found = self.store.subscribers.by_id(reader_id)
            if found is not None and found.status in {Status.ACTIVE, Status.PAUSED}:
                return found
            if (
                found is None
                or not may_return(found, now)
                or found.left_at is None
                or int(found.left_at.timestamp()) != left_at
            ):
                raise UsageError("this can be undone no longer", "subscribe again")
            changed = replace(found, status=Status.ACTIVE, left_at=None, asked_at=None)
            self.store.subscribers.update(changed)
            self._log(changed, Action.RETURNED, origin, now)
        return changed

    def pause(self, reader_id: int, weeks: int, now: datetime) -> Subscriber:
        """Send nothing for 1 to 4 weeks; 0 ends a pause.

        Raises UsageError when they are not subscribed, or for another number.
        """
        if not 0 <= weeks <= MAX_WEEKS:
            raise UsageError(f"a pause lasts 1 to {MAX_WEEKS} weeks")
        with self.store.write():
            found = self._reading(reader_id)
            changed = replace(
                found,
                status=Status.PAUSED if weeks else Status.ACTIVE,
                paused_until=now + timedelta(weeks=weeks) if weeks else None,
            )
            self.store.subscribers.update(changed)
        return changed

    def change(self, reader_id: int, preferences: Preferences) -> Subscriber:
        """Keep other preferences; letters already queued go out as they are.

        Raises UsageError when they are not subscribed.
        """
        with self.store.write():
            changed = replace(self._reading(reader_id), preferences=preferences)
            self.store.subscribers.update(changed)
        return changed

    def forget(self, reader_id: int, origin: Origin, now: datetime) -> bool:
        """Erase the reader: a keyed hash on the suppression list stays. False when unknown."""
        with self.store.write():
            found = self.store.subscribers.by_id(reader_id)
            if found is None:
                return False
            self._log(found, Action.ERASED, origin, now)
            self.store.subscribers.erase(found.key)
            self.store.subscribers.suppress(found.key, ERASED, now)
        return True

    def export(self, reader_id: int) -> Mapping[str, object]:
        """All that is kept of a reader. Raises UsageError when they are not known."""
        found = self.store.subscribers.by_id(reader_id)
        if found is None:
            raise UsageError("this link belongs to nobody any more", "subscribe again")
        kept = asdict(found)
        kept.pop("id")
        return {
            "reader": kept,
            "consents": [
                {"at": c.at, "action": c.action, "via": c.via, "form": c.form}
                for c in self.store.notices.consents(reader_id)
            ],
            "letters": list(self.store.deliveries.history(reader_id)),
            # What mail servers and the reader wrote to us.
            "heard": [
                {
                    "at": h.at,
                    "kind": h.kind,
                    "outcome": h.outcome,
                    "reason": h.reason,
                    "said": h.said,
                }
                for h in self.store.post.history(reader_id)
            ],
        }

    def _reading(self, reader_id: int) -> Subscriber:
        found = self.store.subscribers.by_id(reader_id)
        if found is None or found.status not in {Status.ACTIVE, Status.PAUSED}:
            raise UsageError("this address is not subscribed", "subscribe again")
        return found

    def _log(self, reader: Subscriber, action: Action, origin: Origin, now: datetime) -> None:
        self.store.notices.log(
            Consent(
                at=now,
                subscriber_id=reader.id,
                address=self.hash_of("address", reader.key),
                action=action,
                via=origin.via,
                form=FORM,
                ip=self.hash_of("ip", origin.ip) if origin.ip else "",
            )
        )
