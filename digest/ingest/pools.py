"""Pools to be ranked, from JSON lines, plain or gzip: days of headlines, weeks of papers, threads.

The kind of a file follows from its fields:

    {"day": …, "pool": [{"title", "url", "grade"?}, …], "context_headlines"?: [{"title"} or text]}
    {"week": …, "pool": [{"id", "title", "abstract"?, "early_upvotes"?, "comments"?, "pick"?}, …]}
    {"id", "title", "url"?, "first_seen", "points"?: {"0", "1", "2"}, "comments"?, "final_points"?}

Unknown fields are passed over and missing ones are unknown. Of points and comments only those of
the first two hours are read; what a thread ended with serves as its grade and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from digest.domain import features
from digest.domain.pools import Pool
from digest.domain.scoring import Features
from digest.domain.story import Source
from digest.domain.text import host_of
from digest.errors import UsageError
from digest.ingest.records import read_lines

_TOP: Final = 5
_HOURS: Final = (0, 1, 2)
_MOST: Final = 1e12
"""No count is larger; what is comes from a broken file and is unknown."""

_KEYS: Final = ("url", "id", "title")

Record = Mapping[str, Any]


def pools(path: Path, sources: Iterable[Source] = ()) -> list[Pool]:
    """The pools of a file, in its order (threads by day). `sources` tell tiers by host.

    Raises UsageError naming file and line for what is none of the three kinds.
    """
    known = {host_of(s.homepage): s for s in sources if s.cite and not s.paper}
    found: list[Pool] = []
    threads: defaultdict[str, list[Record]] = defaultdict(list)
    for number, record in read_lines(path):
        if isinstance(record.get("pool"), list):
            rows = [row for row in record["pool"] if isinstance(row, dict) and _key(row, *_KEYS)]
            if "week" in record:
                found.append(_papers(record, rows))
            elif "day" in record:
                found.append(_headlines(record, rows, known))
            else:
                raise UsageError(f"{path}:{number}: a pool without `day` or `week`", _HINT)
        elif "id" in record and (when := _moment(record.get("first_seen"))) is not None:
            threads[when.date().isoformat()].append(record)
        else:
            raise UsageError(
                f"{path}:{number}: neither a `pool` nor a thread (`id` and `first_seen`)", _HINT
            )
    return found + [_threads(day, threads[day]) for day in sorted(threads)]


_HINT: Final = "see: digest stories rank --help"


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", _HINT) from error


# --- headlines ---------------------------------------------------------------------------------


def _headlines(record: Record, rows: Sequence[Record], known: Mapping[str, Source]) -> Pool:
    titles = [_text(row, "title") for row in rows]
    context = record.get("context_headlines")
    reports = features.soft_reports(
        titles, [_title(each) for each in (context if isinstance(context, list) else ())]
    )
    day = _moment(record["day"])
    made = []
    for row, title, sure in zip(rows, titles, reports, strict=True):
        url = _text(row, "url")
        dated = features.date_in(url)
        source = known.get(host_of(url if "://" in url else f"https://{url}"))
        made.append(
            features.headline(
                title,
                url,
                reports=sure,
                age_days=(day.date() - dated).days if day and dated else None,
                tier=source.tier if source else None,
                primary=source is not None and source.kind == "lab" and source.tier == 1,
            )
        )
    return Pool(
        head="headline",
        unit="day",
        name=str(record["day"]),
        keys=tuple(_key(row, "url", "id", "title") for row in rows),
        titles=tuple(titles),
        features=tuple(made),
        votes=tuple(sum(sure) for sure in reports),
        grades=_grades(rows, "grade"),
    )


def _title(given: object) -> str:
    return (
        given
        if isinstance(given, str)
        else _text(given if isinstance(given, dict) else {}, "title")
    )


# --- papers ------------------------------------------------------------------------------------


def _papers(record: Record, rows: Sequence[Record]) -> Pool:
    made: list[Features] = [
        features.paper(
            _text(row, "title"),
            _text(row, "abstract") or _text(row, "summary"),
            upvotes=_number(row.get("early_upvotes", row.get("upvotes"))),
            listed=day.date() if (day := _moment(row.get("day"))) else None,
        )
        for row in rows
    ]
    return Pool(
        head="paper",
        unit="week",
        name=str(record["week"]),
        keys=tuple(_key(row, "id", "url", "title") for row in rows),
        titles=tuple(_text(row, "title") for row in rows),
        features=tuple(made),
        votes=tuple(_number(row.get("early_upvotes", row.get("upvotes"))) or 0.0 for row in rows),
        grades=_grades(rows, "pick"),
    )


# --- threads -----------------------------------------------------------------------------------


def _threads(day: str, rows: Sequence[Record]) -> Pool:
    final = [_number(row.get("final_points")) for row in rows]
    grades = None
    if None not in final:
        # As in print: ties fall by id.
        ranked = sorted(range(len(rows)), key=lambda at: (-(final[at] or 0.0), str(rows[at]["id"])))
        top = set(ranked[:_TOP])
        grades = tuple(int(at in top) for at in range(len(rows)))
    return Pool(
        head="community",
        unit="day",
        name=day,
        keys=tuple(_key(row, "id") for row in rows),
        titles=tuple(_text(row, "title") for row in rows),
        features=tuple(
            features.thread(
                points=_early(row.get("points")),
                comments=_early(row.get("comments")),
                first_seen=_moment(row.get("first_seen")),
            )
            for row in rows
        ),
        votes=tuple(max(_early(row.get("points")).values(), default=0.0) for row in rows),
        grades=grades,
    )


def _early(given: object) -> dict[int, float]:
    """Hour -> value, for the first two hours only."""
    if not isinstance(given, dict):
        return {}
    read = {hour: _number(given.get(str(hour))) for hour in _HOURS}
    return {hour: value for hour, value in read.items() if value is not None}


# --- fields ------------------------------------------------------------------------------------


def _text(row: Record, name: str) -> str:
    found = row.get(name)
    return found if isinstance(found, str) else ""


def _number(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if abs(given) < _MOST else None


def _key(row: Record, *names: str) -> str | int:
    return next((row[n] for n in names if isinstance(row.get(n), str | int)), "")


def _grades(rows: Sequence[Record], name: str) -> tuple[int, ...] | None:
    known = [row.get(name) for row in rows]
    if not all(isinstance(grade, int) for grade in known):
        return None
    return tuple(int(grade) for grade in known if isinstance(grade, int))


def _moment(given: object) -> datetime | None:
    """A moment in UTC, or midnight of a bare date."""
    if not isinstance(given, str):
        return None
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        try:
            moment = datetime.combine(date.fromisoformat(given.strip()), datetime.min.time())
        except ValueError:
            return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
