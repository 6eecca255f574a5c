from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.ingest import urls

EXAMPLES = """
HTTP://WWW.Example.ORG:80/a/../b/?utm_source=x&b=2&a=1#f
  http://www.example.org/b/?a=1&b=2
  https://example.org/b?a=1&b=2
https://m.example.org/x/amp/?fbclid=1&gclid=2&mc_cid=3&ref=hn&source=rss&share=1
  https://m.example.org/x/amp/
  https://example.org/x
https://example.org
  https://example.org/
  https://example.org/
https://example.org:8443/a
  https://example.org:8443/a
  https://example.org:8443/a
https://bücher.example/ü
  https://xn--bcher-kva.example/%C3%BC
  https://xn--bcher-kva.example/%C3%BC
https://user:pw@example.org/a
  https://example.org/a
  https://example.org/a
https://www.google.com/amp/s/www.example.org/a
  https://www.example.org/a
  https://example.org/a
https://arxiv.org/abs/2006.11239
  https://arxiv.org/abs/2006.11239
  arxiv:2006.11239
http://www.arxiv.org/pdf/2006.11239v2.pdf?x=1
  https://arxiv.org/abs/2006.11239
  arxiv:2006.11239
https://arxiv.org/html/2401.00001v1
  https://arxiv.org/abs/2401.00001
  arxiv:2401.00001
https://huggingface.co/papers/2401.00001
  https://arxiv.org/abs/2401.00001
  arxiv:2401.00001
https://doi.org/10.48550/arXiv.2401.00001
  https://arxiv.org/abs/2401.00001
  arxiv:2401.00001
https://arxiv.org/abs/math.GT/0309136v1
  https://arxiv.org/abs/math.GT/0309136
  arxiv:math.GT/0309136
https://arxiv.org/list/cs.LG/recent
  https://arxiv.org/list/cs.LG/recent
  https://arxiv.org/list/cs.LG/recent
https://evil.example/abs/2006.11239
  https://evil.example/abs/2006.11239
  https://evil.example/abs/2006.11239
https://www.com/
  https://www.com/
  https://www.com/
https://example.org/?v=abc&t=1
  https://example.org/?t=1&v=abc
  https://example.org/?t=1&v=abc
javascript:alert(1)
  -
  -
data:text/html,x
  -
  -
/relative
  -
  -
http://[::1/
  -
  -
https://example.org:99999/
  -
  -
https:///x
  -
  -
"""
"""A link, what `tidy` and what `ref` make of it; - is nothing."""

LINES = [line.strip().removeprefix("-") for line in EXAMPLES.strip().splitlines()]


@pytest.mark.parametrize(
    ("raw", "tidy", "ref"), list(zip(LINES[::3], LINES[1::3], LINES[2::3], strict=True))
)
def test_examples(raw: str, tidy: str, ref: str) -> None:
    assert (urls.tidy(raw), urls.ref(raw)) == (tidy, ref)


@pytest.mark.parametrize("raw", ["", "http://a b/", "https://example.org/" + "x" * 3000])
def test_what_is_no_link(raw: str) -> None:
    assert (urls.tidy(raw), urls.ref(raw)) == ("", "")


PIECES = st.one_of(
    st.sampled_from(
        [
            *("www.", "m.", "amp.", "example", ".org", ".", ":80", ":8080", "/", "//", "..", "amp"),
            *(
                "?",
                "&",
                "=",
                "#",
                "utm_source=x",
                "ref",
                "%2f",
                "%",
                "%zz",
                "ü",
                "@",
                ";",
                "+",
                " ",
            ),
            *(" ", "[", "]", "/abs/2006.11239v3", "arxiv.org", "/pdf/", "\\", "\t", "'"),
            "https://www.google.com/amp/s/",
        ]
    ),
    st.text(max_size=4),
)


@given(st.sampled_from(["http://", "https://", "HTTPS://", ""]), st.lists(PIECES, max_size=10))
@settings(max_examples=250, deadline=None)
def test_canonical_means_that_nothing_is_left_to_do(scheme: str, pieces: list[str]) -> None:
    raw = scheme + "".join(pieces)
    tidy, ref = urls.tidy(raw), urls.ref(raw)
    assert urls.tidy(tidy) == tidy
    assert urls.ref(tidy) == ref
    if ref and not ref.startswith("arxiv:"):
        assert urls.ref(ref) == ref
    assert tidy == "" or tidy.startswith(("http://", "https://"))
    assert not set(tidy) & set(" <>\"'\n\r\t") - {"'"}
