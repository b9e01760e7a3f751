"""A small academy in which every path names something, and everybody who may call it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from chalicelib.content.files.scans import HEADER, signature
from chalicelib.content.notes.items import Note
from chalicelib.identity.roles import seed_roles
from chalicelib.platform import clock, store
from chalicelib.platform.access.catalogue import DEFAULT_ROLES, SUPER_ADMIN, UserType
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.openapi.document import document
from infra.local.emulator import Emulator
from tests.architecture import known_secrets
from tests.architecture.security_things import put_leak_case, put_signal, put_view_session
from tests.commerce.invoices.office import put_invoice
from tests.commerce.payments.refunded import put_refund
from tests.commerce.payments.shop import Shop, Street, forget_tokens, street
from tests.commerce.payments.told import at_the_counter, put_event
from tests.content.assets import shelf
from tests.content.desk import Desk
from tests.engagement.notifications.outbox import put_receipt
from tests.support.client import Client, Response
from tests.support.engine import kept, put_back
from tests.support.people import People, Person, sign

ANONYMOUS, STUDENT, OTHER = "anonymous", "student", "other-student"
BLOCKED, EXPIRED, FORGED = "blocked", "expired-token", "forged-token"
STAFF = tuple(role.key for role in DEFAULT_ROLES if role.user_type == UserType.ADMIN)
OPERATOR = "CENTRE_OWNER"
CALLERS = (ANONYMOUS, STUDENT, OTHER, *STAFF, OPERATOR, BLOCKED, EXPIRED, FORGED)
_READS = frozenset({"GetItem", "BatchGetItem", "Query", "DescribeTable"})
_VIEWING = frozenset(
    {"get_content", "get_page", "get_watermark", "renew_view_session", "close_view_session", "report_view_events"}
)
_UNCOUNTED = (
    *("AUTH", "AUTH_ADDRESS", "AUTH_FAILURES", "OTP_ADDRESS", "OTP_HOUR", "REGISTER", "REGISTER_DAY", "REFRESH"),
    *("CHECKOUT", "UPLOAD", "VIEW_SESSION", "INVITE"),
)
"""Limits that a matrix of everybody would reach."""
SIGNED_IN = frozenset({STUDENT, OTHER, *STAFF, OPERATOR})


def _forged(cloud: Emulator, person: Person) -> str:
    """A token of a super-admin under our key's id, signed by another key."""
    ours = json.loads(cloud.secret("JWT_KEYS"))[0]
    other = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())))
    return sign({**ours, "jwk": other, "alg": "ES256"}, person.id, person.session_id, person.user_type, 1, 900)


