"""What the API takes and gives, as models; they check what comes in and describe what goes out."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from digest.domain.concept import TRACKS
from digest.domain.delivery import DeliveryStatus
from digest.domain.edition import Edition as KeptEdition
from digest.domain.edition import EditionStatus, Role, StoryPick
from digest.domain.subscriber import Status
from digest.domain.subscriber import Subscriber as KeptSubscriber
from digest.ports import DeliveryRow
from digest.settings import Zone
from digest.web.api_spec import Model
from digest.workflows.subscribe import days_text, parse_days

Track = StrEnum("Track", {name.replace("-", "_"): name for name in TRACKS})  # type: ignore[misc]
"""One of the tracks."""

DAYS = r"^(daily|weekdays|(mon|tue|wed|thu|fri|sat|sun)( (mon|tue|wed|thu|fri|sat|sun)){0,6})$"


class Images(StrEnum):
    """How pictures come: inside the letter, linked, or as the publisher has it."""

    CID = "cid"
    HOSTED = "hosted"
    AS_SET = ""


def _words(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    return text


def _day(value: object) -> object:
    # To pydantic, a number or a moment at midnight is a date, too.
    if isinstance(value, str) and len(value) != len("2026-11-23"):
        raise ValueError("must be a date such as 2026-11-23")
    return value


def _whole(value: object) -> object:
    # JSON has one kind of number: 1.0 is a whole one (JSON Schema, 6.1.1).
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, AfterValidator(_words)]
Day = Annotated[date, BeforeValidator(_day)]
# The bounds stand before the validator: only so do they reach the schema.
Hour = Annotated[int, Field(ge=0, le=23), BeforeValidator(_whole)]
Level = Annotated[int, Field(ge=1, le=3), BeforeValidator(_whole)]
OneToFive = Annotated[int, Field(ge=1, le=5), BeforeValidator(_whole)]
Weeks = Annotated[int, Field(ge=0, le=4), BeforeValidator(_whole)]
Cursor = Annotated[int, Field(ge=0, le=2**63 - 1)]
ReaderCursor = Annotated[int, Field(ge=0, le=2**31 - 1)]
Limit = Annotated[int, Field(ge=1, le=500)]


# --- subscribers -------------------------------------------------------------------------------


class SubscriberQuery(Model):
    """Which subscribers."""

    status: Status | None = Field(None, description="Only those of this status.")
    address: Text = Field("", max_length=254, description="Only the one of this address.")
    after: ReaderCursor = Field(
        0, description="Only those with a greater id: `next` of the page before."
    )
    limit: Limit = Field(100, description="How many at most.")


class Wishes(Model):
    """What a reader prefers; what is left out is as the publisher has it."""

    zone: Zone | None = Field(None, max_length=64, description="IANA time zone.")
    hour: Hour | None = Field(None, description="Local hour of the letter.")
    days: str | None = Field(
        None, pattern=DAYS, description="daily, weekdays, or names such as `mon wed fri`."
    )
    concepts: OneToFive | None = None
    stories: OneToFive | None = None
    level: Level | None = None
    tracks: list[Track] | None = Field(None, max_length=len(TRACKS))
    text_only: bool | None = None
    images: Images | None = None


class NewSubscriber(Wishes):
    """Someone to add."""

    address: Text = Field(min_length=3, max_length=254)
    direct: bool = Field(
        False,
        description="Subscribe at once: they have agreed elsewhere, and you can show it. Else a "
        "mail asks them to confirm.",
    )


class Preferences(Model):
    """What a reader prefers."""

    zone: str
    hour: int
    days: str
    concepts: int
    stories: int
    level: int
    tracks: list[str]
    text_only: bool
    images: str


class Subscriber(Model):
    """A subscriber. Moments are UTC."""

    id: int
    address: str
    status: Status
    created_at: datetime
    confirmed_at: datetime | None
    paused_until: datetime | None
    asked_at: datetime | None
    left_at: datetime | None
    preferences: Preferences

    @classmethod
    def of(cls, kept: KeptSubscriber) -> Subscriber:
        """As it is kept."""
        wants = kept.preferences
        return cls(
            id=kept.id,
            address=kept.address,
            status=kept.status,
            created_at=kept.created_at,
            confirmed_at=kept.confirmed_at,
            paused_until=kept.paused_until,
            asked_at=kept.asked_at,
            left_at=kept.left_at,
            preferences=Preferences(
                zone=wants.zone,
                hour=wants.hour,
                days=days_text(wants.days),
                concepts=wants.concepts,
                stories=wants.stories,
                level=wants.level,
                tracks=sorted(wants.tracks),
                text_only=wants.text_only,
                images=wants.images,
            ),
        )


class SubscriberPage(Model):
    """Subscribers by id; `next` goes into `after` for the page that follows, null at the end."""

    items: list[Subscriber]
    next: int | None


class Letter(Model):
    """What became of one letter of a reader."""

    edition: date
    state: DeliveryStatus
    changed_at: datetime
    reply: str


class SubscriberStory(Model):
    """A subscriber with their newest letters."""

    subscriber: Subscriber
    letters: list[Letter]


class Asked(Model):
    """Taken: if the address can be subscribed, a mail asks it to confirm.

    The answer is the same for every address, known or not.
    """

    status: str = Field("asked", pattern="^asked$")


class Pause(Model):
    """For how long."""

    weeks: Weeks = Field(description="Weeks without a letter; 0 ends a pause.")


# --- editions ----------------------------------------------------------------------------------


class EditionQuery(Model):
    """Which editions."""

    before: Day | None = Field(None, description="Only those before this date.")
    limit: int = Field(20, ge=1, le=100, description="How many at most.")


class Concept(Model):
    """A concept of an edition, and why it is there."""

    slot: int
    slug: str
    version: int
    role: Role
    variant: int
    reason: str


class Story(Model):
    """A story of an edition (slot 0: a runner-up), its score and the parts of it."""

    slot: int
    id: str
    title: str
    url: str
    outlet: str
    outlets: list[str]
    summary: str
    shelf: bool
    score: float
    reason: str
    features: dict[str, float]

    @classmethod
    def of(cls, pick: StoryPick) -> Story:
        """As it is kept."""
        story = pick.story
        return cls(
            slot=pick.slot,
            id=story.id,
            title=story.title,
            url=story.url,
            outlet=story.outlet,
            outlets=list(story.outlets),
            summary=story.summary,
            shelf=story.shelf,
            score=pick.score,
            reason=pick.reason,
            features=dict(pick.features),
        )


class Edition(Model):
    """An edition. `runners_up` is empty in lists; `faults` is what had to be left out."""

    date: date
    number: int
    status: EditionStatus
    built_at: datetime
    published_at: datetime | None
    subject: str
    preheader: str
    concepts: list[Concept]
    stories: list[Story]
    runners_up: list[Story]
    faults: list[str]

    @classmethod
    def of(cls, kept: KeptEdition) -> Edition:
        """As it is kept."""
        return cls(
            date=kept.date,
            number=kept.number,
            status=kept.status,
            built_at=kept.built_at,
            published_at=kept.published_at,
            subject=kept.subject,
            preheader=kept.preheader,
            concepts=[
                Concept(
                    slot=c.slot, slug=c.slug, version=c.version, role=c.role, variant=c.variant,
                    reason=c.reason,
                )
                for c in kept.concepts
            ],
            stories=[Story.of(pick) for pick in kept.stories],
            runners_up=[Story.of(pick) for pick in kept.runners_up],
            faults=list(kept.faults),
        )  # fmt: skip


class EditionPage(Model):
    """Editions, newest first; `next` goes into `before` for the page that follows."""

    items: list[Edition]
    next: date | None


# --- deliveries and counts ---------------------------------------------------------------------


class DeliveryQuery(Model):
    """Which deliveries."""

    edition: Day | None = Field(None, description="Only those of this edition.")
    state: DeliveryStatus | None = Field(None, description="Only those in this state.")
    domain: Text = Field("", max_length=253, description="Only those to this domain.")
    before: Cursor | None = Field(
        None, description="Only those with a smaller id: `next` of the page before."
    )
    limit: Limit = Field(100, description="How many at most.")


class Delivery(Model):
    """One edition to one subscriber. `address` is empty once the reader is erased."""

    id: int
    edition: date
    subscriber: int
    address: str
    domain: str
    state: DeliveryStatus
    attempts: int
    due_at: datetime
    changed_at: datetime
    reply: str

    @classmethod
    def of(cls, row: DeliveryRow) -> Delivery:
        """As it is kept."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class DeliveryPage(Model):
    """Deliveries, newest first; `next` goes into `before` for the page that follows."""

    items: list[Delivery]
    next: int | None


class Feeds(Model):
    """Feeds: how many there are, how many gave a fault the last time, how many are given up."""

    known: int
    faulty: int
    parked: int


class LastEdition(Model):
    """The edition published last, and its deliveries by state, domain (the largest 20), server."""

    date: date
    published_at: datetime
    deliveries: dict[DeliveryStatus, int]
    domains: dict[str, dict[DeliveryStatus, int]]
    servers: dict[str, dict[DeliveryStatus, int]]


class Stats(Model):
    """Counts at this moment."""

    at: datetime
    subscribers: dict[Status, int]
    last_edition: LastEdition | None
    feeds: Feeds


def days_of(text: str) -> frozenset[int]:
    """The weekdays of `days`."""
    return parse_days(text)


def changes(wishes: Wishes) -> dict[str, Any]:
    """What was given, as changes of `domain.subscriber.Preferences`."""
    given = wishes.model_dump(
        exclude_none=True, exclude={"address", "direct"}, include=set(Wishes.model_fields)
    )
    if "days" in given:
        given["days"] = days_of(given["days"])
    if "tracks" in given:
        given["tracks"] = frozenset(map(str, given["tracks"]))
    if "images" in given:
        given["images"] = str(given["images"])
    return given
