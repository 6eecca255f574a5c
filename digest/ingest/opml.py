"""OPML, in which feed readers hand their feeds around (http://opml.org/spec2.opml).

Read by defusedxml: entities and external references are refused, and each outline keeps its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.sax import ContentHandler, SAXParseException
from xml.sax.saxutils import quoteattr
from xml.sax.xmlreader import AttributesImpl, Locator

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from digest.domain.story import Source
from digest.domain.text import host_of
from digest.errors import UsageError
from digest.ingest import clean, urls

_MOST_BYTES: Final = 20_000_000
_HINT: Final = "give the OPML file that a feed reader exports"
_FORMATS: Final = {"jsonfeed": "jsonfeed", "json": "jsonfeed", "json feed": "jsonfeed"}
_READABLE: Final = {"feed": "rss", "arxiv-api": "rss", "jsonfeed": "jsonfeed"}


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed as an outline names it, cleaned. `folders` are the outlines around it and its own
    categories, in lower case, innermost first.
    """

    line: int
    url: str
    title: str
    homepage: str
    language: str
    format: str
    note: str
    folders: tuple[str, ...]


@dataclass(slots=True)
class Outlines:
    """What a file holds: `feeds`, and `faults` as (line, what is wrong)."""

    feeds: list[Outline] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def read(path: Path) -> Outlines:
    """The feeds of a file. What comes before the XML breaks off is kept, and the break a fault.

    Raises UsageError where the file cannot be read or is no OPML at all.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", _HINT) from error
    if len(raw) > _MOST_BYTES:
        raise UsageError(f"{path}: is larger than {_MOST_BYTES:_} bytes".replace("_", " "), _HINT)
    handler = _Handler(path)
    parser = DefusedExpatParser(forbid_entities=True)  # type: ignore[no-untyped-call]
    parser.setContentHandler(handler)
    handler.setDocumentLocator(parser)
    try:
        parser.feed(raw)
        parser.close()
    except SAXParseException as error:
        line = error.getLineNumber() or 1
        if not handler.is_opml:
            raise UsageError(f"{path}:{line}: is no OPML: {error.getMessage()}", _HINT) from error
        handler.found.faults.append((line, f"the file breaks off: {error.getMessage()}"))
    except DefusedXmlException as error:
        raise UsageError(f"{path}: defines XML entities, which are not read", _HINT) from error
    except (ValueError, LookupError, RecursionError) as error:
        raise UsageError(f"{path}: is no OPML: {error}", _HINT) from error
    return handler.found


def write(sources: Iterable[Source], title: str) -> Iterator[str]:
    """The lines of an OPML file, the sources in folders by kind.

    Sources in a format of ours alone (`readable` says which) are left out.
    """
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<opml version="2.0">\n  <head><title>{_text(title)}</title></head>\n  <body>\n'
    kinds: dict[str, list[Source]] = {}
    for source in sources:
        if readable(source):
            kinds.setdefault(source.kind, []).append(source)
    for kind in sorted(kinds):
        yield f"    <outline text={quoteattr(kind)}>\n"
        for source in kinds[kind]:
            told = {
                "text": source.title,
                "title": source.title,
                "type": _READABLE[source.format],
                "xmlUrl": source.url,
                "htmlUrl": source.homepage,
                "language": source.language,
                "category": f"/{kind},/tier {source.tier}",
                "description": source.note,
            }
            given = " ".join(f"{name}={quoteattr(value)}" for name, value in told.items() if value)
            yield f"      <outline {given}/>\n"
        yield "    </outline>\n"
    yield "  </body>\n</opml>\n"


def readable(source: Source) -> bool:
    """Whether other feed readers could read the source."""
    return source.format in _READABLE


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _Handler(ContentHandler):
    """Collects outlines; each that names a feed must have an http(s) address."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.found = Outlines()
        self.is_opml = False
        self._depth = 0
        self._folders: list[str] = []
        self._locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX's name
        self._locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX's name
        line = (self._locator.getLineNumber() if self._locator else None) or 0
        self._depth += 1
        if self._depth == 1:
            if name.lower() != "opml":
                raise UsageError(
                    f"{self._path}:{line}: is no OPML: its root is <{name[:40]}>", _HINT
                )
            self.is_opml = True
        if name.lower() == "outline":
            self._outline(line, {key.lower(): value for key, value in attrs.items()})

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        self._depth -= 1
        if name.lower() == "outline":
            self._folders.pop()

    def _outline(self, line: int, given: dict[str, str]) -> None:
        title = clean.title(given.get("title", "") or given.get("text", ""))
        url = given.get("xmlurl", "").strip()
        if url or given.get("type", "").lower() in {"rss", "atom"}:
            if not urls.tidy(url):
                said = f"{url[:80]!r} is no http(s) address" if url else "it has no xmlUrl"
                self.found.faults.append((line, f"{title or 'an outline'}: {said}"))
            else:
                self.found.feeds.append(self._feed(line, url, title, given))
        self._folders.append(title.lower())

    def _feed(self, line: int, url: str, title: str, given: dict[str, str]) -> Outline:
        own = [part.strip("/ ").lower() for part in given.get("category", "").split(",")]
        homepage = urls.tidy(given.get("htmlurl", ""))
        return Outline(
            line=line,
            url=url,
            title=title or host_of(homepage or url),
            homepage=homepage or f"https://{host_of(url)}/",
            language=clean.text(given.get("language", ""))[:35],
            format=_FORMATS.get(given.get("type", "").lower(), "feed"),
            note=clean.text(given.get("description", ""))[:500],
            folders=tuple(part for part in [*own, *reversed(self._folders)] if part),
        )
