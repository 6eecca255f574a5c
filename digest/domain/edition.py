"""An edition: what went out on a date, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from digest.domain.story import Story


class EditionStatus(StrEnum):
    """A draft may be built anew; a published edition never changes."""

    DRAFT = "draft"
    PUBLISHED = "published"


class Role(StrEnum):
    """Why a concept is in an edition."""

    NEW = "new"
    REVISIT = "revisit"


@dataclass(frozen=True, slots=True)
class ConceptPick:
    """A concept of an edition: `slot` from 1, `variant` of the figure (0 first shown, then 1, 0 …).

    `features` holds the parts of the choice (predicted recall, editions since, place in the
    library); `reason` says it in a line.
    """

    slot: int
    slug: str
    version: int
    role: Role
    variant: int
    reason: str
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoryPick:
    """A story of an edition: `slot` from 1, or 0 for a runner-up kept for `explain`."""

    slot: int
    story: Story
    score: float
    reason: str
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edition:
    """A date's issue. `number` counts editions from 1; `faults` are what had to be left out."""

    date: date
    number: int
    status: EditionStatus
    built_at: datetime
    subject: str
    preheader: str
    concepts: tuple[ConceptPick, ...]
    stories: tuple[StoryPick, ...]
    runners_up: tuple[StoryPick, ...] = ()
    faults: tuple[str, ...] = ()
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """An editor's: `taken` was a runner-up and went in where `dropped` stood, with why and by whom.

    Both picks are as the ranking judged them.
    """

    at: datetime
    on: date
    slot: int
    reason: str
    who: str
    dropped: StoryPick
    taken: StoryPick


@dataclass(frozen=True, slots=True)
class Image:
    """A PNG of a block. `width` and `height` are CSS pixels: half the natural size."""

    name: str
    sha256: str
    png: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Block:
    """One concept or story, rendered and CSS-inlined once, from which every letter is joined.

    `kind` is concept or story; `key` the slug or story id; `html` and `text` the finished forms;
    `answer_html` and `answer_text` what goes to the end of the mail (a revisit's answer).
    Image sources in `html` are ``cid:<image name>``.
    """

    kind: str
    key: str
    slot: int
    html: str
    text: str
    images: tuple[Image, ...] = ()
    answer_html: str = ""
    answer_text: str = ""
