"""Students under age (USR-50)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from chalicelib.identity.accounts import is_minor
from chalicelib.platform import clock
from infra.local.emulator import Emulator
from tests.identity.conftest import Register
from tests.identity.people.conftest import user_of

Kinds = Callable[[], dict[str, int]]
GUARDIAN = "guardian@example.in"
DAY = 86_400


def born(years: int) -> str:
    """The birthday, years ago today."""
    today = clock.academy_day(clock.now())
    return date(today.year - years, today.month, min(today.day, 28)).isoformat()


@pytest.mark.rule("USR-50")
@pytest.mark.parametrize(("years", "marketing"), [(17, False), (12, False), (19, True)])
def test_whoever_is_under_age_gets_no_marketing_mails(
    register: Register, monkeypatch: pytest.MonkeyPatch, years: int, marketing: bool
) -> None:
    monkeypatch.setenv("ASK_DATE_OF_BIRTH", "optional")
    monkeypatch.setenv("ASK_GUARDIAN", "optional")
    more = {"dateOfBirth": born(years), "guardianEmail": GUARDIAN, "marketingEmail": True}
    user = user_of(register(**more).json["user"]["id"])
    assert (user.marketing_email, user.date_of_birth, user.guardian_email) == (marketing, born(years), GUARDIAN)
    assert user.terms_version == "1"


@pytest.mark.rule("USR-50")
@pytest.mark.parametrize(
    ("asked", "guardian", "given", "problem"),
    [
        ("off", "off", {"dateOfBirth": "2000-01-31"}, {"body.dateOfBirth": "NOT_ASKED"}),
        ("optional", "off", {"guardianEmail": GUARDIAN}, {"body.guardianEmail": "NOT_ASKED"}),
        ("required", "off", {}, {"body.dateOfBirth": "MISSING"}),
        ("required", "required", {"dateOfBirth": "minor"}, {"body.guardianEmail": "MISSING"}),
        (
            "required",
            "required",
            {"dateOfBirth": "minor", "guardianEmail": "Asha@example.in"},
            {"body.guardianEmail": "SAME"},
        ),
        ("optional", "off", {"dateOfBirth": "2999-01-01"}, {"body.dateOfBirth": "VALUE_ERROR"}),
        ("optional", "off", {"dateOfBirth": "1800-01-01"}, {"body.dateOfBirth": "VALUE_ERROR"}),
        ("required", "required", {"dateOfBirth": "1999-01-31"}, None),
        ("off", "off", {}, None),
    ],
)
def test_what_is_asked_for_by_configuration(
    register: Register,
    kinds: Kinds,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    guardian: str,
    given: dict[str, str],
    problem: dict[str, str] | None,
) -> None:
    monkeypatch.setenv("ASK_DATE_OF_BIRTH", asked)
    monkeypatch.setenv("ASK_GUARDIAN", guardian)
    given = {name: born(15) if value == "minor" else value for name, value in given.items()}
    answer = register(expect=422 if problem else 201, **given)
    if problem:
        assert answer.issues == problem
        assert kinds() == {}


@pytest.mark.rule("USR-50")
def test_somebody_comes_of_age_on_their_birthday(cloud: Emulator) -> None:
    while clock.academy_day(clock.now()).day > 26:
        cloud.advance(DAY)
    day = clock.academy_day(clock.now())
    birthday = date(day.year - 18, day.month, day.day)
    assert is_minor(birthday) is False
    assert is_minor(birthday + timedelta(days=1)) is True
    assert is_minor(None) is False
    cloud.advance(DAY)
    assert is_minor(birthday + timedelta(days=1)) is False


@pytest.mark.rule("USR-50")
def test_a_later_version_of_the_terms_is_kept(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMS_VERSION", "2026-11")
    user = user_of(register().json["user"]["id"])
    assert (user.terms_version, user.terms_accepted_at is not None) == ("2026-11", True)
