"""A finished letter taken apart: what the gates look at. Needs the standard library and Pillow."""

from __future__ import annotations

import email
import email.policy
import io
import os
from dataclasses import dataclass
from email.message import EmailMessage, Message
from functools import lru_cache
from pathlib import Path

from PIL import Image

LETTERS_VARIABLE = "DIGEST_GATE_LETTERS"
"""Environment variable: the folder whose .eml files are judged (sub-folders too)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A picture of the letter: `content_id` without angle brackets, sizes in natural pixels."""

    content_id: str
    filename: str
    content_type: str
    disposition: str
    data: bytes
    format: str
    width: int
    height: int
    opaque: bool
    margin: int


@dataclass(frozen=True, slots=True)
class Mail:
    """The letter: its bytes, its header fields and its parts, each decoded."""

    raw: bytes
    message: EmailMessage
    text: str
    html: str
    text_part: Message
    html_part: Message
    images: tuple[Part, ...]
    order: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The Subject, decoded and unfolded."""
        return str(self.message["Subject"] or "").strip()

    def all(self, name: str) -> list[str]:
        """Every value of a header field, decoded and unfolded."""
        return [" ".join(str(value).split()) for value in self.message.get_all(name, [])]


def read(raw: bytes) -> Mail:
    """Take a message apart. Raises ValueError where it has no text or no HTML part."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    if not isinstance(message, EmailMessage):  # the default policy makes no other
        raise TypeError(type(message))
    leaves = [part for part in message.walk() if not part.is_multipart()]
    found = {"text/plain": "", "text/html": ""}
    parts: dict[str, Message] = {}
    for part in leaves:
        kind = part.get_content_type()
        if kind in found and kind not in parts:
            parts[kind] = part
            found[kind] = _decoded(part)
    for kind in found:
        if kind not in parts:
            raise ValueError(f"the letter has no {kind} part")
    return Mail(
        raw=raw,
        message=message,
        text=found["text/plain"],
        html=found["text/html"],
        text_part=parts["text/plain"],
        html_part=parts["text/html"],
        images=tuple(_image(part) for part in leaves if part.get_content_maintype() == "image"),
        order=tuple(part.get_content_type() for part in message.walk()),
    )


def letters(folder: Path) -> list[Path]:
    """The .eml files below a folder; of equal ones the first."""
    different = {path.read_bytes(): path for path in sorted(folder.rglob("*.eml"), reverse=True)}
    return sorted(different.values())


def letters_named() -> list[Path]:
    """The .eml files below the folder that the environment names; none when it names none."""
    named = os.environ.get(LETTERS_VARIABLE, "")
    return letters(Path(named)) if named else []


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    text = content.decode(part.get_content_charset("utf-8"), errors="replace")
    return text.replace("\r\n", "\n")


def _image(part: Message) -> Part:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    kind, width, height, opaque, margin = _seen(data)
    return Part(
        content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        filename=part.get_filename() or "",
        content_type=part.get_content_type(),
        disposition=part.get_content_disposition() or "",
        data=data,
        format=kind,
        width=width,
        height=height,
        opaque=opaque,
        margin=margin,
    )


@lru_cache(maxsize=64)
def _seen(data: bytes) -> tuple[str, int, int, bool, int]:
    """Format, width, height, whether opaque, and the white edge."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.load()
            opaque = not opened.has_transparency_data
            return str(opened.format), *opened.size, opaque, _margin(opened.convert("L"))
    except OSError:
        return "no image", 0, 0, False, 0


def _margin(grey: Image.Image) -> int:
    """The narrowest white edge, in natural pixels: all of it 250 or more of 255."""
    ink = grey.point(lambda value: 255 if value < 250 else 0).getbbox()
    if ink is None:
        return min(grey.size)
    left, top, right, bottom = ink
    return min(left, top, grey.width - right, grey.height - bottom)
