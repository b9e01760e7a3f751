"""``python -m chalicelib.content.pdf_press <limits …> pack|compare|preview|singles|picture …``; see the package."""

from __future__ import annotations

from chalicelib.platform.confined.inside import Answer, Pipe, serve


def _work(_: Pipe, arguments: list[str]) -> Answer:
    command, *given = arguments
    if command == "pack":
        from chalicelib.content.pdf_press.pack import pack

        return pack(*given)
    if command == "compare":
        from chalicelib.content.pdf_press.compare import compare

        return compare(*given)
    if command == "picture":
        from chalicelib.content.pdf_press.picture import picture

        return picture(given[0], int(given[1]))
    from chalicelib.content.pdf_press import cut

    if command == "preview":
        return cut.preview(given[0], given[1], int(given[2]))
    return cut.singles(given[0], given[1], int(given[2]), int(given[3]))


if __name__ == "__main__":
    serve(_work)
