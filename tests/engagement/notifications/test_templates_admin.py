"""Staff read, change, try and reset wordings (NTF-10 … NTF-15, NTF-30, NTF-73)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engagement.notifications.catalogue import KINDS
from chalicelib.engagement.notifications.items import VERSIONS_KEPT, StoredTemplate
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox
from tests.engagement.notifications.outbox import now, put_code, put_notice
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once

PLACE = "/v1/admin/notifications/templates/AUTH_PASSWORD_CHANGED"


@pytest.fixture
def editor(people: People) -> Person:
    return people.admin("ADMIN_CONTENT")


def body(text: str = "New!", **changes: Any) -> dict[str, Any]:
    return {"subject": "{{ academyName }} says", "body": {"html": f"<p>{text} {{{{ device }}}}</p>"}, **changes}


def save(client: Client, editor: Person, text: str = "New!", *, version: str | None = None, **changes: Any) -> Response:
    headers = {"If-Match": version} if version else {}
    return client.put(PLACE, json=body(text, **changes), token=editor.token, headers=headers)


def audited(cloud: Emulator, action: str) -> list[dict[str, Any]]:
    return [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry" and item["action"]["S"] == action]


@pytest.mark.rule("NTF-10")
def test_all_keys_stand_in_the_list(client: Client, editor: Person) -> None:
    rows = client.get("/v1/admin/notifications/templates", token=editor.token, expect=200).json["items"]
    assert [(row["key"], row["locale"]) for row in rows] == [
        (key, one) for key in sorted(KINDS) for one in ("en", "hi")
    ]
    assert {row["source"] for row in rows} == {"BUILT_IN"}
    save(client, editor, locale="hi")
    rows = client.get("/v1/admin/notifications/templates", token=editor.token, expect=200).json["items"]
    (stored,) = [row for row in rows if row["stored"]]
    assert (stored["key"], stored["locale"], stored["source"], stored["version"]) == (
        "AUTH_PASSWORD_CHANGED",
        "hi",
        "STORED",
        1,
    )
    assert (stored["updatedByUserId"], stored["class"]) == (editor.id, "SECURITY")


@pytest.mark.rule("NTF-11")
def test_one_template_with_everything_about_it(client: Client, editor: Person) -> None:
    answer = client.get(PLACE, token=editor.token, expect=200)
    assert answer.headers["etag"] == '"v0"'
    assert answer.json["template"] is None
    assert "{{ at|instant }}" in answer.json["builtIn"]["body"]["html"]
    assert answer.json["variables"] == {"required": ["at", "device"], "optional": ["userName"], "sealed": []}
    save(client, editor, "One")
    save(client, editor, "Two")
    shown = client.get(PLACE, token=editor.token, expect=200)
    assert shown.headers["etag"] == '"v2"'
    assert "Two" in shown.json["template"]["body"]["html"]
    assert [one["version"] for one in shown.json["versions"]] == [2, 1]
    assert shown.json["versions"][1]["savedByUserId"] == editor.id
    hindi = client.get(PLACE, query={"locale": "hi"}, token=editor.token, expect=200).json
    assert (hindi["template"], hindi["versions"]) == (None, [])
    for place in ("NO_SUCH", "lower"):
        missing = client.get(f"/v1/admin/notifications/templates/{place}", token=editor.token)
        assert (missing.status, missing.code) == (404, "TEMPLATE_NOT_FOUND")


@pytest.mark.rule("NTF-12", "NTF-30", "NTF-73")
def test_a_stored_wording_counts_from_the_next_message_on(
    cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox
) -> None:
    assert save(client, editor).status == 200
    put = put_notice()
    cloud.drain()
    assert mailbox.all()[0]["subject"] == "Pathshala says"
    assert "New! Chrome on Android" in mailbox.all()[0]["text"]
    assert now(put).template_version == 1
    (entry,) = audited(cloud, "template.update")
    assert entry["resource_id"]["S"] == "AUTH_PASSWORD_CHANGED"
    assert entry["actor_user_id"]["S"] == editor.id


@pytest.mark.rule("NTF-12")
def test_two_editors_do_not_overwrite_each_other(cloud: Emulator, client: Client, editor: Person) -> None:
    assert save(client, editor, version='"v0"').headers["etag"] == '"v1"'
    late = save(client, editor, "Late", version='"v0"')
    assert (late.status, late.code, late.json["details"]) == (412, "VERSION_MISMATCH", {"version": 1})
    answers = at_once([lambda number=number: save(client, editor, f"T{number}", version='"v1"') for number in range(4)])
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]
    assert client.get(PLACE, token=editor.token).json["version"] == 2
    assert len(audited(cloud, "template.update")) == 2
    both = at_once([lambda number=number: save(client, editor, f"U{number}") for number in range(2)])
    assert sorted(answer.json["version"] for answer in both) == [3, 4]


@pytest.mark.rule("NTF-12")
def test_the_last_twenty_versions_are_kept(cloud: Emulator, client: Client, editor: Person) -> None:
    for number in range(VERSIONS_KEPT + 3):
        save(client, editor, f"T{number}")
    versions = client.get(PLACE, token=editor.token, expect=200).json["versions"]
    assert [one["version"] for one in versions] == list(range(VERSIONS_KEPT + 3, 3, -1))


@pytest.mark.rule("NTF-31", "NTF-33", "NTF-12")
@pytest.mark.parametrize(
    ("changes", "code", "issues"),
    [
        (
            {"body": {"html": "<p>{{ ''.__class__.__mro__ }}</p>"}},
            "TEMPLATE_INVALID",
            {"body.body.html": "NOT_ALLOWED"},
        ),
        ({"body": {"html": "<p>{% for a in device %}</p>"}}, "TEMPLATE_INVALID", {"body.body.html": "SYNTAX"}),
        ({"body": {"html": "<script>x</script>"}}, "TEMPLATE_INVALID", {"body.body.html": "ELEMENT_NOT_ALLOWED"}),
        ({"subject": "a\nBcc: x@y.in"}, "TEMPLATE_INVALID", {"body.subject": "CONTROL_CHARACTERS"}),
        ({"body": {"html": "<p>{{ wrong }}</p>"}}, "TEMPLATE_UNKNOWN_VARIABLE", {"body.body.html": "UNKNOWN_VARIABLE"}),
        (
            {"body": {"html": "<p>x</p>", "text": "{{ no }}"}},
            "TEMPLATE_UNKNOWN_VARIABLE",
            {"body.body.text": "UNKNOWN_VARIABLE"},
        ),
        ({"variables": {"required": ["amount"]}}, "TEMPLATE_UNKNOWN_VARIABLE", {"body.variables": "UNKNOWN_VARIABLE"}),
    ],
)
def test_a_wording_that_breaks_a_rule_is_not_saved(
    cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox, changes: dict[str, Any], code: str, issues: Any
) -> None:
    before = cloud.items()
    refused = save(client, editor, **changes)
    assert (refused.status, refused.code, refused.issues) == (422, code, issues)
    assert [item for item in cloud.items() if item["kind"]["S"] != "RateWindow"] == before
    put_notice()
    cloud.drain()
    assert mailbox.all()[0]["subject"] == "Your password was changed – Pathshala"


@pytest.mark.rule("NTF-31")
def test_the_line_of_a_mistake_is_told(client: Client, editor: Person) -> None:
    refused = save(client, editor, body={"html": "<p>a</p>\n<p>b</p>\n<p>{{ device </p>"})
    assert refused.json["details"][0]["line"] == 3
    assert refused.json["details"][0]["message"].startswith("line 3: ")


@pytest.mark.rule("NTF-30")
@pytest.mark.parametrize("how", ["inactive", "broken"])
def test_the_built_in_wording_counts_where_the_stored_one_does_not(
    cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox, how: str
) -> None:
    save(client, editor, isActive=how != "inactive")
    if how == "broken":
        place = StoredTemplate.place("AUTH_PASSWORD_CHANGED", "EMAIL", "en")
        store.update(StoredTemplate, place, [StoredTemplate.html.set("<p>{% if %}<script>")])
    put_notice()
    cloud.drain()
    assert mailbox.all()[0]["subject"] == "Your password was changed – Pathshala"


@pytest.mark.rule("NTF-32")
def test_a_wording_may_need_what_the_code_does_not(
    cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox
) -> None:
    save(client, editor, variables={"required": ["userName"]})
    put = put_notice()
    cloud.drain()
    assert now(put).error == "TEMPLATE_VARIABLE_MISSING: userName"
    assert mailbox.all() == []


@pytest.mark.rule("NTF-13", "NTF-73")
def test_back_to_the_built_in_wording(cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox) -> None:
    save(client, editor, "Mine")
    assert client.delete(PLACE, token=editor.token).status == 204
    again = client.delete(PLACE, token=editor.token)
    assert (again.status, again.code) == (404, "TEMPLATE_NOT_FOUND")
    assert len(audited(cloud, "template.reset")) == 1
    put_notice()
    cloud.drain()
    assert "Mine" not in mailbox.all()[0]["text"]
    shown = client.get(PLACE, token=editor.token, expect=200).json
    assert (shown["version"], [one["version"] for one in shown["versions"]]) == (0, [1])
    assert save(client, editor, "Mine again", version='"v0"').headers["etag"] == '"v2"'


@pytest.mark.rule("NTF-14", "NTF-52")
def test_a_preview_shows_and_sends_nothing(cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox) -> None:
    before = cloud.items()
    plain = client.post(f"{PLACE}/preview", json={}, token=editor.token, expect=200).json
    assert plain["subject"] == "Your password was changed – Pathshala"
    assert (plain["missing"], "Chrome on Android" in plain["text"]) == ([], True)
    some = client.post(f"{PLACE}/preview", json={"payload": {"device": "Nokia"}}, token=editor.token, expect=200).json
    assert ("Nokia" in some["html"], some["missing"]) == (True, ["at"])
    own = client.post(f"{PLACE}/preview", json=body("Mine"), token=editor.token).json
    assert own.get("code") == "VALIDATION_FAILED" or "Mine Chrome" in own["text"]
    code = client.post(
        "/v1/admin/notifications/templates/AUTH_OTP/preview", json={"locale": "hi"}, token=editor.token, expect=200
    ).json
    assert "000000" in code["text"]
    cloud.drain()
    assert mailbox.all() == []
    assert [item for item in cloud.items() if item["kind"]["S"] != "RateWindow"] == before


@pytest.mark.rule("NTF-14")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "S", "body": {"html": "<p>{{ no }}</p>"}}, "TEMPLATE_UNKNOWN_VARIABLE"),
        ({"subject": "S", "body": {"html": "<form></form>"}}, "TEMPLATE_INVALID"),
        ({"payload": {"amount": 1}}, "TEMPLATE_UNKNOWN_VARIABLE"),
        ({"subject": "S"}, "VALIDATION_FAILED"),
    ],
)
def test_a_preview_tells_what_is_wrong(client: Client, editor: Person, changes: dict[str, Any], code: str) -> None:
    refused = client.post(f"{PLACE}/preview", json=changes, token=editor.token)
    assert (refused.status, refused.code) == (422, code)


def verify(person: Person) -> None:
    store.update(User, User.place(person.id), [User.email_verified_at.set(clock.now())])


@pytest.mark.rule("NTF-15", "NTF-52")
def test_a_test_goes_to_the_caller_alone(cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox) -> None:
    verify(editor)
    save(client, editor, "Mine")
    given = {"payload": {"device": "Nokia"}}
    answer = client.post(f"{PLACE}/test", json=given, token=editor.token, expect=202)
    assert answer.json["status"] == "QUEUED"
    cloud.drain()
    (mail,) = mailbox.all()
    assert mail["to"] == [editor.email]
    assert "Mine Nokia" in mail["text"]
    place = "/v1/admin/notifications/templates/AUTH_OTP/test"
    client.post(place, json={"payload": {"code": "123123"}}, token=editor.token, expect=202)
    cloud.drain()
    assert "000000" in mailbox.all()[0]["text"]
    assert "123123" not in mailbox.all()[0]["text"]
    assert len(audited(cloud, "template.test")) == 2


@pytest.mark.rule("NTF-15")
def test_a_test_needs_a_verified_address(cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox) -> None:
    before = cloud.items()
    refused = client.post(f"{PLACE}/test", json={}, token=editor.token)
    assert (refused.status, refused.code) == (409, "TEST_ADDRESS_UNVERIFIED")
    wrong = client.post(f"{PLACE}/test", json={"to": "other@example.in"}, token=editor.token)
    assert wrong.status == 422
    cloud.drain()
    assert mailbox.all() == []
    assert [item for item in cloud.items() if item["kind"]["S"] != "RateWindow"] == before


@pytest.mark.rule("NTF-15")
def test_ten_tests_an_hour(client: Client, editor: Person) -> None:
    verify(editor)
    statuses = [client.post(f"{PLACE}/test", json={}, token=editor.token).status for _ in range(11)]
    assert statuses == [202] * 10 + [429]


@pytest.mark.rule("NTF-70")
def test_an_eleventh_code_to_an_address_within_an_hour_does_not_leave(
    cloud: Emulator, mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    put = [put_code(f"AUTH_OTP:{number}", minutes=120) for number in range(11)]
    cloud.drain()
    assert len(mailbox.all()) == 10
    (refused,) = [one for one in map(now, put) if one.status != "SENT"]
    assert (refused.status, refused.error, refused.sealed) == ("CANCELLED", "TOO_MANY_CODES", None)
    assert '"Alarm"' in "".join(capfd.readouterr())
    put_notice("CHANGED:1")
    put_code("AUTH_OTP:other", "ravi@example.in", minutes=120)
    cloud.drain()
    assert len(mailbox.all()) == 12
    cloud.advance(3_601)
    put_code("AUTH_OTP:later")
    cloud.drain()
    assert len(mailbox.all()) == 13


@pytest.mark.rule("NTF-70")
def test_a_second_try_of_a_code_is_no_second_code(cloud: Emulator, mailbox: Mailbox) -> None:
    cloud.fault("ses", "SendEmail", "Unreachable", times=2)
    put_code("AUTH_OTP:0", minutes=120)
    cloud.drain()
    for seconds in (31, 121):
        cloud.advance(seconds)
        cloud.drain()
    for number in range(1, 10):
        put_code(f"AUTH_OTP:{number}", minutes=120)
    cloud.drain()
    assert len(mailbox.all()) == 10
