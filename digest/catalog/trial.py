"""The trial of a figure: does its claim hold, does a wrong formula fail, is the picture sound."""

from __future__ import annotations

import ast
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from digest.catalog.card import Fault, read_card
from digest.catalog.program import Program, describe, line_of, load, mutate, quotable
from digest.catalog.prose import ProseError, fill
from digest.errors import CatalogError

MAX_CPU_S: Final = 1.0
"""CPU time of compute and draw together, seconds."""

_MODULES: Final = frozenset({"numpy", "math", "types", "itertools", "functools", "dataclasses"})
_OURS: Final = frozenset({"digest.figures.palette"})
_FORBIDDEN: Final = frozenset(
    {"open", "exec", "eval", "input", "default_rng", "savefig", "rcParams", "pyplot", "seed"}
)


def try_figure(
    folder: Path, *, seeds: int = 1, mutants: bool = True, thorough: bool = True
) -> list[Fault]:
    """Run a figure with `seeds` seeds a variant and, once, each of its mutants; all faults.

    Without `thorough` it is neither timed (a busy machine says nothing of the figure) nor drawn a
    second time to compare the bytes.
    """
    path = folder / "figure.py"
    try:
        program = load(path)
    except CatalogError as error:
        return [Fault(path, 0, error.message.removeprefix(f"{path}").lstrip(": "))]
    faults = [*_purity(program), *_shape(program)]
    for variant in range(len(program.variants)):
        faults += _run(folder, program, variant, thorough=thorough)
        faults += _seeds(program, variant, seeds)
    if mutants:
        faults += _mutants(program)
    return faults


def _purity(program: Program) -> Iterator[Fault]:
    for node in ast.walk(ast.parse(program.source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            if name.split(".")[0] not in _MODULES and name not in _OURS:
                line = getattr(node, "lineno", 0)
                yield Fault(program.path, line, f"imports {name}: numpy and palette only")
        word = getattr(node, "attr", None) or getattr(node, "id", None)
        if word in _FORBIDDEN:
            yield Fault(program.path, getattr(node, "lineno", 0), f"uses {word}: not in a figure")


def _shape(program: Program) -> Iterator[Fault]:
    if len(program.variants) < 2:  # noqa: PLR2004 - one to meet, one for the revisit
        yield Fault(program.path, 0, "VARIANTS has fewer than two entries")
    if not program.mutants:
        yield Fault(program.path, 0, "MUTANTS names no wrong formula for check() to catch")


def _run(folder: Path, program: Program, variant: int, *, thorough: bool) -> list[Fault]:
    path, where = program.path, f"variant {variant}"
    started = time.process_time()
    try:
        numbers = program.numbers(variant)
        computed = time.process_time()
        plate = program.plate(numbers)
        spent = time.process_time() - started
        again = program.plate(program.numbers(variant)) if thorough else plate
    except Exception as error:  # noqa: BLE001 - a card's own code may raise anything
        return [Fault(path, line_of(error, path), f"{where}: {describe(error)}")]
    faults = [Fault(path, 0, f"{where}: {words}") for words in plate.faults]
    if thorough and spent > MAX_CPU_S:
        faults.append(
            Fault(
                path,
                0,
                f"{where}: {spent:.2f} s of CPU ({computed - started:.2f} s computing), "
                f"{MAX_CPU_S:.0f} s at most",
            )
        )
    if again.png != plate.png:
        faults.append(Fault(path, 0, f"{where}: a second run gives another picture"))
    card = folder / "card.md"
    try:
        concept = read_card(folder)
    except CatalogError:
        return faults  # said by the rules of the card
    for name in ("definition", "body", "example", "why", "scope", "notation", "caption", "alt"):
        try:
            fill(getattr(concept, name), quotable(numbers))
        except ProseError as error:
            faults.append(Fault(card, 0, f"{name}: {error}"))
    return faults


def _seeds(program: Program, variant: int, seeds: int) -> list[Fault]:
    failed: dict[str, list[int]] = {}
    for seed in range(seeds):
        try:
            for claim in program.failed(program.numbers(variant, seed)):
                failed.setdefault(claim, []).append(seed)
        except CatalogError as error:
            return [Fault(program.path, 0, error.message)]
        except Exception as error:  # noqa: BLE001 - a card's own code may raise anything
            line = line_of(error, program.path)
            return [Fault(program.path, line, f"variant {variant}, seed {seed}: {describe(error)}")]
    return [
        Fault(
            program.path,
            0,
            f"variant {variant}: does not hold for {len(bad)} of {seeds} seeds "
            f"(seed {bad[0]}): {claim}",
        )
        for claim, bad in failed.items()
    ]


def _mutants(program: Program) -> list[Fault]:
    faults = []
    for name in program.mutants:
        try:
            wrong = mutate(program, name)
        except CatalogError as error:
            faults.append(Fault(program.path, 0, error.message.removeprefix(f"{program.path}: ")))
            continue
        for variant in range(len(program.variants)):
            try:
                # A wrong formula may overflow or average nothing on its way: that is no news.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    caught = bool(wrong.failed(wrong.numbers(variant)))
            except Exception:  # noqa: BLE001 - a wrong formula that blows up is caught as well
                caught = True
            if not caught:
                faults.append(
                    Fault(program.path, 0, f"variant {variant}: mutant {name!r} is not caught")
                )
    return faults
