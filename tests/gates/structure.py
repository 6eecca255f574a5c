"""All that can be said of a letter without another program: `faults(eml) -> list of faults`."""

from __future__ import annotations

from tests.gates import contrast
from tests.gates.headers import header_faults, size_faults, tree_faults
from tests.gates.markup import frame_faults, image_faults, markup_faults
from tests.gates.message import read
from tests.gates.page import parse
from tests.gates.wording import (
    length_faults,
    link_faults,
    preheader_faults,
    text_faults,
)


def faults(eml: bytes, *, whole: bool = True) -> list[str]:
    """What is wrong with a letter, each with its place; an empty list when nothing is.

    `whole` is a letter of five concepts and five stories; a reader who asked for fewer gets a
    shorter one, whose words are not counted.
    """
    try:
        mail = read(eml)
    except ValueError as broken:
        return [str(broken)]
    page = parse(mail.html)
    found = [
        *header_faults(mail),
        *tree_faults(mail),
        *size_faults(mail),
        *markup_faults(page),
        *frame_faults(page),
        *image_faults(page, mail),
        *preheader_faults(page, mail),
        *link_faults(page),
        *text_faults(page, mail),
        *contrast.faults(page),
    ]
    if whole:
        found += length_faults(page)
    return found
