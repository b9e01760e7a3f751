"""Codes of authenticator apps (AUTH-62): the vectors of RFC 4226 and RFC 6238, drift, addresses for QR codes."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from chalicelib.identity.factors import totp
from chalicelib.identity.factors.recovery import ALPHABET, hash_of, new_recovery_codes

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.rule("AUTH-62")
@pytest.mark.parametrize(
    ("epoch", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(epoch: int, code: str) -> None:
    assert totp.code_at(SECRET, totp.step_at(epoch), digits=8) == code
    assert totp.code_at(SECRET, totp.step_at(epoch)) == code[-6:]


@pytest.mark.rule("AUTH-62")
def test_the_vectors_of_rfc_4226() -> None:
    codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert [totp.code_at(SECRET, count) for count in range(10)] == codes


@pytest.mark.rule("AUTH-62")
def test_one_step_of_drift_either_way() -> None:
    epoch = 1_700_000_000
    now = totp.step_at(epoch)
    found = {drift: totp.step_of(SECRET, totp.code_at(SECRET, now + drift), epoch) for drift in range(-3, 4)}
    assert found == {-3: None, -2: None, -1: now - 1, 0: now, 1: now + 1, 2: None, 3: None}
    assert totp.step_of(SECRET, "", epoch) is None
    assert totp.step_of(SECRET, "४८२९१३", epoch) is None


@pytest.mark.rule("AUTH-24")
def test_the_address_of_the_qr_code() -> None:
    parts = urlsplit(totp.uri(SECRET, account="asha@example.in", issuer="Vidya & Sons"))
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/Vidya & Sons:asha@example.in")
    assert parse_qs(parts.query) == {
        "secret": [SECRET],
        "issuer": ["Vidya & Sons"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    first, second = totp.new_secret(), totp.new_secret()
    assert first != second
    assert len(base64.b32decode(first)) == 20


@pytest.mark.rule("AUTH-62")
def test_recovery_codes_are_ten_of_ten_characters() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(len(code) == 10 and set(code) <= set(ALPHABET) for code in codes)
    hashes = {hash_of(user, codes[0]) for user in ("A", "B")}
    assert len(hashes) == 2
    assert not any(codes[0] in one for one in hashes)
