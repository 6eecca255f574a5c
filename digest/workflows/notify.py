"""notify(store, transport, clock): notices go out, and requests that nobody answers are let go.

pending --claim--> composed, sealed, sent --> sent | refused | put off (4xx, a lost connection)
             └──── its reader is gone, or it is no longer true ──▶ dropped
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from digest.domain.delivery import (
    Accepted,
    Deferred,
    Envelope,
    Letter,
    Rejected,
    Unknown,
    Unsent,
)
from digest.domain.notice import Notice, NoticeKind, NoticeStatus
from digest.domain.subscriber import GRACE, Status, Subscriber, may_confirm, may_return
from digest.errors import TransportError, UsageError
from digest.ports import Clock, Store, Transport
from digest.workflows.desk import OneLetter

LEASE: Final = timedelta(minutes=10)
RETRIES: Final = (
    timedelta(minutes=2),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
"""Waits after a first, second … attempt that failed; after the last the notice is dropped."""

REMIND_AFTER: Final = timedelta(days=2)
"""How long a request waits before it is asked about once more."""
KEEP: Final = timedelta(days=30)
"""How long requests and notices that are done with are kept."""
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Messenger:
    """Sends notices with the parts that wiring gives it."""

    store: Store
    compose: Callable[[Notice, Subscriber], Letter]
    seal: Callable[[Letter, Notice, Subscriber], Envelope]
    transport: Callable[[], Transport]
    clock: Clock
    owner: str

    def send(self) -> Counter[str]:
        """Send what is due; returns how many ended how. Nothing is raised for a server's fault."""
        done: Counter[str] = Counter()
        transport: Transport | None = None
        try:
            while claimed := self.store.notices.claim(self.owner, self.clock(), LEASE):
                for index, notice in enumerate(claimed):
                    transport = transport or self.transport()
                    try:
                        done[self._one(notice, transport)] += 1
                    except TransportError as error:
                        for waiting in claimed[index:]:
                            done[self._again(waiting, error.message)] += 1
                        return done
        finally:
            if transport is not None:
                transport.close()
        return done

    def _one(self, notice: Notice, transport: Transport) -> str:
        reader = self.store.subscribers.by_id(notice.subscriber_id)
        if reader is None or not wanted(notice.kind, reader, self.clock()):
            return self._end(notice, NoticeStatus.DROPPED, "no longer wanted")
        try:
            envelope = self.seal(self.compose(notice, reader), notice, reader)
        except UsageError as error:
            return self._end(notice, NoticeStatus.REFUSED, error.message)
        desk = OneLetter(envelope)
        transport.run(desk)
        match desk.outcome:
            case Accepted(reply):
                return self._end(notice, NoticeStatus.SENT, reply)
            case Rejected(reply):
                return self._end(notice, NoticeStatus.REFUSED, reply)
            case Deferred(reply):
                return self._again(notice, reply)
            case Unsent(reason) | Unknown(reason):
                # A second copy of such a mail does no harm; none at all would.
                return self._again(notice, reason)

    def _end(self, notice: Notice, status: NoticeStatus, reply: str) -> str:
        self.store.notices.record(notice, self.owner, status, reply)
        return str(status)

    def _again(self, notice: Notice, reply: str) -> str:
        if notice.attempts > len(RETRIES):
            return self._end(notice, NoticeStatus.DROPPED, reply)
        until = self.clock() + RETRIES[notice.attempts - 1]
        self.store.notices.put_off(notice, self.owner, until, reply)
        return "put off"

    def tend(self, now: datetime) -> tuple[int, int]:
        """Remind those who have not confirmed, once; forget them after the days of grace.

        Returns how many of each.
        """
        reminded = forgotten = 0
        for reader in self.store.subscribers.unconfirmed(now - GRACE, _PAGE):
            forgotten += self.store.subscribers.erase(reader.key)
        for reader in self.store.subscribers.unconfirmed(now - REMIND_AFTER, _PAGE):
            asked = reader.asked_at or reader.created_at
            with self.store.write():
                if not self.store.notices.has(NoticeKind.REMINDER, reader.id, asked):
                    self.store.notices.put(NoticeKind.REMINDER, reader.id, now)
                    reminded += 1
        self.store.notices.prune(now - KEEP)
        return reminded, forgotten


def wanted(kind: NoticeKind, reader: Subscriber, now: datetime) -> bool:
    """Whether a notice is still true when its turn comes."""
    match kind:
        case NoticeKind.CONFIRM | NoticeKind.REMINDER:
            return may_confirm(reader, now)
        case NoticeKind.KNOWN | NoticeKind.MANAGE:
            return reader.status in {Status.ACTIVE, Status.PAUSED}
        case NoticeKind.GOODBYE:
            return may_return(reader, now)
