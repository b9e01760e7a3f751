"""``python -m chalicelib.content.image_reader <limits …> <file> <clean copy> <media type>``; see the package."""

from __future__ import annotations

from chalicelib.content.image_reader.look import look
from chalicelib.platform.confined.inside import serve

if __name__ == "__main__":
    serve(lambda _, arguments: look(*arguments))
