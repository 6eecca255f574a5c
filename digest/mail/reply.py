"""Replies of an SMTP server: taken off the bytes that come, and read (RFC 5321, 4.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

CLOSING: Final = 421  # RFC 5321, 3.8: the server shuts the channel, whatever was asked
_LOGIN_WANTED: Final = frozenset({530, 534, 535, 538})  # RFC 4954, 6
_REPLY_LENGTH: Final = 500
_LONGEST: Final = 65_536
_SPACE: Final = 0x20


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: its code and all of it in one line, such as ``550 5.1.1 no such user``."""

    code: int
    line: str

    @classmethod
    def of(cls, code: int, text: bytes) -> Reply:
        """From smtplib's pair; a status repeated on each line (RFC 2034) is kept once."""
        lines = text.decode("utf-8", "replace").split("\n")
        status = re.match(r"[245]\.\d{1,3}\.\d{1,3} ", lines[0])
        if status:
            lines[1:] = [line.removeprefix(status[0]) for line in lines[1:]]
        # smtplib gives -1, and the line without its first four characters, for what is no reply.
        words = " ".join([str(code) if code > 0 else "no SMTP reply: ...", *lines])
        clean = "".join(c if c.isprintable() else " " for c in words)
        return cls(code, " ".join(clean.split())[:_REPLY_LENGTH])

    @property
    def status(self) -> str:
        """The enhanced status code (RFC 3463) such as 5.1.1, or an empty string."""
        found = re.match(r"\d{3} ([245]\.\d{1,3}\.\d{1,3})\b", self.line)
        return found[1] if found else ""

    @property
    def positive(self) -> bool:
        """Whether it is a 2xx."""
        return self.code // 100 == 2  # noqa: PLR2004 - the first digit is the protocol's

    @property
    def temporary(self) -> bool:
        """Whether it is a 4xx."""
        return self.code // 100 == 4  # noqa: PLR2004 - the first digit is the protocol's

    @property
    def wants_login(self) -> bool:
        """Whether it is about the login, and so about every letter."""
        return self.code in _LOGIN_WANTED


@lru_cache(maxsize=64)
def _of_one(line: bytes) -> Reply:
    """A reply of one line; most come again and again."""
    code = int(line[:3]) if line[:3].isdigit() else -1
    return Reply.of(code, line[4:].strip())


class Replies:
    """Takes replies off a stream."""

    def __init__(self) -> None:
        self._heard = bytearray()

    def feed(self, data: bytes) -> None:
        """Take in what has come."""
        self._heard += data

    def next(self) -> Reply | None:
        """The next whole reply (RFC 5321, 4.2.1); None until it is there.

        One that is none, or has no end, has the code -1.
        """
        heard = self._heard
        end = heard.find(b"\n")
        if end > 3 and heard[3] == _SPACE:  # noqa: PLR2004 - the digits; a reply of one line
            line = bytes(heard[:end])
            del heard[: end + 1]
            return _of_one(line)
        start = 0
        lines: list[bytes] = []
        while True:
            end = heard.find(b"\n", start)
            if end < 0:
                if len(heard) > _LONGEST:
                    heard.clear()
                    return Reply.of(-1, b"a reply without end")
                return None
            line = bytes(heard[start:end]).rstrip(b"\r")
            start = end + 1
            if not line[:3].isdigit() or line[3:4] not in {b" ", b"-", b"", b"\t"}:
                code, last = -1, True
            else:
                code, last = int(line[:3]), line[3:4] != b"-"
            lines.append(line[4:].strip())
            if last:
                del heard[:start]
                return Reply.of(code, b"\n".join(lines))
