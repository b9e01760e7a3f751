"""Files, for those who upload them."""

from __future__ import annotations

from chalicelib.content.files import confirmation, parts, register, removal, upload
from chalicelib.content.files.errors import (
    AssetInUse,
    FileNotFound,
    FileRefused,
    NotAnImage,
    NotInParts,
    SizeNotAllowed,
    TypeNotAllowed,
    UploadMismatch,
    UploadNotFound,
)
from chalicelib.content.files.items import FileAsset, FileStatus
from chalicelib.content.files.resources import UPLOADED_FILE
from chalicelib.content.files.schemas import (
    FileAnswer,
    FileChange,
    FileDetails,
    FilesQuery,
    MultipartUpload,
    NewUpload,
    UploadAnswer,
)
from chalicelib.platform.errors import Conflict, Forbidden, UpstreamFailed, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, Page, Request, api


@api.post(
    "/v1/admin/files/init-upload",
    action=Actions.FILES_UPLOAD,
    status=201,
    limits=[Limits.UPLOAD],
    idempotency=Idempotency.OPTIONAL,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.FILES_UPLOAD, Grant.SECRET_TOKENS_VERIFY],
    raises=[Forbidden, TypeNotAllowed, SizeNotAllowed, NotAnImage, UpstreamFailed],
    tag="files",
)
def init_upload(body: NewUpload, caller: Caller) -> Answer[UploadAnswer]:
    """Begin an upload.

    Send the bytes to `upload.url` by PUT, once, with all of `upload.headers` as they are; then confirm. The address
    works for exactly this size, type and checksum. A file over 100 MB may rather be sent in `multipart.parts`, each by
    PUT to its own address, in any order and again where one broke off. `duplicateOf` names a file that has the same
    checksum already. Nothing else of this interface ever answers an address.
    """
    answer = upload.begin(body, caller)
    return Answer(answer, location=f"/v1/admin/files/{answer.file_asset_id}")


@api.get(
    "/v1/admin/files/{fileAssetId}/parts",
    action=Actions.FILES_CONFIRM,
    resource=UPLOADED_FILE,
    limits=[Limits.UPLOAD],
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.FILES_UPLOAD, Grant.SECRET_TOKENS_VERIFY],
    raises=[FileNotFound, NotInParts, UpstreamFailed],
    tag="files",
)
def get_missing_parts(asset: FileAsset) -> MultipartUpload:
    """The parts of an upload that are not there yet, with new addresses.

    To go on after the addresses died, or on another machine; no parts are left when all are there: then confirm.
    """
    return parts.addresses(asset)


@api.post(
    "/v1/admin/files/confirm-upload/{fileAssetId}",
    action=Actions.FILES_CONFIRM,
    resource=UPLOADED_FILE,
    also=(202,),
    memory=1769,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.FILES_READ,
        Grant.FILES_UPLOAD,
        Grant.FILES_CONFIRM,
        Grant.FILES_REMOVE,
        Grant.SEND_FILE_INSPECTIONS,
        Grant.SECRET_TOKENS_VERIFY,
    ],
    raises=[FileNotFound, UploadNotFound, UploadMismatch, FileRefused, Conflict, UpstreamFailed],
    tag="files",
)
def confirm_upload(asset: FileAsset, caller: Caller) -> Answer[FileAnswer]:
    """Confirm an upload by what is really there.

    202 with status INSPECTING for files over 64 MiB or that take longer than a request, and for all where files are
    scanned: ask for the file until it is CONFIRMED or REJECTED. Readers get a note's file rewritten for reading by
    ranges; where that is not possible it has the warning NOT_NORMALIZED. What readers get of an image is free of
    metadata. Repeating it answers the same.

    `FILE_REFUSED` says why in `details.reason`: PDF_UNREADABLE, PDF_ENCRYPTED, PDF_ACTIVE_CONTENT, PDF_TOO_MANY_PAGES
    or PDF_TOO_COMPLEX; TYPE_MISMATCH, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, IMAGE_ANIMATED or IMAGE_TOO_COMPLEX; INFECTED,
    SCAN_FAILED. The bytes are then gone.
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


@api.get(
    "/v1/admin/files",
    action=Actions.CONTENT_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
    tag="files",
)
def list_files(query: FilesQuery, caller: Caller) -> Page[FileAnswer]:
    """The files of a purpose, newest first.

    `unused=true` shows confirmed files that nothing uses: what may be deleted.
    """
    return register.listed(query, caller.user_id)


@api.patch(
    "/v1/admin/files/{fileAssetId}",
    action=Actions.FILES_UPLOAD,
    resource=UPLOADED_FILE,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[FileNotFound, NotAnImage, VersionMismatch],
    tag="files",
)
def change_file(asset: FileAsset, body: FileChange, caller: Caller, request: Request) -> Answer[FileAnswer]:
    """Say in words what an image shows.

    The text goes along wherever the image is used.
    """
    changed = register.describe(asset, body, caller, request.if_match())
    return Answer(FileAnswer.of(changed), version=int(changed.version))


@api.delete(
    "/v1/admin/files/{fileAssetId}",
    action=Actions.FILES_DELETE,
    resource=UPLOADED_FILE,
    status=204,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[FileNotFound, AssetInUse],
    tag="files",
)
def delete_file(asset: FileAsset, caller: Caller) -> None:
    """Delete a file that nothing uses.

    Its bytes are removed after 30 days.
    """
    removal.delete(asset, caller)
