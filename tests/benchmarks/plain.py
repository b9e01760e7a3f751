"""The same work without a framework: what a careful person would write by hand with boto3, PyJWT and json.

Each handler verifies the token, reads the card with what the request is about, checks session and right, does the work,
writes one log line and answers with the same headers. Nothing is shared with the backend but the keys.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import boto3
import jwt
from boto3.dynamodb.types import TypeDeserializer

Handler = Callable[[dict[str, Any]], dict[str, Any]]

_read = TypeDeserializer().deserialize
_log = logging.getLogger("plain")
_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Vary": "Origin",
}


class Plain:
    """The handlers; ``keys``: the published key set by id."""

    def __init__(self, document: str, table: str) -> None:
        self._keys = {key["kid"]: jwt.PyJWK(key) for key in json.loads(document)["keys"]}
        self._table = table
        self._dynamodb = boto3.client("dynamodb", region_name=os.environ["AWS_REGION"])

    def _claims(self, event: dict[str, Any]) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        token = headers["authorization"].removeprefix("Bearer ")
        key = self._keys[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token, key.key, algorithms=[key.algorithm_name], audience="pathshala", options={"verify_iss": False}
        )
        return claims

    def _items(self, *keys: tuple[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
        wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
        request = {self._table: {"Keys": wanted, "ConsistentRead": True}}
        answer = self._dynamodb.batch_get_item(RequestItems=request, ReturnConsumedCapacity="TOTAL")
        found = [{name: _read(value) for name, value in raw.items()} for raw in answer["Responses"][self._table]]
        return {(item["pk"], item["sk"]): item for item in found}

    def _check(self, card: dict[str, Any], claims: dict[str, Any]) -> None:
        session = card["sessions"][claims["sid"]]
        if card["status"] != "ACTIVE" or session["exp"] < time.time() or card["token_version"] != claims["tv"]:
            raise PermissionError

    def _answer(self, event: dict[str, Any], body: Any, status: int = 200) -> dict[str, Any]:
        request_id = event["requestContext"]["requestId"]
        _log.info(json.dumps({"requestId": request_id, "route": event["resource"], "status": status}))
        headers = {**_HEADERS, "X-Request-Id": request_id}
        return {"statusCode": status, "headers": headers, "body": json.dumps(body, default=str)}

    def profile(self, event: dict[str, Any]) -> dict[str, Any]:
        """``GET /v1/users/me``."""
        claims = self._claims(event)
        card_key, user_key = (f"USER#{claims['sub']}", "ACCESS"), (f"USER#{claims['sub']}", "PROFILE")
        found = self._items(card_key, user_key)
        self._check(found[card_key], claims)
        user = found[user_key]
        names = ("id", "email", "name", "phone", "type", "created_at", "updated_at")
        return self._answer(event, {name: user.get(name) for name in names})

    def note(self, event: dict[str, Any]) -> dict[str, Any]:
        """``GET /v1/notes/{noteId}``."""
        claims = self._claims(event)
        note_id = event["pathParameters"]["noteId"].upper()
        card_key, note_key = (f"USER#{claims['sub']}", "ACCESS"), (f"NOTE#{note_id}", "NOTE")
        found = self._items(card_key, note_key, (f"USER#{claims['sub']}", f"NOTEPROG#{note_id}"))
        self._check(found[card_key], claims)
        note = found[note_key]
        if not note["is_published"]:
            raise LookupError
        now = time.time()
        running = [one for one in found[card_key]["entitlements"].values() if one["startsAt"] <= now < one["endsAt"]]
        names = ("id", "subject_id", "title", "is_premium", "page_count", "language", "published_at")
        return self._answer(event, {**{name: note.get(name) for name in names}, "locked": not running})

    def history(self, event: dict[str, Any]) -> dict[str, Any]:
        """``GET /v1/payments/history``."""
        claims = self._claims(event)
        place = {"pk": {"S": f"USER#{claims['sub']}"}, "sk": {"S": "ACCESS"}}
        raw = self._dynamodb.get_item(TableName=self._table, Key=place, ConsistentRead=True)["Item"]
        self._check({name: _read(value) for name, value in raw.items()}, claims)
        page = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": f"USER#{claims['sub']}"}, ":sk": {"S": "ORDER#"}},
            ScanIndexForward=False,
            Limit=20,
        )
        rows = [{name: _read(value) for name, value in item.items()} for item in page["Items"]]
        names = ("merchant_transaction_id", "title", "amount_paise", "currency", "status", "created_at")
        items = [{name: row.get(name) for name in names} for row in rows]
        return self._answer(event, {"items": items, "nextCursor": None})

    def change_subject(self, event: dict[str, Any]) -> dict[str, Any]:
        """``PATCH /v1/admin/subjects/{subjectId}``."""
        claims = self._claims(event)
        body = json.loads(base64.b64decode(event["body"]))
        if not isinstance(body.get("name"), str) or not 1 <= len(body["name"]) <= 100 or set(body) - {"name"}:
            raise ValueError
        subject_id = event["pathParameters"]["subjectId"].upper()
        card_key, subject_key = (f"USER#{claims['sub']}", "ACCESS"), (f"SUBJECT#{subject_id}", "SUBJECT")
        found = self._items(card_key, subject_key)
        card, subject = found[card_key], found[subject_key]
        self._check(card, claims)
        if card["user_type"] != "ADMIN" or "content.manage" not in card["permissions"]:
            raise PermissionError
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self._dynamodb.transact_write_items(TransactItems=self._writes(subject, body["name"], now, claims))
        names = ("id", "key", "name", "order_index", "is_active", "version")
        return self._answer(event, {**{name: subject.get(name) for name in names}, "name": body["name"]})

    def _writes(self, subject: dict[str, Any], name: str, now: str, claims: dict[str, Any]) -> list[dict[str, Any]]:
        entry_id = os.urandom(13).hex().upper()
        entry = {
            "pk": {"S": f"AUDIT#{now[:7]}"},
            "sk": {"S": entry_id},
            "action": {"S": "subject.update"},
            "actor_user_id": {"S": claims["sub"]},
            "resource_id": {"S": subject["id"]},
            "at": {"S": now},
            "meta": {"M": {"changed": {"M": {"name": {"L": [{"S": subject["name"]}, {"S": name}]}}}}},
        }
        update = {
            "TableName": self._table,
            "Key": {"pk": {"S": subject["pk"]}, "sk": {"S": subject["sk"]}},
            "UpdateExpression": "SET #name = :name, updated_at = :now, #row.#name = :name ADD version :one",
            "ConditionExpression": "version = :version",
            "ExpressionAttributeNames": {"#name": "name", "#row": "row"},
            "ExpressionAttributeValues": {
                ":name": {"S": name},
                ":now": {"S": now},
                ":one": {"N": "1"},
                ":version": {"N": str(subject["version"])},
            },
        }
        put = {"TableName": self._table, "Item": entry, "ConditionExpression": "attribute_not_exists(pk)"}
        return [{"Update": update}, {"Put": put}]
