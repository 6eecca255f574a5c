"""Bringing in a list: who is added, who may not be written to, who stays as they are.

Whoever left here stays gone, whatever a list says. Whoever left there is put on the suppression
list, and unsubscribed here, unless they came here themselves after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from digest.domain.address import Address, normalise
from digest.domain.moving import Newcomer
from digest.domain.notice import Action, Consent, Via
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.errors import UsageError
from digest.ports import Store
from digest.workflows.subscribe import preferences_from

_TOGETHER: Final = 1000
"""Rows of a statement."""
_BY_THEMSELVES: Final = frozenset({Via.SITE, Via.MAIL, Via.ONE_CLICK, Via.API})
_HERE: Final = frozenset({Status.ACTIVE, Status.PAUSED, Status.PENDING})


class Line(NamedTuple):
    """A line of a file; `newcomer` is None for one who never subscribed, `fault` a refused line.

    `format` is its format's name; `ours` says that the list is one of this program.
    """

    file: str
    number: int
    newcomer: Newcomer | None
    format: str = ""
    ours: bool = False
    fault: str = ""


class Refused(NamedTuple):
    """A line that was left out, and why."""

    file: str
    number: int
    fault: str


@dataclass(slots=True)
class BroughtIn:
    """What a list brought. `refused` are bad lines, `again` those of an address that came before.

    `added` new readers, `known` readers already, `left` who left here or may not be written to,
    `suppressed` new on the suppression list, `unsubscribed` readers here who have left there
    since, `never` who never subscribed there.
    """

    added: int = 0
    known: int = 0
    left: int = 0
    suppressed: int = 0
    unsubscribed: int = 0
    never: int = 0
    refused: list[Refused] = field(default_factory=list)
    again: list[Refused] = field(default_factory=list)


class _Known(NamedTuple):
    address: Address
    newcomer: Newcomer
    preferences: Preferences
    line: Line


@dataclass(frozen=True, slots=True)
class Bringer:
    """Brings lists in; `hash_of(purpose, text)` is the keyed hash of the installation."""

    store: Store
    hash_of: Callable[[str, str], str]
    defaults: Preferences = field(default_factory=Preferences)

    def bring_in(self, lines: Iterable[Line], now: datetime) -> BroughtIn:
        """Read all lines, then write in one transaction. Bad lines are left out and reported."""
        report = BroughtIn()
        folded = self._fold(lines, report)
        with self.store.write():
            coming = iter(folded)
            while some := list(islice(coming, _TOGETHER)):
                self._write(some, now, report)
        return report

    def _fold(self, lines: Iterable[Line], report: BroughtIn) -> Sequence[_Known]:
        """One for each address: of several, one who left counts before one who did not."""
        folded: dict[str, _Known] = {}
        for line in lines:
            if line.fault:
                report.refused.append(Refused(line.file, line.number, line.fault))
                continue
            if line.newcomer is None:
                report.never += 1
                continue
            try:
                found = self._checked(line, line.newcomer)
            except UsageError as error:
                report.refused.append(Refused(line.file, line.number, error.message))
                continue
            key = found.address.key
            before = folded.get(key)
            if before is None:
                folded[key] = found
                continue
            drop, keep = found, before
            if found.newcomer.gone and not before.newcomer.gone:
                drop, keep = before, found
                folded[key] = found
            where = f"line {keep.line.number}"
            if keep.line.file != drop.line.file:
                where = f"{keep.line.file}:{keep.line.number}"
            said = f", as {keep.newcomer.status}" if keep.newcomer.gone else ""
            fault = f"{drop.address.shown}: stands in {where} already{said}"
            report.again.append(Refused(drop.line.file, drop.line.number, fault))
        return list(folded.values())

    def _checked(self, line: Line, newcomer: Newcomer) -> _Known:
        if not newcomer.address.strip():
            raise UsageError("no address")
        address = normalise(newcomer.address)
        wants = newcomer.wants
        preferences = preferences_from(wants, self.defaults) if wants else self.defaults
        return _Known(address, newcomer, preferences, line)

    def _write(self, some: Sequence[_Known], now: datetime, report: BroughtIn) -> None:
        readers = self.store.subscribers.known([one.address.key for one in some])
        suppressed = self.store.subscribers.suppressed_among([one.address.key for one in some])
        fresh: list[_Known] = []
        listed: dict[str, tuple[str, datetime]] = {}
        for one in some:
            key, newcomer = one.address.key, one.newcomer
            reader = readers.get(key)
            barred = key in suppressed
            if not newcomer.gone:
                if barred or (reader is not None and reader.status not in _HERE):
                    report.left += 1
                elif reader is not None:
                    report.known += 1
                else:
                    fresh.append(one)
                continue
            if reader is not None and reader.status in _HERE:
                if self._came_since(reader, newcomer):
                    report.known += 1
                    continue
                self._take_leave(reader, newcomer, one.line, now)
                report.unsubscribed += 1
            elif reader is not None or barred:
                report.left += 1
                continue
            elif one.line.ours:
                # A list of our own: who they were and what they wanted is kept as it was.
                fresh.append(one)
            if not barred and (not one.line.ours or newcomer.status is Status.SUPPRESSED):
                reason = newcomer.reason or str(newcomer.status)
                listed[key] = (
                    f"{reason} ({one.line.format})",
                    _past(newcomer.left_at, now) or now,
                )
                report.suppressed += reader is None and not one.line.ours
        self.store.subscribers.suppress_all(listed)
        self._add(fresh, now, report)

    def _came_since(self, reader: Subscriber, newcomer: Newcomer) -> bool:
        """Whether they came here by themselves after they had left there."""
        said = [
            line
            for line in self.store.notices.consents(reader.id)
            if line.action in {Action.CONFIRMED, Action.RETURNED} and line.via in _BY_THEMSELVES
        ]
        return any(newcomer.left_at is None or line.at > newcomer.left_at for line in said)

    def _take_leave(
        self, reader: Subscriber, newcomer: Newcomer, line: Line, now: datetime
    ) -> None:
        self.store.subscribers.update(
            replace(reader, status=newcomer.status, paused_until=None, asked_at=None, left_at=now)
        )
        self.store.notices.log_all([self._consent(reader.id, reader.key, Action.LEFT, line, now)])

    def _add(self, fresh: Sequence[_Known], now: datetime, report: BroughtIn) -> None:
        made = self.store.subscribers.add_all([_subscriber(one, now) for one in fresh])
        consents: list[Consent] = []
        for one in fresh:
            number = made.get(one.address.key)
            if number is None:  # another process was first
                report.known += 1
                continue
            report.added += 1
            if not one.newcomer.gone:
                consents += self._consents(number, one, now)
        self.store.notices.log_all(consents)

    def _consents(self, number: int, one: _Known, now: datetime) -> Iterator[Consent]:
        came, key = one.newcomer, one.address.key
        asked, confirmed = _past(came.asked_at, now), _past(came.confirmed_at, now)
        if asked is not None:
            yield self._consent(number, key, Action.ASKED, one.line, asked, came.asked_ip)
        if confirmed is not None:
            ip = came.confirmed_ip
            yield self._consent(number, key, Action.CONFIRMED, one.line, confirmed, ip)
        yield self._consent(number, key, Action.IMPORTED, one.line, now)

    def _consent(  # noqa: PLR0917 - the columns of the log
        self, number: int, key: str, action: Action, line: Line, at: datetime, ip: str = ""
    ) -> Consent:
        return Consent(
            at=at,
            subscriber_id=number,
            address=self.hash_of("address", key),
            action=action,
            via=Via.ELSEWHERE,
            form=line.format,
            ip=self.hash_of("ip", ip) if ip else "",
        )


def summary(report: BroughtIn) -> Mapping[str, int]:
    """What happened, in words, with how many; what did not is left out."""
    counts = {
        "added": report.added,
        "known already": report.known,
        "put on the suppression list": report.suppressed,
        "unsubscribed here, as they had left there": report.unsubscribed,
        "left out, as they have left or may not be written to": report.left,
        "never subscribed there": report.never,
        "in a line of their own before": len(report.again),
        "bad lines left out": len(report.refused),
    }
    return {words: count for words, count in counts.items() if count or words == "added"}


def _past(at: datetime | None, now: datetime) -> datetime | None:
    """A moment that may be true: none that is yet to come."""
    return at if at is not None and at <= now else None


def _subscriber(one: _Known, now: datetime) -> Subscriber:
    came = one.newcomer
    agreed = _past(came.confirmed_at, now) or _past(came.asked_at, now)
    return Subscriber(
        id=0,
        address=one.address.shown,
        key=one.address.key,
        status=came.status,
        created_at=now,
        preferences=one.preferences,
        confirmed_at=agreed or (now if came.status is Status.ACTIVE else None),
        left_at=_past(came.left_at, now),
    )
