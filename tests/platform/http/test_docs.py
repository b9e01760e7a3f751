"""The document and its page, as they are served (HTTP-03, HTTP-04)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from functions.platform.docs import PAGE
from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People

ASSETS = {"/v1/docs": "text/html", "/v1/docs/reader.css": "text/css", "/v1/docs/reader.js": "text/javascript"}


@pytest.mark.rule("HTTP-03")
def test_the_document_is_served_with_a_strong_tag(client: Client, cloud: Emulator) -> None:
    cloud.calls.clear()
    first = client.get("/v1/openapi.json", expect=200)
    assert first.headers["content-type"] == "application/json"
    assert first.json["openapi"].startswith("3.1")
    assert first.headers["cache-control"] == "public, max-age=300"
    assert re.fullmatch(r'"[0-9a-f]{32}"', first.headers["etag"])
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = client.get("/v1/openapi.json", headers={"If-None-Match": tag})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert client.get("/v1/openapi.json", headers={"If-None-Match": '"other"'}).status == 200
    assert not list(cloud.calls)


@pytest.mark.rule("HTTP-03")
def test_it_is_the_file_that_was_made_and_nothing_made_per_request(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "openapi.json"
    made.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "made before"}}))
    monkeypatch.setenv("OPENAPI_FILE", str(made))
    assert client.get("/v1/openapi.json").json["info"] == {"title": "made before"}


@pytest.mark.rule("HTTP-03")
@pytest.mark.parametrize("path", ["/v1/openapi.json", *ASSETS])
def test_docs_that_are_not_public_need_their_permission(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("DOCS_PUBLIC", "false")
    assert client.get(path).code == "TOKEN_MISSING"
    assert client.get(path, token=people.student().token).status == 403
    assert client.get(path, token=people.admin("ADMIN_CONTENT").token).code == "FORBIDDEN"
    answer = client.get(path, token=people.super_admin().token)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "private, max-age=300"


@pytest.mark.rule("HTTP-04")
def test_the_page_needs_no_other_host(client: Client) -> None:
    for path, kind in ASSETS.items():
        answer = client.get(path, expect=200)
        assert answer.headers["content-type"].startswith(kind)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        text = answer.body.decode()
        assert not re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text.replace("http://www.w3.org/2000/svg", ""))
    page = client.get("/v1/docs").body.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"\son\w+=|style=", page) == []


@pytest.mark.rule("HTTP-04")
@pytest.mark.parametrize("name", ["nothing.js", "index.html", "..%2Freader.js", "READER.JS", "reader.js.map"])
def test_other_assets_are_not_there(client: Client, name: str) -> None:
    answer = client.get(f"/v1/docs/{name}")
    assert (answer.status, answer.code) == (404, "ROUTE_NOT_FOUND")


@pytest.mark.rule("HTTP-04")
def test_every_asset_of_the_folder_is_served(client: Client) -> None:
    for file in PAGE.iterdir():
        if file.suffix in {".js", ".css"}:
            assert client.get(f"/v1/docs/{file.name}").body == file.read_bytes()
