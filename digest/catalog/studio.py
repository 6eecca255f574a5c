"""The child process that computes, checks and draws: numpy and matplotlib live and die in it.

    python -m digest.catalog.studio

Reads one job a line on standard input, ``{"folder": ..., "variant": 0}``, and answers each with a
line: ``{"drawn": {...}}`` or ``{"fault": "..."}``. The process that sends letters starts it,
reads the lines and stays light (numpy and matplotlib cost 0.6 s and 100 MB).
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from digest.catalog.card import read_card
from digest.catalog.program import describe, line_of, load, quotable
from digest.catalog.prose import ProseError, fill
from digest.errors import CatalogError
from digest.figures.formula import FormulaError, render, unicode_line

PROSE = ("definition", "body", "example", "why", "scope", "notation", "caption", "alt")


def draw(folder: Path, variant: int) -> dict[str, Any]:
    """Everything of a card that has to be computed, as JSON values.

    Raises CatalogError when a claim does not hold or the card's code fails: it must not be sent.
    """
    card = read_card(folder)
    path = folder / "figure.py"
    program = load(path)
    try:
        numbers = program.numbers(variant)
        failed = program.failed(numbers)
        plate = program.plate(numbers)
    except Exception as error:
        raise CatalogError(f"{path}:{line_of(error, path)}: {describe(error)}") from error
    if failed:
        raise CatalogError(f"{path}: the check fails: {'; '.join(failed)}")
    values = quotable(numbers)
    try:
        prose = {name: fill(getattr(card, name), values) for name in PROSE}
        prose["question"] = fill(card.recall.question, values)
        prose["answer"] = fill(card.recall.answer, values)
        formula = render(card.formula)
    except (ProseError, FormulaError) as error:
        raise CatalogError(f"{folder / 'card.md'}: {error}") from error
    return {
        "figure": {
            "png": base64.b64encode(plate.png).decode(),
            "width": plate.width,
            "height": plate.height,
        },
        "formula": {
            "png": base64.b64encode(formula.png).decode(),
            "width": formula.width,
            "height": formula.height,
        },
        "formula_text": unicode_line(card.formula),
        "formula_speech": formula.speech,
        "formula_renderer": formula.renderer,
        **prose,
    }


def main() -> None:
    """Answer jobs until standard input ends."""
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer: dict[str, Any] = {"drawn": draw(Path(job["folder"]), job["variant"])}
        except CatalogError as error:
            answer = {"fault": error.message}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
