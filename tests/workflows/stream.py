"""Sixty made-up days of a dozen made-up outlets: events that run on, repeat, and develop.

Hosts are those of RFC 2606, names are syllables. Which event an entry tells stands in its URL, so
that a test can judge what was chosen without asking the code under test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from digest.domain.edition import Edition
from digest.domain.story import Entry, Source, Story

FIRST = date(2026, 3, 2)
DAYS = 60

_KINDS = [
    ("lab-one", "lab", 1, True),
    ("lab-two", "lab", 1, True),
    ("lab-three", "lab", 1, True),
    ("morning", "press", 2, True),
    ("evening", "press", 2, True),
    ("courier", "press", 2, True),
    ("gazette", "press", 3, True),
    ("herald", "press", 3, True),
    ("letter", "newsletter", 2, True),
    ("papers", "research", 2, True),
    ("lists", "newsletter", 4, False),
    ("hackernews", "community", 3, False),
]
SOURCES: dict[str, Source] = {
    name: Source(
        id=name,
        url=f"https://{name}.example/feed.xml",
        title=name.capitalize(),
        homepage=f"https://{name}.example/",
        # One house owns two of the papers.
        owner="house" if name in {"gazette", "herald"} else name,
        kind=kind,
        tier=tier,
        cite=cite,
        paper=name == "papers",
    )
    for name, kind, tier, cite in _KINDS
}

_SYLLABLES = "ba ko lu mi ren tas vor zel qui dan hof pry sul wex yar nim gol fer jut cam".split()  # noqa: SIM905
_FIELDS = """
speech protein weather code grasping translation imaging theorem video fraud chip tutoring traffic
harvest glacier tax museum railway pharmacy choir volcano insurance chess honey turbine orchard
satellite archive kitchen harbour genome textile forest concert bridge dialect pottery tide
""".split()  # noqa: SIM905
_TASKS = """
recognition folding forecasting review planning repair generation proving detection design routing
counting pricing mapping restoration scheduling grading simulation inspection composition
""".split()  # noqa: SIM905
_FORMS = [
    "{org} releases {product}, a language model for {topic}",
    "{org} launches {product} language model aimed at {topic}",
    "New {product} model from {org} targets {topic}",
    "{product}: {org} brings {topic} to its language model",
    "{org} introduces {product}, AI for {topic}",
]
_DEVELOPMENTS = [
    "{org} says {product} now serves {n} million users of {topic}",
    "{product} from {org} reaches {n} million users in {topic}",
    "{org}: {n} million people use {product} for {topic}",
]
_NOISE = [
    "10 best AI tools for {topic}",
    "This {topic} model changes everything!",
    "Sponsored: learn {topic} with {product}",
    "{org} raises ${n} million for {topic}",
    "{org} sued over {topic} training data worth ${n} million",
]


@dataclass(slots=True)
class Event:
    """What happened: who, what, when it began, and on which days something new came."""

    key: str
    words: Mapping[str, str]
    began: date
    size: int
    developed: list[date] = field(default_factory=list)


@dataclass(slots=True)
class Stream:
    """All entries, and the events by key."""

    entries: list[Entry]
    events: dict[str, Event]

    def event_of(self, story: Story) -> str:
        """The event that most entries of a story tell."""
        told = [entry.url.split("/")[3] for entry in story.entries]
        return max(sorted(set(told)), key=told.count)


def make(seed: int = 0) -> Stream:
    """The stream of a seed."""
    rng = Random(seed)  # noqa: S311 - a repeatable sequence, no secret
    stream = Stream([], {})
    for day in range(DAYS):
        on = FIRST + timedelta(days=day)
        for number in range(9):
            size = rng.choice((1, 1, 1, 2, 3, 5, 7))
            event = Event(f"event-{day:02}-{number}", _words(rng), on, size)
            stream.events[event.key] = event
            _report(stream, event, on, size, _FORMS, rng)
            # Big events are told again for days; now and then something really happens.
            for later in range(1, size):
                again = on + timedelta(days=later)
                if rng.random() < 0.6:
                    _report(stream, event, again, 2, _FORMS, rng)
            if size >= 5 and rng.random() < 0.5:
                again = on + timedelta(days=rng.randint(2, 6))
                event.developed.append(again)
                _report(stream, event, again, 5, _DEVELOPMENTS, rng)
        for number in range(5):
            noise = Event(f"noise-{day:02}-{number}", _words(rng), on, 1)
            stream.events[noise.key] = noise
            _report(stream, noise, on, 1, _NOISE, rng)
        for number in range(4):
            paper = Event(f"paper-{day:02}-{number}", _words(rng), on, 1)
            stream.events[paper.key] = paper
            title = "{product}: Learning {topic} with {org} Networks".format(**paper.words)
            upvotes = float(rng.choice((0, 0, 4, 60)))
            _entry(stream, paper, "papers", title, on, rng, upvotes=upvotes)
    return stream


def _words(rng: Random) -> dict[str, str]:
    def name() -> str:
        return "".join(rng.sample(_SYLLABLES, 3)).capitalize()

    return {
        "org": name(),
        "product": name(),
        "topic": f"{rng.choice(_FIELDS)} {rng.choice(_TASKS)}",
    }


def _report(
    stream: Stream, event: Event, on: date, size: int, forms: Sequence[str], rng: Random
) -> None:
    # A lab speaks once, at the beginning; what comes later comes from others.
    kinds = {"research"} if on == event.began else {"research", "lab"}
    outlets = rng.sample([n for n, s in SOURCES.items() if s.kind not in kinds], size)
    number = str(rng.randint(11, 99))
    for outlet in outlets:
        title = rng.choice(forms).format(n=number, **event.words)
        points = {"points": float(rng.randint(5, 400))} if outlet == "hackernews" else {}
        _entry(stream, event, outlet, title, on, rng, **points)


def _entry(
    stream: Stream, event: Event, outlet: str, title: str, on: date, rng: Random, **signals: float
) -> None:
    host = "somewhere.example" if outlet in {"hackernews", "lists"} else f"{outlet}.example"
    key = f"{event.key}/{on.isoformat()}-{len(stream.entries)}"
    seen = datetime.combine(on, time(rng.randint(0, 23), rng.randint(0, 59)), UTC)
    stream.entries.append(
        Entry(
            source=outlet,
            key=key,
            url=f"https://{host}/{key}",
            title=title,
            lead="",
            published=seen,
            first_seen=seen,
            ref=f"https://{host}/{key}",
            paper=outlet == "papers",
            signals=signals,
        )
    )


@dataclass(frozen=True, slots=True)
class StreamStore:
    """The two rooms of a store that a replay asks: the entries, and no edition at all."""

    stream: Stream

    @property
    def entries(self) -> StreamStore:
        return self

    @property
    def editions(self) -> StreamStore:
        return self

    def window(self, since: datetime, until: datetime) -> Sequence[Entry]:
        return [e for e in self.stream.entries if since <= e.first_seen <= until]

    def get(self, on: date) -> Edition | None:
        return None

    def sent_stories(self, since: date, before: date) -> Sequence[Story]:
        return []
