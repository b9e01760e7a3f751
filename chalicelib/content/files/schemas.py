"""What requests about files take and answer."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from chalicelib.content.files.items import AssetReference, FileAsset
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

_SHA256_BYTES = 32


def _sha256(value: str) -> str:
    try:
        if len(base64.b64decode(value, validate=True)) == _SHA256_BYTES:
            return value
    except (binascii.Error, ValueError):
        pass
    raise ValueError("must be the base64 of a SHA-256")


PurposeName = Literal[
    "NOTES_PDF",
    "PRINT_PDF",
    "QUESTION_IMAGE",
    "OPTION_IMAGE",
    "EXPLANATION_IMAGE",
    "CMS_IMAGE",
    "COURSE_IMAGE",
    "COURSE_FILE",
    "AVATAR",
    "EVIDENCE_IMAGE",
    "SETTLEMENT_CSV",
    "OTHER",
]
Alt = Annotated[str, Characters(1, 300)]


class NewUpload(RequestModel):
    """A file that is about to be uploaded."""

    file_name: Annotated[str, Characters(1, 255)] = Field(examples=["polity-1.pdf"])
    content_type: Annotated[str, Characters(3, 100)] = Field(examples=["application/pdf"])
    size_bytes: Annotated[int, Field(ge=0, le=10_995_116_277_760)] = Field(examples=[1_048_576])
    purpose: PurposeName = Field(examples=["NOTES_PDF"])
    checksum_sha256: Annotated[str, Characters(44, 44), AfterValidator(_sha256)] | None = Field(
        default=None, alias="checksumSha256", description="Base64 of the file's SHA-256"
    )
    alt: Alt | None = Field(default=None, examples=["A map of the Deccan"], description="What an image shows, in words")


class Upload(ResponseModel):
    """Where and how to send the bytes: all headers as they are, once, before ``expiresAt``."""

    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: Instant


class UploadPart(ResponseModel):
    """One part: send exactly these bytes of the file to ``url`` by PUT, with no header but their length."""

    number: int
    first_byte: int
    size_bytes: int
    url: str


class MultipartUpload(ResponseModel):
    """The parts that are still to be sent, in any order, side by side or again; confirmation joins them."""

    part_bytes: int
    parts: list[UploadPart]
    expires_at: Instant


class UploadAnswer(ResponseModel):
    """A file that waits for its bytes: whole, or where ``multipart`` is given rather in parts.

    ``duplicateOf``: a confirmed file of the same purpose and checksum, which may do instead.
    """

    file_asset_id: str
    upload: Upload
    multipart: MultipartUpload | None = None
    max_bytes: int
    duplicate_of: str | None = None


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
    width: int | None
    height: int | None
    alt: str | None
    thumbnail_asset_id: str | None
    warnings: list[str]
    reject_reason: str | None
    reference_count: int
    created_by_user_id: str
    created_at: Instant
    confirmed_at: Instant | None
    version: int

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


class FileChange(RequestModel):
    """What can be changed of a file."""

    alt: Alt | None = Field(examples=["A map of the Deccan"], description="What an image shows; null takes it away")


class FilesQuery(ListQuery):
    """Which files a list shows."""

    purpose: PurposeName = Field(examples=["CMS_IMAGE"])
    status: Literal["PENDING", "INSPECTING", "CONFIRMED", "REJECTED"] | None = None
    unused: bool | None = Field(default=None, description="true: confirmed, and used by nothing")


class ScanResult(BaseModel):
    """What a scanner tells of one stored object."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", str_max_length=1_024)

    object_key: str
    version_id: str = ""
    result: Literal["CLEAN", "INFECTED", "FAILED"]


class ScanReceived(ResponseModel):
    """That the result was taken."""

    received: bool = True


class RemovalSummary(ResponseModel):
    """How many files' bytes were removed."""

    removed: int


class InspectionMessage(BaseModel):
    """What the queue of inspections carries."""

    file_asset_id: Ulid
