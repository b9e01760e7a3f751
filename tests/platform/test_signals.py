"""Security signals: one of many, never a failure of what raised it; and the refusals that raise one."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import pytest

from chalicelib.platform import signals, store
from chalicelib.platform.errors import RateLimited
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limit, Per
from chalicelib.platform.signals import SecuritySignal, Severity, SignalType
from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once

USER, SESSION = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0", "01JH8Z6V3N4Q5R6S7T8V9WXYZ1"
SLOW = Limit("sample-often", "5/60", Per.IP)


def kept(cloud: Emulator) -> list[SecuritySignal]:
    found = [store.read(raw) for raw in cloud.items() if raw["kind"]["S"] == "SecuritySignal"]
    return sorted((one for one in found if isinstance(one, SecuritySignal)), key=lambda one: one.id)


def raised(**more: Any) -> None:
    signals.notice(SignalType.REFRESH_REUSE, Severity.HIGH, user_id=USER, **more)


@pytest.mark.rule("SHIELD-51")
def test_repetitions_in_ten_minutes_raise_the_count(cloud: Emulator, window: Any) -> None:
    window(600)
    at_once([partial(raised, session_id=SESSION) for _ in range(6)])
    (signal,) = kept(cloud)
    assert (int(signal.times), signal.row["count"], signal.severity) == (6, 6, "HIGH")
    cloud.advance(590)
    raised(session_id=SESSION)
    assert len(kept(cloud)) == 1
    cloud.advance(10)
    raised(session_id=SESSION)
    assert [int(one.times) for one in kept(cloud)] == [7, 1]


@pytest.mark.rule("SHIELD-51")
def test_another_type_severity_or_session_is_another_signal(cloud: Emulator) -> None:
    raised(session_id=SESSION)
    raised()
    signals.notice(SignalType.REFRESH_REUSE, Severity.LOW, user_id=USER, session_id=SESSION)
    signals.notice(SignalType.OTP_SPAM, Severity.HIGH, user_id=USER, session_id=SESSION)
    assert [int(one.times) for one in kept(cloud)] == [1] * 4


@pytest.mark.rule("SHIELD-51")
@pytest.mark.parametrize("operation", ["TransactWriteItems", "UpdateItem"])
def test_a_signal_that_cannot_be_kept_fails_nothing(cloud: Emulator, operation: str) -> None:
    raised()
    cloud.fault("dynamodb", operation, "InternalServerError", times=10)
    raised()
    assert [int(one.times) for one in kept(cloud)] == [1]


def refuse(times: int, subject: str = "ip:203.0.113.7", limit: Limit = SLOW) -> None:
    """So many refusals, after what the limit lets pass."""
    left = times
    while left:
        try:
            limits.refuse_if_any([limits.hit(limit, subject)])
        except RateLimited:
            left -= 1


@pytest.mark.rule("HTTP-45")
def test_twenty_refusals_in_ten_minutes_raise_one_signal(cloud: Emulator, window: Any) -> None:
    window(3_600)
    for _ in range(3):
        refuse(6)
        cloud.advance(60)
    refuse(1)
    assert kept(cloud) == []
    refuse(1)
    (signal,) = kept(cloud)
    assert (signal.type, signal.severity, signal.meta.as_dict()) == (
        "TOO_MANY_REQUESTS",
        "MEDIUM",
        {"class": "sample-often"},
    )
    assert (signal.subject, signal.user_id) == ("203.0.113.0/24", None)
    refuse(50)
    assert [int(one.times) for one in kept(cloud)] == [1]


@pytest.mark.rule("HTTP-45")
def test_it_is_raised_once_an_hour_for_each_subject_and_class(cloud: Emulator, window: Any) -> None:
    window(3_600)
    refuse(20)
    cloud.advance(600)
    refuse(20)
    assert [int(one.times) for one in kept(cloud)] == [2]
    refuse(20, "ip:203.0.113.8")
    refuse(20, limit=Limit("sample-else", "5/60", Per.IP))
    assert len(kept(cloud)) == 3
    cloud.advance(3_000)
    refuse(20)
    assert len(kept(cloud)) == 4


@pytest.mark.rule("HTTP-45")
def test_who_goes_on_knocking_costs_no_further_write(cloud: Emulator, window: Any) -> None:
    window(3_600)
    refuse(20)
    with cloud.calls.during() as calls:
        refuse(3)
    # The class's own counter says enough.
    assert [call.operation for call in calls] == ["UpdateItem"] * 3


@pytest.mark.rule("HTTP-45")
@pytest.mark.parametrize(
    ("subject", "shown"),
    [("ip:2001:db8:1:2::/64", "2001:db8:1::/48"), ("ip:unknown", "unknown"), ("a" * 32, "a" * 32)],
)
def test_what_it_tells_of_whom_is_no_address(cloud: Emulator, window: Any, subject: str, shown: str) -> None:
    window(3_600)
    refuse(20, subject)
    (signal,) = kept(cloud)
    assert signal.subject == shown


@pytest.mark.rule("HTTP-45")
def test_a_refusal_stays_one_when_it_cannot_be_counted(cloud: Emulator, window: Any) -> None:
    window(3_600)
    refuse(1)
    verdict = limits.hit(SLOW, "ip:203.0.113.7")
    cloud.fault("dynamodb", "UpdateItem", "InternalServerError", times=10)
    with pytest.raises(RateLimited):
        limits.refuse_if_any([verdict])


@pytest.mark.rule("HTTP-45")
def test_a_person_who_is_refused_is_named(
    cloud: Emulator, client: Client, people: People, window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window(3_600)
    monkeypatch.setenv("RATE_EXPORT", "1/600")
    auditor = people.admin("ADMIN_SECURITY")
    query = {"from": "2026-01-01", "to": "2026-01-31"}
    statuses = [client.get("/v1/admin/audit/export.csv", token=auditor.token, query=query).status for _ in range(21)]
    assert statuses == [200] + [429] * 20
    (signal,) = kept(cloud)
    assert (signal.user_id, signal.meta.as_dict()) == (auditor.id, {"class": "export"})


@pytest.mark.rule("PAY-61", "SHIELD-51")
def test_a_forged_webhook_is_signalled_by_a_pseudonym(cloud: Emulator, client: Client, window: Any) -> None:
    window(3_600)
    for _ in range(3):
        client.post("/v1/payments/webhook/phonepe", body=b"{}", headers={"Authorization": "x"}, expect=401)
    (signal,) = kept(cloud)
    assert (signal.type, int(signal.times), signal.meta.as_dict()) == (
        "WEBHOOK_BAD_SIGNATURE",
        3,
        {"gateway": "PHONEPE", "wrong": "SIGNATURE"},
    )
    assert "203.0.113" not in str(signal.serialize())
    assert signal.subject != hashlib.sha256(b"203.0.113.7").hexdigest()[:32]
