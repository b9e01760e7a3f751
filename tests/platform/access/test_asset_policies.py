"""Who of the staff looks at which files: by what these are for."""

from __future__ import annotations

import pytest

from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide
from tests.platform.access.callers import OTHER, asset, caller

BY_PURPOSE = {
    "NOTES_PDF": {"notes.read"},
    "EVIDENCE_IMAGE": {"security.manage"},
    "SETTLEMENT_CSV": {"payments.manage"},
    "PRINT_PDF": {"content.read", "content.manage", "print.generate"},
    "QUESTION_IMAGE": {"content.read", "content.manage", "questions.write"},
    "OPTION_IMAGE": {"content.read", "content.manage", "questions.write"},
    "EXPLANATION_IMAGE": {"content.read", "content.manage", "questions.write"},
    "COURSE_IMAGE": {"content.read", "content.manage", "courses.write"},
    "COURSE_FILE": {"content.read", "content.manage", "courses.write"},
    "CMS_IMAGE": {"content.read", "content.manage"},
    "OTHER": {"content.read", "content.manage"},
    "AVATAR": {"content.read", "content.manage"},
}


@pytest.mark.rule("ACC-63")
@pytest.mark.policy("read-by-purpose", "allows")
@pytest.mark.parametrize("purpose", BY_PURPOSE)
def test_staff_look_at_the_files_of_their_work(purpose: str) -> None:
    for permission in BY_PURPOSE[purpose]:
        decision = decide(caller("ADMIN", permission), Actions.FILES_READ, asset(OTHER, purpose))
        assert decision.policies == ("read-by-purpose",), permission


@pytest.mark.rule("ACC-63")
@pytest.mark.policy("read-by-purpose", "refuses")
@pytest.mark.parametrize("purpose", BY_PURPOSE)
def test_staff_look_at_no_other_files_and_others_at_none(purpose: str) -> None:
    others = set(map(str, Actions.FILES_READ.permissions)) - BY_PURPOSE[purpose]
    decision = decide(caller("ADMIN", *others), Actions.FILES_READ, asset(OTHER, purpose))
    assert (decision.allowed, decision.reason) == (False, "MISSING_PERMISSION")
    for user_type in ("STUDENT", "OPERATOR"):
        person = caller(user_type, *BY_PURPOSE[purpose])
        decision = decide(person, Actions.FILES_READ, asset(person.user_id, purpose))
        assert (decision.allowed, decision.reason) == (False, "WRONG_USER_TYPE")
