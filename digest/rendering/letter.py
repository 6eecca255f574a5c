"""The Printer port: concepts and stories to blocks, blocks to a reader's letter."""

from __future__ import annotations

import html as html_escape
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from digest.domain.concept import Concept
from digest.domain.delivery import Delivery, Letter, place
from digest.domain.edition import Block, Edition, Image
from digest.domain.headline import subject
from digest.domain.story import Story
from digest.domain.subscriber import Preferences
from digest.ports import Drawn
from digest.rendering import markdown
from digest.rendering.bylines import byline, kicker
from digest.rendering.environment import Templates
from digest.rendering.inline import inline_fragment, inline_page
from digest.rendering.personal import chosen_concepts, placed_pictures

WORDS_A_MINUTE: Final = 220
"""Reading speed of prose with formulas: below the 238 of Brysbaert (2019) for plain prose."""

_FRAME_WORDS: Final = 60
"""Words of the letter around its blocks."""

_MARKS: Final = (
    "ONLINE",
    "UNSUBSCRIBE",
    "PREFERENCES",
    "ADDRESS",
    "CONCEPTS",
    "STORIES",
    "ANSWERS",
)
_FORMS_KEPT: Final = 64
"""Kinds of readers whose letter is remembered; each costs about 100 KB, pictures aside."""

_NUMBERS: Final = ("no", "one", "two", "three", "four", "five")


@dataclass(frozen=True, slots=True)
class Imprint:
    """What the letters say of the publisher: values from the settings, not the settings."""

    title: str
    tagline: str
    base_url: str
    domain: str
    postal_address: str
    report_address: str
    list_id: str
    unsubscribe_address: str
    images: str = "cid"
    auto_submitted: bool = False
    precedence_bulk: bool = False
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Links:
    """A reader's own links; `by_mail` is the address that a mail to unsubscribes them."""

    unsubscribe: str
    one_click: str
    preferences: str
    by_mail: str = ""


@dataclass(frozen=True, slots=True)
class _Shell:
    """The letter around its blocks, with marks where the reader's fields go."""

    html: str
    text: str


