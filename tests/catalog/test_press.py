import subprocess
import sys
from pathlib import Path

import pytest

from digest.catalog import press as press_module
from digest.catalog.card import read_card
from digest.catalog.press import CachedPress
from digest.errors import OutputError
from digest.ports import Drawn


def test_a_drawing_is_kept_and_found_again(library_folder, tmp_path):
    card = read_card(library_folder / "concepts" / "momentum")
    press = CachedPress(library_folder, tmp_path / "cache")
    (first,) = press.draw([(card, 0)])
    assert isinstance(first, Drawn)
    assert "12 times" in first.caption
    assert first.figure.width == 600
    assert first.formula_renderer == "mathra"
    kept = list((tmp_path / "cache" / "press").glob("momentum-*.json"))
    assert len(kept) == 1
    (second,) = CachedPress(library_folder, tmp_path / "cache").draw([(card, 0)])
    assert second == first
    kept[0].write_text('{"drawn": {"fig')  # cut short by a full disk
    (third,) = press.draw([(card, 0)])
    assert third == first


def test_drawing_ahead_leaves_out_what_is_there_and_stops_when_told(library_folder, tmp_path):
    card = read_card(library_folder / "concepts" / "momentum")
    press = CachedPress(library_folder, tmp_path / "cache")
    assert list(press.draw_ahead([(card, 0)], lambda: False)) == []
    assert press.kept(card, 0) is None
    ahead = press.draw_ahead([(card, 0), (card, 1)], lambda: press.kept(card, 0) is None)
    assert list(ahead) == [(card, "")], "it was told to stop after the first"
    assert press.kept(card, 0) is not None
    assert list(press.draw_ahead([(card, 0)], lambda: True)) == []


def test_a_card_that_fails_is_a_fault_and_the_others_are_drawn(spoil, library_folder, tmp_path):
    sound = read_card(library_folder / "concepts" / "momentum")
    press = CachedPress(library_folder, tmp_path / "cache")
    (good,) = press.draw([(sound, 1)])
    spoil("figure.py", "n.left_heavy <= n.left_plain / 5", "n.left_heavy < 0")
    broken = read_card(library_folder / "concepts" / "momentum")
    answers = press.draw([(broken, 0), (sound, 1)])
    assert isinstance(answers[0], str)
    assert "the check fails: at equal step size" in answers[0]
    assert answers[1] == good


@pytest.mark.parametrize(
    ("code", "words"),
    [("while True: pass", "no picture within"), ("import os; os._exit(3)", "died")],
)
def test_a_figure_that_hangs_or_kills_its_process(
    spoil, library_folder, tmp_path, monkeypatch, code, words
):
    monkeypatch.setattr(press_module, "PATIENCE_S", 6.0)
    folder = spoil(
        "figure.py", "    start = np.array(start)", f"    {code}\n    start = np.array(start)"
    )
    card = read_card(folder)
    (answer,) = CachedPress(library_folder, tmp_path / "cache").draw([(card, 0)])
    assert isinstance(answer, str)
    assert words in answer


def test_a_cache_that_cannot_be_written_is_said(library_folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    card = read_card(library_folder / "concepts" / "momentum")
    with pytest.raises(OutputError, match="the cache cannot be written"):
        CachedPress(library_folder, tmp_path / "file").draw([(card, 0)])


def test_the_process_that_asks_stays_light(library_folder, tmp_path):
    code = f"""
import sys
from pathlib import Path
from digest.catalog.card import read_card
from digest.catalog.press import CachedPress
content = Path({str(library_folder)!r})
press = CachedPress(content, Path({str(tmp_path / "c")!r}))
press.draw([(read_card(content / "concepts" / "momentum"), 0)])
print(sorted(set(sys.modules) & {{"numpy", "matplotlib", "PIL"}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not list(Path(library_folder).rglob("__pycache__"))
