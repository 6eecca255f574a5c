import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageOps

from digest.figures import palette
from digest.figures.press import EDGE_PX, press

N = SimpleNamespace(x=np.linspace(0, 1, 20))


def good(fig, n):
    ax = fig.subplots()
    ax.plot(n.x, n.x**2, color=palette.BLUE)
    ax.set(xlabel="x", ylabel="y", xticks=[0, 0.5, 1], yticks=[0, 1])


def test_a_plate_is_an_opaque_palette_picture_within_the_budget():
    plate = press(good, N, 3.0)
    picture = Image.open(io.BytesIO(plate.png))
    assert plate.faults == ()
    assert picture.mode == "P"
    assert "transparency" not in picture.info
    assert picture.size == (1200, 600) == (2 * plate.width, 2 * plate.height)
    assert len(plate.png) < 48 * 1024


def test_the_same_numbers_give_the_same_bytes():
    assert press(good, N, 3.0).png == press(good, N, 3.0).png


def test_what_reaches_to_the_edge_is_drawn_a_little_smaller():
    def draw(fig, n):
        ax = fig.subplots()
        ax.plot(n.x, n.x, "o-", color=palette.BLUE, markersize=20, clip_on=False)
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.set_axis_off()

    ink = ImageOps.invert(Image.open(io.BytesIO(press(draw, N, 3.0).png)).convert("L")).getbbox()
    left, top, right, bottom = ink
    assert min(left, top, 1200 - right, 600 - bottom) >= EDGE_PX


def small_type(ax):
    ax.text(0.2, 0.5, "tiny", fontsize=8)


def outside(ax):
    ax.text(1.4, 0.5, "far away", clip_on=False).set_in_layout(False)


def foreign_line(ax):
    ax.plot([0, 1], [1, 0], color="#FF00FF")


def foreign_text(ax):
    ax.text(0.2, 0.5, "pink", color="#FF00FF")


def thin(ax):
    ax.plot([0, 1], [1, 0], color=palette.VERMILLION, linewidth=0.5)


def legend(ax):
    ax.plot([0, 1], [1, 0], color=palette.VERMILLION, label="b")
    ax.legend()


def many_ticks(ax):
    ax.set_xticks(np.linspace(0, 1, 11))


def foreign_patch(ax):
    ax.axvspan(0.2, 0.4, color="#FF00FF")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (small_type, "'tiny' is 8 pt"),
        (outside, "'far away' runs out of the canvas"),
        (foreign_line, "#FF00FF: not ours"),
        (foreign_text, "no ink of the palette"),
        (thin, "a line is 0.5 pt"),
        (legend, "a legend box"),
        (many_ticks, "11 tick labels on a x axis"),
        (foreign_patch, "a patch has the face colour #FF00FF"),
    ],
)
def test_each_rule_is_held(spoil, words):
    def draw(fig, n):
        good(fig, n)
        spoil(fig.axes[0])

    assert any(words in fault for fault in press(draw, N, 3.0).faults)


def test_size_is_held():
    assert any("high" in fault for fault in press(good, N, 5.0).faults)

    def noisy(fig, n):
        ax = fig.subplots()
        ax.imshow(np.random.Generator(np.random.PCG64(0)).random((600, 1200)), aspect="auto")
        ax.set(xticks=[], yticks=[])

    assert any("KB" in fault for fault in press(noisy, N, 3.0).faults)


@pytest.mark.parametrize("ink", sorted(palette.TEXT_INKS - {palette.WHITE}))
def test_text_inks_are_readable_on_white(ink):
    assert palette.contrast(ink, palette.WHITE) >= 4.5


@pytest.mark.parametrize("colour", palette.SERIES)
def test_series_are_seen_on_white_and_on_a_dark_page(colour):
    assert palette.contrast(colour, palette.WHITE) >= 3
    assert palette.contrast(colour, "#121212") >= 3
