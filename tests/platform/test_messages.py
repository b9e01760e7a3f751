"""Messages as their causes put them (NTF-51, NTF-52, AUTH-46)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.platform import clock, messages, store
from chalicelib.platform.messages import Channel, Message, MessageClass, Status, Template
from chalicelib.platform.store import Key
from infra.local.emulator import Emulator

TO = "asha@example.in"
LETTER = Template("TEST_LETTER", MessageClass.SECURITY, ("a",), ("b",), ("code",), elsewhere=True)


def post(dedup: str = "D:1", to: str = TO, **more: Any) -> Message:
    tx = store.Transaction()
    given = {"payload": {"a": 1}, "sealed": {"code": "483920"}, **more}
    message = messages.post(tx, LETTER, to, dedup=dedup, **given)
    tx.commit()
    return message


@pytest.mark.rule("NTF-51", "NTF-52", "AUTH-46")
def test_a_message_is_one_item_in_the_transaction_of_its_cause(cloud: Emulator) -> None:
    with cloud.calls.during() as calls:
        put = post(user_id="U1", locale="hi-IN", expires_at=clock.now() + timedelta(minutes=10))
    assert [call.name for call in calls if call.service == "dynamodb"] == ["dynamodb.TransactWriteItems"]
    (item,) = cloud.items()
    assert "483920" not in str(item)
    assert (item["status"]["S"], item["attempts"]["N"]) == (Status.QUEUED, "0")
    assert TO not in item["pk"]["S"]
    found = store.get(Message, put.itself)
    assert found is not None
    assert messages.unsealed(found) == {"code": "483920"}
    assert (found.user_id, found.locale, found.channel) == ("U1", "hi-IN", Channel.EMAIL)
    assert int(found.ttl) == pytest.approx(clock.epoch() + 180 * 86_400, abs=5)


@pytest.mark.rule("NTF-51")
def test_one_cause_makes_one_message(cloud: Emulator) -> None:
    post("D:1")
    with pytest.raises(store.TransactionLost) as lost:
        post("D:1")
    assert lost.value.failed("message")
    post("D:2")
    post("D:1", "ravi@example.in")
    assert len(cloud.items()) == 3


@pytest.mark.rule("NTF-52")
@pytest.mark.parametrize(
    "given",
    [
        {"payload": {}},
        {"payload": {"a": 1, "more": 2}},
        {"payload": {"a": 1, "code": "483920"}},
        {"sealed": None},
        {"sealed": {"code": "1", "b": "2"}},
    ],
)
def test_variables_are_those_that_the_template_declares(cloud: Emulator, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="TEST_LETTER"):
        post(**given)
    assert cloud.items() == []


@pytest.mark.rule("NTF-51")
def test_an_id_carries_the_key_and_nothing_else_does(cloud: Emulator) -> None:
    put = post("AUTH_OTP:01M7:नमस्ते")
    assert messages.key_of(put.id) == put.itself
    for wrong in ("", "x", "%%%%", "a" * 43, put.id[:20], messages.message_id(Key("MSGTO#" + "G" * 32, "MSG#x"))):
        assert messages.key_of(wrong) is None


@pytest.mark.rule("NTF-71")
def test_a_decoy_is_written_like_a_message_and_is_none(cloud: Emulator) -> None:
    tx = store.Transaction()
    messages.post_decoy(tx, LETTER, TO, dedup="D:1", expires_at=clock.now() + timedelta(minutes=10))
    tx.commit()
    (item,) = cloud.items()
    assert item["kind"]["S"] == "MessageDecoy"
    assert "gsi1pk" not in item
    with pytest.raises(store.TransactionLost):
        post("D:1")


def test_a_template_is_declared_once() -> None:
    one = Template("TEST_ONCE", MessageClass.SERVICE, ("a",))
    try:
        assert messages.declared()["TEST_ONCE"] == one
        assert Template("TEST_ONCE", MessageClass.SERVICE, ("a",)) == one
        with pytest.raises(ValueError, match="declared twice"):
            Template("TEST_ONCE", MessageClass.SERVICE, ("b",))
    finally:
        messages._declared.pop("TEST_ONCE")
