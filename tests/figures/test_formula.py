import io

import pytest
from PIL import Image

from digest.figures import formula
from digest.figures.formula import FormulaError, inline_html, render, unicode_line


def test_a_formula_is_a_padded_grey_palette_picture_at_twice_its_css_size():
    made = render(
        r"q(x_t\mid x_{t-1})=\mathcal{N}\left(\sqrt{1-\beta_t}\,x_{t-1},\ \beta_tI\right)"
    )
    picture = Image.open(io.BytesIO(made.png))
    assert made.renderer == "mathra"
    assert picture.size == (2 * made.width, 2 * made.height)
    assert min(picture.size) >= formula.MIN_NATURAL_PX
    assert len(picture.convert("L").getcolors(256)) <= formula.GREYS
    assert len(made.png) < 8 * 1024
    corner = picture.convert("L").getpixel((0, 0))
    assert corner == 255
    assert picture.convert("L").getextrema()[0] < 60  # there is ink


def test_the_same_formula_gives_the_same_bytes():
    assert render(r"\frac{a}{b}").png == render(r"\frac{a}{b}").png


def test_speech_is_words():
    assert "beta sub t" in render(r"\beta_t x").speech


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"x_{t-1}", "xₜ₋₁"),
        (r"\hat{y}_i", "ŷᵢ"),
        (r"e^{-U}", "e^(−U)"),
        (r"\lambda_{\max}", "λₘₐₓ"),
        (r"p_\theta(x)", "p_θ(x)"),
        (r"H(p,q)=-\sum_x p(x)\log q(x)", "H(p, q) = −∑ₓ p(x) log q(x)"),
        (r"X^\top y", "Xᵀy"),
        (r"\Sigma_{12}", "Σ₁₂"),
    ],
)
def test_unicode_line(latex, text):
    assert unicode_line(latex) == text


@pytest.mark.parametrize(
    ("latex", "html"),
    [
        (r"x_{t-1}", '<i>x</i><sub class="s"><i>t</i>−1</sub>'),
        (r"p(x)<1", "<i>p</i>(<i>x</i>) &lt; 1"),
        (r"\log p", "log <i>p</i>"),
        (r"\Sigma_{12}x", 'Σ<sub class="s">12</sub><i>x</i>'),
        (r"D_{\mathrm{KL}}", '<i>D</i><sub class="s">KL</sub>'),
    ],
)
def test_inline_html_sets_variables_in_italics_and_escapes(latex, html):
    assert inline_html(latex) == html


def test_what_is_no_latex_is_said():
    with pytest.raises(FormulaError, match="frac"):
        inline_html(r"\frac{a")


@pytest.mark.filterwarnings("ignore:path is deprecated:DeprecationWarning")  # inside ziamath
@pytest.mark.parametrize("renderer", ["ziamath", "mathtext", "unicode"])
def test_each_fallback_draws(renderer, monkeypatch):
    def refuse(*_args, **_more):
        raise ValueError("refused for the test")

    if renderer in {"mathtext", "unicode"}:
        monkeypatch.setattr(formula, "_ziamath", refuse)
    if renderer == "unicode":
        real = formula._mathtext

        def only_plain(text, *, plain=False):
            return real(text, plain=True) if plain else refuse()

        monkeypatch.setattr(formula, "_mathtext", only_plain)
    made = formula._fallback(r"\frac{a}{b} \leq 2", ValueError("x"))
    assert made.renderer == renderer
    picture = Image.open(io.BytesIO(made.png)).convert("L")
    assert picture.getextrema()[0] < 100


@pytest.mark.filterwarnings("ignore:path is deprecated:DeprecationWarning")  # inside ziamath
def test_ziamath_is_not_believed_where_it_spells_a_macro_out():
    with pytest.raises(FormulaError):
        formula._ziamath(r"\notamacro x")
