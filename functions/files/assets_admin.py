"""Files as the staff that they are of see them."""

from __future__ import annotations

from chalicelib.content.assets import delivery
from chalicelib.content.files import UPLOADED_FILE, FileAsset, FileNotFound
from chalicelib.platform.errors import UpstreamFailed, VersionMismatch
from chalicelib.platform.http import Actions, Binary, Caller, Grant, Request, api
from chalicelib.platform.http.ranges import RangeNotSatisfiable, RangeRequired


@api.get(
    "/v1/admin/files/{fileAssetId}/content",
    action=Actions.FILES_READ,
    resource=UPLOADED_FILE,
    head=True,
    also=(206, 304),
    binary="*/*",
    memory=512,
    grants=[Grant.TABLE_READ, Grant.FILES_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[FileNotFound, RangeRequired, RangeNotSatisfiable, VersionMismatch, UpstreamFailed],
    tag="files",
)
def preview_file(asset: FileAsset, caller: Caller, request: Request) -> Binary:
    """The bytes of a confirmed file, for staff.

    By the range rules of a note's content. A note's file needs `notes.read`, evidence `security.manage`, any other
    `content.read` or the permission that goes with its purpose. Never cached, and logged with who asked.
    """
    return delivery.preview(asset, caller, request)
