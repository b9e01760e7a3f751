"""Why a file is not rewritten, and why it is not taken."""

from __future__ import annotations


class Unfit(Exception):
    """The file is better left as it is; the message says what is odd about it."""


class Broken(Exception):
    """The file is not one document to all who read it."""


class Bomb(Exception):
    """A few bytes of the file become more than any viewer can hold."""
