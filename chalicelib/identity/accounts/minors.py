"""Students under age (USR-50): what registration asks them for, and what is not sent to them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from chalicelib.platform import clock, settings
from chalicelib.platform.errors import invalid

OFF, OPTIONAL, REQUIRED = "off", "optional", "required"
ASK_DATE_OF_BIRTH = settings.choice("ASK_DATE_OF_BIRTH", default=OFF, choices=(OFF, OPTIONAL, REQUIRED))
ASK_GUARDIAN = settings.choice("ASK_GUARDIAN", default=OFF, choices=(OFF, OPTIONAL, REQUIRED))
"""The e-mail of a guardian; where it is required, of those under age."""

OF_AGE = 18
OLDEST = 120


def age(born: date) -> int:
    """Whole years, today in the academy."""
    today = clock.academy_day(clock.now())
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _lived(born: date) -> date:
    if not 0 <= age(born) <= OLDEST:
        raise ValueError("must be the day on which somebody living was born")
    return born


BirthDate = Annotated[
    date,
    AfterValidator(_lived),
    WithJsonSchema({"type": "string", "format": "date", "maxLength": 10, "examples": ["2008-01-31"]}),
]
"""A day of birth in a body, ``2008-01-31``."""


def is_minor(born: date | str | None) -> bool:
    """Whether somebody says to be under 18; whoever was not asked does not."""
    if born is None:
        return False
    return age(date.fromisoformat(born) if isinstance(born, str) else born) < OF_AGE


def check_asked(email: str, born: date | None, guardian_email: str | None) -> None:
    """422 for what the academy asks for and is missing, and for what it does not ask for."""
    _check("dateOfBirth", ASK_DATE_OF_BIRTH(), given=born is not None, needed=True)
    _check("guardianEmail", ASK_GUARDIAN(), given=guardian_email is not None, needed=is_minor(born))
    if guardian_email == email:
        raise invalid("body.guardianEmail", "SAME", "must be another one's address")


def _check(field: str, asked: str, *, given: bool, needed: bool) -> None:
    if given and asked == OFF:
        raise invalid(f"body.{field}", "NOT_ASKED", "is not asked for here")
    if needed and not given and asked == REQUIRED:
        raise invalid(f"body.{field}", "MISSING", "is needed to register")
