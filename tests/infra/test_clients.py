"""The clients made from the OpenAPI document (HTTP-66): complete, strictly typed, and one of them at work."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from infra.local.edge import Edge
from infra.local.emulator import Emulator
from infra.local.gateway import Gateway
from infra.local.httpd import Server, listen
from infra.local.journal import Journal
from infra.package import clients, openapi
from infra.package.clients import postman
from infra.package.wheels import PackagingFailed
from tests.architecture.world import STUDENT, World
from tests.architecture.world import world as academy

pytestmark = [
    pytest.mark.rule("HTTP-66"),
    pytest.mark.skipif(not clients.node_is_here(), reason="the clients are made with Node"),
]

COLLECTION_FORMAT: dict[str, Any] = {
    "type": "object",
    "required": ["info", "item", "variable", "auth"],
    "properties": {
        "info": {
            "type": "object",
            "required": ["name", "schema"],
            "properties": {
                "schema": {"const": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
                "name": {"type": "string"},
            },
        },
        "item": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "variable": {"type": "array", "items": {"type": "object", "required": ["key", "value"]}},
        "auth": {"$ref": "#/$defs/auth"},
    },
    "$defs": {
        "auth": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": ["noauth", "bearer"]}, "bearer": {"$ref": "#/$defs/values"}},
        },
        "values": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "value"],
                "properties": {"key": {"type": "string"}, "value": {"type": "string"}},
            },
        },
        "item": {
            "oneOf": [
                {"required": ["item"], "properties": {"item": {"type": "array", "items": {"$ref": "#/$defs/item"}}}},
                {
                    "required": ["id", "name", "request"],
                    "properties": {
                        "request": {
                            "required": ["method", "url", "header"],
                            "properties": {
                                "method": {"enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]},
                                "auth": {"$ref": "#/$defs/auth"},
                                "header": {"$ref": "#/$defs/values"},
                                "url": {
                                    "required": ["host", "path"],
                                    "properties": {
                                        "host": {"const": ["{{baseUrl}}"]},
                                        "path": {"type": "array", "items": {"type": "string"}},
                                        "query": {"$ref": "#/$defs/values"},
                                        "variable": {"$ref": "#/$defs/values"},
                                    },
                                },
                                "body": {"properties": {"mode": {"enum": ["raw"]}, "raw": {"type": "string"}}},
                            },
                        }
                    },
                },
            ]
        },
    },
}
"""What this collection uses of Postman's format v2.1; Postman's own library reads it when it is made."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of the declarations as they are now."""
    return openapi.write(tmp_path_factory.mktemp("clients") / "openapi.json")


@pytest.fixture(scope="module")
def made(document: Path) -> Path:
    """The folder of both clients, made and compiled."""
    target = document.parent / "made"
    assert clients.problems(document, target) == []
    return target


@pytest.fixture(scope="module")
def collection(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / clients.COLLECTION).read_text("utf-8"))
    return found


def test_the_collection_has_every_operation_with_its_authorization(document: Path, collection: dict[str, Any]) -> None:
    jsonschema.validate(collection, COLLECTION_FORMAT)
    described = json.loads(document.read_text("utf-8"))
    items = {postman.place(item): item for item in postman.requests(collection)}
    assert set(items) == {(method, path) for method, path, _ in postman.operations(described)}
    for method, path, operation in postman.operations(described):
        public = operation.get("security") == []
        assert items[method, path]["request"].get("auth") == ({"type": "noauth"} if public else None), path
    assert collection["auth"]["bearer"][0]["value"] == "{{accessToken}}"
    assert {one["key"] for one in collection["variable"]} == {"baseUrl", "accessToken", "refreshToken"}
    script = "\n".join(items["POST", "/v1/auth/login"]["event"][0]["script"]["exec"])
    assert 'collectionVariables.set("accessToken"' in script


