"""What can be wrong with a file."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError, problem


class FileNotFound(ApiError):
    status = 404
    code = "FILE_NOT_FOUND"
    message = "There is no such file"


class TypeNotAllowed(ApiError):
    status = 422
    code = "TYPE_NOT_ALLOWED"
    message = "Files of this type are not allowed for this purpose"


class SizeNotAllowed(ApiError):
    """``details``: ``{maxBytes}``."""

    status = 422
    code = "SIZE_NOT_ALLOWED"
    message = "A file of this size is not allowed for this purpose"


class UploadNotFound(ApiError):
    status = 409
    code = "UPLOAD_NOT_FOUND"
    message = "Nothing was uploaded yet"


class UploadMismatch(ApiError):
    """``details``: ``{declared, found}`` in bytes, or ``{checksum: false}``."""

    status = 409
    code = "UPLOAD_MISMATCH"
    message = "What was uploaded is not what was declared; start a new upload"


class FileRefused(ApiError):
    """``details``: ``{reason}``, one of ``inspection.REASONS``."""

    status = 422
    code = "FILE_REFUSED"
    message = "The file breaks a rule and was removed"


class NotInParts(ApiError):
    status = 409
    code = "UPLOAD_NOT_IN_PARTS"
    message = "This file does not wait for parts"


class AssetInUse(ApiError):
    """``details``: ``{references}``."""

    status = 409
    code = "ASSET_IN_USE"
    message = "The file is used; take it off what uses it first"


class NotAnImage(ApiError):
    status = 409
    code = "NOT_AN_IMAGE"
    message = "Only images are described in words"


class ScanUnauthenticated(ApiError):
    status = 401
    code = "SIGNATURE_INVALID"
    message = "The message is not the scanner's"


class AssetNotReady(ApiError):
    """``details`` names the field that held the file's id."""

    status = 409
    code = "ASSET_NOT_READY"
    message = "The file is still being looked into; try again in a moment"

    @classmethod
    def at(cls, field: str) -> AssetNotReady:
        """The error of one field of the body."""
        return cls([problem(field, cls.code, cls.message)])


class AssetUnusable(ApiError):
    """``details`` names the field that held the file's id."""

    status = 422
    code = "ASSET_UNUSABLE"
    message = "The file does not exist, is not confirmed, or is not made for this place"

    @classmethod
    def at(cls, field: str) -> AssetUnusable:
        """The error of one field of the body."""
        return cls([problem(field, cls.code, cls.message)])
