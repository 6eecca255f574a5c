"""What came of a fault that was tried: how often, what was counted, and what did not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

TURNS = "turns"
"""The count of a row that counts nothing else."""


class NotTried(Exception):  # noqa: N818 - it says why
    """A fault cannot be tried here."""


@dataclass
class Found:
    """One turn or several: `sums` and `most` are by name, in words; `add` puts two together."""

    faults: list[str] = field(default_factory=list)
    sums: Counter[str] = field(default_factory=Counter)
    most: dict[str, float] = field(default_factory=dict)
    not_tried: str = ""

    def add(self, other: Found) -> None:
        self.faults += other.faults
        self.not_tried = self.not_tried or other.not_tried
        self.sums.update(other.sums)
        for name, value in other.most.items():
            self.most[name] = max(value, self.most.get(name, value))

    def __str__(self) -> str:
        words = [f"{number:g} {name}" for name, number in self.sums.items()]
        words += [f"at most {value:.4g} {name}" for name, value in self.most.items()]
        return "; ".join(
            [", ".join(words), *(" ".join(fault.split()) for fault in self.faults[:3])]
        )


Turn = Callable[[str, int, int], Found]
"""Tries a fault once, or some times in one installation: the kind of database, the number of the
turn (all chance follows from it) and how many letters."""
