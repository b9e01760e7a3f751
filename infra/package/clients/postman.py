"""The Postman collection, finished: what a converter of any API cannot know about this one.

Whoever opens it sets ``baseUrl``, sends «Sign in» and is signed in everywhere: its answer's token becomes the
variable ``accessToken`` that all requests carry.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

LOCAL = "http://localhost:8000"
_METHODS = frozenset({"get", "head", "post", "put", "patch", "delete"})
_KEEP_TOKENS = """const answer = pm.response.json();
if (answer.accessToken) pm.collectionVariables.set("accessToken", answer.accessToken);
if (answer.refreshToken) pm.collectionVariables.set("refreshToken", answer.refreshToken);"""
_SIGNS_IN = frozenset({"register", "login", "refresh", "verify_mfa"})
_BEARER = {"type": "bearer", "bearer": [{"key": "token", "value": "{{accessToken}}", "type": "string"}]}
_NAMESPACE = uuid.UUID("6f1d7c1e-9a55-5a0c-8c53-0d5a3f6f6b11")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of each operation of a document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                yield method.upper(), path, operation


def count(document: dict[str, Any]) -> int:
    """How many operations there are."""
    return sum(1 for _ in operations(document))


def requests(folder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every request of a collection or folder."""
    for item in folder["item"]:
        if "request" in item:
            yield item
        else:
            yield from requests(item)


def place(item: dict[str, Any]) -> tuple[str, str]:
    """Method and path of a request, as the document writes them."""
    parts = [f"{{{part[1:]}}}" if part.startswith(":") else part for part in item["request"]["url"]["path"]]
    return item["request"]["method"], "/" + "/".join(parts)


def finished(collection: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The converter's collection with our variables and sign-in, ids that stay, and without its invented answers."""
    known = {(method, path): operation for method, path, operation in operations(document)}
    names = _examples(document)
    for item in requests(collection):
        operation = known[place(item)]
        item["id"] = str(uuid.uuid5(_NAMESPACE, str(operation["operationId"])))
        item["response"] = []
        request = item["request"]
        request.pop("auth", None)
        if operation.get("security") == []:
            request["auth"] = {"type": "noauth"}
        request["url"]["host"] = ["{{baseUrl}}"]
        for given in (*request["header"], *request["url"]["query"], *request["url"]["variable"]):
            given["value"] = names.get(given["key"], given.get("value", ""))
        body = _body(operation)
        if body is not None:
            text = json.dumps(body, indent=2, ensure_ascii=False)
            request["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
        if operation["operationId"] in _SIGNS_IN:
            script = {"type": "text/javascript", "exec": _KEEP_TOKENS.splitlines()}
            item["event"] = [{"listen": "test", "script": script}]
    collection["info"]["_postman_id"] = str(uuid.uuid5(_NAMESPACE, "collection"))
    collection["auth"] = _BEARER
    values = {"baseUrl": LOCAL, "accessToken": "", "refreshToken": ""}
    collection["variable"] = [{"key": key, "value": value, "type": "string"} for key, value in values.items()]
    return collection


def _body(operation: dict[str, Any]) -> Any:
    """The document's example of the body; None where it has none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return content.get("example", next((one["value"] for one in content.get("examples", {}).values()), None))


def _examples(document: dict[str, Any]) -> dict[str, str]:
    """The document's own example of each parameter, by name; the converter invents some from patterns."""
    found: dict[str, str] = {}
    shared = document["components"].get("parameters", {})
    for item in document["paths"].values():
        own = [one for method, operation in item.items() if method in _METHODS for one in operation["parameters"]]
        for parameter in [*item.get("parameters", []), *own]:
            whole = shared[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
            examples = whole.get("schema", {}).get("examples", [])
            value = whole.get("example", examples[0] if examples else None)
            if value is not None:
                found.setdefault(whole["name"], str(value))
    return found
