"""Rewriting a file for reading by ranges (FILE-65)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chalicelib.content.pdf_press import tree
from chalicelib.content.pdf_press.order import Order
from chalicelib.content.pdf_press.unfit import Bomb, Broken, Unfit
from chalicelib.content.pdf_press.writer import Writer

LEAST_VERSION = "1.5"


def opened(path: str) -> Any:
    """A document whose numbers are objects like all others, so that references to them are not lost."""
    import pikepdf

    pikepdf.set_object_conversion_mode("explicit")
    return pikepdf.open(path, suppress_warnings=True)


def pack(original: str, copy: str) -> dict[str, Any]:
    """Write the copy: ``{"pages": n, "objects": n}``, ``{"unfit": why}``, ``{"bomb": true}`` or
    ``{"broken": true}``.
    """
    import pikepdf

    try:
        with opened(original) as document:
            tree.strip(document)
            tree.trim(document)
            tree.split(document)
            free = max((one.objgen[0] for one in document.objects if one is not None), default=0) + 1
            with Path(copy).open("wb") as out:
                writer = Writer(out, max(LEAST_VERSION, document.pdf_version), free)
                objects = Order(document, writer, free).write()
            return {"pages": len(document.pages), "objects": objects}
    except Bomb:
        return {"bomb": True}
    except (Broken, pikepdf.PdfError):
        return {"broken": True}
    except Unfit as unfit:
        return {"unfit": str(unfit)}
    except (ArithmeticError, AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        return {"unfit": type(error).__name__}
