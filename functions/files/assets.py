"""Images and documents that content uses, for whoever may see that content."""

from __future__ import annotations

from chalicelib.content.assets import delivery
from chalicelib.content.assets.errors import AssetNotFound
from chalicelib.content.assets.schemas import AssetQuery
from chalicelib.platform.errors import UpstreamFailed, VersionMismatch
from chalicelib.platform.http import Actions, Binary, Caller, Grant, Limits, Request, api
from chalicelib.platform.http.ranges import RangeNotSatisfiable, RangeRequired


@api.get(
    "/v1/assets/{assetId}",
    action=Actions.ASSETS_FETCH,
    optional_auth=True,
    ticketed="asset_id",
    head=True,
    also=(206, 304),
    binary="*/*",
    edge=Limits.ASSETS,
    memory=512,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.FILES_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_TICKET,
    ],
    raises=[AssetNotFound, RangeRequired, RangeNotSatisfiable, VersionMismatch, UpstreamFailed],
    tag="files",
)
def get_asset(asset_id: str, query: AssetQuery, caller: Caller | None, request: Request) -> Binary:
    """An image or document of published content.

    Who is signed in gets what some place shows them: questions they may practise or be tested on, pages, banners. Where
    no `Authorization` can be sent, the `ticket` that came with the content does instead, for ten minutes. Without
    either only what is public is answered, else 401. What is not for you is 404, as if it did not exist. Files over
    4 MiB are read by ranges, as notes are.
    """
    _ = query
    return delivery.deliver(asset_id, caller, request)
