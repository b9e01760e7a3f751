"""The demo's notes as PDFs, set by typst from our own texts; Devanagari from the bundled Noto font."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
NOTES = FOLDER / "notes"
FONTS = FOLDER / "fonts"

_PAGE = """
#set document(title: %(title)s, author: "Pathshala demo academy", date: none)
#set page(
  paper: "a5", margin: (x: 1.6cm, top: 2cm, bottom: 1.8cm), numbering: "1",
  header: context { if counter(page).get().first() > 1 { text(size: 8pt, fill: gray, %(title)s) } },
)
#set text(font: %(fonts)s, size: 13pt, lang: "%(language)s")
#set par(justify: true, leading: 0.8em, spacing: 1.2em)
#show heading.where(level: 1): it => { pagebreak(weak: true); block(below: 1em, text(size: 16pt, it.body)) }
#v(1fr)
#text(size: 9pt, fill: gray, "PATHSHALA DEMO ACADEMY")
#v(0.4cm)
#par(justify: false, text(size: 24pt, weight: "bold", %(title)s))
#v(0.4cm)
#text(size: 12pt, %(summary)s)
#v(2fr)
#line(length: 30%%)
"""


@dataclass(frozen=True)
class NoteText:
    """One note as it is written. ``body``: ``== heading``, paragraphs, ``- `` points; mathematics between ``$``."""

    name: str
    subject: str
    topic: str
    title: str
    language: str
    premium: bool
    preview: bool
    summary: str
    body: str


def texts() -> list[NoteText]:
    """All notes, by subject and number."""
    return [_read(path) for path in sorted(NOTES.glob("*.txt"))]


def _read(path: Path) -> NoteText:
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines())
    return NoteText(
        name=path.stem,
        subject=facts["subject"],
        topic=facts["topic"],
        title=facts["title"],
        language=facts["language"],
        premium=facts["premium"] == "yes",
        preview=facts["preview"] == "yes",
        summary=facts["summary"],
        body=body,
    )


def source(note: NoteText) -> str:
    """The note as typst."""
    fonts = ["Noto Sans Devanagari", "Libertinus Serif"]
    if note.language != "hi":
        fonts.reverse()
    page = _PAGE % {
        "title": _quoted(note.title),
        "summary": _quoted(note.summary),
        "language": note.language,
        "fonts": "(" + ", ".join(_quoted(font) for font in fonts) + ")",
    }
    return page + "\n".join(_lines(note.body))


def _lines(body: str) -> Iterator[str]:
    for line in body.splitlines():
        if line.startswith("== "):
            yield f"= {_set(line[3:])}"
        elif line.startswith("- "):
            yield f"- {_set(line[2:])}"
        else:
            yield _set(line)


def _set(line: str) -> str:
    """A line with its mathematics as it is and everything else as plain text."""
    parts = line.split("$")
    return "".join(
        f"${part.replace('%', '#sym.percent')}$" if position % 2 else (f"#{_quoted(part)};" if part else "")
        for position, part in enumerate(parts)
    )


def _quoted(text: str) -> str:
    """A typst string; its escapes are those of JSON as far as they occur here."""
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=64)
def pdf(note: NoteText) -> bytes:
    """The PDF; equal for equal texts."""
    import typst

    given: Any = source(note).encode()
    made = typst.compile(given, font_paths=[str(FONTS)])
    assert isinstance(made, bytes)
    return made
