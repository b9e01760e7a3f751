"""A malware scanner of the local cloud (FILE-39): CLEAN a second after an upload, INFECTED for the EICAR test content.

It looks at what the bucket stores when ``FILE_SCAN=webhook``, and posts what it found as any scanner would.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from chalicelib.content.files.configuration import scanning
from chalicelib.content.files.scans import HEADER, signature
from chalicelib.platform import clock
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from infra.local.proxy import Incoming, Outgoing

PATH = "/v1/files/scan-results"
SECONDS = 1.0
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
"""The test content that all scanners take for a virus; in two pieces, so that this file is none."""


class Scanner:
    """``post`` sends a request to the API; ``seconds``: how long a scan takes."""

    def __init__(self, post: Callable[[Incoming], Outgoing], *, seconds: float = SECONDS) -> None:
        self._post = post
        self._seconds = seconds

    def notice(self, key: str) -> None:
        """An object was stored: scan it soon, where scans are wanted."""
        if scanning():
            timer = threading.Timer(self._seconds, self.scan, [key])
            timer.daemon = True
            timer.start()

    def scan(self, key: str) -> Outgoing:
        """Look at the newest version of an object, and tell."""
        return self._post(told(key))


def told(key: str) -> Incoming:
    """The request that tells what is in the newest version of an object."""
    stored = clients.s3().get_object(Bucket=BUCKET_NAME(), Key=key)
    result = "INFECTED" if EICAR in stored["Body"].read() else "CLEAN"
    body = json.dumps({"objectKey": key, "versionId": stored.get("VersionId", ""), "result": result}).encode()
    headers = [("Content-Type", "application/json"), (HEADER, signature(body, clock.epoch()))]
    return Incoming("POST", PATH, headers=headers, body=body)
