"""PDFs for tests, made by another library than the one that looks into them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String


def pdf(pages: int = 3, *, filler: int = 0, seed: int = 7, packed: bool = False, password: str | None = None) -> bytes:
    """A sound PDF; ``filler``: bytes of incompressible content beside the pages; ``packed``: with object streams."""
    document = Pdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(200, 300))
    if filler:
        piece = random.Random(seed).randbytes(filler)
        document.pages[0].obj.Filler = document.make_stream(piece)
    return saved(document, packed=packed, password=password)


def saved(document: Pdf, *, packed: bool = False, password: str | None = None) -> bytes:
    """A document as bytes."""
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    encryption = pikepdf.Encryption(owner="owner", user=password) if password is not None else False
    document.save(
        out, object_stream_mode=mode, compress_streams=False, encryption=encryption, deterministic_id=password is None
    )
    return out.getvalue()


class _Maker:
    """A PDF in the making, with the parts that active content is made of."""

    def __init__(self) -> None:
        self.document = Pdf.new()
        self.document.add_blank_page(page_size=(200, 300))
        self.page, self.root = self.document.pages[0].obj, self.document.Root
        self.script = Dictionary(S=Name.JavaScript, JS=String("app.alert('hello')"))
        self.launch = Dictionary(S=Name.Launch, F=String("calc.exe"))
        self.embedded = self.kept(F=String("a.txt"), EF=Dictionary(F=self.document.make_stream(b"hello")))

    def kept(self, **members: Any) -> Any:
        """An object of its own."""
        return self.document.make_indirect(Dictionary(**members))

    def annotation(self, **members: Any) -> Any:
        """An annotation of the page, as its only one."""
        rect = Array([0, 0, 10, 10])
        return Array([self.kept(**{"Type": Name.Annot, "Subtype": Name.Link, "Rect": rect, **members})])

    def names(self, tree: str, value: Any) -> Any:
        """The catalog's names with one entry."""
        return Dictionary({f"/{tree}": Dictionary(Names=Array([String("a"), value]))})


def _set(holder: str, name: str, value: Callable[[_Maker], Any]) -> Callable[[_Maker], None]:
    return lambda made: setattr(getattr(made, holder), name, value(made))


_ACTIVE: dict[str, Callable[[_Maker], None]] = {
    "open-action": _set("root", "OpenAction", lambda made: made.script),
    "open-action-next": _set(
        "root",
        "OpenAction",
        lambda made: Dictionary(S=Name.GoTo, Next=Array([Dictionary(S=Name.GoTo, Next=made.launch)])),
    ),
    "document-action": _set("root", "AA", lambda made: Dictionary(WC=made.script)),
    "named-script": _set("root", "Names", lambda made: made.names("JavaScript", made.script)),
    "embedded-file": _set("root", "Names", lambda made: made.names("EmbeddedFiles", made.embedded)),
    "associated-file": _set("root", "AF", lambda made: Array([made.embedded])),
    "portfolio": _set("root", "Collection", lambda _: Dictionary(Type=Name.Collection)),
    "page-action": _set("page", "AA", lambda made: Dictionary(O=made.launch)),
    "link-launch": _set("page", "Annots", lambda made: made.annotation(A=made.launch)),
    "link-script-event": _set("page", "Annots", lambda made: made.annotation(AA=Dictionary(E=made.script))),
    "file-annotation": _set(
        "page", "Annots", lambda made: made.annotation(Subtype=Name.FileAttachment, FS=made.embedded)
    ),
    "field-script": _set(
        "root",
        "AcroForm",
        lambda made: Dictionary(
            Fields=Array([made.kept(T=String("a"), Kids=Array([made.kept(AA=Dictionary(K=made.script))]))])
        ),
    ),
    "xfa": _set("root", "AcroForm", lambda made: Dictionary(XFA=made.document.make_stream(b"<xdp/>"))),
    "outline-script": _set(
        "root", "Outlines", lambda made: made.kept(First=made.kept(Title=String("x"), A=made.script))
    ),
}
ACTIVE_KINDS = tuple(_ACTIVE)


def active(kind: str) -> bytes:
    """A PDF with active content of one kind."""
    made = _Maker()
    _ACTIVE[kind](made)
    return saved(made.document)
