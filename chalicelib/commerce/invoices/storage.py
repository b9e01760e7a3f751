"""The bucket as invoices need it: their PDFs, each under a key of its own, written once."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.commerce.invoices.numbers import file_name
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.errors import UpstreamFailed
from chalicelib.platform.logs import alarm

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


def key_of(order_id: str, number: str, edition: int) -> str:
    """Where the so-many-th PDF of a document is."""
    return f"invoices/{order_id}/{file_name(number)}-{edition}.pdf"


def put(key: str, content: bytes) -> None:
    """Store a PDF; doing so again stores the same. Raises ``UpstreamFailed``."""
    try:
        clients.s3().put_object(Bucket=BUCKET_NAME(), Key=key, Body=content, ContentType="application/pdf")
    except (BotoCoreError, ClientError) as error:
        raise UpstreamFailed(retry_after=1) from error


def read(key: str) -> bytes:
    """A PDF's bytes. Raises ``UpstreamFailed``, with an alarm when they are gone."""
    try:
        content: bytes = clients.s3().get_object(Bucket=BUCKET_NAME(), Key=key)["Body"].read()
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code", "")) in _MISSING:
            alarm("a stored invoice is gone")
        raise UpstreamFailed(retry_after=1) from error
    except (BotoCoreError, OSError) as error:
        raise UpstreamFailed(retry_after=1) from error
    return content