def test_its_bodies_are_the_documents_examples(document: Path, collection: dict[str, Any]) -> None:
    items = {postman.place(item): item for item in postman.requests(collection)}
    described = json.loads(document.read_text("utf-8"))
    login = described["paths"]["/v1/auth/login"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert json.loads(items["POST", "/v1/auth/login"]["request"]["body"]["raw"]) == login


def test_the_typescript_client_is_whole(made: Path) -> None:
    folder = made / "typescript"
    assert {path.name for path in folder.iterdir()} == {
        "client.ts",
        "example.ts",
        "schema.d.ts",
        "tsconfig.json",
        "package.json",
    }
    assert list(json.loads((folder / "package.json").read_text("utf-8"))["dependencies"]) == ["openapi-fetch"]


MISUSES = [
    'await academy.api.POST("/v1/auth/login", { body: { email: "a@example.in" } });',
    'await academy.api.GET("/v1/nothing");',
    'await academy.api.GET("/v1/notes", { params: { query: { limt: 5 } } });',
    'const price: string = (await academy.api.GET("/v1/plans")).data?.items[0]?.price ?? 1;',
]


def test_a_program_that_misuses_the_interface_does_not_compile(made: Path) -> None:
    wrong = clients.TOOLS / "wrong.ts"
    head = ['import { connect } from "./client.js";', 'const academy = connect({ baseUrl: "" });']
    wrong.write_text("\n".join([*head, *MISUSES]), "utf-8")
    try:
        with pytest.raises(PackagingFailed) as refused:
            clients._run(clients.tool("tsc"), "--noEmit", "--strict", "--pretty", "false", "--project", ".")
    finally:
        wrong.unlink()
    lines = {int(number) for number in re.findall(r"wrong\.ts\((\d+),", str(refused.value))}
    assert lines == {len(head) + 1 + position for position in range(len(MISUSES))}


@pytest.fixture(scope="module")
def served(emulator: Emulator) -> Iterator[tuple[World, str]]:
    """The little academy behind HTTP."""
    with academy(emulator) as world:
        gateway = Gateway(emulator, Journal(), Edge())
        server = Server(listen("127.0.0.1", 0, "PORT"), gateway.answer, max_body=10_000_000)
        server.start()
        yield world, f"http://127.0.0.1:{server.port}"
        server.stop()


RUNNER = """
import { story, signIn } from "./example.js";
import { connect } from "./client.js";
const [baseUrl, email, password, expired, refreshToken] = process.argv.slice(2);
const told = await story(baseUrl, email, password);
const changes = [];
const tokens = { accessToken: expired, refreshToken };
const academy = connect({ baseUrl, tokens, onTokens: (now) => changes.push(now !== null) });
const both = await Promise.all([academy.api.GET("/v1/users/me"), academy.api.GET("/v1/notes")]);
const again = connect({ baseUrl, tokens: { accessToken: expired, refreshToken: "prt1.no" } });
const ended = await again.api.GET("/v1/users/me");
const wrong = await signIn(connect({ baseUrl }), email, "wrong").catch((error) => error.message);
console.log(JSON.stringify({
  told, changes, statuses: both.map((one) => one.response.status), ended: ended.error.code, left: again.tokens(), wrong,
}));
"""


def test_the_client_signs_in_lists_buys_and_refreshes(made: Path, served: tuple[World, str], tmp_path: Path) -> None:
    """Compiled and run in Node: an expired token is refreshed once for two requests at once."""
    world, url = served
    asha = world.persons[STUDENT]
    expired = world.people.token(asha.id, asha.session_id, asha.user_type, seconds=-60, iat=1_700_000_000)
    for name in ("client.ts", "example.ts", "schema.d.ts", "tsconfig.json"):
        shutil.copy(made / "typescript" / name, tmp_path / name)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(clients.TOOLS / "node_modules")
    subprocess.run([clients.tool("tsc"), "--project", "."], cwd=tmp_path, check=True, timeout=120)
    (tmp_path / "run.js").write_text(RUNNER)
    command = ["node", "run.js", url, asha.email, asha.password, expired, asha.refresh_token]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["told"]["plan"] == "notes-yearly"
    assert told["told"]["redirectUrl"].startswith("http")
    assert len(told["told"]["notes"]) == 1
    assert (told["changes"], told["statuses"]) == ([True], [200, 200])
    assert (told["ended"], told["left"], told["wrong"]) == ("TOKEN_EXPIRED", None, "INVALID_CREDENTIALS")


def test_nothing_is_made_again_while_nothing_changed(
    document: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert clients.problems(document, made) == []
    assert capsys.readouterr().out == ""
    other = tmp_path / "other.json"
    other.write_text(document.read_text("utf-8") + "\n", "utf-8")
    assert clients.problems(other, made) == []
    assert clients.SKIPPED in capsys.readouterr().out


def test_a_document_that_no_client_can_be_made_from_is_a_problem(tmp_path: Path) -> None:
    broken = tmp_path / "openapi.json"
    broken.write_text("{}", "utf-8")
    (problem,) = clients.problems(broken, tmp_path)
    assert "failed" in problem


def test_what_makes_them_is_pinned_without_naming_a_host() -> None:
    pins = json.loads((clients.HERE / "package.json").read_text("utf-8"))["devDependencies"]
    assert all(version[0].isdigit() for version in pins.values())
    lock = json.loads((clients.HERE / "package-lock.json").read_text("utf-8"))["packages"]
    for name, one in lock.items():
        assert "resolved" not in one
        assert not name or one["integrity"].startswith("sha512-")
