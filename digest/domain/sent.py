"""The memory of what was sent: the same event does not come twice, unless something happened.

A story tells a sent event when they share an id, an entry, what an entry stands for, or a title.
It counts as a development when the entries that came since bring a number or a version that two
owners (or a lab itself) name and the sent ones did not, the first word of the lab concerned, or
five more owners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from digest.domain.story import Entry, Story
from digest.domain.text import same_title, terms

MANY_OWNERS: Final = 5
_WITNESSES: Final = 2

Owner = Callable[[Entry], str]
"""Who stands behind an entry."""


def refs(story: Story) -> frozenset[str]:
    """All that a story stands for: canonical URLs and arXiv ids."""
    return frozenset(filter(None, (story.ref, story.url, *(e.ref for e in story.entries))))


def same_event(one: Story, other: Story) -> bool:
    """Whether two stories tell one event."""
    if one.id == other.id or refs(one) & refs(other):
        return True
    return same_title(one.title, other.title)


class Memory:
    """The stories of the last editions."""

    def __init__(
        self, sent: Sequence[Story], owner: Owner, is_primary: Callable[[Entry], bool]
    ) -> None:
        self._sent = sent
        self._refs = [refs(story) for story in sent]
        self._ids = [frozenset(entry.id for entry in story.entries) for story in sent]
        self._owner = owner
        self._is_primary = is_primary

    def told(self, story: Story) -> list[Story]:
        """The sent stories of the same event, oldest first."""
        mine, ids = refs(story), {entry.id for entry in story.entries}
        return [
            sent
            for sent, theirs, known in zip(self._sent, self._refs, self._ids, strict=True)
            if sent.id == story.id
            or not mine.isdisjoint(theirs)
            or not ids.isdisjoint(known)
            or same_title(story.title, sent.title)
        ]

    def development(self, story: Story, told: Sequence[Story]) -> str:
        """What is new in words since the event was sent, empty where nothing is."""
        known = {entry.id for sent in told for entry in sent.entries}
        new = [entry for entry in story.entries if entry.id not in known]
        if not new:
            return ""
        before = [entry for sent in told for entry in sent.entries]
        said = _figures(
            text
            for sent in told
            for text in (sent.title, sent.summary, *(e.title for e in sent.entries))
        ) | _figures(entry.lead for entry in before)
        witnesses: dict[str, set[str]] = {}
        for entry in new:
            for figure in _figures([entry.title]) - said:
                witnesses.setdefault(figure, set()).add(self._owner(entry))
                if self._is_primary(entry):
                    witnesses[figure] |= {"", self._owner(entry)}
        shown = sorted(f for f, owners in witnesses.items() if len(owners) >= _WITNESSES)
        if shown:
            return f"{shown[0]} is new"
        first_word = [entry for entry in new if self._is_primary(entry)]
        if first_word and not any(map(self._is_primary, before)):
            return f"{self._owner(first_word[0])} speaks for itself now"
        more = {self._owner(entry) for entry in new} - {self._owner(entry) for entry in before}
        return f"{len(more)} more outlets" if len(more) >= MANY_OWNERS else ""


def _figures(texts: Iterable[str]) -> frozenset[str]:
    """Numbers and versions; small counts ("3 ways") say nothing."""
    return frozenset(
        term
        for text in texts
        for term in terms(text)
        if any(c.isdigit() for c in term) and not (term.isdigit() and len(term) == 1)
    )
