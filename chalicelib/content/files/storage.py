"""The bucket as files need it: what is there, its bytes by ranges, its tag, its removal.

No address leaves this module except the one that an upload is signed for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.errors import UpstreamFailed
from chalicelib.platform.logs import alarm
from chalicelib.platform.records import frozen

UNCONFIRMED = "state=unconfirmed"
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
_MAX_PARTS = 1_000


class ObjectGone(UpstreamFailed):
    """The bytes of something that should have them are not there: 502 to the reader, an alarm to people."""


@frozen
class Found:
    """What the bucket holds under a key: bytes, version, and the SHA-256 (base64) where the bucket knows it."""

    size: int
    version_id: str
    checksum: str | None


@frozen
class StoredPart:
    """A part that the bucket holds: its bytes, and the ETag by which it is joined."""

    size: int
    etag: str


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def look(key: str) -> Found | None:
    """What is there now; None for nothing. One round trip; ``UpstreamFailed`` when the bucket does not answer."""
    try:
        answer = clients.s3().head_object(Bucket=BUCKET_NAME(), Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if _code(error) in _MISSING:
            return None
        raise UpstreamFailed(retry_after=1) from error
    except BotoCoreError as error:
        raise UpstreamFailed(retry_after=1) from error
    return Found(int(answer["ContentLength"]), str(answer.get("VersionId", "")), answer.get("ChecksumSHA256"))


def read(key: str, version_id: str, first: int, last: int) -> bytes:
    """The bytes ``first`` … ``last`` (both included) of one version: exactly those.

    Raises ``ObjectGone`` (with an alarm) when they are not there, ``UpstreamFailed`` when the bucket does not answer.
    """
    try:
        answer = clients.s3().get_object(Range=f"bytes={first}-{last}", **_of(key, version_id))
        content: bytes = answer["Body"].read()
    except ClientError as error:
        raise _failed(error) from error
    except (BotoCoreError, OSError) as error:
        raise UpstreamFailed(retry_after=1) from error
    if len(content) != last - first + 1:
        raise UpstreamFailed(retry_after=1)
    return content


@frozen
class Beginning:
    """The first bytes of an object, how long all of it is, and its version."""

    content: bytes
    length: int
    version_id: str


def page_key(asset_id: str, page: int) -> str:
    """Where the file of one page of a confirmed PDF is (NOTE-32); pages count from 1."""
    return f"notes/pages/{asset_id}/{page}.pdf"


def pages_of(asset_id: str) -> set[int]:
    """The pages of a confirmed PDF that have a file of their own. A call per 1,000."""
    prefix = page_key(asset_id, 1).removesuffix("1.pdf")
    found: set[int] = set()
    more: dict[str, str] = {}
    while True:
        try:
            answer = clients.s3().list_objects_v2(Bucket=BUCKET_NAME(), Prefix=prefix, **more)
        except (BotoCoreError, ClientError) as error:
            raise UpstreamFailed(retry_after=1) from error
        names = [str(one["Key"]).removeprefix(prefix).removesuffix(".pdf") for one in answer.get("Contents", [])]
        found.update(int(name) for name in names if name.isdecimal())
        if not answer.get("IsTruncated"):
            return found
        more = {"ContinuationToken": str(answer["NextContinuationToken"])}


def begin(key: str, most: int) -> Beginning:
    """Up to ``most`` bytes from the start of what is there now: of a short object, all. Raises as ``read`` does."""
    try:
        answer = clients.s3().get_object(Range=f"bytes=0-{most - 1}", **_of(key, ""))
        content: bytes = answer["Body"].read()
    except ClientError as error:
        raise _failed(error) from error
    except (BotoCoreError, OSError) as error:
        raise UpstreamFailed(retry_after=1) from error
    length = int(str(answer["ContentRange"]).rpartition("/")[2])
    if len(content) != min(most, length):
        raise UpstreamFailed(retry_after=1)
    return Beginning(content, length, str(answer.get("VersionId", "")))


def _failed(error: ClientError) -> UpstreamFailed:
    """What a refused read means: something that should be there is gone, or the bucket is in trouble."""
    if _code(error) in _MISSING:
        alarm("stored object is gone")
        return ObjectGone(retry_after=1)
    return UpstreamFailed(retry_after=1)


def stream(key: str, version_id: str, *, chunk: int = 1_048_576) -> Iterator[bytes]:
    """The whole object, piece by piece."""
    try:
        yield from clients.s3().get_object(**_of(key, version_id))["Body"].iter_chunks(chunk)
    except (BotoCoreError, ClientError, OSError) as error:
        raise UpstreamFailed(retry_after=1) from error


def fetch(key: str, version_id: str, into: Path) -> None:
    """Write the whole object to a file."""
    with into.open("wb") as file:
        for piece in stream(key, version_id):
            file.write(piece)


def put(key: str, content: bytes | BinaryIO, *, content_type: str) -> str:
    """Store bytes of our own making, unconfirmed until they are; answers their version."""
    try:
        answer = clients.s3().put_object(
            Bucket=BUCKET_NAME(), Key=key, Body=content, ContentType=content_type, Tagging=UNCONFIRMED
        )
    except (BotoCoreError, ClientError) as error:
        raise UpstreamFailed(retry_after=1) from error
    return str(answer.get("VersionId", ""))


def quarantine(key: str, version_id: str) -> None:
    """Tag a version as infected: the bucket's policy lets nobody read it any more, and its lifecycle removes it."""
    _tag(key, version_id, "quarantine")