class LetterPrinter:
    """Renders blocks once; a letter is a join of blocks and links.

    `titles` names the concepts that links may lead to; `links` makes a reader's own links from
    their subscriber id.
    """

    def __init__(
        self,
        templates: Templates,
        imprint: Imprint,
        concepts: Callable[[], Mapping[str, Concept]],
        links: Callable[[int], Links],
    ) -> None:
        self._templates = templates
        self._imprint = imprint
        self._concepts = concepts
        self._links = links
        self._forms: dict[tuple[Any, ...], Letter] = {}
        self._css = templates.read("email/_style.css")
        self._head_css = templates.read("email/_head.css")

    # --- blocks -------------------------------------------------------------------------------

    def concept_block(self, drawn: Drawn, slot: int, *, revisit: bool, on: date) -> Block:
        """One concept: the short form of its card, or shorter still when it comes back."""
        card = drawn.concept
        shown = {
            "statement": card.statement,
            "definition": markdown.first_paragraph(drawn.definition),
            "example": markdown.first_paragraph(drawn.example),
            "why": markdown.first_paragraph(drawn.why),
            "caption": drawn.caption,
            "question": drawn.question,
            "answer": drawn.answer,
        }
        common: dict[str, Any] = {
            "slot": slot,
            "card": card,
            "revisit": revisit,
            "reference": {
                "text": _short_reference(card.references[0].text),
                "url": card.references[0].url,
            },
            "nearby": self._nearby(card, 1),
            "card_url": f"{self._imprint.base_url}/concepts/{card.slug}",
            "alt": markdown.plain(drawn.alt),
            "formula_text": drawn.formula_text,
            "formula_alt": f"Formula: {drawn.formula_text}"[:250],
            "figure": self._picture(drawn.figure, on),
            "formula": self._picture(drawn.formula, on),
        }
        as_html = {name: markdown.inline(text) for name, text in shown.items()}
        as_text = {name: markdown.plain(text) for name, text in shown.items()}
        answers = ("", "")
        if revisit:
            answers = (
                self._html("email/_answer.html.jinja", {**common, **as_html}),
                self._text("email/_answer.txt.jinja", {**common, **as_text}),
            )
        return Block(
            kind="concept",
            key=card.slug,
            slot=slot,
            html=self._html("email/_concept.html.jinja", {**common, **as_html}),
            text=self._text("email/_concept.txt.jinja", {**common, **as_text}),
            images=(drawn.formula, drawn.figure),
            answer_html=answers[0],
            answer_text=answers[1],
        )

    def story_block(self, story: Story, slot: int, reason: str, now: datetime) -> Block:
        """One story: title, the outlet's first sentences, outlet and age, why it was chosen."""
        values = {
            "story": story,
            "slot": slot,
            "reason": reason.removeprefix("From the shelf: ").rstrip("."),
            "kicker": kicker(story, now),
            "byline": byline(story),
        }
        return Block(
            kind="story",
            key=story.id,
            slot=slot,
            html=self._html("email/_story.html.jinja", values),
            text=self._text("email/_story.txt.jinja", values),
        )

    # --- letters ------------------------------------------------------------------------------

    def letter(self, edition: Edition, blocks: Sequence[Block], delivery: Delivery) -> Letter:
        """The letter of one reader: as many blocks as they want, with places for their own links.

        Readers who want the same get the same objects, which are encoded once.
        """
        form = self._form(edition, blocks, delivery.preferences)
        links = self._links(delivery.subscriber_id)
        fields = (
            ("UNSUBSCRIBE", links.unsubscribe),
            ("PREFERENCES", links.preferences),
            ("ADDRESS", delivery.address),
        )
        headers = self._headers(edition, links)
        return Letter(
            form.subject, form.html, form.text, form.images, headers, form.language, fields
        )

    def _form(self, edition: Edition, blocks: Sequence[Block], wants: Preferences) -> Letter:
        """A letter without its reader, made once for all who want the same."""
        key = (
            (edition.date, edition.number, edition.subject, edition.preheader),
            tuple(block.html for block in blocks),
            (wants.concepts, wants.stories, wants.level, wants.tracks),
            (wants.text_only, wants.images),
        )
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) >= _FORMS_KEPT:
                del self._forms[next(iter(self._forms))]
            form = self._forms[key] = self._new_form(edition, blocks, wants)
        return form

    def _new_form(self, edition: Edition, blocks: Sequence[Block], wants: Preferences) -> Letter:
        all_concepts = [block for block in blocks if block.kind == "concept"]
        concepts = chosen_concepts(all_concepts, wants, self._concepts)
        stories = [block for block in blocks if block.kind == "story"][: wants.stories]
        if {block.key for block in concepts} != {block.key for block in all_concepts}:
            edition = replace(edition, subject=self._subject(edition, concepts))
        shell = self._render_shell(edition, concepts, stories)
        online = f"{self._imprint.base_url}/editions/{edition.date.isoformat()}"
        images: tuple[tuple[str, str, bytes], ...] = ()
        html: str | None = None
        if not wants.text_only:
            cid = (wants.images or self._imprint.images) == "cid"
            html = placed_pictures(
                shell.html.replace(place("ONLINE"), html_escape.escape(online)),
                concepts,
                lambda name, sha256: self._sources(name, sha256, edition.date),
                cid=cid,
            )
            if cid:
                images = tuple(
                    (self._content_id(image.name, edition.date), f"{image.name}.png", image.png)
                    for block in concepts
                    for image in block.images
                )
        return Letter(
            subject=edition.subject,
            html=html,
            text=shell.text.replace(place("ONLINE"), online),
            images=images,
            headers=(),
            language=self._imprint.language,
        )

    def _subject(self, edition: Edition, concepts: Sequence[Block]) -> str:
        """The subject of a letter with fewer concepts than its edition."""
        known = self._concepts()
        titles = [known[block.key].short_title for block in concepts if block.key in known]
        return subject(titles) if len(titles) == len(concepts) else edition.subject

    def _render_shell(
        self, edition: Edition, concepts: Sequence[Block], stories: Sequence[Block]
    ) -> _Shell:
        shelf = sum(1 for block in stories if block.key.startswith("shelf/"))
        joined = {
            "CONCEPTS": concepts,
            "STORIES": stories,
            "ANSWERS": [block for block in concepts if block.answer_text],
        }
        count = _FRAME_WORDS + sum(_words(block.text) for block in (*concepts, *stories))
        values: dict[str, Any] = {
            "site": self._imprint,
            "edition": edition,
            "subject": edition.subject,
            "preheader": edition.preheader,
            "language": self._imprint.language,
            "day": f"{edition.date:%A}, {edition.date.day} {edition.date:%B %Y}",
            "headline": edition.subject,
            "minutes": max(1, round(count / WORDS_A_MINUTE)),
            "concepts": concepts,
            "stories": stories,
            "answers": joined["ANSWERS"],
            "concepts_title": f"{_number(len(concepts))} idea{'s' * (len(concepts) != 1)}",
            "stories_title": _stories_title(len(stories), shelf),
            "shelf_note": _shelf_note(len(stories), shelf),
            "archive_url": f"{self._imprint.base_url}/editions/",
            "report_url": self._report_url(edition),
        }
        marks = {name: f"@@{name}@@" for name in _MARKS}
        page = self._templates.render(
            "email/letter.html.jinja",
            **values,
            mark={name: Markup(mark) for name, mark in marks.items()},  # noqa: S704 - ours
            head_css=Markup(self._head_css),  # noqa: S704 - a file of ours or the operator's
        )
        html = inline_page(page, self._css)
        text = self._text("email/letter.txt.jinja", {**values, "mark": marks})
        for name, some in joined.items():
            answer = name == "ANSWERS"
            html = html.replace(
                f"@@{name}@@",
                _inert("\n".join(block.answer_html if answer else block.html for block in some)),
            )
            text = text.replace(
                f"@@{name}@@",
                "\n\n".join(
                    (block.answer_text if answer else block.text).strip("\n") for block in some
                ).replace("@@", "@ @")
                + "\n",
            )
        return _Shell(html, _fold_blank_lines(text))

    def _headers(self, edition: Edition, links: Links) -> tuple[tuple[str, str], ...]:
        imprint = self._imprint
        # RFC 2369 and RFC 8058: where POST unsubscribes, and a mail does.
        leave = links.by_mail or imprint.unsubscribe_address
        headers = [
            ("List-Id", f"{imprint.title} <{imprint.list_id}>"),
            ("List-Unsubscribe", f"<{links.one_click}>, <mailto:{leave}?subject=unsubscribe>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Archive", f"<{imprint.base_url}/editions/>"),
            ("List-Help", f"<{imprint.base_url}/help>"),
            ("X-Digest-Edition", edition.date.isoformat()),
        ]
        if imprint.auto_submitted:
            headers.append(("Auto-Submitted", "auto-generated"))
        if imprint.precedence_bulk:
            headers.append(("Precedence", "bulk"))
        return tuple(headers)

    def _content_id(self, name: str, on: date) -> str:
        return f"{name}.{on:%Y%m%d}@{self._imprint.domain}"

    def _picture(self, image: Image, on: date) -> dict[str, Any]:
        inside, linked = self._sources(image.name, image.sha256, on)
        src = inside if self._imprint.images == "cid" else linked
        return {"src": src, "width": image.width, "height": image.height}

    def _sources(self, name: str, sha256: str, on: date) -> tuple[str, str]:
        """A picture's address inside the letter, and on the site."""
        inside = f"cid:{self._content_id(name, on)}"
        return inside, f"{self._imprint.base_url}/images/{sha256}.png"

    def _nearby(self, card: Concept, most: int) -> list[dict[str, Any]]:
        known = self._concepts()
        near = sorted(card.related, key=lambda related: related.slug != card.contrast)
        return [
            {
                "title": known[related.slug].short_title,
                "gist": markdown.plain(related.gist).rstrip("."),
                "url": f"{self._imprint.base_url}/concepts/{related.slug}",
            }
            for related in near
            if related.slug in known
        ][:most]

    def _report_url(self, edition: Edition) -> str:
        subject = quote(f"Error in No. {edition.number}")
        return f"mailto:{self._imprint.report_address}?subject={subject}"

    def _html(self, name: str, values: Mapping[str, Any]) -> str:
        return inline_fragment(self._templates.render(name, **values), self._css)

    def _text(self, name: str, values: Mapping[str, Any]) -> str:
        return _fold_blank_lines(self._templates.render(name, **values))


