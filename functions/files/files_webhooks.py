"""What scanners of files call."""

from __future__ import annotations

from chalicelib.content.files import scans
from chalicelib.content.files.errors import ScanUnauthenticated
from chalicelib.content.files.schemas import ScanReceived
from chalicelib.platform.errors import UpstreamFailed, ValidationFailed
from chalicelib.platform.http import Grant, Limits, Request, api


@api.post(
    "/v1/files/scan-results",
    public=True,
    raw_body=True,
    in_maintenance=True,
    edge=Limits.WEBHOOK,
    limits=[Limits.WEBHOOK_FAILURES],
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.FILES_CONFIRM,
        Grant.FILES_REMOVE,
        Grant.SECRET_FILE_SCAN,
    ],
    raises=[ScanUnauthenticated, ValidationFailed, UpstreamFailed],
    tag="files",
)
def take_scan_result(request: Request) -> ScanReceived:
    """A malware scanner tells what it found in a stored object.

    Body: `{objectKey, versionId, result}`, result CLEAN, INFECTED or FAILED. Authenticated by `X-Scan-Signature:
    t=<epoch seconds>,v1=<hex>`, the HMAC-SHA256 of `<t>.<body>`, at most five minutes old. An infected file is
    rejected, or withdrawn where it is used. Telling the same twice is harmless.
    """
    scans.receive(request)
    return ScanReceived()
