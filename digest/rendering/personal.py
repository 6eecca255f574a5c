"""One reader's letter out of the edition's blocks: which concepts, numbers and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from digest.domain.concept import LEVELS, Concept
from digest.domain.edition import Block
from digest.domain.subscriber import Preferences

_HTML_NUMBER: Final = re.compile(r'(<span class="num"[^>]*>)\d+(</span>)')
_HTML_ANSWER: Final = re.compile(r"(<b[^>]*>)\d+\. ")
_TEXT_NUMBER: Final = re.compile(r"\A(\s*)\d+\. ")


def chosen_concepts(
    blocks: Sequence[Block], wants: Preferences, concepts: Callable[[], Mapping[str, Concept]]
) -> list[Block]:
    """The concepts of an edition that a reader gets, numbered from 1.

    Those above their level are left out, but for one where that would leave none: of the lowest
    level there is. The tracks they care for come first and so survive a lower number; else the
    order is the edition's. `concepts` is asked only for readers with such wishes; a card that is
    not in the library any more counts as fitting.
    """
    chosen = list(blocks)
    if chosen and (wants.level < max(LEVELS) or wants.tracks):
        known = concepts()

        def level(block: Block) -> int:
            return known[block.key].level if block.key in known else min(LEVELS)

        def cared_for(block: Block) -> bool:
            return block.key in known and known[block.key].track in wants.tracks

        fitting = [block for block in chosen if level(block) <= wants.level]
        chosen = fitting or [min(chosen, key=level)]
        if wants.tracks:
            chosen.sort(key=lambda block: not cared_for(block))
    chosen = chosen[: wants.concepts]
    return [_numbered(block, number) for number, block in enumerate(chosen, start=1)]


def _numbered(block: Block, number: int) -> Block:
    """The block under another number; as it is where it has that one."""
    if block.slot == number:
        return block
    return replace(
        block,
        slot=number,
        html=_HTML_NUMBER.sub(rf"\g<1>{number}\g<2>", block.html, count=1),
        text=_TEXT_NUMBER.sub(rf"\g<1>{number}. ", block.text, count=1),
        answer_html=_HTML_ANSWER.sub(rf"\g<1>{number}. ", block.answer_html, count=1),
        answer_text=_TEXT_NUMBER.sub(rf"\g<1>{number}. ", block.answer_text, count=1),
    )


def placed_pictures(
    html: str, blocks: Sequence[Block], sources: Callable[[str, str], tuple[str, str]], *, cid: bool
) -> str:
    """The letter's HTML with its pictures inside (`cid`) or linked, whichever the blocks have.

    `sources(name, sha256)` gives both addresses of a picture: inside, linked.
    """
    for block in blocks:
        for image in block.images:
            inside, linked = sources(image.name, image.sha256)
            old, new = (linked, inside) if cid else (inside, linked)
            html = html.replace(f'src="{old}"', f'src="{new}"')
    return html
