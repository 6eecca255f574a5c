"""digest stories rank, show, replay and calibrate as a person runs them."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from digest import resources
from digest.catalog.weights import read_model, write_model
from digest.domain.story import Entry
from digest.ports import FeedResult, FeedState
from digest.settings.models import DatabaseSettings
from digest.storage import open_store
from digest.wiring import utc_now

HEADLINES = {
    "day": "2026-03-02",
    "pool": [
        {"title": "How to bake bread", "url": "bakery.example/bread"},
        {"title": "OpenAI releases a new language model", "url": "openai.com/index/x"},
        {"title": "", "url": "nowhere.example"},
    ],
    "context_headlines": [{"title": "New language model released by OpenAI"}, "Rain", 7],
    "unknown": {"field": 1},
}
PAPERS = {
    "week": "2026-03-02",
    "pool": [
        {"id": "2601.1", "title": "A video of a depth map", "early_upvotes": 0},
        {"id": 26012, "title": "Agents that reason", "abstract": "LLM agents", "early_upvotes": 90},
        {"id": "2601.3", "title": "Untitled"},
    ],
}


def thread(number: int, points: object, **more: object) -> dict[str, object]:
    when = f"2026-03-02T{number % 24:02}:10:00Z"
    return {
        "id": f"t{number}",
        "title": f"Thread {number}",
        "first_seen": when,
        "points": points,
    } | more


def write(path: Path, rows: list[object]) -> str:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return str(path)


def answers(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_rank_tells_the_kinds_of_files_apart(digest, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    def ranked(rows: list[object], name: str) -> list[dict[str, object]]:
        done = digest(
            *("stories", "rank", "--input", write(tmp_path / name, rows), "--output", str(out))
        )
        assert done.returncode == 0, done.stderr
        return answers(out)

    (day,) = ranked([HEADLINES], "headlines.jsonl.gz")
    assert day["day"] == "2026-03-02"
    assert day["picks"][0] == "openai.com/index/x"
    assert sorted(day["picks"]) == sorted(row["url"] for row in HEADLINES["pool"])
    (week,) = ranked([PAPERS], "papers.jsonl")
    assert (week["week"], week["picks"][0]) == ("2026-03-02", 26012)
    threads = [
        thread(1, {"0": 5, "1": 9, "2": 12, "8": 900}),
        thread(2, {"0": 50, "1": 120, "2": 210}, comments={"2": 40}),
        thread(3, None),
        {"id": "t4", "title": "Next day", "first_seen": "2026-03-03T00:00:00+00:00"},
    ]
    first, second = ranked(threads, "threads.jsonl")
    assert first == {"day": "2026-03-02", "picks": ["t2", "t1", "t3"]}
    assert second == {"day": "2026-03-03", "picks": ["t4"]}


def test_nonsense_in_a_field_counts_as_unknown(digest, tmp_path: Path) -> None:
    rows = [
        thread(1, {"0": "many", "1": -5, "2": float("inf")}),
        thread(2, {"0": 10**400, "2": True}, comments=[1]),
        thread(3, {"2": 300}) | {"title": None},
    ]
    out = tmp_path / "o.jsonl"
    source = write(tmp_path / "t.jsonl", rows)
    done = digest("stories", "rank", "--input", source, "--output", str(out))
    assert done.returncode == 0, done.stderr
    assert answers(out)[0]["picks"][0] == "t3"
    twice = [{"title": "A", "url": "a.example"}] * 2 + [{"url": None}, {}, "text"]
    source = write(tmp_path / "d.jsonl", [{"day": None, "pool": twice, "context_headlines": 3}])
    assert digest("stories", "rank", "--input", source, "--output", str(out)).returncode == 0
    assert answers(out)[0]["picks"] == ["a.example"]


def test_what_came_later_plays_no_part(digest, tmp_path: Path) -> None:
    early = [thread(n, {"0": n, "1": 2 * n, "2": 3 * n}, comments={"2": n}) for n in range(9)]
    later = [
        row | {"final_points": 99 - n, "points": row["points"] | {"4": 50 - n, "8": 1000 - n}}
        for n, row in enumerate(early)
    ]
    got = []
    for rows in (early, later):
        out = tmp_path / "o.jsonl"
        source = write(tmp_path / "t.jsonl", rows)
        assert digest("stories", "rank", "--input", source, "--output", str(out)).returncode == 0
        got.append(answers(out))
    assert got[0] == got[1]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"pool": []}], "f.jsonl:1: a pool without `day` or `week`"),
        ([HEADLINES, {"title": "x"}], "f.jsonl:2: neither a `pool` nor a thread"),
        (["text"], "f.jsonl:1:"),
    ],
)
def test_what_is_no_pool_is_refused_by_line(digest, tmp_path: Path, rows, said: str) -> None:
    source = write(tmp_path / "f.jsonl", rows)
    done = digest("stories", "rank", "--input", source, "--output", str(tmp_path / "o"))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# --- weights -----------------------------------------------------------------------------------


def days(count: int = 30) -> list[object]:
    """Headlines of labs are picked, of bakers not."""
    rng = Random(0)  # noqa: S311 - a repeatable sequence, no secret
    rows = []
    for n in range(count):
        pool = []
        for at in range(8):
            lab = at < 2
            host = "lab.example" if lab else "bakery.example"
            title = f"{'Model' if lab else 'Bread'} number {rng.randint(0, 999)} of {n}"
            pool.append({"title": title, "url": f"{host}/{n}-{at}", "grade": 2 * lab})
        rows.append({"day": f"2026-{n // 28 + 1:02}-{n % 28 + 1:02}", "pool": pool})
    return rows


def test_calibrate_learns_reports_and_says_where_from(digest, tmp_path: Path) -> None:
    source, out = write(tmp_path / "days.jsonl", days()), tmp_path / "own.json"
    done = digest("stories", "calibrate", source, "--output", str(out), "--name", "ours")
    assert done.returncode == 0, done.stderr
    assert "hit@5" in done.stdout
    assert "host record" in done.stdout
    shipped = read_model(resources.data("ranking.json"))
    own = read_model(out)
    assert own.name == "ours"
    assert own.paper == shipped.paper
    assert own.headline.signs["host=lab.example"] > own.headline.signs["host=bakery.example"]
    origin = json.loads((tmp_path / "own.provenance.json").read_text("utf-8"))
    assert origin["start"] == "shipped"
    assert origin["inputs"][0]["pools"] == 30
    assert origin["inputs"][0]["picked"] == 60
    assert len(origin["inputs"][0]["sha256"]) == 64
    assert origin["cross_validation"][0]["measure"] == "hit@5"

    # The setting names an operator's weights; a broken file is named with its key.
    ranked = tmp_path / "ranked.jsonl"
    words = ("stories", "rank", "--input", source, "--output", str(ranked))
    assert digest(*words, DIGEST_PATHS__WEIGHTS=str(out)).returncode == 0
    assert all("lab.example" in row["picks"][0] for row in answers(ranked))
    out.write_text('{"version": 1, "judged": {"ownerz": 1}}', encoding="utf-8")
    done = digest(*words, DIGEST_PATHS__WEIGHTS=str(out))
    assert done.returncode == 4
    assert "own.json: judged.ownerz: is not one of owners, " in done.stderr


def test_calibrate_needs_something_to_learn_from(digest, tmp_path: Path) -> None:
    source = write(tmp_path / "days.jsonl", [HEADLINES])
    done = digest("stories", "calibrate", source, "--output", str(tmp_path / "own.json"))
    assert done.returncode == 2
    assert "no pool tells what was picked" in done.stderr


def test_weights_survive_being_written(tmp_path: Path) -> None:
    model = read_model(resources.data("ranking.json"))
    write_model(tmp_path / "w.json", model)
    assert read_model(tmp_path / "w.json") == model
    assert (tmp_path / "w.json").read_bytes() == resources.data("ranking.json").read_bytes()


def test_the_shipped_weights_say_where_they_come_from() -> None:
    origin = json.loads(resources.data("ranking.provenance.json").read_text("utf-8"))
    assert origin["start"] == "nothing"
    assert {row["head"] for row in origin["cross_validation"]} == {
        "headline",
        "paper",
        "community",
    }
    # Words that occur on several days, never a title.
    signs = read_model(resources.data("ranking.json")).headline.signs
    assert max(len(sign.split()) for sign in signs) <= 3


# --- past days ---------------------------------------------------------------------------------


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store with six stories of six outlets, a few hours old."""
    database = DatabaseSettings(url=f"sqlite:///{tmp_path}/digest.db")
    now = utc_now()
    outlets = ("openai", "google-deepmind", "techcrunch-ai", "the-decoder", "wired-ai", "mistral")
    titles = (
        "Language model reads ancient scripts",
        "Neural network forecasts monsoon rain",
        "Robots tie knots by deep learning",
        "Diffusion models draw protein folds",
        "Machine learning hears whale song",
        "GPU shortage slows chatbots at university",
    )
    entries = [
        Entry(
            source=outlet,
            key=f"e{at}",
            url=f"https://{outlet}.example/{at}",
            title=title,
            lead="",
            published=now - timedelta(hours=3),
            first_seen=now - timedelta(hours=3),
            ref=f"https://{outlet}.example/{at}",
        )
        for at, (outlet, title) in enumerate(zip(outlets, titles, strict=True))
    ]
    with open_store(database, message_id=lambda *_: "") as store:
        for entry in entries:
            store.entries.record(FeedResult(FeedState(entry.source), (entry,)), now)
    return tmp_path


