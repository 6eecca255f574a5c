"""figure.py: a card's experiment, loaded by path, run, checked, drawn and mutated.

compute(rng, **variant) -> SimpleNamespace    numpy only: no clock, disk, network
check(n) -> Iterator[(claim, holds)]          what must hold, with tolerance and source
draw(fig, n) -> None                          onto a Figure that is already sized and styled
HEIGHT = 3.2                                  inches
VARIANTS = ({...}, {...})                     keyword arguments of compute; two or more
MUTANTS = {"name": ("old", "new")}            a wrong formula that `check` must catch
COLOURS = 64                                  optional: more for smooth surfaces
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from digest.catalog.prose import Scalar
from digest.errors import CatalogError
from digest.figures.press import COLOURS, Plate, press


@dataclass(frozen=True, slots=True)
class Program:
    """The parts of one figure.py."""

    path: Path
    source: str
    compute: Callable[..., SimpleNamespace]
    check: Callable[[SimpleNamespace], Iterable[tuple[str, Any]]]
    draw: Callable[[Any, SimpleNamespace], None]
    height: float
    variants: tuple[Mapping[str, Any], ...]
    mutants: Mapping[str, tuple[str, str]]
    colours: int

    def numbers(self, variant: int, seed: int = 0) -> SimpleNamespace:
        """Run the experiment; the generator depends on folder, variant and seed only."""
        text = f"{self.path.parent.name}/{variant % len(self.variants)}/{seed}"
        start = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        rng = np.random.Generator(np.random.PCG64(start))
        return self.compute(rng, **self.variants[variant % len(self.variants)])

    def failed(self, numbers: SimpleNamespace) -> list[str]:
        """The claims that do not hold."""
        claims = list(self.check(numbers))
        if not claims:
            raise CatalogError(f"{self.path}: check() claims nothing")
        return [claim for claim, holds in claims if not bool(holds)]

    def plate(self, numbers: SimpleNamespace) -> Plate:
        """Draw and press the figure."""
        return press(self.draw, numbers, self.height, colours=self.colours)


def load(path: Path) -> Program:
    """Load a figure.py without writing bytecode.

    Raises CatalogError naming file and line when it cannot be run or lacks a part.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CatalogError(
            f"{path}: there is no figure.py", "write it, or: digest content new SLUG"
        ) from None
    return from_source(path, source)


def from_source(path: Path, source: str) -> Program:
    """A program from text that stands for `path`: what `load` and the mutants share."""
    module = ModuleType(f"digest_figure_{path.parent.name.replace('-', '_')}")
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - content is code
    except SyntaxError as error:
        raise CatalogError(f"{path}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        raise CatalogError(f"{path}:{line_of(error, path)}: {describe(error)}") from error
    parts = vars(module)
    missing = [
        name
        for name in ("compute", "check", "draw", "HEIGHT", "VARIANTS", "MUTANTS")
        if name not in parts
    ]
    if missing:
        raise CatalogError(f"{path}: lacks {', '.join(missing)}", "see CONTRIBUTING.md")
    return Program(
        path,
        source,
        parts["compute"],
        parts["check"],
        parts["draw"],
        float(parts["HEIGHT"]),
        tuple(parts["VARIANTS"]) or ({},),
        dict(parts["MUTANTS"]),
        int(parts.get("COLOURS", COLOURS)),
    )


def mutate(program: Program, name: str) -> Program:
    """The program with one named mutant in place of the right formula.

    Raises CatalogError when the text to replace does not stand in the file exactly once.
    """
    old, new = program.mutants[name]
    # The table of mutants quotes the text itself: only the code before it is mutated.
    head, mark, tail = program.source.partition("\nMUTANTS")
    if head.count(old) != 1 or old == new:
        raise CatalogError(
            f"{program.path}: mutant {name!r}: {old!r} stands {head.count(old)} times above "
            "MUTANTS, it must be once"
        )
    return from_source(program.path, head.replace(old, new) + mark + tail)


def quotable(numbers: SimpleNamespace) -> dict[str, Scalar]:
    """The scalars of an experiment: what prose may quote."""
    out: dict[str, Scalar] = {}
    for name, value in vars(numbers).items():
        if isinstance(value, str):
            out[name] = value
        elif isinstance(value, int | np.integer) and not isinstance(value, bool):
            out[name] = int(value)
        elif isinstance(value, float | np.floating) or (
            isinstance(value, np.ndarray) and value.ndim == 0
        ):
            out[name] = float(value)
    return out


def line_of(error: BaseException, path: Path) -> int:
    """The line of `path` in which an exception arose; 0 when it never was there."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def describe(error: BaseException) -> str:
    """``ValueError: the message`` in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
