"""Entries are read once; what was said of them is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from digest.domain.scoring import Model
from digest.domain.story import Entry, Source
from digest.ports import FeedResult, FeedState
from digest.storage import SqlStore, open_store
from digest.workflows.choose import Chooser
from digest.workflows.meaning import Meaning
from tests.databases import settings_for

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


class Reader:
    """Stands for a model: to it two texts are alike when their first letters are."""

    def __init__(self, name: str = "first letter/1") -> None:
        self.name = name
        self.read: list[str] = []

    def packed(self, texts: Sequence[str]) -> list[bytes]:
        self.read += texts
        return [np.eye(26, dtype="<f2")[ord(text[0].lower()) - 97].tobytes() for text in texts]


def an_entry(key: str, title: str, lead: str = "", seen: datetime = NOW) -> Entry:
    url = f"https://lab.example/{key}"
    return Entry("lab", key, url, title, lead, seen, seen, url)


ENTRIES = [
    an_entry("1", "Alpha ships", "A lead."),
    an_entry("2", "Anew beyond"),
    an_entry("3", "Bravo other words"),
]


@pytest.fixture
def store(sqlite_template: Any, tmp_path: Any):
    path = tmp_path / "digest.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_store(settings_for(f"sqlite:///{path}")) as opened:
        opened.entries.record(FeedResult(FeedState("lab"), tuple(ENTRIES)), NOW)
        yield opened


def test_each_entry_is_read_once_with_its_title_and_lead(store: SqlStore) -> None:
    reader = Reader()
    first = Meaning(reader, store.entries).of(ENTRIES[:2], NOW)
    assert reader.read == ["Alpha ships. A lead.", "Anew beyond"]
    again = Meaning(reader, store.entries).of(ENTRIES, NOW + timedelta(hours=1))
    assert reader.read[2:] == ["Bravo other words"]
    assert set(again) == {entry.id for entry in ENTRIES}
    assert {vector.dtype for vector in again.values()} == {np.dtype(np.float32)}
    for name, vector in first.items():
        assert (again[name] == vector).all()


def test_another_model_reads_anew(store: SqlStore) -> None:
    Meaning(Reader(), store.entries).of(ENTRIES, NOW)
    other = Reader("first letter/2")
    Meaning(other, store.entries).of(ENTRIES, NOW)
    assert len(other.read) == 3


def test_without_a_store_nothing_is_kept() -> None:
    reader = Reader()
    for _ in range(2):
        Meaning(reader).of(ENTRIES)
    assert len(reader.read) == 6


def test_what_the_model_says_decides_which_entries_are_one_story(store: SqlStore) -> None:
    source = Source(
        "lab", "https://lab.example/feed", "Lab", "https://lab.example", "lab", "lab", 1
    )
    meaning = Meaning(Reader(), store.entries)

    def told(chooser: Chooser) -> list[set[str]]:
        ranked = chooser.ranked(ENTRIES, NOW)
        return sorted(({e.key for e in pick.story.entries} for pick in ranked), key=min)

    assert told(Chooser({"lab": source}, Model())) == [{"1"}, {"2"}, {"3"}]
    assert told(Chooser({"lab": source}, Model(), meaning)) == [{"1", "2"}, {"3"}]
