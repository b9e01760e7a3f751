"""What is read again but not by whoever reads the table (AUTH-46)."""

from __future__ import annotations

import base64

import pytest

from chalicelib.platform import sealing
from infra.local.emulator import Emulator

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.mark.rule("AUTH-46")
def test_what_is_sealed_opens_again_and_says_nothing() -> None:
    one, two = (sealing.seal("483920 नमस्ते", about="M1") for _ in range(2))
    assert one != two
    assert sealing.unseal(one, about="M1") == sealing.unseal(two, about="M1") == "483920 नमस्ते"
    assert b"483920" not in base64.b64decode(one)


@pytest.mark.rule("AUTH-46")
def test_it_opens_only_for_what_it_was_sealed_about(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = sealing.seal("483920", about="M1")
    with pytest.raises(ValueError, match="not sealed here"):
        sealing.unseal(sealed, about="M2")
    monkeypatch.setenv("STAGE", "prod")
    with pytest.raises(ValueError, match="not sealed here"):
        sealing.unseal(sealed, about="M1")


@pytest.mark.rule("AUTH-46")
@pytest.mark.parametrize("change", ["first", "last", "short", "no base64"])
def test_altered_text_does_not_open(change: str) -> None:
    raw = bytearray(base64.b64decode(sealing.seal("483920", about="M1")))
    raw[0 if change == "first" else -1] ^= 1
    altered = {"short": base64.b64encode(raw[:20]).decode(), "no base64": "%%%"}
    with pytest.raises(ValueError):
        sealing.unseal(altered.get(change, base64.b64encode(raw).decode()), about="M1")


@pytest.mark.rule("AUTH-46")
def test_a_pseudonym_is_steady_and_of_one_purpose(cloud: Emulator) -> None:
    one = sealing.pseudonym("recipient", "asha@example.in")
    assert one == sealing.pseudonym("recipient", "asha@example.in")
    assert (
        len({one, sealing.pseudonym("otp", "asha@example.in"), sealing.pseudonym("recipient", "ravi@example.in")}) == 3
    )
    assert len(one) == 32
    assert set(one) <= set("0123456789abcdef")
