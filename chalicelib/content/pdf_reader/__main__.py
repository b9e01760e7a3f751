"""``python -m chalicelib.content.pdf_reader <limits …> <size> <most pages>``; see the package."""

from __future__ import annotations

from chalicelib.content.pdf_reader.look import look
from chalicelib.platform.confined.inside import serve

if __name__ == "__main__":
    serve(lambda pipe, arguments: look(pipe, *(int(argument) for argument in arguments)))
