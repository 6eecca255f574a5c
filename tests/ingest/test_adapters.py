from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from digest.ingest.child import parse
from digest.ingest.faults import FeedError

JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Example",
    "items": [
        {
            "id": 7,
            "url": "https://example.org/7",
            "title": "Seven | Example",
            "content_html": "<p>It is <b>seven</b>. Not eight.</p>",
            "date_published": "2026-03-10T02:00:00+02:00",
            "authors": [{"name": "Ada"}, {"url": "x"}],
        },
        {
            "id": "l",
            "url": "https://example.org/link",
            "external_url": "https://other.example/paper",
            "title": "A link",
            "summary": "What the link is about.",
        },
        {"id": "https://example.org/note", "content_text": "Only text, no markup: a < b."},
        "nonsense",
    ],
}

HACKER_NEWS = {
    "hits": [
        {
            "objectID": "101",
            "title": "Show HN: A tiny trainer",
            "url": "https://www.example.org/tiny/?utm_source=hn",
            "author": "ada",
            "points": 120,
            "num_comments": 34,
            "created_at": "2026-03-10T01:00:00Z",
            "created_at_i": 1773104400,
        },
        {
            "objectID": "102",
            "title": "Ask HN: How do you evaluate?",
            "url": None,
            "story_text": "<p>I wonder how you do it.</p>",
            "points": 5,
            "num_comments": None,
            "created_at": "2026-03-10T02:00:00.000Z",
        },
        {"objectID": "103", "title": "A paper", "url": "https://arxiv.org/pdf/2603.00001v2.pdf"},
    ]
}

PAPERS = [
    {
        "paper": {
            "id": "2603.00001",
            "title": "A\n  Paper",
            "summary": "We do it.\nAnd so on.",
            "authors": [{"name": "Ada Lee", "hidden": False}, {"name": "Bob Ray"}],
            "publishedAt": "2026-01-01T00:00:00.000Z",
            "submittedOnDailyAt": "2026-03-09T00:00:00.000Z",
            "upvotes": 57,
        },
        "publishedAt": "2026-01-01T00:00:00.000Z",
        "numComments": 3,
    },
    {"paper": {}},
]


@pytest.fixture
def adapt(make_source: Any, now: datetime) -> Any:
    def run(form: str, document: Any) -> Any:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        source = make_source(format=form)
        return parse(body, source, "https://example.org/x", "application/json", now).entries

    return run


def test_json_feed(adapt: Any, now: datetime) -> None:
    seven, link, note = adapt("jsonfeed", JSON_FEED)
    assert (seven.key, seven.title, seven.lead) == ("7", "Seven", "It is seven. Not eight.")
    assert seven.published == datetime(2026, 3, 10, 0, 0, tzinfo=UTC)
    assert seven.authors == ("Ada",)
    assert (link.url, link.key, link.published) == ("https://other.example/paper", "l", now)
    assert note.title == "Only text, no markup: a < b."


def test_a_hacker_news_item_stands_for_its_target(adapt: Any) -> None:
    tiny, ask, paper = adapt("hackernews", HACKER_NEWS)
    assert tiny.title == "Show HN: A tiny trainer"
    assert (tiny.key, tiny.url) == ("101", "https://www.example.org/tiny/")
    assert tiny.ref == "https://example.org/tiny"
    assert tiny.signals == {"points": 120.0, "comments": 34.0}
    assert tiny.published == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    assert ask.url == ask.ref == "https://news.ycombinator.com/item?id=102"
    assert ask.lead == "I wonder how you do it."
    assert ask.signals == {"points": 5.0}
    assert (paper.ref, paper.paper, tiny.paper) == ("arxiv:2603.00001", True, False)


def test_daily_papers_go_by_the_day_they_were_listed(adapt: Any) -> None:
    (paper,) = adapt("hf-papers", PAPERS)
    assert (paper.key, paper.ref) == ("2603.00001", "arxiv:2603.00001")
    assert paper.url == "https://arxiv.org/abs/2603.00001"
    assert (paper.title, paper.lead) == ("A Paper", "We do it. And so on.")
    assert paper.published == datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
    assert paper.signals == {"upvotes": 57.0, "comments": 3.0}
    assert paper.authors == ("Ada Lee", "Bob Ray")


@pytest.mark.parametrize(
    ("form", "document", "words"),
    [
        ("jsonfeed", {"items": []}, "JSON of another kind came, not a JSON Feed"),
        ("jsonfeed", b"<rss/>", "XML with the root <rss> came, not a JSON Feed"),
        ("jsonfeed", b'{"version": ', "cut off or broken"),
        ("jsonfeed", b"[" * 100_000, "cut off or broken"),
        ("hackernews", {"message": "limit"}, "not an answer of the Hacker News search"),
        ("hackernews", b"<html><title>Oops</title>", "an HTML page (“Oops”)"),
        ("hf-papers", {"error": "x"}, "not a list of daily papers"),
        ("hf-papers", [{"a": 1}], "not a list of daily papers"),
        ("hf-papers", b"", "an empty document"),
        ("gopher", b"", "the format 'gopher' is not one of feed, arxiv-api, jsonfeed"),
    ],
)
def test_what_is_of_another_kind(adapt: Any, form: str, document: Any, words: str) -> None:
    with pytest.raises(FeedError) as caught:
        adapt(form, document)
    assert words in caught.value.message


def test_an_empty_list_is_no_fault(adapt: Any) -> None:
    assert adapt("hf-papers", []) == ()
    assert adapt("hackernews", {"hits": []}) == ()


def test_full_texts_are_measured_and_other_languages_noticed(adapt: Any) -> None:
    items = [
        {"id": "1", "url": "https://a.example/1", "title": "A text", "content_html": "word " * 300},
        {"id": "2", "url": "https://a.example/2", "title": "A note", "summary": "Short and new."},
        {
            "id": "3",
            "url": "https://a.example/3",
            "title": "Das neue Modell ist da",
            "summary": "Es wird auch für die Forschung verfügbar sein und ist frei.",
        },
    ]
    made = adapt("jsonfeed", {"version": "https://jsonfeed.org/version/1.1", "items": items})
    assert [entry.signals for entry in made] == [{"words": 300.0}, {}, {}]
    assert [entry.language for entry in made] == ["en", "en", "de"]
