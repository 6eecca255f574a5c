"""card.md -> Concept: YAML front matter and seven sections of Markdown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from digest.domain.concept import LEVELS, TRACKS, Concept, Recall, Reference, Related
from digest.errors import CatalogError

SECTIONS: Final = {
    "Definition": "definition",
    "In depth": "body",
    "Example": "example",
    "Why it matters": "why",
    "Scope": "scope",
    "Notation": "notation",
}
"""Heading -> field of Concept, in the order in which a card has them."""

REQUIRED: Final = (
    "title", "track", "level", "requires", "statement", "formula", "symbols", "recall", "caption",
    "alt", "related", "references", "version",
)  # fmt: skip
OPTIONAL: Final = ("contrast", "credit")

_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: `line` from 1, 0 for the file as a whole."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{place}: {self.message}"


class CardError(CatalogError):
    """A card that cannot be read; `faults` has all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "\n".join(map(str, faults)), "mend the card, then run: digest content check"
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """Where each front-matter key and each section starts, lines from 1."""

    keys: Mapping[str, int]
    sections: Mapping[str, int]


def read_card(folder: Path) -> Concept:
    """Read the card of one concept folder.

    Raises CardError with every fault of form that keeps the card from being understood.
    """
    return parse_card(folder)[0]


def parse_card(folder: Path) -> tuple[Concept, Lines]:
    """The card and where its parts stand, for faults that name a line."""
    path = folder / "card.md"
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError:
        raise CardError([Fault(path, 0, "there is no card.md")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CardError([Fault(path, 0, f"cannot be read as UTF-8: {error}")]) from error
    front, front_lines, prose, offset = _split(path, text)
    sections, section_lines = _sections(prose, offset)
    faults = [
        *_form_faults(path, folder.name, front, front_lines),
        *_section_faults(path, sections, section_lines),
    ]
    if faults:
        raise CardError(faults)
    concept = _build(folder, front, sections)
    return concept, Lines(front_lines, section_lines)


def source_hash(folder: Path) -> str:
    """SHA-256 (hex) over card.md and figure.py: the key under which a figure is cached."""
    digest = hashlib.sha256()
    for name in ("card.md", "figure.py"):
        path = folder / name
        digest.update(path.read_bytes() if path.is_file() else b"")
        digest.update(b"\0")
    return digest.hexdigest()


def _split(path: Path, text: str) -> tuple[dict[str, Any], dict[str, int], str, int]:
    match = re.match(r"---\n(.*?)\n---\n", text.replace("\r\n", "\n"), re.DOTALL)
    if not match:
        raise CardError([Fault(path, 1, "no front matter between two lines of ---")])
    try:
        node = yaml.compose(match[1], yaml.SafeLoader)
        front = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        raise CardError([Fault(path, line, f"front matter is no YAML: {problem}")]) from error
    if not isinstance(front, dict) or not isinstance(node, yaml.MappingNode):
        raise CardError([Fault(path, 2, "front matter must be `key: value` lines")])
    lines: dict[str, int] = {}
    for key, _value in node.value:
        name = str(key.value)
        if name in lines:
            raise CardError([Fault(path, key.start_mark.line + 2, f"{name!r} is given twice")])
        lines[name] = key.start_mark.line + 2
    prose = text.replace("\r\n", "\n")[match.end() :]
    return front, lines, prose, match[0].count("\n")


def _sections(prose: str, offset: int) -> tuple[dict[str, str], dict[str, int]]:
    sections: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    current = ""
    for number, line in enumerate(prose.split("\n"), start=offset + 1):
        if line.startswith("## "):
            current = line[3:].strip()
            lines.setdefault(current, number)
            sections.setdefault(current, [])
        elif current:
            sections[current].append(line)
        elif line.strip():
            lines.setdefault("", number)
            sections.setdefault("", []).append(line)
    return {name: "\n".join(body).strip() for name, body in sections.items()}, lines


def _section_faults(
    path: Path, sections: Mapping[str, str], lines: Mapping[str, int]
) -> list[Fault]:
    faults = [
        Fault(path, 0, f"section `## {name}` is missing")
        for name in SECTIONS
        if name not in sections
    ]
    faults += [
        Fault(path, lines[name], f"section `## {name}` is empty")
        for name in SECTIONS
        if name in sections and not sections[name]
    ]
    faults += [
        Fault(path, lines[name], f"`## {name}` is no section of a card ({', '.join(SECTIONS)})")
        if name
        else Fault(path, lines[name], "text before the first `## ` section")
        for name in sections
        if name not in SECTIONS
    ]
    return faults


def _form_faults(
    path: Path, slug: str, front: Mapping[str, Any], lines: Mapping[str, int]
) -> list[Fault]:
    faults: list[Fault] = []

    def fault(key: str, message: str) -> None:
        faults.append(Fault(path, lines.get(key, 0), f"{key}: {message}"))

    if not _SLUG.fullmatch(slug):
        faults.append(Fault(path, 0, f"the folder's name {slug!r} is no slug like `bayes-rule`"))
    for key in REQUIRED:
        if key not in front:
            fault(key, "is missing from the front matter")
    for key in front:
        if key not in (*REQUIRED, *OPTIONAL):
            fault(str(key), f"is no key of a card (there are: {', '.join((*REQUIRED, *OPTIONAL))})")
    for key in ("title", "track", "statement", "formula", "caption", "alt"):
        if key in front and not (isinstance(front[key], str) and front[key].strip()):
            fault(key, "must be text")
    if "track" in front and front["track"] not in TRACKS:
        fault("track", f"{front['track']!r} is none of {', '.join(TRACKS)}")
    if "level" in front and front["level"] not in LEVELS:
        fault("level", f"{front['level']!r} is not 1, 2 or 3")
    if "version" in front and not (isinstance(front["version"], int) and front["version"] >= 1):
        fault("version", "must be a whole number from 1")
    if "requires" in front and not _is_texts(front["requires"]):
        fault("requires", "must be a list of slugs, [] for none")
    for key in ("symbols", "related"):
        value = front.get(key)
        if key in front and not (
            isinstance(value, dict)
            and value
            and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items())
        ):
            fault(key, "must be `name: words` lines (quote what starts with a special character)")
    recall = front.get("recall")
    if "recall" in front and not (
        isinstance(recall, dict)
        and set(recall) == {"question", "answer"}
        and all(isinstance(v, str) for v in recall.values())
    ):
        fault("recall", "must have `question:` and `answer:`, both text")
    if "references" in front and not _are_references(front["references"]):
        fault("references", "must be a list of `- text:` and `url:` (kind, verified)")
    return faults


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _are_references(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(item, dict)
            and {"text", "url"} <= set(item) <= {"text", "url", "kind", "verified"}
            for item in value
        )
    )


def _build(folder: Path, front: Mapping[str, Any], sections: Mapping[str, str]) -> Concept:
    def words(value: object) -> str:
        return " ".join(str(value).split())

    return Concept(
        slug=folder.name,
        title=words(front["title"]),
        track=front["track"],
        level=front["level"],
        requires=tuple(front["requires"]),
        statement=words(front["statement"]),
        formula=str(front["formula"]).strip(),
        symbols=tuple((key, words(value)) for key, value in front["symbols"].items()),
        recall=Recall(words(front["recall"]["question"]), words(front["recall"]["answer"])),
        caption=words(front["caption"]),
        alt=words(front["alt"]),
        related=tuple(Related(key, words(value)) for key, value in front["related"].items()),
        contrast=front.get("contrast"),
        references=tuple(
            Reference(
                words(item["text"]),
                str(item["url"]),
                str(item.get("kind", "primary")),
                bool(item.get("verified", True)),
            )
            for item in front["references"]
        ),
        credit=words(front.get("credit") or ""),
        version=front["version"],
        source_hash=source_hash(folder),
        **{field: sections[name] for name, field in SECTIONS.items()},
    )
