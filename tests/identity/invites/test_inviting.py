"""Inviting, listing, sending again, revoking, expiring (AUTH-14 … AUTH-17, AUTH-32)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.invites import Invite as InviteItem
from chalicelib.identity.roles import Role
from chalicelib.platform import messages, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.messages import Message
from infra.local.emulator import Emulator
from tests.identity.invites.conftest import EMAIL, Invite
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import at_once, just_before

Kinds = Callable[[], dict[str, int]]
Mails = Callable[[], list[Message]]
HOURS = 3_600


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {kind: many - before.get(kind, 0) for kind, many in after.items() if many != before.get(kind, 0)}


@pytest.mark.rule("AUTH-14", "AUTH-30", "AUTH-46")
def test_an_invitation_is_kept_and_mailed(
    cloud: Emulator, invite: Invite, boss: Person, mails: Mails, link_token: Callable[[], str], kinds: Kinds
) -> None:
    before = kinds()
    answer = invite(
        name="Meera Nair", email=" Meera@Example.IN ", roleKeys=["ADMIN_CONTENT", "ADMIN_TEST", "ADMIN_TEST"]
    )
    body = answer.json
    assert answer.headers["location"] == f"/v1/admin/invites/{body['id']}"
    told = ("email", "name", "type", "roleKeys", "status", "invitedByUserId", "resent")
    assert {name: body[name] for name in told} == {
        "email": EMAIL, "name": "Meera Nair", "type": "ADMIN", "roleKeys": ["ADMIN_CONTENT", "ADMIN_TEST"],
        "status": "PENDING", "invitedByUserId": boss.id, "resent": 0,
    }  # fmt: skip
    assert grown(before, kinds()) == {"Invite": 1, "InviteEmail": 1, "Message": 1, "AuditEntry": 1}
    (mail,) = mails()
    assert (mail.template_key, mail.message_class, mail.to) == ("AUTH_INVITE", "SECURITY", EMAIL)
    assert set(mail.payload.as_dict()) == {"inviterName", "roleNames", "expiresAt", "name"}
    assert messages.unsealed(mail)["inviteUrl"].startswith("http://localhost:3000/admin/invite?token=inv1.")
    assert mail.expires_at is not None
    secret = link_token().rpartition(".")[2]
    assert secret not in str(cloud.items())
    assert secret not in answer.body.decode()


@pytest.mark.rule("AUTH-14")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"roleKeys": ["ADMIN_CONTENT", "NO_SUCH_ROLE"]}, "body.roleKeys[1]"),
        ({"roleKeys": ["STUDENT"]}, "body.roleKeys[0]"),
        ({"roleKeys": ["CENTRE_OWNER"]}, "body.roleKeys[0]"),
        ({"roleKeys": ["ADMIN_CONTENT"], "type": "OPERATOR"}, "body.roleKeys[0]"),
        ({"roleKeys": []}, "body.roleKeys"),
        ({"roleKeys": ["ADMIN_CONTENT"] * 6}, "body.roleKeys"),
        ({"type": "STUDENT", "roleKeys": ["STUDENT"]}, "body.type"),
        ({"type": "OPERATOR", "roleKeys": ["CENTRE_OWNER"], "centreId": new_ulid()}, "body.centreId"),
        ({"email": "nobody"}, "body.email"),
    ],
)
def test_invitations_that_make_no_sense(invite: Invite, kinds: Kinds, changes: dict[str, Any], field: str) -> None:
    before = kinds()
    assert field in invite(expect=422, **changes).issues
    assert kinds() == before


@pytest.mark.rule("AUTH-14")
def test_operators_are_invited_into_their_roles(invite: Invite) -> None:
    assert invite(type="OPERATOR", roleKeys=["CENTRE_OWNER"]).json["type"] == "OPERATOR"


@pytest.mark.rule("AUTH-14")
def test_one_account_and_one_invitation_an_address(cloud: Emulator, invite: Invite, boss: Person, kinds: Kinds) -> None:
    assert invite(email=boss.email.upper(), expect=409).code == "EMAIL_TAKEN"
    invite()
    before = kinds()
    assert invite(expect=409).code == "INVITE_PENDING"
    assert kinds() == before
    cloud.advance(72 * HOURS + 1)
    boss_again = People(cloud).super_admin()
    invite(token=boss_again.token)
    answers = at_once([lambda: invite(email="race@example.in", token=boss_again.token, expect=None)] * 8)
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7


@pytest.mark.rule("AUTH-14", "ACC-52")
def test_nobody_invites_into_more_than_they_have(invite: Invite, people: People, kinds: Kinds) -> None:
    role = store.get(Role, Role.place("ADMIN_SUPPORT"))
    assert role is not None
    own = {*(role.permissions or ()), "users.invite"}
    support = people.admin("ADMIN_SUPPORT")
    store.update(AccessCard, AccessCard.place(support.id), [AccessCard.permissions.set(own)])
    before = kinds()
    refused = invite(token=support.token, roleKeys=["ADMIN_SUPER"], expect=403)
    assert refused.code == "WOULD_ESCALATE"
    assert "access.manage" in refused.json["details"]["permissions"]
    assert grown(before, kinds()) == {"AuditEntry": 1}
    invite(token=support.token, roleKeys=["ADMIN_SUPPORT"])


@pytest.mark.rule("AUTH-14", "ACC-71")
def test_an_inviter_who_loses_the_right_at_that_moment_invites_nobody(
    invite: Invite, boss: Person, kinds: Kinds
) -> None:
    def demote() -> None:
        store.update(AccessCard, AccessCard.place(boss.id), [AccessCard.roles_version.add(1)])

    before = kinds()
    with just_before("TransactWriteItems", demote):
        assert invite(expect=409).code == "CONFLICT"
    assert kinds() == before


@pytest.mark.rule("AUTH-15")
def test_the_list_shows_waiting_ones_and_never_a_token(
    cloud: Emulator, client: Client, invite: Invite, boss: Person, link_token: Callable[[], str]
) -> None:
    made = [invite(email=f"m{number}@example.in").json["id"] for number in range(3)]
    first = client.get("/v1/admin/invites", query={"limit": 2}, token=boss.token, expect=200)
    query = {"limit": 2, "cursor": first.json["nextCursor"]}
    second = client.get("/v1/admin/invites", query=query, token=boss.token, expect=200)
    shown = [*first.json["items"], *second.json["items"]]
    assert [one["id"] for one in shown] == made[::-1]
    assert link_token().rpartition(".")[2] not in first.body.decode()
    assert not any("token" in name.lower() for one in shown for name in one)
    cloud.advance(73 * HOURS)
    token = People(cloud).super_admin().token
    late = client.get("/v1/admin/invites", token=token, expect=200).json["items"]
    assert {one["status"] for one in late} == {"EXPIRED"}
    assert client.get("/v1/admin/invites", query={"status": "LOST"}, token=token, expect=422).issues


@pytest.mark.rule("AUTH-16")
def test_sending_again_makes_a_new_token_five_times(
    cloud: Emulator, client: Client, invite: Invite, boss: Person, mails: Mails, link_token: Callable[[], str]
) -> None:
    made = invite().json
    seen = [link_token()]
    for number in range(1, 6):
        cloud.advance(60)
        again = client.post(f"/v1/admin/invites/{made['id']}/resend", token=boss.token, expect=200).json
        assert (again["resent"], again["expiresAt"] > made["expiresAt"]) == (number, True)
        seen.append(link_token())
    assert (len(set(seen)), len(mails())) == (6, 6)
    for dead in seen[:-1]:
        assert client.post("/v1/auth/invite-info", json={"token": dead}, expect=401).code == "INVITE_INVALID"
    assert client.post("/v1/auth/invite-info", json={"token": seen[-1]}, expect=200).json["email"] == EMAIL
    refused = client.post(f"/v1/admin/invites/{made['id']}/resend", token=boss.token, expect=409)
    assert (refused.code, len(mails())) == ("INVITE_RESENT_TOO_OFTEN", 6)


@pytest.mark.rule("AUTH-16", "ACC-52")
def test_sending_again_takes_what_inviting_takes(client: Client, invite: Invite, people: People, mails: Mails) -> None:
    made = invite(roleKeys=["ADMIN_SUPER"]).json["id"]
    support = people.admin("ADMIN_SUPPORT")
    store.update(AccessCard, AccessCard.place(support.id), [AccessCard.permissions.set({"users.invite"})])
    refused = client.post(f"/v1/admin/invites/{made}/resend", token=support.token, expect=403)
    assert (refused.code, len(mails())) == ("WOULD_ESCALATE", 1)


@pytest.mark.rule("AUTH-16", "AUTH-17")
def test_what_is_over_cannot_be_sent_again_or_taken_back_twice(
    cloud: Emulator, client: Client, invite: Invite, boss: Person, kinds: Kinds, link_token: Callable[[], str]
) -> None:
    made = invite().json["id"]
    client.delete(f"/v1/admin/invites/{made}", token=boss.token, expect=204)
    after = kinds()
    client.delete(f"/v1/admin/invites/{made}", token=boss.token, expect=204)
    refused = client.post(f"/v1/admin/invites/{made}/resend", token=boss.token, expect=409)
    assert (refused.code, refused.json["details"]) == ("INVITE_NOT_PENDING", {"status": "REVOKED"})
    assert kinds() == after
    assert client.post("/v1/auth/invite-info", json={"token": link_token()}, expect=401).code == "INVITE_INVALID"
    assert [one["status"] for one in listed(client, boss, "REVOKED")] == ["REVOKED"]
    invite()
    unknown = f"/v1/admin/invites/{new_ulid()}"
    assert client.delete(unknown, token=boss.token, expect=404).code == "INVITE_NOT_FOUND"
    assert client.post(f"{unknown}/resend", token=boss.token, expect=404).code == "INVITE_NOT_FOUND"


def listed(client: Client, person: Person, status: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/admin/invites", query={"status": status}, token=person.token, expect=200)
    items: list[dict[str, Any]] = answer.json["items"]
    return items


@pytest.mark.rule("AUTH-32")
def test_the_night_expires_what_is_over_and_only_that(cloud: Emulator, client: Client, invite: Invite) -> None:
    old = invite(email="old@example.in").json["id"]
    cloud.advance(71 * HOURS)
    fresh = People(cloud).super_admin()
    resent = invite(email="resent@example.in", token=fresh.token).json["id"]
    cloud.advance(2 * HOURS)
    fresh = People(cloud).super_admin()
    assert client.post(f"/v1/admin/invites/{old}/resend", token=fresh.token, expect=409).code == "INVITE_NOT_PENDING"
    # A younger invitation of the same address keeps its mark when the older one ends.
    younger = invite(email="old@example.in", token=fresh.token).json["id"]
    assert cloud.invoke("expire_invites").answer == {"expired": 1}
    assert cloud.invoke("expire_invites").answer == {"expired": 0}
    item = store.get(InviteItem, InviteItem.place(old))
    assert item is not None
    assert item.status == "EXPIRED"
    assert [one["id"] for one in listed(client, fresh, "EXPIRED")] == [old]
    assert {one["id"] for one in listed(client, fresh, "PENDING")} == {resent, younger}
    assert invite(email="old@example.in", token=fresh.token, expect=409).code == "INVITE_PENDING"
    client.delete(f"/v1/admin/invites/{old}", token=fresh.token, expect=204)
    assert invite(email="old@example.in", token=fresh.token, expect=409).code == "INVITE_PENDING"


@pytest.mark.rule("AUTH-32")
def test_an_invitation_sent_again_while_the_night_looks_at_it_stays(
    cloud: Emulator, client: Client, invite: Invite
) -> None:
    made = invite().json["id"]
    cloud.advance(73 * HOURS)

    def renewed() -> None:
        store.update(InviteItem, InviteItem.place(made), [InviteItem.version.add(1)])

    with just_before("TransactWriteItems", renewed):
        assert cloud.invoke("expire_invites").answer == {"expired": 0}
    item = store.get(InviteItem, InviteItem.place(made))
    assert item is not None
    assert item.status == "PENDING"


@pytest.mark.rule("AUTH-14", "HTTP-35")
def test_an_invitation_asked_for_twice_with_one_key_is_sent_once(
    client: Client, boss: Person, roles: None, mails: Mails
) -> None:
    body = {"email": EMAIL, "roleKeys": ["ADMIN_CONTENT"]}
    headers = {"Idempotency-Key": "k" * 20}
    first, again = (
        client.post("/v1/admin/invites", json=body, token=boss.token, headers=headers, expect=201) for _ in range(2)
    )
    assert (first.json, again.headers["idempotent-replay"], len(mails())) == (again.json, "true", 1)


@pytest.mark.rule("HTTP-40", "AUTH-14")
def test_thirty_invitations_an_hour(invite: Invite, kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_INVITE", "2/3600")
    for number in range(2):
        invite(email=f"m{number}@example.in")
    before = kinds()
    assert invite(expect=429).code == "RATE_LIMITED"
    assert kinds() == before