def confirm(key: str, version_id: str) -> None:
    """Tag a version as confirmed, so that the bucket's lifecycle leaves it alone."""
    _tag(key, version_id, "confirmed")


def _tag(key: str, version_id: str, state: str) -> None:
    tags = {"TagSet": [{"Key": "state", "Value": state}]}
    try:
        clients.s3().put_object_tagging(Tagging=tags, **_of(key, version_id))
    except (BotoCoreError, ClientError) as error:
        raise UpstreamFailed(retry_after=1) from error


def remove(key: str, version_id: str) -> None:
    """Remove one version. What cannot be removed now goes by the bucket's lifecycle, since it is unconfirmed."""
    try:
        clients.s3().delete_object(**_of(key, version_id))
    except (BotoCoreError, ClientError):
        alarm("refused object not removed")


def erase(key: str, version_id: str) -> None:
    """Remove one version, and let whatever else lies under its key go by the bucket's lifecycle."""
    try:
        if version_id:
            clients.s3().delete_object(Bucket=BUCKET_NAME(), Key=key, VersionId=version_id)
        clients.s3().delete_object(Bucket=BUCKET_NAME(), Key=key)
    except (BotoCoreError, ClientError) as error:
        raise UpstreamFailed(retry_after=1) from error


def sign_upload(
    key: str, *, content_type: str, size: int, checksum: str | None, seconds: int
) -> tuple[str, dict[str, str]]:
    """The address of one upload and the headers that must come with it: size, type, tag, one upload only (FILE-32)."""
    given: dict[str, Any] = {
        "ContentLength": size,
        "ContentType": content_type,
        "IfNoneMatch": "*",
        "Tagging": UNCONFIRMED,
    }
    headers = {
        "Content-Type": content_type,
        "Content-Length": str(size),
        "If-None-Match": "*",
        "x-amz-tagging": UNCONFIRMED,
    }
    if checksum is not None:
        given["ChecksumSHA256"] = checksum
        headers["x-amz-checksum-sha256"] = checksum
    place = {"Bucket": BUCKET_NAME(), "Key": key}
    url = clients.s3_signer().generate_presigned_url("put_object", Params={**place, **given}, ExpiresIn=seconds)
    return str(url), headers


def begin_parts(key: str, *, content_type: str) -> str:
    """Begin an upload in parts; answers its id. One round trip."""
    try:
        answer = clients.s3().create_multipart_upload(
            Bucket=BUCKET_NAME(), Key=key, ContentType=content_type, Tagging=UNCONFIRMED
        )
    except (BotoCoreError, ClientError) as error:
        raise UpstreamFailed(retry_after=1) from error
    return str(answer["UploadId"])


def sign_part(key: str, upload_id: str, number: int, *, size: int, seconds: int) -> str:
    """The address of one part, which works for exactly its size."""
    place = {"Bucket": BUCKET_NAME(), "Key": key, "UploadId": upload_id, "PartNumber": number, "ContentLength": size}
    return str(clients.s3_signer().generate_presigned_url("upload_part", Params=place, ExpiresIn=seconds))


def parts(key: str, upload_id: str) -> dict[int, StoredPart] | None:
    """The parts that are there by their numbers; None when there is no such upload (any more). A call per 1,000."""
    found: dict[int, StoredPart] = {}
    after = 0
    while True:
        try:
            answer = clients.s3().list_parts(
                Bucket=BUCKET_NAME(), Key=key, UploadId=upload_id, PartNumberMarker=after, MaxParts=_MAX_PARTS
            )
        except ClientError as error:
            if _code(error) == "NoSuchUpload":
                return None
            raise UpstreamFailed(retry_after=1) from error
        except BotoCoreError as error:
            raise UpstreamFailed(retry_after=1) from error
        for part in answer.get("Parts", []):
            found[int(part["PartNumber"])] = StoredPart(int(part["Size"]), str(part["ETag"]))
        if not answer.get("IsTruncated"):
            return found
        after = int(answer["NextPartNumberMarker"])


def join(key: str, upload_id: str, there: dict[int, StoredPart]) -> None:
    """Make one object of all parts; somebody else having done so just now is fine."""
    given = [{"PartNumber": number, "ETag": part.etag} for number, part in sorted(there.items())]
    try:
        clients.s3().complete_multipart_upload(
            Bucket=BUCKET_NAME(), Key=key, UploadId=upload_id, MultipartUpload={"Parts": given}
        )
    except ClientError as error:
        if _code(error) != "NoSuchUpload":
            raise UpstreamFailed(retry_after=1) from error
    except BotoCoreError as error:
        raise UpstreamFailed(retry_after=1) from error


def _of(key: str, version_id: str) -> dict[str, str]:
    place = {"Bucket": BUCKET_NAME(), "Key": key}
    return {**place, "VersionId": version_id} if version_id else place
