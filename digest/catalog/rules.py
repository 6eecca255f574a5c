"""The rubric of a card as far as a program can hold it: form, lengths, words, symbols, links."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from digest.catalog.card import CardError, Fault, Lines, parse_card
from digest.catalog.prose import FIELD, fields
from digest.domain.concept import Concept
from digest.figures import formula as formulas

MAX_STATEMENT: Final = 110
MAX_DEFINITION_WORDS: Final = 60
MAX_SENTENCE_WORDS: Final = 25
MAX_SHORT_EXAMPLE_WORDS: Final = 60
BODY_WORDS: Final = (70, 280)
MAX_CAPTION_WORDS: Final = 32
MAX_QUESTION_WORDS: Final = 30
MAX_ANSWER_WORDS: Final = 40
MAX_GIST_WORDS: Final = 16
ALT_LENGTH: Final = (40, 250)
RELATED: Final = (2, 6)
MAX_REQUIRES: Final = 3
KINDS: Final = ("primary", "textbook", "survey", "further")

_AVOID: Final = re.compile(
    r"\b(simply|just|obviously|clearly|of course|trivially|trivial|easily|basically|very"
    r"|revolutionary|game-changing|groundbreaking|cutting-edge|delve|leverage[sd]?)\b",
    re.IGNORECASE,
)
_MATHS: Final = re.compile(r"\$[^$]+\$")
_CODE: Final = re.compile(r"`[^`]+`")
_HAND_TYPED: Final = re.compile(r"(?<![\w.])(?:\d+[.,]\d+|\d{2,})(?![\w])")
_YEAR: Final = re.compile(r"(?:1[6-9]|20)\d\d")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?:])[)\"'”’]*\s+(?=[\"'“(]?[A-Z0-9`$*])|\n\s*\n")

_PLAIN_WORDS: Final = frozenset(
    {"arg", "max", "min", "argmax", "argmin", "st", "if", "for", "and", "convex"}
)
"""Words in upright type that name an operator or are words."""
_OPERATORS: Final = frozenset(
    """
    frac dfrac tfrac sqrt left right quad qquad mid sum prod int log ln exp min max sup inf lim to
    infty cdot cdots ldots dots times in notin leq geq le ge neq ne approx propto sim odot otimes
    oplus top hat bar tilde dot vec widehat widetilde overline underline partial nabla forall
    rightarrow leftarrow Rightarrow langle rangle lVert rVert lvert rvert Vert vert big Big bigl
    bigr Bigl Bigr mathbb mathcal mathrm mathbf mathit text operatorname circ prime star ast pm mp
    cup cap subset setminus mapsto arg det tanh sin cos cosh sinh begin end aligned cases succ prec
    equiv ll gg lfloor rfloor lceil rceil displaystyle limits substack underbrace overbrace binom
    bmod colon leftrightarrow perp parallel emptyset varnothing
    """.split()  # noqa: SIM905 - a list of 100 quoted words is harder to read
)


def read_and_check(folder: Path, known: Collection[str]) -> tuple[Concept | None, list[Fault]]:
    """The card of a folder and all that is wrong with its text.

    `known` are the slugs of the library: links must lead to one of them.
    """
    try:
        concept, lines = parse_card(folder)
    except CardError as error:
        return None, list(error.faults)
    path = folder / "card.md"
    return concept, [
        *_front_faults(path, concept, lines, known),
        *_formula_faults(path, concept, lines),
        *_prose_faults(path, concept, lines),
    ]


def plain(markdown: str) -> str:
    """Prose as a reader sees it, for counting: maths in Unicode, fields as one word."""
    text = FIELD.sub("00", markdown)
    text = _MATHS.sub(lambda match: formulas.unicode_line(match.group(0)[1:-1]), text)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(r"[*`]", "", text)


def words(text: str) -> int:
    """Words of a text; a formula counts as one, wherever it has spaces."""
    return len(_MATHS.sub("x", FIELD.sub("0", text)).split())


def sentences(markdown: str) -> list[str]:
    """The sentences of a text, formulas and fields as they stand."""
    return [part.strip() for part in _SENTENCE_END.split(markdown) if part and part.strip()]


def first_paragraph(markdown: str) -> str:
    """The short form of a section: its first paragraph."""
    return markdown.split("\n\n", 1)[0].strip()


def _front_faults(
    path: Path, card: Concept, lines: Lines, known: Collection[str]
) -> Iterator[Fault]:
    def fault(key: str, message: str) -> Fault:
        return Fault(path, lines.keys.get(key, 0), f"{key}: {message}")

    shown = plain(card.statement)
    if len(shown) > MAX_STATEMENT:
        yield fault("statement", f"{len(shown)} characters, {MAX_STATEMENT} at most: {shown!r}")
    if len(card.requires) > MAX_REQUIRES:
        yield fault("requires", f"{len(card.requires)} prerequisites, {MAX_REQUIRES} at most")
    for slug in card.requires:
        if slug not in known:
            yield fault("requires", f"{slug!r} is no concept of the library")
    if not RELATED[0] <= len(card.related) <= RELATED[1]:
        yield fault("related", f"{len(card.related)} concepts, {RELATED[0]} to {RELATED[1]} wanted")
    for related in card.related:
        if related.slug not in known:
            yield fault("related", f"{related.slug!r} is no concept of the library")
        if related.slug == card.slug:
            yield fault("related", "names the card itself")
        if words(related.gist) > MAX_GIST_WORDS:
            yield fault("related", f"gist of {related.slug!r} has over {MAX_GIST_WORDS} words")
    if card.contrast and card.contrast not in {related.slug for related in card.related}:
        yield fault("contrast", f"{card.contrast!r} must stand among `related` too")
    if not any(ref.kind in {"primary", "textbook"} for ref in card.references):
        yield fault("references", "no primary source or textbook among them")
    for ref in card.references:
        if ref.kind not in KINDS:
            yield fault("references", f"kind {ref.kind!r} is none of {', '.join(KINDS)}")
        if not re.match(r"https?://[^\s]+\.[^\s]+", ref.url):
            yield fault("references", f"{ref.url!r} is no link")
        if not _YEAR.search(ref.text):
            yield fault("references", f"{ref.text!r} names no year")
    yield from (
        fault("recall", f"{name} has {count} words, {most} at most")
        for name, count, most in (
            ("question", words(card.recall.question), MAX_QUESTION_WORDS),
            ("answer", words(card.recall.answer), MAX_ANSWER_WORDS),
        )
        if count > most
    )
    if not ALT_LENGTH[0] <= len(plain(card.alt)) <= ALT_LENGTH[1]:
        yield fault("alt", f"{len(plain(card.alt))} characters, {ALT_LENGTH[0]} to {ALT_LENGTH[1]}")
    if words(card.caption) > MAX_CAPTION_WORDS:
        yield fault("caption", f"{words(card.caption)} words, {MAX_CAPTION_WORDS} at most")
    if not fields(card.caption):
        yield fault("caption", "quotes no number of the figure: {{ n.name | sig(2) }}")


def _formula_faults(path: Path, card: Concept, lines: Lines) -> Iterator[Fault]:
    line = lines.keys.get("formula", 0)
    try:
        rendered = formulas.render(card.formula)
    except formulas.FormulaError as error:
        yield Fault(path, line, f"formula: no renderer reads it: {error}")
        return
    if rendered.renderer != "mathra":
        yield Fault(path, line, f"formula: only the fallback {rendered.renderer} reads it")
    if rendered.width > formulas.MAX_CSS_PX:
        yield Fault(
            path,
            line,
            f"formula: {rendered.width} px wide, {formulas.MAX_CSS_PX} at most; "
            "break it with \\begin{aligned} … \\\\ … \\end{aligned}",
        )
    wanted = symbols(card.formula)
    explained: set[str] = set()
    for key, _meaning in card.symbols:
        explained |= symbols(key)
    line = lines.keys.get("symbols", 0)
    for symbol in sorted(wanted - explained):
        yield Fault(path, line, f"symbols: {symbol} stands in the formula and is not explained")
    for symbol in sorted(explained - wanted):
        yield Fault(path, line, f"symbols: {symbol} is explained and not in the formula")
    if not symbols(card.formula) & _statement_symbols(card.statement):
        yield Fault(
            path, lines.keys.get("statement", 0), "statement: names no symbol of the formula"
        )


def symbols(latex: str) -> set[str]:
    r"""The identifiers of a formula: letters, Greek macros, words in ``\mathrm``; no operators."""
    found: set[str] = set()
    rest = re.sub(r"\\begin\{\w+\}|\\end\{\w+\}", " ", latex)

    def word(match: re.Match[str]) -> str:
        name = re.sub(r"[^A-Za-z]", "", match["body"])
        if name and name.lower() not in _PLAIN_WORDS:
            found.add(name)
        return " "

    wordy = r"\\(?:mathrm|text|operatorname\*?|mathit|mathsf)\s*\{(?P<body>[^}]*)\}"
    rest = re.sub(wordy, word, rest)
    for macro in re.findall(r"\\([A-Za-z]+)", rest):
        if macro not in _OPERATORS:
            found.add("\\" + macro)
    rest = re.sub(r"\\[A-Za-z]+|\\.", " ", rest)
    found.update(re.findall(r"[A-Za-z]", rest))
    return found - {"d", "e"} if re.search(r"\\int|e\^", latex) else found


def _statement_symbols(statement: str) -> set[str]:
    found: set[str] = set()
    for match in _MATHS.finditer(statement):
        found |= symbols(match.group(0)[1:-1])
    return found


def _prose_faults(path: Path, card: Concept, lines: Lines) -> Iterator[Fault]:
    texts = {
        "Definition": card.definition,
        "In depth": card.body,
        "Example": card.example,
        "Why it matters": card.why,
        "Scope": card.scope,
        "Notation": card.notation,
    }

    def fault(section: str, message: str) -> Fault:
        return Fault(path, lines.sections.get(section, 0), f"{section}: {message}")

    for section, text in texts.items():
        for sentence in sentences(text):
            if words(sentence) > MAX_SENTENCE_WORDS:
                start = " ".join(sentence.split()[:6])
                yield fault(
                    section, f"{words(sentence)} words in a sentence, 25 at most: {start!r} …"
                )
    whole = {**texts, "statement": card.statement, "caption": card.caption, "alt": card.alt}
    for section, text in whole.items():
        line = lines.sections.get(section) or lines.keys.get(section, 0)
        for match in _AVOID.finditer(_CODE.sub(" ", text)):
            yield Fault(path, line, f"{section}: avoid the word {match.group(0)!r}")
    if words(card.definition) > MAX_DEFINITION_WORDS:
        yield fault("Definition", f"{words(card.definition)} words, {MAX_DEFINITION_WORDS} at most")
    if not BODY_WORDS[0] <= words(card.body) <= BODY_WORDS[1]:
        yield fault("In depth", f"{words(card.body)} words, {BODY_WORDS[0]} to {BODY_WORDS[1]}")
    short = first_paragraph(card.example)
    if words(short) > MAX_SHORT_EXAMPLE_WORDS or len(sentences(short)) > 3:  # noqa: PLR2004
        yield fault(
            "Example",
            f"its first paragraph has {words(short)} words in {len(sentences(short))} sentences; "
            f"the mail shows it: {MAX_SHORT_EXAMPLE_WORDS} words in 3 sentences at most",
        )
    if not fields(short):
        yield fault("Example", "its first paragraph quotes no number of compute()")
    if len(sentences(first_paragraph(card.why))) > 1:
        yield fault("Why it matters", "its first paragraph is more than one sentence")
    for name, text in (("Example", card.example), ("caption", card.caption), ("alt", card.alt)):
        bare = _CODE.sub(" ", _MATHS.sub(" ", FIELD.sub(" ", text)))
        for match in _HAND_TYPED.finditer(bare):
            if not _YEAR.fullmatch(match.group(0)):
                line = lines.sections.get(name) or lines.keys.get(name, 0)
                yield Fault(
                    path,
                    line,
                    f"{name}: {match.group(0)} is typed by hand; let compute() return it and "
                    "quote it as {{ n.name }}",
                )