def _short_reference(text: str) -> str:
    """``C. E. Shannon, 1948`` or ``T. Hastie et al., 2009``: the page has the whole of it."""
    parts = [part.strip() for part in text.split(",")]
    author = parts[0].removesuffix(" et al.")
    several = text.startswith(f"{author} et al") or (
        len(parts) > 1
        and re.match(r"(?:and )?(?:[A-ZÀ-Þ]\.[- ]?)+ ?[A-ZÀ-Þ]", parts[1]) is not None
    )
    years = re.findall(r"\b(?:1[6-9]|20)\d\d\b", text)
    return f"{author}{' et al.' if several else ''}{f', {years[-1]}' if years else ''}"


def _words(text: str) -> int:
    return sum(1 for word in text.split() if "://" not in word)


def _inert(html: str) -> str:
    """HTML of blocks in which nothing can be taken for a place: stories come from outside."""
    return html.replace("@@", "&#64;&#64;")


def _fold_blank_lines(text: str) -> str:
    stripped = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{4,}", "\n\n\n", stripped).strip("\n") + "\n"


def _number(count: int) -> str:
    return _NUMBERS[count].capitalize() if count < len(_NUMBERS) else str(count)


def _stories_title(count: int, shelf: int) -> str:
    if shelf == count:
        return f"{_number(count)} from the shelf"
    return f"{_number(count)} stor{'y' if count == 1 else 'ies'} that matter{'s' * (count == 1)}"


def _shelf_note(count: int, shelf: int) -> str:
    """What the reader is told when news ran short."""
    if not shelf:
        return ""
    if shelf == count:
        return "No news reached us today, so these are landmarks worth an hour."
    return (
        f"A slow day: {_number(shelf).lower()} of these "
        f"{'is a landmark' if shelf == 1 else 'are landmarks'} from our shelf."
    )
