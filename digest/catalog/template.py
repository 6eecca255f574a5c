"""`digest content new SLUG`: a folder that says in its own words what goes where."""

from __future__ import annotations

import re
from pathlib import Path

from digest.errors import OutputError, UsageError

_CARD = """\
---
title: {title}
track: optimisation        # one of the tracks that `digest content new --help` lists
level: 1                   # 1 foundation, 2 core, 3 advanced
requires: []               # one to three slugs that come before this one
statement: '$y = a x$ does something: a symbol, a verb, 110 characters at most.'
formula: 'y=a\\,x'
symbols:
  'y': what is computed
  'a': what scales it
  'x': what goes in
recall:
  question: 'A question that is answered in ten seconds from understanding?'
  answer: 'Its answer, shown apart.'
caption: 'What it shows, quoting a number: the line rises by {{{{ n.rise | dec(1) }}}}.'
alt: 'What there is to see: a line that rises by {{{{ n.rise | dec(1) }}}} over its length.'
related:
  momentum: how it differs from this one
  gradient-descent: what it builds on
references:
  - text: "A. Author, Title, 2020"
    url: https://doi.org/10.0000/example
    kind: primary          # primary, textbook, survey, further
    verified: false        # take this line away when you have seen it yourself
version: 1
---

## Definition

One sentence that can stand alone. Then the rest, 60 words in all.

## In depth

Why it is so: 70 to 280 words, for the page.

## Example

A small story with numbers: after a step of 1 the output rises by {{{{ n.rise | dec(1) }}}}.

## Why it matters

One sentence that names a library's default, a paper or a product.

## Scope

When the statement fails.

## Notation

What other papers write.
"""

_FIGURE = '''\
"""What this experiment shows, in one line."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE

HEIGHT = 3.0
VARIANTS = ({{"slope": 2.0}}, {{"slope": 3.0}})


def compute(rng, slope):
    x = np.linspace(0, 1, 50)
    noise = 0.01 * rng.standard_normal(x.size)
    y = slope * x
    return SimpleNamespace(x=x, y=y + noise, slope=slope, rise=y[-1] - y[0])


def check(n):
    fitted = np.polyfit(n.x, n.y, 1)[0]
    yield "the fitted slope is the true one within 0.05", abs(fitted - n.slope) < 0.05


def draw(fig, n):
    ax = fig.subplots()
    ax.plot(n.x, n.y, color=BLUE)
    ax.set(xlabel="x", ylabel="y")


MUTANTS = {{"slope halved": ("y = slope * x", "y = 0.5 * slope * x")}}
'''


def write_folder(content: Path, slug: str) -> Path:
    """Make content/concepts/<slug>/ with a card and a figure to fill in; returns the folder.

    Raises UsageError for a name that is no slug or is taken, OutputError when it cannot be written.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise UsageError(
            f"{slug!r} is no slug", "lower-case words joined by hyphens, such as bayes-rule"
        )
    folder = content / "concepts" / slug
    if folder.exists():
        raise UsageError(f"{folder}: is there already", "open it, or choose another name")
    title = slug.replace("-", " ").capitalize()
    try:
        folder.mkdir(parents=True)
        (folder / "card.md").write_text(_CARD.format(title=title), encoding="utf-8")
        (folder / "figure.py").write_text(_FIGURE.format(), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written: {error.strerror}",
            "set paths.content to a folder of your own",
        ) from error
    return folder
