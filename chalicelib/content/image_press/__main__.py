"""``python -m chalicelib.content.image_press <limits …> <file> <media type> <longest side>``; see the package."""

from __future__ import annotations

from chalicelib.content.image_press.shrink import shrink
from chalicelib.platform.confined.inside import serve

if __name__ == "__main__":
    serve(lambda _, arguments: shrink(arguments[0], arguments[1], int(arguments[2])))
