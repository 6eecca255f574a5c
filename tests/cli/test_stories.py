"""digest stories cluster: headlines of a file become stories."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from digest.domain.story import UNDATED
from digest.errors import UsageError
from digest.ingest.records import entries, entry, read_lines, write_lines

Run = Callable[..., CompletedProcess[str]]

ROWS: list[dict[str, Any]] = [
    {"id": "a", "title": "Alphacorp releases Borealis, an open-weight language model"},
    {"id": 2, "title": "Borealis language model released by Alphacorp", "summary": None},
    {"id": "c", "title": "Court rules scraping of archives lawful", "url": "news.example/court"},
    {"id": "d", "title": "Other words", "url": "https://www.news.example/court/", "day": "soon"},
]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_cluster_reads_and_writes_lines(digest: Run, tmp_path: Path, ending: str) -> None:
    source, out = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    write_lines(source, ROWS)
    done = digest("stories", "cluster", "--input", str(source), "--output", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"4 entries, 2 stories: {out}\n"
    answer = [row for _, row in read_lines(out)]
    assert [row["id"] for row in answer] == ["a", 2, "c", "d"]
    stories = [row["story"] for row in answer]
    assert stories[0] == stories[1] != stories[2] == stories[3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"id": 1, "title": "A"}\nno json\n', ":2: is no JSON: Expecting value"),
        (b'{"id": 1, "title": "A"}\n\n[1]\n', ":3: is no JSON object"),
        (b'{"title": "A"}\n', ":1: lacks an `id`"),
        (b'{"id": true, "title": "A"}\n', ":1: lacks an `id`"),
        (b'{"id": 1, "title": null}\n', ":1: lacks a `title`"),
        (b'{"id": 1, "title": "\xff"}\n', ": is no UTF-8 text"),
        (
            gzip.compress(b'{"id": 1, "title": "A"}\n' * 99, mtime=0)[:40],
            ": cannot be read: Compressed",
        ),
        (b"[" * 100_000 + b"\n", ":1: is no JSON"),
    ],
)
def test_a_bad_line_is_named(digest: Run, tmp_path: Path, content: bytes, said: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        entries(source)
    assert f"{source}{said}" in caught.value.message
    assert caught.value.hint


def test_files_that_are_not_there(digest: Run, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.jsonl")
    done = digest("stories", "cluster", "--input", missing, "--output", "out.jsonl")
    assert done.returncode == 2
    assert f"{missing}: cannot be read: No such file or directory" in done.stderr
    source = tmp_path / "in.jsonl"
    write_lines(source, ROWS)
    nowhere = str(tmp_path / "no" / "out.jsonl")
    done = digest("stories", "cluster", "--input", str(source), "--output", nowhere)
    assert done.returncode == 7
    assert f"{nowhere}: cannot be written: No such file or directory" in done.stderr


def test_an_empty_file_gives_an_empty_one(digest: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n", "utf-8")
    done = digest("stories", "cluster", "--input", "in.jsonl", "--output", "out.jsonl")
    assert done.returncode == 0
    assert (tmp_path / "out.jsonl").read_text("utf-8") == ""


def test_fields_may_come_in_many_forms() -> None:
    made = entry("k", {"title": "T - The Post", "source": "The Post", "day": "2026-03-06"})
    assert (made.title, made.source) == ("T", "The Post")
    assert made.published.isoformat() == "2026-03-06T12:00:00+00:00"
    assert entry("k", {"title": "T", "published": 1394590774}).published.year == 2014
    bare = entry("k", {"title": "<b>T &amp; U</b>", "url": 7, "authors": "x", "summary": ["x"]})
    assert (bare.title, bare.lead, bare.url, bare.ref) == ("T & U", "", "", "")
    assert bare.published == bare.first_seen == UNDATED
    assert entry("k", {"abstract": "Only a text."}).title == "Only a text."


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.gz", tmp_path / "other.gz"
    write_lines(one, ROWS)
    write_lines(other, ROWS)
    assert one.read_bytes() == other.read_bytes()
    assert json.loads(gzip.decompress(one.read_bytes()).splitlines()[1])["id"] == 2


CLUSTER = ("stories", "cluster", "--input", "in.jsonl", "--output", "out.jsonl")


@pytest.mark.parametrize(
    ("words", "by"),
    [
        ([*CLUSTER, "--model", "minilm"], "option"),
        (CLUSTER, "setting"),
        (["config", "check"], "setting"),
        (["serve", "scheduler", "--once"], "setting"),
    ],
)
def test_a_model_that_is_not_installed_is_one_line(
    digest: Run, tmp_path: Path, words: list[str], by: str
) -> None:
    write_lines(tmp_path / "in.jsonl", ROWS)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    # Whether or not the extra is there: a finder that knows none of its packages.
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'onnxruntime' else real(n, *a)\n"
    )
    environ = {"PYTHONPATH": str(hidden)}
    if by == "setting":
        environ["DIGEST_STORIES__MODEL"] = "minilm"
    done = digest(*words, **environ)
    assert done.returncode == 3
    assert "not installed: onnxruntime" in done.stderr
    assert "pip install 'digest-letter[embed]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    assert digest(*CLUSTER, "--model", "none", **environ).returncode == 0
