"""An HTML part as a tree with line numbers, and as much CSS as mail has.

html.parser keeps the line of each tag, which a fault's message needs. vnu holds the markup to the
standard, so nothing here repairs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "cite",
        "code",
        "em",
        "i",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
        "var",
    ]
)
UNSEEN = frozenset(("head", "style", "script", "title", "template"))


@dataclass(slots=True, eq=False)
class Node:
    """An element; `line` counts from 1 in the decoded HTML part."""

    tag: str
    attrs: dict[str, str]
    line: int
    parent: Node | None = None
    children: list[Node | str] = field(default_factory=list)
    style: dict[str, str] = field(init=False)
    """Its inline declarations."""
    hidden: bool = field(init=False)
    """Whether readers never see it, or anything in it."""

    def __post_init__(self) -> None:
        self.style = declarations(self.attrs.get("style", ""))
        unseen = self.tag in UNSEEN or self.style.get("display") == "none"
        self.hidden = unseen or (self.parent is not None and self.parent.hidden)

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return f"HTML line {self.line}, <{self.tag}>"

    def walk(self) -> Iterator[Node]:
        """This element and all inside it, in order."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, *tags: str) -> list[Node]:
        """The elements of these names inside it, in order."""
        return [node for node in self.walk() if node.tag in tags]

    def above(self) -> Iterator[Node]:
        """This element, its parent, and so on up."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def text(self, *, alts: bool = False) -> str:
        """What readers see, white space folded; with `alts` also what stands for the images."""
        return " ".join("".join(self._pieces(alts=alts)).split())

    def _pieces(self, *, alts: bool) -> Iterator[str]:
        if self.hidden:
            return
        if self.tag == "img":
            yield f" {self.attrs.get('alt', '')} " if alts else " "
            return
        block = self.tag not in INLINE
        if block:
            yield " "
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._pieces(alts=alts)
        if block:
            yield " "


@dataclass(frozen=True, slots=True)
class Page:
    """The tree, the comments as (line, text), and the kept style sheets."""

    root: Node
    comments: tuple[tuple[int, str], ...]
    css: str

    @property
    def body(self) -> Node:
        """The body; the root where there is none."""
        return next(iter(self.root.all("body")), self.root)

    @property
    def html(self) -> Node:
        """The html element; the root where there is none."""
        return next(iter(self.root.all("html")), self.root)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("#root", {}, 1)
        self.node = self.root
        self.comments: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Node(tag, {k: v or "" for k, v in attrs}, self.getpos()[0], self.node)
        self.node.children.append(made)
        if tag not in VOID:
            self.node = made

    def handle_endtag(self, tag: str) -> None:
        for node in self.node.above():
            if node.tag == tag and node.parent is not None:
                self.node = node.parent
                return

    def handle_data(self, data: str) -> None:
        self.node.children.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append((self.getpos()[0], data))


def parse(html: str) -> Page:
    """Read an HTML part."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    css = "\n".join(
        "".join(child for child in node.children if isinstance(child, str))
        for node in builder.root.all("style")
    )
    return Page(builder.root, tuple(builder.comments), css)


def declarations(style: str) -> dict[str, str]:
    """`a:b;c:d` -> {a: b, c: d}; names in lower case, values as they are."""
    found: dict[str, str] = {}
    for piece in re.split(r";(?![^(]*\))", style):
        name, colon, value = piece.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector of a sheet with its declarations; `media` is the query around it."""

    media: str
    selector: str
    style: dict[str, str]


def rules(css: str) -> list[Rule]:
    """The rules of a sheet, media queries one level deep, in order."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    found: list[Rule] = []
    for media, inside in _blocks(css):
        if media.startswith("@media"):
            found += [rule for sel, body in _blocks(inside) for rule in _split(media, sel, body)]
        elif not media.startswith("@"):
            found += _split("", media, inside)
    return found


def _split(media: str, selectors: str, body: str) -> list[Rule]:
    return [Rule(media, one.strip(), declarations(body)) for one in selectors.split(",")]


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """(prelude, body) of each block at the top level."""
    depth, start, prelude, opened = 0, 0, "", 0
    for at, char in enumerate(css):
        if char == "{":
            if depth == 0:
                prelude, opened = " ".join(css[start:at].split()), at + 1
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                yield prelude, css[opened:at]
                start = at + 1


_COMPOUND = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+|\[[^\]]+\]|:[\w-]+)*)", re.IGNORECASE)


def matches(node: Node, selector: str) -> bool:
    """Whether a selector of tags, classes, ids, bare attributes and descendants meets an element.

    Raises ValueError for any other selector: it must be added here before it is used in a letter.
    """
    *ancestors, last = selector.split()
    if not _meets(node, last):
        return False
    above = node.parent
    for wanted in reversed(ancestors):
        while above is not None and not _meets(above, wanted):
            above = above.parent
        if above is None:
            return False
        above = above.parent
    return True


def _meets(node: Node, compound: str) -> bool:
    form = _COMPOUND.fullmatch(compound)
    if form is None:
        raise ValueError(f"the gates do not know the selector {compound!r}")
    tag, rest = form[1], form[2]
    if tag and tag not in ("*", node.tag):
        return False
    return all(_has(node, one) for one in re.findall(r"[.#:][\w-]+|\[[^\]]+\]", rest))


def _has(node: Node, one: str) -> bool:
    name = one[1:]
    if one[0] == ".":
        return name in node.attrs.get("class", "").split()
    if one[0] == "#":
        return node.attrs.get("id") == name
    if one[0] == "[":
        return name.rstrip("]").split("=")[0] in node.attrs
    return one == ":root" and node.tag == "html"  # :hover and the like do not hold at rest
