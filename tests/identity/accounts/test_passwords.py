"""Password rules and hashes (AUTH-40, AUTH-41)."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.identity.accounts import passwords
from chalicelib.identity.accounts.errors import PasswordTooWeak
from chalicelib.platform.access.catalogue import UserType


def refusal(password: str, user_type: str = "STUDENT", email: str = "a.b@example.in", name: str = "Asha") -> str | None:
    try:
        passwords.check_password(password, user_type=user_type, email=email, name=name)
    except PasswordTooWeak as error:
        return str(error.details[0]["issue"])  # type: ignore[index]
    return None


@pytest.mark.rule("AUTH-40")
def test_length_depends_on_the_kind_of_account() -> None:
    assert refusal("k7#pQz!4") is None
    assert refusal("k7#pQz!") == "LENGTH"
    for staff in (UserType.ADMIN, UserType.OPERATOR):
        assert refusal("k7#pQz!4xyw", staff) == "LENGTH"
        assert refusal("k7#pQz!4xyw2", staff) is None
    assert refusal("पासवर्ड है") is None
    assert refusal("ab" * 64) is None
    assert refusal("ab" * 64 + "c") == "LENGTH"


@pytest.mark.rule("AUTH-40")
def test_the_list_has_ten_thousand_and_knows_no_case() -> None:
    assert passwords.COMMON.stat().st_size == 10_000 * passwords.PREFIX_BYTES
    assert refusal("QWERTY123") == "COMMON"
    assert refusal("iLoveYou1") == "COMMON"


@pytest.mark.rule("AUTH-40")
def test_personal_parts_need_four_letters() -> None:
    assert refusal("xx-a.b-something-9") is None
    assert refusal("xx-asha-something-9") == "PERSONAL"
    assert refusal("xx-ASHA-something-9") == "PERSONAL"
    assert refusal("xx-bob-something-9", name="Bob") is None
    assert refusal("xxashaverma9", name="Asha Verma") == "PERSONAL"


@pytest.mark.rule("AUTH-40")
@given(st.characters(codec="utf-8", categories=["L", "N"]), st.integers(8, 60))
def test_one_repeated_character_is_simple(character: str, times: int) -> None:
    assert passwords.is_simple(character * times)


@pytest.mark.rule("AUTH-40")
@given(st.integers(0, 9), st.integers(8, 40), st.sampled_from([1, -1]))
def test_runs_of_digits_are_simple(start: int, length: int, step: int) -> None:
    assert passwords.is_simple("".join(str((start + step * place) % 10) for place in range(length)))


@pytest.mark.rule("AUTH-41")
@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_a_hash_verifies_its_password_however_it_was_typed(password: str) -> None:
    hashed = passwords.hash_password(password)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.is_right_password(unicodedata.normalize("NFKC", password), hashed)
    assert not passwords.is_right_password(password + "x", hashed)


@pytest.mark.rule("AUTH-41")
def test_without_a_hash_nothing_is_right_but_the_work_is_done() -> None:
    assert not passwords.is_right_password("anything", None)
    assert not passwords.is_right_password("anything", "not a hash")
    assert not passwords.is_outdated_hash(passwords._dummy())


@pytest.mark.rule("AUTH-41")
def test_other_parameters_are_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGON2_TIME", "1")
    hashed = passwords.hash_password("k7#pQz!4")
    assert not passwords.is_outdated_hash(hashed)
    monkeypatch.delenv("ARGON2_TIME")
    assert passwords.is_outdated_hash(hashed)


@pytest.mark.rule("AUTH-40")
def test_functions_that_check_no_password_load_nothing_of_it() -> None:
    code = (
        "import sys, functions.identity.profile as module;"
        "from chalicelib.identity.accounts import passwords;"
        "assert 'argon2' not in sys.modules; assert 'idna' not in sys.modules;"
        "assert passwords._common.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
