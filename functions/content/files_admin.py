"""Files, for those who upload them."""

from __future__ import annotations

from chalicelib.content.files import confirmation, register, upload
from chalicelib.content.files.errors import (
    FileNotFound,
    FileRefused,
    SizeNotAllowed,
    TypeNotAllowed,
    UploadMismatch,
    UploadNotFound,
)
from chalicelib.content.files.items import FileAsset, FileStatus
from chalicelib.content.files.resources import UPLOADED_FILE
from chalicelib.content.files.schemas import FileAnswer, FileDetails, NewUpload, UploadAnswer
from chalicelib.platform.errors import Forbidden, UpstreamFailed
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, api


@api.post(
    "/v1/admin/files/init-upload",
    action=Actions.FILES_UPLOAD,
    status=201,
    limits=[Limits.UPLOAD],
    idempotency=Idempotency.OPTIONAL,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.FILES_UPLOAD, Grant.SECRET_TOKENS_VERIFY],
    raises=[Forbidden, TypeNotAllowed, SizeNotAllowed],
    tag="files",
)
def init_upload(body: NewUpload, caller: Caller) -> Answer[UploadAnswer]:
    """Begin an upload.

    Send the bytes to `upload.url` by PUT, once, with all of `upload.headers` as they are; then confirm. The address
    works for exactly this size, type and checksum. Nothing else of this interface ever answers an address.
    """
    answer = upload.begin(body, caller)
    return Answer(answer, location=f"/v1/admin/files/{answer.file_asset_id}")


@api.post(
    "/v1/admin/files/confirm-upload/{fileAssetId}",
    action=Actions.FILES_CONFIRM,
    resource=UPLOADED_FILE,
    also=(202,),
    memory=1024,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.FILES_READ,
        Grant.FILES_CONFIRM,
        Grant.FILES_REMOVE,
        Grant.SEND_FILE_INSPECTIONS,
        Grant.SECRET_TOKENS_VERIFY,
    ],
    raises=[FileNotFound, UploadNotFound, UploadMismatch, FileRefused, UpstreamFailed],
    tag="files",
)
def confirm_upload(asset: FileAsset, caller: Caller) -> Answer[FileAnswer]:
    """Confirm an upload by what is really there.

    202 with status INSPECTING for files over 64 MiB: ask for the file until it is CONFIRMED or REJECTED.
    `FILE_REFUSED` says why in `details.reason`: PDF_UNREADABLE, PDF_ENCRYPTED, PDF_ACTIVE_CONTENT, PDF_TOO_MANY_PAGES
    or PDF_TOO_COMPLEX; the bytes are then gone. Repeating it answers the same.
    """
    confirmed = confirmation.confirm(asset, caller)
    return Answer(FileAnswer.of(confirmed), status=202 if confirmed.status == FileStatus.INSPECTING else 200)


@api.get(
    "/v1/admin/files/{fileAssetId}",
    action=Actions.CONTENT_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[FileNotFound],
    tag="files",
)
def get_file(file_asset_id: str) -> FileDetails:
    """A file and every place that uses it.

    Neither an address nor a key of its bytes.
    """
    return register.details(file_asset_id)
