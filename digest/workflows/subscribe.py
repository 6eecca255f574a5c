"""Adding, changing and erasing subscribers; exporting them as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from digest.domain.address import Address, normalise
from digest.domain.concept import TRACKS
from digest.domain.subscriber import ALL_DAYS, WEEKDAYS, Preferences, Status, Subscriber
from digest.errors import UsageError
from digest.ports import Store

COLUMNS: Final = (
    "address", "status", "zone", "hour", "days", "concepts", "stories", "level", "text_only",
    "tracks", "images", "created_at", "confirmed_at",
)  # fmt: skip
"""Columns of an export, in order; an import needs `address` alone."""

ERASED: Final = "erased"
"""Reason of a suppression: its reader had themselves forgotten."""

_AT_ONCE: Final = 500
_DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MAX_PER_DAY: Final = 5


@dataclass(frozen=True, slots=True)
class Registrar:
    """Changes subscribers."""

    store: Store
    defaults: Preferences = field(default_factory=Preferences)

    def add(
        self,
        text: str,
        now: datetime,
        preferences: Preferences | None = None,
        status: Status = Status.ACTIVE,
    ) -> tuple[Subscriber, bool]:
        """Add an address; returns the subscriber and whether they are new.

        Raises UsageError for what is no address, or one on the suppression list.
        """
        address = normalise(text)
        if self.store.subscribers.is_suppressed(address.key):
            raise UsageError(
                f"{address.shown}: is on the suppression list (it bounced, complained or asked to "
                "be forgotten)",
                "only the reader can come back, by subscribing",
            )
        fresh = Subscriber(
            id=0,
            address=address.shown,
            key=address.key,
            status=status,
            created_at=now,
            preferences=preferences or self.defaults,
            confirmed_at=now if status is Status.ACTIVE else None,
        )
        added = self.store.subscribers.add(fresh)
        if added is not None:
            return added, True
        known = self.store.subscribers.find(address.key)
        return known or fresh, False

    def find(self, text: str) -> Subscriber:
        """The subscriber of an address. Raises UsageError when there is none."""
        address = normalise(text)
        found = self.store.subscribers.find(address.key)
        if found is None:
            raise UsageError(f"{address.shown}: is no subscriber", "see: digest subscribers list")
        return found

    def pause(self, text: str, days: int, now: datetime) -> Subscriber:
        """Send nothing for `days` days; 0 takes an earlier pause back."""
        found = self.find(text)
        if found.status not in {Status.ACTIVE, Status.PAUSED}:
            raise UsageError(f"{found.address}: is {found.status}, not active: nothing to pause")
        changed = replace(
            found,
            status=Status.PAUSED if days else Status.ACTIVE,
            paused_until=now + timedelta(days=days) if days else None,
        )
        self.store.subscribers.update(changed)
        return changed

    def remove(self, text: str) -> Subscriber:
        """Unsubscribe: no more letters; what is queued is not sent."""
        changed = replace(
            self.find(text), status=Status.UNSUBSCRIBED, paused_until=None, asked_at=None
        )
        self.store.subscribers.update(changed)
        return changed

    def erase(self, text: str, now: datetime) -> Address:
        """Forget an address: all that is kept is its keyed hash on the suppression list."""
        address = normalise(text)
        with self.store.write():
            if not self.store.subscribers.erase(address.key):
                raise UsageError(
                    f"{address.shown}: is no subscriber", "see: digest subscribers list"
                )
            self.store.subscribers.suppress(address.key, ERASED, now)
        return address

    def forget_again(self) -> int:
        """Forget whom a restored backup has brought back although they were forgotten since.

        Returns how many. Their hash on the suppression list is what tells it.
        """
        found = 0
        keys = (reader.key for reader in self.store.subscribers.listing())
        while some := list(islice(keys, _AT_ONCE)):
            for key in self.store.subscribers.suppressed_among(some):
                if self.store.subscribers.suppressed_for(key) == ERASED:
                    found += self.store.subscribers.erase(key)
        return found

    def export_rows(self, status: Status | None = None) -> Iterator[dict[str, str]]:
        """All subscribers as rows of `COLUMNS`, streamed."""
        for subscriber in self.store.subscribers.listing(status):
            wants = subscriber.preferences
            confirmed = subscriber.confirmed_at
            yield {
                "address": subscriber.address,
                "status": str(subscriber.status),
                "zone": wants.zone,
                "hour": str(wants.hour),
                "days": days_text(wants.days),
                "concepts": str(wants.concepts),
                "stories": str(wants.stories),
                "level": str(wants.level),
                "text_only": "yes" if wants.text_only else "no",
                "tracks": " ".join(sorted(wants.tracks)),
                "images": wants.images,
                "created_at": subscriber.created_at.isoformat(timespec="seconds"),
                "confirmed_at": confirmed.isoformat(timespec="seconds") if confirmed else "",
            }


def preferences_from(row: Mapping[str, str], defaults: Preferences) -> Preferences:
    """Preferences from the words of a row or of a command; what is empty stays as in `defaults`.

    Raises UsageError naming the column and what it may be.
    """
    changed = defaults
    if zone := row.get("zone", "").strip():
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise UsageError(
                f"zone {zone!r} is no IANA time zone, such as Europe/Berlin"
            ) from error
        changed = replace(changed, zone=zone)
    hour = _whole(row, "hour", 0, 23)
    concepts, stories = _whole(row, "concepts", 0, _MAX_PER_DAY), _whole(row, "stories", 0, 5)
    level = _whole(row, "level", 1, 3)
    changed = replace(
        changed,
        hour=changed.hour if hour is None else hour,
        concepts=changed.concepts if concepts is None else concepts,
        stories=changed.stories if stories is None else stories,
        level=changed.level if level is None else level,
    )
    if changed.concepts + changed.stories == 0:
        raise UsageError("concepts and stories are both 0: there would be nothing to send")
    if days := row.get("days", "").strip():
        changed = replace(changed, days=parse_days(days))
    if text_only := row.get("text_only", "").strip().lower():
        if text_only not in {"yes", "no", "true", "false", "1", "0"}:
            raise UsageError(f"text_only {text_only!r} is neither yes nor no")
        changed = replace(changed, text_only=text_only in {"yes", "true", "1"})
    if words := row.get("tracks", "").replace(",", " ").split():
        if strange := sorted(set(words) - set(TRACKS)):
            raise UsageError(f"track {strange[0]!r} is none of {', '.join(TRACKS)}")
        changed = replace(changed, tracks=frozenset(words))
    if images := row.get("images", "").strip().lower():
        if images not in {"cid", "hosted"}:
            raise UsageError(f"images {images!r} is neither cid nor hosted")
        changed = replace(changed, images=images)
    return changed


def parse_days(text: str) -> frozenset[int]:
    """``daily``, ``weekdays`` or names such as ``mon wed fri`` as weekday numbers, 0 Monday."""
    words = text.lower().replace(",", " ").split()
    if words == ["daily"]:
        return ALL_DAYS
    if words == ["weekdays"]:
        return WEEKDAYS
    try:
        return frozenset(_DAY_NAMES.index(word[:3]) for word in words)
    except ValueError as error:
        raise UsageError(
            f"days {text!r}: say daily, weekdays, or names such as `mon wed fri`"
        ) from error


def days_text(days: frozenset[int]) -> str:
    """The inverse of `parse_days`."""
    if days == ALL_DAYS:
        return "daily"
    return "weekdays" if days == WEEKDAYS else " ".join(_DAY_NAMES[day] for day in sorted(days))


def _whole(row: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    text = row.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal() or not low <= int(text) <= high:
        raise UsageError(f"{name} {text!r} is no whole number from {low} to {high}")
    return int(text)
