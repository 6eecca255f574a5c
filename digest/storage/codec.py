"""Snapshots in JSON columns: stories and preferences as they were.

Reading is lenient where writing was older: a field that is missing takes its default, one that is
not known any more is left out. What an edition holds stays readable for as long as it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from digest.domain.story import Entry, Story
from digest.domain.subscriber import Preferences

Json = dict[str, Any]

_ENTRY = tuple(field.name for field in fields(Entry))
_STORY = tuple(field.name for field in fields(Story))
_MOMENTS = ("published", "first_seen")
_TUPLES = ("authors", "outlets")


def entry_to_json(entry: Entry) -> Json:
    """An entry; moments in ISO 8601, UTC."""
    return _packed({name: getattr(entry, name) for name in _ENTRY})


def entry_from_json(kept: Mapping[str, Any]) -> Entry:
    """The inverse."""
    return Entry(**_unpacked(kept, _ENTRY))


def story_to_json(story: Story) -> Json:
    """A story with its entries."""
    packed = _packed({name: getattr(story, name) for name in _STORY if name != "entries"})
    packed["entries"] = [entry_to_json(entry) for entry in story.entries]
    return packed


def story_from_json(kept: Mapping[str, Any]) -> Story:
    """The inverse."""
    known = _unpacked(kept, _STORY)
    known["entries"] = tuple(entry_from_json(entry) for entry in kept.get("entries", ()))
    return Story(**known)


def preferences_to_json(preferences: Preferences) -> Json:
    """Preferences; sets as sorted lists."""
    return {
        "zone": preferences.zone,
        "hour": preferences.hour,
        "days": sorted(preferences.days),
        "concepts": preferences.concepts,
        "stories": preferences.stories,
        "level": preferences.level,
        "tracks": sorted(preferences.tracks),
        "text_only": preferences.text_only,
        "images": preferences.images,
    }


def preferences_from_json(kept: Mapping[str, Any]) -> Preferences:
    """The inverse."""
    known = {field.name: kept[field.name] for field in fields(Preferences) if field.name in kept}
    for name in ("days", "tracks"):
        if name in known:
            known[name] = frozenset(known[name])
    return Preferences(**known)


def numbers(kept: Mapping[str, float]) -> dict[str, float]:
    """A mapping of numbers as JSON takes it, also where they are numpy's."""
    return {
        str(name): value if isinstance(value, int) else float(value) for name, value in kept.items()
    }


def days_to_bits(days: Iterable[int]) -> int:
    """Weekdays as one number: bit n is weekday n."""
    return sum(1 << day for day in days)


def days_from_bits(bits: int) -> frozenset[int]:
    """The inverse."""
    return frozenset(day for day in range(7) if bits >> day & 1)


def _packed(values: Json) -> Json:
    packed: Json = {}
    for name, value in values.items():
        if isinstance(value, datetime):
            packed[name] = value.astimezone(UTC).isoformat()
        elif isinstance(value, tuple):
            packed[name] = list(value)
        elif name == "signals":
            packed[name] = numbers(value)
        else:
            packed[name] = value
    return packed


def _unpacked(kept: Mapping[str, Any], names: tuple[str, ...]) -> Json:
    known = {name: kept[name] for name in names if name in kept}
    for name in _MOMENTS:
        if known.get(name) is not None:
            known[name] = datetime.fromisoformat(known[name])
    for name in _TUPLES:
        if name in known:
            known[name] = tuple(known[name])
    return known
