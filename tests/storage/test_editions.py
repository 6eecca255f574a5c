from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from digest.domain.edition import EditionStatus
from digest.errors import EditionError
from digest.storage import SqlStore, open_store, schema
from tests.databases import settings_for
from tests.storage.conftest import DAY, NOW, a_shelf_story, a_story, an_edition, some_blocks


def test_what_is_kept_comes_back_whole(store: SqlStore) -> None:
    assert store.editions.get(DAY) is None
    assert store.editions.save(an_edition(), some_blocks()) == an_edition()
    assert store.editions.get(DAY) == an_edition()
    assert an_edition().built_at.microsecond == 123456


def test_blocks_come_concepts_first_in_slot_order_with_their_images(store: SqlStore) -> None:
    store.editions.save(an_edition(), some_blocks())
    story, two, one = some_blocks()
    assert store.editions.blocks(DAY) == (one, two, story)
    assert store.editions.blocks(DAY)[1].images[0].png == b"\0\xff"
    assert store.editions.blocks(DAY + timedelta(days=1)) == ()


def test_images_are_kept_once_for_all_editions(store: SqlStore) -> None:
    store.editions.save(an_edition(), some_blocks())
    store.editions.save(an_edition(DAY + timedelta(days=1), 2), some_blocks())
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.images)) == 3


def test_a_draft_takes_the_place_of_the_draft_before(store: SqlStore) -> None:
    store.editions.save(an_edition(), some_blocks())
    second = an_edition(subject="Another", concepts=(), runners_up=(), faults=())
    assert store.editions.save(second, some_blocks()[:1]) == second
    assert store.editions.blocks(DAY) == tuple(some_blocks()[:1])


def test_publishing_is_for_good(store: SqlStore) -> None:
    store.editions.save(an_edition(), some_blocks())
    published = store.editions.publish(DAY, NOW)
    assert published == replace(an_edition(), status=EditionStatus.PUBLISHED, published_at=NOW)
    later = NOW + timedelta(hours=1)
    assert store.editions.publish(DAY, later) == published
    assert store.editions.save(an_edition(subject="Other", concepts=()), []) == published
    assert len(store.editions.blocks(DAY)) == 3


def test_publishing_what_is_not_there_says_so(store: SqlStore) -> None:
    with pytest.raises(EditionError, match=r"2026-03-02: there is none\n.*digest edition build"):
        store.editions.publish(DAY, NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE editions SET subject = 'changed'",
        "UPDATE editions SET status = 'draft'",
        "UPDATE edition_picks SET reason = 'changed'",
        "DELETE FROM edition_picks",
        "UPDATE edition_blocks SET html = 'changed'",
        "DELETE FROM edition_blocks",
        "INSERT INTO edition_blocks SELECT edition_date, kind, 9, key, html, text, answer_html, "
        "answer_text, images FROM edition_blocks WHERE slot = 2",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_published(
    store: SqlStore, statement: str
) -> None:
    store.editions.save(an_edition(), some_blocks())
    with store.access.write() as connection:
        # The very statement works on a draft.
        savepoint = connection.begin_nested()
        assert connection.execute(text(statement)).rowcount > 0
        savepoint.rollback()
    before = store.editions.publish(DAY, NOW), store.editions.blocks(DAY)
    with pytest.raises(IntegrityError, match="never changes"), store.access.write() as connection:
        connection.execute(text(statement))
    assert (store.editions.get(DAY), store.editions.blocks(DAY)) == before


def test_a_whole_edition_may_still_be_deleted(store: SqlStore) -> None:
    store.editions.save(an_edition(), some_blocks())
    store.editions.publish(DAY, NOW)
    with store.access.write() as connection:
        connection.execute(schema.editions.delete())
    with store.read() as connection:
        for table in (schema.edition_picks, schema.edition_blocks):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_numbers_count_the_editions_before(store: SqlStore) -> None:
    assert store.editions.next_number(DAY) == 1
    store.editions.save(an_edition(DAY, 1), [])
    assert store.editions.next_number(DAY) == 1
    assert store.editions.next_number(DAY + timedelta(days=3)) == 2
    store.editions.save(an_edition(DAY + timedelta(days=3), 2), [])
    # Number 2 went to a date built ahead: the day between gets the next free one.
    assert store.editions.next_number(DAY + timedelta(days=1)) == 3


def test_two_dates_cannot_have_one_number(store: SqlStore) -> None:
    store.editions.save(an_edition(DAY, 1), [])
    with pytest.raises(EditionError, match=r"No\. 1 is another date's"):
        store.editions.save(an_edition(DAY + timedelta(days=1), 1), some_blocks())
    assert store.editions.get(DAY + timedelta(days=1)) is None


def test_listing_is_newest_first_without_runners_up(store: SqlStore) -> None:
    for number in (1, 2, 3):
        store.editions.save(an_edition(DAY + timedelta(days=number), number), [])
    listed = store.editions.listing(2)
    assert [edition.number for edition in listed] == [3, 2]
    assert listed[0] == replace(an_edition(DAY + timedelta(days=3), 3), runners_up=())


def test_story_history_looks_at_the_right_dates(store: SqlStore) -> None:
    for number in (1, 2, 3):
        on = date(2026, 3, number)
        stories = (
            replace(an_edition().stories[0], story=a_story(f"lab/{number}")),
            replace(an_edition().stories[1], story=a_shelf_story(f"s{number % 2}")),
        )
        store.editions.save(an_edition(on, number, stories=stories), [])
    found = store.editions.sent_stories(date(2026, 3, 1), date(2026, 3, 3))
    assert [story.id for story in found] == ["lab/1", "shelf/s1", "lab/2", "shelf/s0"]
    assert found[0] == a_story("lab/1")
    assert store.editions.shelf_history(date(2026, 3, 3)) == {
        "shelf/s0": date(2026, 3, 2),
        "shelf/s1": date(2026, 3, 1),
    }
    assert store.editions.shelf_history(date(2026, 3, 4))["shelf/s1"] == date(2026, 3, 3)


def _save_and_fail(store: SqlStore) -> None:
    with store.write():
        store.editions.save(an_edition(), some_blocks())
        _ = 1 / 0


def test_a_fault_in_the_middle_keeps_nothing(database_url: str) -> None:
    with open_store(settings_for(database_url)) as store:
        with pytest.raises(ZeroDivisionError):
            _save_and_fail(store)
        assert store.editions.get(DAY) is None
        with store.access.write() as connection:
            connection.execute(update(schema.images).values(png=b""))
            assert connection.scalar(select(func.count()).select_from(schema.images)) == 0
