import hashlib
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from PIL import Image as Picture

from digest import resources
from digest.domain.concept import Concept, Recall, Reference, Related
from digest.domain.delivery import Delivery
from digest.domain.edition import ConceptPick, Edition, EditionStatus, Image, Role
from digest.domain.story import Story
from digest.domain.subscriber import Preferences
from digest.ports import Drawn
from digest.rendering.environment import Templates
from digest.rendering.letter import Imprint, LetterPrinter, Links

ON = date(2026, 3, 14)
NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)


def concept(slug: str = "ridge", **more) -> Concept:
    values = {
        "slug": slug,
        "title": "Ridge (Tikhonov)",
        "track": "linear-models",
        "level": 2,
        "requires": (),
        "statement": r"$\lambda I$ shrinks weights & keeps <all> of them.",
        "formula": r"w=(X^\top X+\lambda I)^{-1}X^\top y",
        "symbols": (("w", "weights"),),
        "definition": "First. Second.",
        "body": "Long form.",
        "example": "Short example.\n\nLong example.",
        "why": "One reason.\n\nMore reasons.",
        "scope": "Scope.",
        "notation": "Notation.",
        "recall": Recall("What does $\\lambda$ do?", "It shrinks."),
        "caption": "caption",
        "alt": "alt",
        "related": (Related("lasso", "sets weights to zero"), Related("nowhere", "not there")),
        "contrast": "lasso",
        "references": (Reference("A. Hoerl, Ridge, 1970", "https://doi.org/10.1000/r"),),
        "credit": "",
        "version": 3,
        "source_hash": "0" * 64,
    }
    return Concept(**{**values, **more})


def picture(name: str, width: int, height: int) -> Image:
    out = io.BytesIO()
    Picture.new("P", (2 * width, 2 * height), 0).save(out, "PNG")
    png = out.getvalue()
    return Image(name, hashlib.sha256(png).hexdigest(), png, width, height)


def drawn(card: Concept) -> Drawn:
    return Drawn(
        concept=card,
        variant=0,
        figure=picture(f"figure-{card.slug}", 600, 300),
        formula=picture(f"formula-{card.slug}", 300, 60),
        formula_text="w = (XᵀX + λI)⁻¹Xᵀy",
        formula_speech="w equals",
        formula_renderer="mathra",
        definition=card.definition,
        body=card.body,
        example=card.example,
        why=card.why,
        scope=card.scope,
        notation=card.notation,
        caption="At λ = 3 the weights are half as long.",
        alt="Paths of eight weights sliding to zero as λ grows from left to right.",
        question=card.recall.question,
        answer=card.recall.answer,
    )


def story(**more) -> Story:
    values = {
        "id": "s1",
        "title": "A <b>bold</b> claim & its proof",
        "url": "https://lab.example/a?b=1&c=2",
        "outlet": "Example Lab",
        "summary": "The lab shows it. It ships today.",
        "published": NOW - timedelta(hours=5),
        "first_seen": NOW - timedelta(hours=4),
    }
    return Story(**{**values, **more})


@pytest.fixture
def imprint() -> Imprint:
    return Imprint(
        title="digest",
        tagline="A tagline.",
        base_url="https://digest.example.org",
        domain="digest.example.org",
        postal_address="1 Street, Town",
        report_address="editor@digest.example.org",
        list_id="digest.example.org",
        unsubscribe_address="leave@digest.example.org",
    )


@pytest.fixture
def make_printer(imprint):
    def make(operator=None, **changes):
        from dataclasses import replace

        return LetterPrinter(
            Templates(resources.folder("templates"), operator),
            replace(imprint, **changes),
            lambda: {"ridge": concept(), "lasso": concept("lasso", title="Lasso")},
            lambda number: Links(
                f"https://digest.example.org/u/{number}.sig",
                f"https://digest.example.org/u/{number}.sig",
                f"https://digest.example.org/p/{number}.sig",
            ),
        )

    return make


def edition(**more) -> Edition:
    values = {
        "date": ON,
        "number": 12,
        "status": EditionStatus.PUBLISHED,
        "built_at": NOW,
        "subject": "Ridge and Lasso",
        "preheader": "A line of preview that is longer than forty characters in all.",
        "concepts": (ConceptPick(1, "ridge", 3, Role.NEW, 0, ""),),
        "stories": (),
    }
    return Edition(**{**values, **more})


def delivery(**more) -> Delivery:
    values = {
        "id": 1,
        "edition": ON,
        "subscriber_id": 7,
        "address": "ada@example.org",
        "preferences": Preferences(),
        "message_id": "m@digest.example.org",
        "date_header": NOW,
        "attempts": 1,
    }
    return Delivery(**{**values, **more})
