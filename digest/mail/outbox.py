"""Letters into a folder in place of a server, and a letter that opens in a browser."""

from __future__ import annotations

import base64
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from urllib.parse import unquote

from digest.domain.delivery import Accepted
from digest.errors import OutputError
from digest.ports import Desk

_AT_ONCE = 8
_UNSAFE = re.compile(r"[^A-Za-z0-9.@_+-]")
_CID = re.compile(r"""(?<![\w-])cid:([^"'\s<>()]+)""", re.IGNORECASE)
_CHARSET = re.compile(r"<meta[^>]+charset", re.IGNORECASE)
_HEAD = 1024  # browsers look for a charset in the first 1024 bytes (HTML standard, 13.2.3.2)


@dataclass(frozen=True, slots=True)
class Preview:
    """The files of one letter: as sent, as a page, as text."""

    eml: Path
    html: Path
    text: Path


class FolderTransport:
    """`ports.Transport` into a folder: `0001-ada@example.org.eml` and so on, the bytes as sent.

    The numbers start at 1 with each new transport. Files that lie there already stay, but for one
    of the same name. Only their owner may read them: they hold addresses and personal links.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = 0

    def run(self, desk: Desk) -> None:
        """Write all letters, each whole or not at all. Raises OutputError naming the folder."""
        while taken := desk.take(_AT_ONCE):
            for envelope in taken:
                name = f"{self._written + 1:04d}-{safe_name(envelope.recipient)}.eml"
                path = _write(self._folder, name, envelope.data)
                self._written += 1
                desk.ended(envelope, Accepted(f"250 written to {path}"))
            desk.wait(idle=False)

    def close(self) -> None:
        """Nothing is left open."""


def safe_name(address: str) -> str:
    """The address as part of a file name: no separator, no other surprise, 80 characters."""
    return _UNSAFE.sub("_", address)[:80]


def write_preview(folder: Path, eml: bytes) -> Preview:
    """Write letter.eml, letter.html and letter.txt. Raises OutputError naming the folder."""
    page, text = preview(eml)
    return Preview(
        eml=_write(folder, "letter.eml", eml),
        html=_write(folder, "letter.html", page.encode()),
        text=_write(folder, "letter.txt", text.encode()),
    )


def preview(eml: bytes) -> tuple[str, str]:
    """The letter's own HTML with its images inside, and its text.

    The page needs no server and no other file. Nothing else in it is changed; a letter without
    HTML becomes a page with its text.
    """
    letter = message_from_bytes(eml, policy=default)
    images: dict[str, str] = {}
    text, html = "", None
    for part in letter.walk():
        kind = part.get_content_type()
        if kind == "text/plain" and not text:
            text = _words(part)
        elif kind == "text/html" and html is None:
            html = _words(part)
        elif part.get("Content-ID") and (raw := part.get_payload(decode=True)):
            data = base64.b64encode(raw if isinstance(raw, bytes) else b"").decode("ascii")
            images[str(part["Content-ID"]).strip("<> ")] = f"data:{kind};base64,{data}"
    if html is None:
        html = (
            f'<!DOCTYPE html><meta charset="utf-8"><title>letter</title><pre>{escape(text)}</pre>'
        )
    if not _CHARSET.search(html[:_HEAD]):
        html = f"\ufeff{html}"  # the byte order mark tells a browser that it is UTF-8
    return _CID.sub(lambda found: _image(found, images), html), text


def _words(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def _image(found: re.Match[str], images: Mapping[str, str]) -> str:
    return images.get(found[1]) or images.get(unquote(found[1])) or found[0]


def _write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    temporary: str | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException as fault:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(fault, OSError):
            raise OutputError(
                f"{folder}: {name} cannot be written there ({fault.strerror or fault})",
                "give a folder that this user may write to, with --out or paths.out",
            ) from fault
        raise
    return path
