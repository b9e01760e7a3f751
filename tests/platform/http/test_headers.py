"""Headers: CORS, security, caching, request ids, versions, bytes (HTTP-05, HTTP-19, HTTP-27, HTTP-30 … HTTP-33)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.platform import store
from infra.local.emulator import Emulator
from tests.platform.http.samples import Sample, add
from tests.support.client import Client
from tests.support.people import People

LISTED = "https://app.pathshala.example"


@pytest.fixture(autouse=True)
def _origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"{LISTED},https://admin.pathshala.example:8443")


@pytest.mark.rule("HTTP-31")
def test_security_headers_on_answers_and_errors(samples: Client) -> None:
    for answer in (samples.get("/v1/sample-open"), samples.get("/v1/samples")):
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["cross-origin-resource-policy"] == "same-site"
        assert answer.headers["permissions-policy"] == "()"
        assert answer.headers["cache-control"] == "no-store"
        assert not {"server", "x-powered-by"} & set(answer.headers)


@pytest.mark.rule("HTTP-30")
def test_only_a_listed_origin_is_echoed(samples: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/v1/sample-open", "/v1/samples"):
        answer = samples.get(path, headers={"Origin": LISTED})
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
        assert "Origin" in answer.headers["vary"]
    others = ("https://evil.example", "null", "*", f"{LISTED}:444", LISTED.upper(), f"{LISTED}.evil.example")
    for origin in (*others, "http://app.pathshala.example"):
        answer = samples.get("/v1/sample-open", headers={"Origin": origin})
        assert not [name for name in answer.headers if name.startswith("access-control-")], origin
        assert "Origin" in answer.headers["vary"]
    monkeypatch.setenv("CORS_ORIGINS", "null,*")
    for origin in ("null", "https://evil.example"):
        assert "access-control-allow-origin" not in samples.get("/v1/sample-open", headers={"Origin": origin}).headers


@pytest.mark.rule("HTTP-30")
def test_credentials_only_where_cookies_are_in_use(samples: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"Origin": LISTED}
    assert samples.get("/v1/sample-open", headers=asked).headers["access-control-allow-credentials"] == "true"
    monkeypatch.setenv("AUTH_TOKEN_DELIVERY", "body")
    assert "access-control-allow-credentials" not in samples.get("/v1/sample-open", headers=asked).headers


@pytest.mark.rule("HTTP-05")
def test_preflight(client: Client, cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINTENANCE", "true")
    monkeypatch.setenv("EDGE_LIMITS", "function")
    asked = {"Origin": LISTED, "Access-Control-Request-Method": "PATCH", "Authorization": "Bearer nonsense"}
    cloud.calls.clear()
    for path in ("/v1/subjects?x=1", "/v1/health"):
        answer = client.call("OPTIONS", path, headers=asked)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert answer.headers["access-control-max-age"] == "600"
        assert answer.headers["access-control-allow-methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE"
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert {"Authorization", "Idempotency-Key", "If-Match", "X-View-Token", "X-CSRF-Token"} <= set(allowed)
    evil = client.call("OPTIONS", "/v1/subjects", headers={"Origin": "https://evil.example"})
    assert evil.status == 204
    assert "access-control-allow-origin" not in evil.headers
    assert not list(cloud.calls)


@pytest.mark.rule("HTTP-27")
def test_request_ids(samples: Client, capfd: pytest.CaptureFixture[str]) -> None:
    own = samples.get("/v1/sample-open", headers={"X-Request-Id": "order-2026.01_31"})
    assert own.headers["x-request-id"] == "order-2026.01_31"
    for insane in ("short", "x" * 65, "with space", "<script>", "ünïcode-id", "a\tb-123456"):
        given = samples.get("/v1/sample-open", headers={"X-Request-Id": insane}).headers["x-request-id"]
        assert given != insane
        assert len(given) == 26


@pytest.mark.rule("HTTP-43")
def test_forwarded_addresses_are_ignored(
    samples: Client, cloud: Emulator, window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_REGISTER", "2/60")
    forged = [
        {"X-Forwarded-For": f"1.2.3.{last}", "Forwarded": "for=1.2.3.4", "X-Real-IP": "5.6.7.8"} for last in "123"
    ]
    window(60)
    assert [samples.get("/v1/sample-open", headers=headers).status for headers in forged] == [200, 200, 429]
    counters = [item["pk"]["S"] for item in cloud.items() if item["pk"]["S"].startswith("RATE#register#")]
    assert ["#ip:203.0.113.7#" in pk for pk in counters] == [True]


@pytest.mark.rule("HTTP-43")
def test_the_last_hop_counts_behind_cloudfront_and_ipv6_counts_by_64(
    samples: Client, cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.get("/v1/sample-open", source_ip="2001:db8:1:2:aaaa::1")
    samples.get("/v1/sample-open", source_ip="2001:db8:1:2:bbbb::2")
    monkeypatch.setenv("TRUSTED_PROXY", "cloudfront")
    samples.get("/v1/sample-open", headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.9"})
    subjects = {pk.split("#")[2] for item in cloud.items() if (pk := item["pk"]["S"]).startswith("RATE#register#")}
    assert subjects == {"ip:2001:db8:1:2::/64", "ip:198.51.100.9"}


@pytest.mark.rule("HTTP-19")
def test_versions(samples: Client, people: People) -> None:
    admin = people.admin("ADMIN_CONTENT")
    sample = add(admin.id)
    place = f"/v1/samples/{sample}"
    first = samples.patch(place, json={"title": "Second"}, token=admin.token, headers={"If-Match": '"v1"'})
    assert (first.status, first.headers["etag"], first.json["version"]) == (200, '"v2"', 2)
    stale = samples.patch(place, json={"title": "Third"}, token=admin.token, headers={"If-Match": '"v1"'})
    assert (stale.status, stale.code, stale.json["details"]) == (412, "VERSION_MISMATCH", {"version": 2})
    item = store.get(Sample, Sample.place(sample))
    assert item is not None
    assert (item.title, item.version) == ("Second", 2)
    for wrong in ("v2", '"2"', "two", '"v2", "v3"'):
        answer = samples.patch(place, json={"title": "x"}, token=admin.token, headers={"If-Match": wrong})
        assert (answer.status, answer.code) == (400, "HEADER_INVALID")
    for fine in ({"If-Match": "*"}, {}):
        assert samples.patch(place, json={"title": "x"}, token=admin.token, headers=fine).status == 200


@pytest.mark.rule("HTTP-19")
def test_of_two_changes_of_one_version_one_wins(samples: Client, people: People) -> None:
    admin = people.admin("ADMIN_CONTENT")
    sample = add(admin.id)
    statuses: list[int] = []

    def change(title: str) -> None:
        answer = samples.patch(
            f"/v1/samples/{sample}", json={"title": title}, token=admin.token, headers={"If-Match": '"v1"'}
        )
        statuses.append(answer.status)

    threads = [threading.Thread(target=change, args=(title,)) for title in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 412]
    item = store.get(Sample, Sample.place(sample))
    assert item is not None
    assert item.version == 2


@pytest.mark.rule("HTTP-60")
def test_head_answers_no_body(samples: Client, people: People) -> None:
    student = people.student()
    sample = add(student.id)
    got = samples.get(f"/v1/samples/{sample}", token=student.token)
    head = samples.call("HEAD", f"/v1/samples/{sample}", token=student.token)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["etag"] == got.headers["etag"]
    missing = samples.call("HEAD", "/v1/samples/what", token=student.token)
    assert (missing.status, missing.body) == (404, b"")


@pytest.mark.rule("HTTP-33")
def test_bytes_come_through_whatever_is_accepted(samples: Client) -> None:
    for accept in ("image/avif,image/webp,*/*", "*/*", "text/html", ""):
        answer = samples.get("/v1/sample-bytes", headers={"Accept": accept})
        assert answer.body == bytes(range(256))
    html = samples.get("/v1/sample-open", headers={"Accept": "text/html"})
    assert html.headers["content-type"] == "application/json"


@pytest.mark.rule("HTTP-10")
def test_a_created_thing_says_where_it_is_and_deleting_twice_answers_alike(samples: Client, people: People) -> None:
    admin = people.admin("ADMIN_CONTENT")
    created = samples.post("/v1/samples", json={"title": "x"}, token=admin.token)
    assert (created.status, created.headers["location"]) == (201, f"/v1/samples/{created.json['id']}")
    place = created.headers["location"]
    assert [samples.delete(place, token=admin.token).status for _ in range(2)] == [204, 204]


@pytest.mark.rule("HTTP-51")
def test_deprecated_operations_say_so(samples: Client) -> None:
    answer = samples.get("/v1/sample-old")
    assert answer.headers["deprecation"] == "@1767225600"
    assert answer.headers["sunset"] == "Wed, 01 Jul 2026 00:00:00 GMT"
