import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.catalog.prose import ProseError, fields, fill


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{ n.a }}", "12"),
        ("{{n.b|sig(2)}}", "0.0012"),
        ("{{ n.b | sig(1) }}", "0.001"),
        ("{{ n.c | sig(3) }}", "−1 230"),
        ("{{ n.c | dec(1) }}", "−1 234.6"),
        ("{{ n.d | pct(0) }}", "17%"),
        ("{{ n.d | pct(1) }}", "16.7%"),
        ("{{ n.c | int }}", "−1 235"),
        ("{{ n.e | sig(2) }}", "1.2 × 10^9"),
        ("{{ n.name }}", "blue"),
        ("{{ n.f | sig(2) }}", "10"),
        ("{{ n.zero | sig(2) }}", "0"),
        ("no field", "no field"),
    ],
)
def test_fill(text, filled):
    numbers = {
        "a": 12, "b": 0.00123, "c": -1234.56, "d": 1 / 6, "e": 1.2345e9, "name": "blue",
        "f": 9.96, "zero": 0.0,
    }  # fmt: skip
    assert fill(text, numbers) == filled


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ n.missing }}", "returns no such number"),
        ("{{ n.a + 1 }}", "more"),
        ("{{ n.a | round }}", "filter 'round' is not one of"),
        ("{{ n.name | sig(2) }}", "takes no filter"),
        ("{{ a }}", "more"),
        ("{{ n.__class__ }}", "no such number"),
    ],
)
def test_what_is_no_field_is_refused(text, words):
    with pytest.raises(ProseError, match=words):
        fill(text, {"a": 1.0, "name": "x"})


def test_fields_are_named_in_order():
    assert fields("{{ n.b }} and {{ n.a | sig(2) }}") == ["b", "a"]


@given(st.floats(min_value=-1e5, max_value=1e5, allow_nan=False), st.integers(1, 6))
def test_significant_digits_are_near_the_number(value, digits):
    shown = fill(f"{{{{ n.x | sig({digits}) }}}}", {"x": value})
    if "×" in shown:
        return
    number = float(shown.replace("−", "-").replace(" ", ""))
    assert abs(number - value) <= 0.5000001 * abs(value) * 10 ** (1 - digits) + 1e-12