def test_replay_compares_and_changes_nothing(digest, filled: Path) -> None:
    environ = {
        "DIGEST_DATABASE__URL": f"sqlite:///{filled}/digest.db",
        "DIGEST_EDITION__CONCEPTS": "1",
    }
    today = utc_now().date()
    built = digest("edition", "build", "--date", str(today), "--json", **environ)
    assert built.returncode == 0, built.stderr
    then = [row["story"]["id"] for row in json.loads(built.stdout)["stories"]]
    before = (filled / "digest.db").read_bytes()
    words = ("stories", "replay", "--from", str(today), "--to", str(today))
    done = digest(*words, **environ)
    assert done.returncode == 0, done.stderr
    assert "1 days; 5 of 5 stories as then." in done.stdout
    (day,) = json.loads(digest(*words, "--json", **environ).stdout)
    assert [row["story"]["id"] for row in day["picks"]] == then
    assert (filled / "digest.db").read_bytes() == before

    explained = digest("explain", str(today), **environ).stdout
    assert "runner-up 1" in explained
    assert "not chosen: " in explained
    assert " novelty" in explained
    assert digest(*words[:3], str(today), "--to", "2020-01-01", **environ).returncode == 2


def test_show_finds_stories_by_words(digest, filled: Path) -> None:
    environ = {"DIGEST_DATABASE__URL": f"sqlite:///{filled}/digest.db"}
    done = digest("stories", "show", "WHALE", **environ)
    assert done.returncode == 0, done.stderr
    assert "of 6  Machine learning hears whale song" in done.stdout
    assert "wired-ai: Machine learning hears whale song" in done.stdout
    missing = digest("stories", "show", "no such words", **environ)
    assert missing.returncode == 2
    assert "no story of the last 72 hours has it" in missing.stderr
