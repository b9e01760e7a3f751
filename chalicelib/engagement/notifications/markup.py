"""The HTML of mails: which elements it may have, what it links to, how it looks, how it reads as text (NTF-33, NTF-54).

It is read by a parser and written anew from what the parser saw, so that what was checked is what is sent: elements and
attributes from a short list, no comment, no image, nothing that runs or loads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from chalicelib.engagement.notifications.errors import Unusable

BLOCKS = frozenset(
    [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "ul",
        "ol",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "td",
        "th",
        "blockquote",
        "pre",
        "hr",
    ],
)
INLINE = frozenset(["a", "span", "strong", "b", "em", "i", "u", "s", "small", "code", "sub", "sup", "br"])
_CELLS = ("td", "th")
VOID = frozenset({"br", "hr"})
ATTRIBUTES = frozenset(["href", "title", "lang", "dir", "class", "align", "colspan", "rowspan", "style"])
STYLES = frozenset(
    [
        "color",
        "background-color",
        "font-size",
        "font-weight",
        "font-style",
        "text-align",
        "text-decoration",
        "line-height",
        "letter-spacing",
        "margin",
        "margin-top",
        "margin-bottom",
        "padding",
        "border",
        "border-top",
        "border-bottom",
        "border-radius",
        "width",
        "white-space",
    ]
)
SCHEMES = frozenset({"https", "mailto", "tel"})
MARK = "\ue000"
"""Stands for a value in the text of a template."""

_STYLE_VALUE = re.compile(r"[#\w\s.,%'\"-]*(?:rgba?\([\d\s.,%]+\)[\w\s-]*)?")
_SPACES = re.compile(r"[ \t\r\f\v\n]+")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class _Reader(HTMLParser):
    """Walks through HTML and refuses what may not stand in it; what it saw goes to the methods below."""

    def __init__(self, link_allowed: Callable[[str], bool]) -> None:
        super().__init__(convert_charrefs=True)
        self._link_allowed = link_allowed
        self.open: list[str] = []

    def run(self, html: str) -> None:
        self.feed(html)
        self.close()
        if self.open:
            raise self._wrong("UNBALANCED", f"<{self.open[-1]}> is never closed")

    def began(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins; void ones have no end."""

    def ended(self, tag: str) -> None:
        """An element ends."""

    def words(self, text: str) -> None:
        """Text between tags."""

    def _wrong(self, issue: str, message: str) -> Unusable:
        return Unusable(issue, message, line=self.getpos()[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in BLOCKS and tag not in INLINE:
            raise self._wrong("ELEMENT_NOT_ALLOWED", f"<{tag[:40]}> does not belong into a mail")
        given: dict[str, str] = {}
        for name, value in attrs:
            if name not in ATTRIBUTES or (name == "href" and tag != "a"):
                raise self._wrong("ATTRIBUTE_NOT_ALLOWED", f"{name[:40]} on <{tag}> does not belong into a mail")
            given[name] = value or ""
        if "href" in given and not self._link_allowed(given["href"]):
            raise self._wrong("LINK_NOT_ALLOWED", "links go to https, mailto or tel, with values to our own sites")
        if "style" in given and not _is_style(given["style"]):
            raise self._wrong("STYLE_NOT_ALLOWED", "style has plain declarations of colour, type and space only")
        self.began(tag, given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            raise self._wrong("UNBALANCED", f"</{tag[:40]}> closes what is not open")
        self.open.pop()
        self.ended(tag)

    def handle_data(self, data: str) -> None:
        self.words(data)

    def handle_comment(self, data: str) -> None:
        raise self._wrong("ELEMENT_NOT_ALLOWED", "comments do not belong into a mail")

    def handle_decl(self, decl: str) -> None:
        raise self._wrong("ELEMENT_NOT_ALLOWED", "the document around the content is not a template's")

    def handle_pi(self, data: str) -> None:
        raise self._wrong("ELEMENT_NOT_ALLOWED", "processing instructions do not belong into a mail")

    def unknown_decl(self, data: str) -> None:
        raise self._wrong("ELEMENT_NOT_ALLOWED", "declarations do not belong into a mail")


def _is_style(style: str) -> bool:
    for declaration in filter(None, (one.strip() for one in style.split(";"))):
        name, colon, value = declaration.partition(":")
        if not colon or name.strip().lower() not in STYLES or not _STYLE_VALUE.fullmatch(value.strip()):
            return False
    return True


def is_link(href: str) -> bool:
    """Whether a link that a person wrote may stand in a mail: https, mailto or tel."""
    if _CONTROL.search(href):
        return False
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and (parts.scheme != "https" or bool(parts.hostname))


def check_source(text: str) -> set[str]:
    """The links without values of a template's literal text (``MARK`` for values). Raises ``Unusable``.

    A value may be a link as a whole or stand behind the host of one; in no other attribute.
    """
    found: set[str] = set()

    def allowed(href: str) -> bool:
        if MARK not in href:
            found.add(href)
            return is_link(href)
        return href.startswith(MARK) or is_link(href.partition(MARK)[0])

    class Source(_Reader):
        def began(self, tag: str, attributes: dict[str, str]) -> None:
            if any(MARK in value for name, value in attributes.items() if name not in ("href", "title")):
                raise self._wrong("ATTRIBUTE_NOT_ALLOWED", "values stand in text and links only")

    Source(allowed).run(text)
    return found


def _attribute(name: str, value: str) -> str:
    return f' {name}="{escape(value, quote=True)}"'


def dressed(html: str, dress: Callable[[str, dict[str, str]], dict[str, str]], link: Callable[[str], bool]) -> str:
    """The HTML written anew, each element with the attributes that ``dress`` gives it. Raises ``Unusable``."""
    parts: list[str] = []

    class Writer(_Reader):
        def began(self, tag: str, attributes: dict[str, str]) -> None:
            worn = dress(tag, attributes)
            parts.append(f"<{tag}{''.join(_attribute(name, value) for name, value in worn.items())}>")

        def ended(self, tag: str) -> None:
            parts.append(f"</{tag}>")

        def words(self, text: str) -> None:
            parts.append(escape(text, quote=False))

    Writer(link).run(html)
    return "".join(parts)


class _Teller(_Reader):
    """Writes HTML as lines of text."""

    def __init__(self) -> None:
        super().__init__(lambda _: True)
        self.lines = [""]
        self._links: list[tuple[str, int]] = []

    def began(self, tag: str, attributes: dict[str, str]) -> None:
        full = bool(self.lines[-1])
        if tag == "a":
            self._links.append((attributes.get("href", ""), len(self.lines[-1])))
        elif tag in _CELLS:
            self.lines[-1] += " " if full else ""
        elif tag == "li":
            self.lines[-1:] = [self.lines[-1], "- "] if full else ["- "]
        elif tag == "br" or (tag == "tr" and full):
            self.lines.append("")
        elif tag in BLOCKS and tag != "tr":
            self.lines += ["", ""]

    def ended(self, tag: str) -> None:
        if tag == "a":
            self._link(*self._links.pop())
        elif tag == "th":
            self.lines[-1] += ":"
        elif tag in BLOCKS and tag not in _CELLS:
            self.lines += [""] if tag in ("li", "tr") else ["", ""]

    def _link(self, href: str, start: int) -> None:
        said = self.lines[-1][start:].strip()
        if href and href.removeprefix("mailto:").removeprefix("tel:") != said:
            self.lines[-1] += f" ({href})" if said else href

    def words(self, text: str) -> None:
        said = _SPACES.sub(" ", text)
        apart = self.lines[-1] and not self.lines[-1].endswith(" ")
        self.lines[-1] += said if apart else said.lstrip()


def as_text(html: str) -> str:
    """The HTML as a text mail: blocks as lines, list items with a dash, links with their address behind them."""
    teller = _Teller()
    teller.run(html)
    text = "\n".join(line.strip() for line in teller.lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
