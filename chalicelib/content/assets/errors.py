"""Why an asset is not delivered."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class AssetNotFound(ApiError):
    """Not there, not confirmed, deleted, or not for the caller: all the same, so that an id says nothing (FILE-47)."""

    status = 404
    code = "ASSET_NOT_FOUND"
    message = "There is no such asset"
