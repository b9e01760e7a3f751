"""What requests about files take and answer."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from chalicelib.content.files.items import AssetReference, FileAsset
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

_SHA256_BYTES = 32


def _sha256(value: str) -> str:
    try:
        if len(base64.b64decode(value, validate=True)) == _SHA256_BYTES:
            return value
    except (binascii.Error, ValueError):
        pass
    raise ValueError("must be the base64 of a SHA-256")


class NewUpload(RequestModel):
    """A file that is about to be uploaded."""

    file_name: Annotated[str, Characters(1, 255)] = Field(examples=["polity-1.pdf"])
    content_type: Annotated[str, Characters(3, 100)] = Field(examples=["application/pdf"])
    size_bytes: Annotated[int, Field(ge=0, le=10_995_116_277_760)] = Field(examples=[1_048_576])
    purpose: Literal["NOTES_PDF"]
    checksum_sha256: Annotated[str, Characters(44, 44), AfterValidator(_sha256)] | None = Field(
        default=None, alias="checksumSha256", description="Base64 of the file's SHA-256"
    )


class Upload(ResponseModel):
    """Where and how to send the bytes: all headers as they are, once, before ``expiresAt``."""

    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: Instant


class UploadAnswer(ResponseModel):
    """A file that waits for its bytes."""

    file_asset_id: str
    upload: Upload
    max_bytes: int


class FileAnswer(ResponseModel):
    """A file as staff see it: nothing of where its bytes are."""

    id: str
    purpose: str
    status: str
    scan_status: str
    file_name: str
    content_type: str
    size_bytes: int
    checksum: str | None
    page_count: int | None
    reject_reason: str | None
    reference_count: int
    created_by_user_id: str
    created_at: Instant
    confirmed_at: Instant | None

    @classmethod
    def of(cls, asset: FileAsset) -> FileAnswer:
        """From the item."""
        own = {name: getattr(asset, name) for name in FileAnswer.model_fields if name != "reference_count"}
        return cls.model_validate({**own, "reference_count": asset.references})


class ReferenceAnswer(ResponseModel):
    """A place that uses a file."""

    ref_type: str
    ref_id: str
    published: bool


class FileDetails(FileAnswer):
    """A file and all places that use it."""

    references: list[ReferenceAnswer]

    @classmethod
    def with_references(cls, asset: FileAsset, references: list[AssetReference]) -> FileDetails:
        """From the items of its partition."""
        listed = [
            ReferenceAnswer(ref_type=str(one.ref_type), ref_id=str(one.ref_id), published=bool(one.published))
            for one in references
        ]
        return cls(**FileAnswer.of(asset).model_dump(), references=listed)


class InspectionMessage(BaseModel):
    """What the queue of inspections carries."""

    file_asset_id: Ulid
