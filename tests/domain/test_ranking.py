"""The five: scored by parts that can be read, varied, and never the same twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from digest.domain.choice import choose_stories
from digest.domain.clustering import build_story
from digest.domain.edition import StoryPick
from digest.domain.ranking import PART, rank, score
from digest.domain.scoring import Model
from digest.domain.shelf import fill_from_shelf
from digest.domain.story import Entry, ShelfItem, Source, Story
from digest.workflows.choose import Chooser

Make = Callable[..., Entry]
Sources = dict[str, Source]

SUBJECTS = [
    "Language model reads ancient scripts",
    "Neural network forecasts monsoon rain",
    "Robots learn knots through reinforcement learning",
    "Chatbot maker publishes AI safety tests",
    "Diffusion models draw protein folds",
    "Open-weight speech recognition for small languages",
    "GPU shortage slows university machine learning",
]


def stories_of(groups: list[list[Entry]], sources: Sources) -> list[Story]:
    return [build_story(group, sources) for group in groups]


@pytest.fixture
def busy_day(make_entry: Make, sources: Sources) -> list[Story]:
    """Seven stories, most of them by one outlet."""
    outlets = ["alpha", "alpha", "alpha", "alpha", "delta", "letter", "lab"]
    return stories_of(
        [[make_entry(t, source=o)] for t, o in zip(SUBJECTS, outlets, strict=True)], sources
    )


def test_coverage_counts_owners_not_outlets(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    one_house = [make_entry(SUBJECTS[0], source=s) for s in ("beta", "gamma")]
    two_houses = [make_entry(SUBJECTS[0], source=s) for s in ("beta", "alpha")]
    (first, second) = (
        rank(stories_of([group], sources), sources, now, model)[0]
        for group in (one_house, two_houses)
    )
    assert first.features["owners"] == 1
    assert second.features["owners"] == 2
    assert second.score > first.score


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"source": "lab"}, {"source": "alpha"}),
        ({"source": "alpha"}, {"source": "gamma"}),
        ({"hours": 2.0}, {"hours": 40.0}),
        ({"points": 300.0}, {"points": 20.0}),
        ({"upvotes": 90.0, "paper": True}, {"upvotes": 2.0, "paper": True}),
    ],
)
def test_each_part_moves_the_score(
    make_entry: Make,
    sources: Sources,
    now: datetime,
    model: Model,
    better: dict[str, object],
    worse: dict[str, object],
) -> None:
    made = [
        rank(stories_of([[make_entry(SUBJECTS[0], **given)]], sources), sources, now, model)[
            0
        ].score
        for given in (better, worse)
    ]
    assert made[0] > made[1]


@pytest.mark.parametrize(
    "worse",
    [
        "This language model changes everything!",
        "Language model maker raises $2 billion",
        "10 best language model tools",
        "Bakers read ancient scripts",
    ],
)
def test_wording_moves_the_score(
    make_entry: Make, sources: Sources, now: datetime, model: Model, worse: str
) -> None:
    ranked = rank(
        stories_of([[make_entry(SUBJECTS[0])], [make_entry(worse)]], sources), sources, now, model
    )
    assert ranked[0].story.title == SUBJECTS[0]
    assert ranked[0].score > ranked[1].score


def test_the_score_is_the_sum_of_its_kept_features(
    busy_day: list[Story], sources: Sources, now: datetime, model: Model
) -> None:
    for pick in rank(busy_day, sources, now, model):
        assert pick.slot == 0
        assert score(pick.features) == pick.score
        assert any(name.startswith(PART) for name in pick.features)


def test_reasons_say_why(make_entry: Make, sources: Sources, now: datetime, model: Model) -> None:
    covered = [
        make_entry(SUBJECTS[0], source=s, hours=5) for s in ("alpha", "beta", "delta", "lab")
    ]
    voted = [
        make_entry(SUBJECTS[1], source="alpha", hours=7),
        make_entry(SUBJECTS[1], source="delta", hours=6),
        make_entry(SUBJECTS[1], source="hackernews", hours=6, points=412.0),
    ]
    linked = [
        make_entry(SUBJECTS[2], source="hackernews", url="https://lab.example/x", points=80.0)
    ]
    plain = [make_entry(SUBJECTS[3], source="alpha", hours=3.5)]
    paper = [make_entry(SUBJECTS[4], source="papers", paper=True, upvotes=31.0)]
    ranked = rank(stories_of([covered, voted, linked, plain, paper], sources), sources, now, model)
    said = {pick.story.title: pick.reason for pick in ranked}
    assert said[SUBJECTS[0]] == "4 outlets, first seen 01:00 UTC, primary: lab.example"
    assert said[SUBJECTS[1]] == "412 points on Hacker News, 2 outlets, first seen 23:00 UTC"
    assert said[SUBJECTS[2]].startswith("80 points on Hacker News, ")
    assert said[SUBJECTS[2]].endswith("primary: lab.example")
    assert said[SUBJECTS[3]] == "from Alpha, first seen 02:30 UTC"
    assert said[SUBJECTS[4]].startswith("31 upvotes on Hugging Face")


def test_ranking_does_not_depend_on_order(
    busy_day: list[Story], sources: Sources, now: datetime, model: Model
) -> None:
    assert rank(busy_day, sources, now, model) == rank(busy_day[::-1], sources, now, model)


def test_a_five_has_two_per_outlet_and_three_outlets(
    busy_day: list[Story], sources: Sources, now: datetime, model: Model
) -> None:
    picks, runners = choose_stories(rank(busy_day, sources, now, model), 5, sources)
    assert [p.slot for p in picks] == [1, 2, 3, 4, 5]
    outlets = [p.story.outlet for p in picks]
    assert outlets.count("Alpha") == 2
    assert len(set(outlets)) >= 3
    assert {p.slot for p in runners} == {0}
    assert all("not chosen: 2 of this outlet are in already" in p.reason for p in runners)


def test_outlets_of_one_owner_count_together(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    outlets = ["beta", "gamma", "beta", "gamma", "alpha", "delta"]
    made = [[make_entry(t, source=o)] for t, o in zip(SUBJECTS, outlets, strict=False)]
    picks, _ = choose_stories(rank(stories_of(made, sources), sources, now, model), 5, sources)
    assert sum(p.story.outlet in {"Beta", "Gamma"} for p in picks) == 2


def test_the_last_slot_waits_for_a_third_outlet(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    outlets = ["lab", "lab", "alpha", "alpha", "letter"]
    made = [
        [make_entry(t, source=o, hours=2 if o != "letter" else 60)]
        for t, o in zip(SUBJECTS, outlets, strict=False)
    ]
    picks, _ = choose_stories(rank(stories_of(made, sources), sources, now, model), 3, sources)
    assert {p.story.outlet for p in picks} == {"Lab", "Alpha", "Letter"}


def test_one_paper_at_most_and_only_with_a_cosignal(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    lone = make_entry(SUBJECTS[0], source="papers", paper=True)
    voted = make_entry(SUBJECTS[1], source="papers", paper=True, upvotes=60.0)
    carried = make_entry(SUBJECTS[2], source="papers", paper=True)
    also = make_entry(SUBJECTS[2], source="gamma")
    news = make_entry(SUBJECTS[3], source="alpha")
    ranked = rank(
        stories_of([[lone], [voted], [carried, also], [news]], sources), sources, now, model
    )
    picks, runners = choose_stories(ranked, 5, sources)
    assert sum(p.story.paper for p in picks) == 1
    assert lone.title not in {p.story.title for p in picks}
    said = {p.story.title: p.reason for p in runners}
    assert "a paper that nobody else pointed to" in said[lone.title]
    assert sum("a paper is in already" in reason for reason in said.values()) == 1


def test_nothing_sent_comes_again(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    sent = stories_of([[make_entry(SUBJECTS[0], hours=60)]], sources)
    again = make_entry("Ancient scripts: language model reads them", source="delta")
    same_target = replace(make_entry("New words", source="delta"), ref=sent[0].ref)
    new = make_entry(SUBJECTS[1], source="delta")
    ranked = rank(stories_of([[again], [same_target], [new]], sources), sources, now, model, sent)
    assert {p.story.title: p.features["repeat"] for p in ranked} == {
        again.title: 1.0,
        same_target.title: 1.0,
        new.title: 0.0,
    }
    picks, runners = choose_stories(ranked, 5, sources)
    assert [p.story.title for p in picks] == [new.title]
    assert all("sent in the last days" in p.reason for p in runners)


def test_one_event_once_in_a_five(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    made = stories_of(
        [
            [make_entry("Language model reads ancient scripts", source="alpha")],
            [make_entry("Language model reads the ancient scripts aloud", source="delta")],
        ],
        sources,
    )
    picks, runners = choose_stories(rank(made, sources, now, model), 5, sources)
    assert len(picks) == 1
    assert runners[0].reason.endswith("not chosen: the same event as one above")


def test_bad_stories_leave_room(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    made = [
        make_entry("How to store bread", source="gamma", hours=50),
        make_entry("7 ways to use a language model", source="lab"),
    ]
    ranked = rank(stories_of([[e] for e in made], sources), sources, now, model)
    picks, runners = choose_stories(ranked, 5, sources)
    assert picks == ()
    assert {p.reason.split("not chosen: ")[1] for p in runners} == {
        "list",
        "its score is below -4.5",
    }


# --- the shelf ---------------------------------------------------------------------------------

ON = date(2026, 3, 2)
TRACKS = ["optimisation", "generative-models", "theory-evaluation"]


@pytest.fixture
def shelf() -> list[ShelfItem]:
    return [
        ShelfItem(
            slug=f"item-{at:02}",
            title=f"Item {at}",
            authors=("A. Writer",),
            et_al=False,
            year=2000 + at,
            url=f"https://archive.example/{at}",
            venue="Archive",
            kind="paper",
            track=TRACKS[at % 3],
            summary="S.",
            why=f"it is the {at}th.",
        )
        for at in range(12)
    ]


def test_the_shelf_fills_what_is_missing(
    shelf: list[ShelfItem], busy_day: list[Story], sources: Sources, now: datetime, model: Model
) -> None:
    picks, _ = choose_stories(rank(busy_day, sources, now, model), 3, sources)
    filled = fill_from_shelf(picks, shelf, {}, on=ON, number=4, k=5, tracks=["optimisation"])
    assert filled[:3] == picks
    assert [p.slot for p in filled] == [1, 2, 3, 4, 5]
    assert all(p.story.shelf and p.story.track == "optimisation" for p in filled[3:])
    number = int(filled[3].story.id.removeprefix("shelf/item-"))
    assert filled[3].reason == f"From the shelf: it is the {number}th."
    assert fill_from_shelf(picks, shelf, {}, on=ON, number=4, k=3) == picks
    assert fill_from_shelf(picks, [], {}, on=ON, number=4, k=5) == picks


def test_the_shelf_is_deterministic_and_turns(shelf: list[ShelfItem]) -> None:
    def day(on: date, items: list[ShelfItem], history: dict[str, date]) -> tuple[StoryPick, ...]:
        return fill_from_shelf((), items, history, on=on, number=4, k=5)

    assert day(ON, shelf, {}) == day(ON, shelf[::-1], {})
    assert len({tuple(p.story.id for p in day(ON + timedelta(d), shelf, {})) for d in range(9)}) > 5
    history: dict[str, date] = {}
    seen: list[str] = []
    for offset in range(12):
        on = ON + timedelta(days=offset)
        (pick,) = fill_from_shelf((), shelf, history, on=on, number=offset + 1, k=1)
        history[pick.story.id] = on
        seen.append(pick.story.id)
    assert len(set(seen)) == 12
    (oldest,) = fill_from_shelf((), shelf, history, on=ON + timedelta(30), number=40, k=1)
    assert oldest.story.id == seen[0]
    assert oldest.features["days_since"] == 30


def test_shelf_items_of_a_mail_differ_in_track_and_from_the_news(shelf: list[ShelfItem]) -> None:
    three = fill_from_shelf((), shelf, {}, on=ON, number=1, k=3)
    assert {p.story.track for p in three} == set(TRACKS)
    news = (StoryPick(1, replace(three[0].story, shelf=False), 3.0, "news"),)
    rest = fill_from_shelf(news, shelf, {}, on=ON, number=1, k=12)
    assert len(rest) == 12
    assert three[0].story.id not in {p.story.id for p in rest[1:]}


def test_a_full_text_in_the_feed_tells_the_minutes(make_entry: Make, sources: Sources) -> None:
    assert build_story([make_entry(SUBJECTS[0], words=714.0)], sources).minutes == 3
    assert build_story([make_entry(SUBJECTS[0])], sources).minutes is None


def test_an_entry_in_another_language_than_its_feed_is_left_out(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    here = make_entry(SUBJECTS[0])
    abroad = replace(make_entry(SUBJECTS[1]), language="de")
    ranked = Chooser(sources, model).ranked([here, abroad], now)
    assert [pick.story.title for pick in ranked] == [here.title]


def test_a_sent_story_comes_again_only_when_something_happened(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    told = make_entry("Quill launches language model for rain", source="alpha", hours=30)
    sent = stories_of([[told]], sources)
    same = [make_entry("Language model for rain by Quill", source=s) for s in ("beta", "delta")]
    (again,) = rank(stories_of([[told, *same]], sources), sources, now, model, sent)
    assert again.features["repeat"] == 1
    one = make_entry("Quill language model sued over rain", source="beta", hours=1)
    (alone,) = rank(stories_of([[told, one]], sources), sources, now, model, sent)
    assert alone.features["repeat"] == 1
    two = make_entry("Lawsuit against Quill over language model", source="delta", hours=1)
    (update,) = rank(stories_of([[told, one, two]], sources), sources, now, model, sent)
    assert (update.features["repeat"], update.features["update"]) == (0, 1)
    assert update.reason.startswith("update: a lawsuit is new, ")
    assert update.story.title in {one.title, two.title}
    assert update.story.id == sent[0].id


def test_two_about_a_company_and_one_about_money(
    make_entry: Make, sources: Sources, now: datetime, model: Model
) -> None:
    titles = [
        ("OpenAI language model reads ancient scripts", "alpha"),
        ("Neural network of OpenAI forecasts monsoon", "beta"),
        ("OpenAI robots tie knots by deep learning", "delta"),
        ("Chatbot maker Lumen raises $9 million", "lab"),
        ("Court fines machine learning firm Karst", "letter"),
        ("Diffusion models draw protein folds", "alpha"),
    ]
    made = [[make_entry(title, source=outlet)] for title, outlet in titles]
    picks, runners = choose_stories(
        rank(stories_of(made, sources), sources, now, model), 5, sources
    )
    assert sum("OpenAI" in p.story.title for p in picks) == 2
    assert sum(p.features["money"] for p in picks) == 1
    said = " ".join(p.reason for p in runners)
    assert "2 about OpenAI are in already" in said
    assert "a story of money or courts is in already" in said
