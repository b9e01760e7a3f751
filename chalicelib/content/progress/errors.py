"""What can be wrong with pages and what readers keep of them."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class PageNotFound(ApiError):
    status = 404
    code = "PAGE_NOT_FOUND"
    message = "The note has no such page"


class TooManyBookmarks(ApiError):
    """``details``: ``{most}``."""

    status = 409
    code = "TOO_MANY_BOOKMARKS"
    message = "There are as many bookmarks as one reader can have; remove one first"