class World:
    """Who calls (``tokens``), what paths name (``named``), and example bodies."""

    def __init__(self, cloud: Emulator, outside: Street) -> None:
        self.cloud = cloud
        self.client = Client(cloud)
        self.people = People(cloud)
        self.desk = Desk(cloud, self.client, self.people)
        self.shop = Shop(cloud, self.client, self.people, outside.simulator, outside.doorstep)
        self._made: Any = None
        self.persons = self._persons()
        self.tokens = self._tokens()
        self.named = self._named()
        self._secret_bodies = known_secrets.put_for(self.persons[OTHER], self.persons.values())
        # Preflights ask nobody who they are (HTTP-05).
        every = [one for one in cloud.lambdas.functions.values() if isinstance(one, Endpoint)]
        endpoints = [one for one in every if one.method != "OPTIONS"]
        self.endpoints = {str(one.place): one for one in endpoints}
        self._document = document(endpoints)

    def _persons(self) -> dict[str, Person]:
        now = clock.epoch()
        everything = {"kind": "ALL", "startsAt": now - 1, "endsAt": now + 86_400}
        return {
            STUDENT: self.people.student(entitlements={"E1": everything}, entitled_until=now + 86_400),
            OTHER: self.people.student(),
            **{role: self.people.admin(role) for role in STAFF},
            OPERATOR: self.people.admin(OPERATOR),
            BLOCKED: self.people.admin(SUPER_ADMIN, status="BLOCKED"),
        }

    def _tokens(self) -> dict[str, str | None]:
        boss = self.persons[SUPER_ADMIN]
        return {
            ANONYMOUS: None,
            **{name: person.token for name, person in self.persons.items()},
            EXPIRED: self.people.token(
                boss.id, boss.session_id, boss.user_type, seconds=-3_600, iat=clock.epoch() - 7_200
            ),
            FORGED: _forged(self.cloud, boss),
        }

    def _named(self) -> dict[str, str]:
        subject = self.desk.subject()
        note = self.desk.note(subject=subject, isPremium=True, previewAllowed=True)
        store.update(Note, Note.place(note["id"]), [Note.preview_asset_id.set(self.desk.file())])
        self.shop.plan("notes-yearly")
        seed_roles()
        return {
            "key": "ADMIN_TEST",
            "userId": self.persons[OTHER].id,
            "sessionId": self.persons[OTHER].session_id,
            "subjectId": subject["id"],
            "topicId": self.desk.topic(subject)["id"],
            "tagId": self.desk.tag()["id"],
            "noteId": note["id"],
            "n": "1",
            "page": "1",
            "fileAssetId": self.desk.file(),
            "planKey": "notes-yearly",
            "subscriptionId": self._subscription(),
            "batchId": self._gifts(),
            "linkId": self._link(),
            "merchantTransactionId": self._order(),
            "number": "PS-26-27-000001",
            "gateway": "PHONEPE",
            "eventId": put_event(),
            "couponCode": self._coupon(),
            "merchantRefundId": put_refund(self.persons[STUDENT].id),
            "asset": "reader.css",
            "assetId": self._picture(),
            "inviteId": known_secrets.INVITE_ID,
            "templateKey": self._wording(),
            "messageId": put_receipt().id,
            "leakCaseId": put_leak_case(self.persons[SUPER_ADMIN]),
            "signalId": put_signal(self.persons[OTHER]),
            "viewSessionId": put_view_session(self.persons[OTHER], note["id"]),
            "auditId": next(raw["id"]["S"] for raw in self.cloud.items() if raw["kind"]["S"] == "AuditEntry"),
        }

    def _link(self) -> str:
        body = {"userId": self.persons[OTHER].id, "planKey": "notes-yearly"}
        token = self.persons[SUPER_ADMIN].token
        return str(self.client.post("/v1/admin/payments/links", json=body, token=token, expect=201).json["linkId"])

    def _order(self) -> str:
        """A student's order that waits for its payment; it has an invoice all the same, to be looked at."""
        student = self.persons[STUDENT]
        order_id = self.shop.order_of(student, "notes-yearly")
        put_invoice(student.id, order_id)
        return order_id

    def _gifts(self) -> str:
        body = {"planKey": "notes-yearly", "emails": ["nobody@example.com"], "reason": "A camp"}
        token, headers = self.persons[SUPER_ADMIN].token, {"Idempotency-Key": "K" * 20}
        path = "/v1/admin/subscriptions/batch"
        return str(self.client.post(path, json=body, token=token, headers=headers, expect=202).json["batchId"])

    def _subscription(self) -> str:
        """One of the other student's that was cancelled: it opens nothing."""
        path = f"/v1/admin/users/{self.persons[OTHER].id}/subscriptions"
        body, token = {"planKey": "notes-yearly", "reason": "A prize"}, self.persons[SUPER_ADMIN].token
        headers = {"Idempotency-Key": "K" * 20}
        given = self.client.post(path, json=body, token=token, headers=headers, expect=201).json
        self.client.post(f"{path}/{given['id']}/cancel", json={"reason": "A mistake"}, token=token, expect=200)
        self._entitlement = str(given["entitlementIds"][0])
        return str(given["id"])

    def _coupon(self) -> str:
        dates = {"startAt": "2026-01-01T00:00:00Z", "endAt": "2099-01-01T00:00:00Z"}
        body = {"code": "WORLD10", "type": "PERCENT", "value": 10, **dates}
        self.client.post("/v1/admin/coupons", json=body, token=self.persons[SUPER_ADMIN].token, expect=201)
        return "WORLD10"

    def _picture(self) -> str:
        asset_id = shelf.put(purpose="CMS_IMAGE")
        shelf.use(asset_id, "PAGE")
        return asset_id

    def _wording(self) -> str:
        key, boss = "AUTH_PASSWORD_CHANGED", self.persons[SUPER_ADMIN]
        body = {"subject": "News", "body": {"html": "<p>{{ device }}</p>"}}
        self.client.put(f"/v1/admin/notifications/templates/{key}", json=body, token=boss.token, expect=200)
        return key

    def path(self, endpoint: Endpoint) -> str:
        """The endpoint's path with something that exists in each of its places."""
        path = endpoint.path
        for name in [name for name, _ in endpoint.path_rules.values()]:
            path = path.replace(f"{{{name}}}", self.named[name]).replace(f"{{{name}+}}", self.named[name])
        return path

    def body(self, endpoint: Endpoint) -> Any:
        """A body that fits, None where none is taken; of what is known by its secret, the other student's."""
        person = self.persons[OTHER]
        known = {
            "login": {"email": person.email, "password": person.password},
            "refresh": {"refreshToken": person.refresh_token},
            **self._secret_bodies,
            **known_secrets.second_factor_bodies(person),
            "revoke_entitlement": {"entitlementId": self._entitlement, "reason": "A mistake"},
            "take_scan_result": {"objectKey": "notes/2026/01/nothing.pdf", "result": "CLEAN"},
            "checkout": {"planKey": self.named["planKey"], "billing": {"state": "KA"}},
            "quote": {"planKey": self.named["planKey"], "billing": {"state": "KA"}},
            "send_payment_link": {"userId": person.id, "planKey": self.named["planKey"]},
            "record_offline_order": at_the_counter(person.id, self.named["planKey"]),
            "explain_access": {"userId": person.id, "action": "notes.open", **self._note()},
            "check_access": {"checks": [{"action": "notes.open", **self._note()}]},
        }
        if endpoint.name in known:
            return known[endpoint.name]
        operation = self._document["paths"].get(endpoint.path, {}).get(endpoint.method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            return content["example"]
        return next((one["value"] for one in content.get("examples", {}).values()), None)

    def _note(self) -> dict[str, str]:
        return {"resourceType": "Note", "resourceId": self.named["noteId"]}

    def headers(self, endpoint: Endpoint, caller: str) -> dict[str, str]:
        """What else the request must carry: a view token of the caller's own, the gateway's password."""
        if endpoint.name == "phonepe_webhook":
            pair = json.loads(self.cloud.secret("PHONEPE_WEBHOOK"))["credentials"][0]
            return {"Authorization": sha256(f"{pair['username']}:{pair['password']}".encode()).hexdigest()}
        if endpoint.name == "take_scan_result":
            return {HEADER: signature(json.dumps(self.body(endpoint)).encode(), clock.epoch())}
        headers = {"Idempotency-Key": "K" * 20} if endpoint.method == "POST" else {}
        if endpoint.name in _VIEWING:
            headers["X-View-Token"] = self._view_token(caller)
            headers["Range"] = "bytes=0-99"
        return headers

    def _view_token(self, caller: str) -> str:
        opened = self.client.post(f"/v1/notes/{self.named['noteId']}/view-session", token=self.tokens[caller])
        return str(opened.json["viewToken"]) if opened.status == 201 else "v" * 43

    def call(self, endpoint: Endpoint, caller: str) -> int:
        """The status that this caller gets for a sound request."""
        return self.answer(endpoint, caller).status

    def answer(self, endpoint: Endpoint, caller: str, query: Mapping[str, str] | None = None) -> Response:
        """The whole answer; ``query``: parameters beside those of the path."""
        headers = self.headers(endpoint, caller)
        token = None if "Authorization" in headers else self.tokens[caller]
        path, body = self.path(endpoint), self.body(endpoint)
        return self.client.call(endpoint.method, path, json=body, query=query, token=token, headers=headers)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever happens inside, the table is afterwards as it was when this was first entered."""
        if self._made is None:
            self._made = kept(self.cloud)
        with self.cloud.calls.during() as calls:
            yield
        writes = [call for call in calls if call.service == "dynamodb" and call.operation not in _READS]
        if writes:
            put_back(self.cloud, self._made, {key for call in writes for key in call.target.leading_keys})


@contextmanager
def world(emulator: Emulator) -> Iterator[World]:
    """An academy of its own in the emptied cloud, with a payment gateway on its street."""
    emulator.reset()
    forget_tokens()
    with street(emulator) as opened, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
        patch.setenv("PHONEPE_API_BASE_URL", opened.simulator.url)
        patch.setenv("PHONEPE_AUTH_BASE_URL", opened.simulator.url)
        patch.setenv("PHONEPE_CALLBACK_URL", opened.doorstep.url)
        for limit in _UNCOUNTED:
            patch.setenv(f"RATE_{limit}", "off")
        yield World(emulator, opened)
