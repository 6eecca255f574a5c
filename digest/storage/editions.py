"""Editions with their picks and blocks.

A draft may be written over; after publishing, neither this class nor anybody else who speaks to
the database can change it (triggers, see migrations/).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from digest.domain.edition import (
    Block,
    ConceptPick,
    Edition,
    EditionStatus,
    Image,
    Role,
    StoryPick,
)
from digest.domain.story import Story
from digest.errors import EditionError
from digest.storage import schema
from digest.storage.codec import numbers, story_from_json, story_to_json
from digest.storage.doors import Access, insert

_T = schema.editions
_PICKS = schema.edition_picks
_BLOCKS = schema.edition_blocks
_IMAGES = schema.images
_CONCEPT, _STORY, _RUNNER_UP = "concept", "story", "runner_up"


class Editions:
    """`ports.EditionStore` over SQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def get(self, on: date) -> Edition | None:
        """The edition of a date."""
        with self._access.read() as connection:
            found = connection.execute(select(_T).where(_T.c.date == on)).one_or_none()
            if found is None:
                return None
            picks = connection.execute(
                select(_PICKS).where(_PICKS.c.edition_date == on).order_by(_PICKS.c.position)
            )
            return _edition(found, picks.all())

    def next_number(self, on: date) -> int:
        """One more than the editions before `on`.

        Where a later date has that number already (it was built ahead), the next free one.
        """
        with self._access.read() as connection:
            before = connection.scalar(select(func.max(_T.c.number)).where(_T.c.date < on)) or 0
            taken = connection.scalar(
                select(_T.c.number).where(_T.c.number == before + 1, _T.c.date != on)
            )
            if taken is None:
                return before + 1
            return int(connection.scalar(select(func.max(_T.c.number))) or 0) + 1

    def save(self, edition: Edition, blocks: Sequence[Block]) -> Edition:
        """Keep a draft, in place of an earlier draft; a published edition is returned as it is.

        Raises EditionError when its number belongs to another date.
        """
        row = {
            "number": edition.number,
            "status": EditionStatus.DRAFT,
            "built_at": edition.built_at,
            "subject": edition.subject,
            "preheader": edition.preheader,
            "faults": list(edition.faults),
        }
        try:
            with self._access.write() as connection:
                statement = insert(connection, _T).values(date=edition.date, **row)
                kept = connection.scalar(
                    statement.on_conflict_do_update(
                        index_elements=[_T.c.date],
                        set_=row,
                        where=_T.c.status == EditionStatus.DRAFT,
                    ).returning(_T.c.date)
                )
                if kept is not None:
                    _write_picks(connection, edition)
                    _write_blocks(connection, edition.date, blocks)
                return self._have(edition.date)
        except IntegrityError as error:
            if "number" not in str(error.orig):
                raise
            raise EditionError(
                f"edition {edition.date}: No. {edition.number} is another date's",
                "build it again",
            ) from error

    def publish(self, on: date, now: datetime) -> Edition:
        """Make a draft immutable; harmless when it is so already.

        Raises EditionError when there is no draft.
        """
        with self._access.write() as connection:
            connection.execute(
                update(_T)
                .where(_T.c.date == on, _T.c.status == EditionStatus.DRAFT)
                .values(status=EditionStatus.PUBLISHED, published_at=now)
            )
            return self._have(on)

    def blocks(self, on: date) -> Sequence[Block]:
        """The blocks of an edition, concepts first, in slot order."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_BLOCKS)
                .where(_BLOCKS.c.edition_date == on)
                .order_by(_BLOCKS.c.kind, _BLOCKS.c.slot)
            ).all()
            wanted = {image["sha256"] for row in rows for image in row.images}
            png = dict(
                connection.execute(
                    select(_IMAGES.c.sha256, _IMAGES.c.png).where(_IMAGES.c.sha256.in_(wanted))
                ).all()
            )
        return tuple(
            Block(
                kind=row.kind,
                key=row.key,
                slot=row.slot,
                html=row.html,
                text=row.text,
                images=tuple(Image(png=bytes(png[i["sha256"]]), **i) for i in row.images),
                answer_html=row.answer_html,
                answer_text=row.answer_text,
            )
            for row in rows
        )

    def listing(self, limit: int, before: date | None = None) -> Sequence[Edition]:
        """The newest editions (before a date) first, without runners-up."""
        wanted = select(_T).order_by(_T.c.date.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(_T.c.date < before)
        with self._access.read() as connection:
            found = connection.execute(wanted).all()
            picks: dict[date, list[Row[Any]]] = {row.date: [] for row in found}
            for pick in connection.execute(
                select(_PICKS)
                .where(_PICKS.c.edition_date.in_(picks), _PICKS.c.kind != _RUNNER_UP)
                .order_by(_PICKS.c.position)
            ):
                picks[pick.edition_date].append(pick)
        return tuple(_edition(row, picks[row.date]) for row in found)

    def sent_stories(self, since: date, before: date) -> Sequence[Story]:
        """The stories of the editions in [since, before), by date and slot."""
        with self._access.read() as connection:
            snapshots = connection.scalars(
                select(_PICKS.c.snapshot)
                .where(
                    _PICKS.c.edition_date >= since,
                    _PICKS.c.edition_date < before,
                    _PICKS.c.kind == _STORY,
                )
                .order_by(_PICKS.c.edition_date, _PICKS.c.position)
            ).all()
        return tuple(story_from_json(snapshot) for snapshot in snapshots)

    def shelf_history(self, before: date) -> Mapping[str, date]:
        """Shelf story id -> when it was last shown, over the editions before a date."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_PICKS.c.key, func.max(_PICKS.c.edition_date))
                .where(
                    _PICKS.c.edition_date < before,
                    _PICKS.c.kind == _STORY,
                    _PICKS.c.key.startswith("shelf/"),
                )
                .group_by(_PICKS.c.key)
                .order_by(_PICKS.c.key)
            )
            return dict(rows.all())

    def image(self, sha256: str) -> bytes | None:
        """A picture (PNG) of any edition by its SHA-256 (hex)."""
        with self._access.read() as connection:
            found = connection.scalar(select(_IMAGES.c.png).where(_IMAGES.c.sha256 == sha256))
        return None if found is None else bytes(found)

    def with_concept(self, slug: str, limit: int) -> Sequence[date]:
        """Dates of the published editions that show a concept, newest first."""
        with self._access.read() as connection:
            return connection.scalars(
                select(_T.c.date)
                .join(_PICKS, _PICKS.c.edition_date == _T.c.date)
                .where(
                    _PICKS.c.kind == _CONCEPT,
                    _PICKS.c.key == slug,
                    _T.c.status == EditionStatus.PUBLISHED,
                )
                .order_by(_T.c.date.desc())
                .limit(limit)
            ).all()

    def index(self) -> Sequence[tuple[date, int, str]]:
        """Date, number and subject of every published edition, newest first."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T.c.date, _T.c.number, _T.c.subject)
                .where(_T.c.status == EditionStatus.PUBLISHED)
                .order_by(_T.c.date.desc())
            )
            return [(row.date, row.number, row.subject) for row in rows]

    def _have(self, on: date) -> Edition:
        found = self.get(on)
        if found is None:
            raise EditionError(
                f"edition {on}: there is none", f"build it: digest edition build --date {on}"
            )
        return found


def _write_picks(connection: Connection, edition: Edition) -> None:
    connection.execute(delete(_PICKS).where(_PICKS.c.edition_date == edition.date))
    rows: list[dict[str, Any]] = [
        {
            "kind": _CONCEPT,
            "position": position,
            "slot": pick.slot,
            "key": pick.slug,
            "score": None,
            "reason": pick.reason,
            "features": numbers(pick.features),
            "snapshot": {
                "version": pick.version,
                "role": str(pick.role),
                "variant": pick.variant,
            },
        }
        for position, pick in enumerate(edition.concepts)
    ]
    for kind, picks in ((_STORY, edition.stories), (_RUNNER_UP, edition.runners_up)):
        rows += [
            {
                "kind": kind,
                "position": position,
                "slot": pick.slot,
                "key": pick.story.id,
                "score": float(pick.score),
                "reason": pick.reason,
                "features": numbers(pick.features),
                "snapshot": story_to_json(pick.story),
            }
            for position, pick in enumerate(picks)
        ]
    if rows:
        connection.execute(_PICKS.insert(), [row | {"edition_date": edition.date} for row in rows])


def _write_blocks(connection: Connection, on: date, blocks: Sequence[Block]) -> None:
    connection.execute(delete(_BLOCKS).where(_BLOCKS.c.edition_date == on))
    pictures = {image.sha256: image.png for block in blocks for image in block.images}
    if pictures:
        connection.execute(
            insert(connection, _IMAGES).on_conflict_do_nothing(),
            # In one order for all, so that two builders at once cannot wait for each other.
            [{"sha256": name, "png": png} for name, png in sorted(pictures.items())],
        )
    if blocks:
        connection.execute(
            _BLOCKS.insert(),
            [
                {
                    "edition_date": on,
                    "kind": block.kind,
                    "slot": block.slot,
                    "key": block.key,
                    "html": block.html,
                    "text": block.text,
                    "answer_html": block.answer_html,
                    "answer_text": block.answer_text,
                    "images": [
                        {
                            "name": image.name,
                            "sha256": image.sha256,
                            "width": image.width,
                            "height": image.height,
                        }
                        for image in block.images
                    ],
                }
                for block in blocks
            ],
        )


def _edition(row: Row[Any], picks: Iterable[Row[Any]]) -> Edition:
    concepts: list[ConceptPick] = []
    stories: dict[str, list[StoryPick]] = {_STORY: [], _RUNNER_UP: []}
    for pick in picks:
        if pick.kind == _CONCEPT:
            concepts.append(
                ConceptPick(
                    slot=pick.slot,
                    slug=pick.key,
                    version=pick.snapshot["version"],
                    role=Role(pick.snapshot["role"]),
                    variant=pick.snapshot["variant"],
                    reason=pick.reason,
                    features=pick.features,
                )
            )
        else:
            stories[pick.kind].append(
                StoryPick(
                    slot=pick.slot,
                    story=story_from_json(pick.snapshot),
                    score=pick.score,
                    reason=pick.reason,
                    features=pick.features,
                )
            )
    return Edition(
        date=row.date,
        number=row.number,
        status=EditionStatus(row.status),
        built_at=row.built_at,
        subject=row.subject,
        preheader=row.preheader,
        concepts=tuple(concepts),
        stories=tuple(stories[_STORY]),
        runners_up=tuple(stories[_RUNNER_UP]),
        faults=tuple(row.faults),
        published_at=row.published_at,
    )
