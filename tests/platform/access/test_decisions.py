"""How a decision comes about: what is refused early, the order of reasons, and that doubt refuses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.platform import clock
from chalicelib.platform.access import decisions
from chalicelib.platform.access.caller import Caller, recognize
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import DEFAULT_ROLES, Action, Actions, Permission, UserType
from chalicelib.platform.access.decisions import (
    REASON_ORDER,
    Question,
    decide,
    decide_all,
    decide_many,
    refusal,
    screen,
)
from chalicelib.platform.access.policies import policy_text, resource_types
from chalicelib.platform.access.resources import ACADEMY, Entity
from chalicelib.platform.access.tokens import Claims
from chalicelib.platform.errors import ApiError, SessionRevoked, Unavailable
from tests.platform.access.callers import (
    DAY,
    DEVICE,
    NOTE,
    OTHER,
    SESSION,
    asset,
    caller,
    entitlement,
    exam,
    note,
    of_role,
)

ALL = sorted(Actions.all().values(), key=lambda action: action.name)
PEOPLE = some.builds(
    lambda user_type, names, mfa, status: caller(user_type, *names, mfa=mfa, status=status),
    some.sampled_from([str(one) for one in UserType]),
    some.sets(some.sampled_from([str(one) for one in Permission]), max_size=6),
    some.booleans(),
    some.sampled_from(["ACTIVE", "BLOCKED"]),
)
THINGS = some.sampled_from(
    [None, ACADEMY, note(), note(published=False), note(premium=False), Entity("User", OTHER), asset(OTHER)]
)


def _screened(person: Caller, action: Action) -> bool:
    try:
        screen(person, action)
    except ApiError:
        return True
    return False


@pytest.mark.rule("ACC-51")
@pytest.mark.parametrize("mfa", ["optional", "required"])
def test_what_is_refused_before_reading_the_policies_would_refuse_too(
    mfa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``screen`` refuses nothing that Cedar would allow, whoever asks for whatever."""
    monkeypatch.setenv("MFA_ADMIN", mfa)

    @given(PEOPLE, some.sampled_from(ALL), THINGS)
    def check(person: Caller, action: Action, thing: Entity | None) -> None:
        if _screened(person, action):
            assert not decide(person, action, thing or (asset(person.user_id) if action.late else None)).allowed

    check()


@pytest.mark.rule("ACC-51")
@pytest.mark.parametrize("action", ALL, ids=lambda one: one.name)
def test_what_no_policy_speaks_of_is_refused(action: Action) -> None:
    """A card without anything, and a thing of a kind that no policy names."""
    assert not decide(caller("OPERATOR"), action, Entity("Banner", OTHER)).allowed or action in {
        Actions.NOTES_BROWSE,
        Actions.TESTS_BROWSE,
        Actions.SEARCH_USE,
        Actions.TAXONOMY_BROWSE,
    }


@pytest.mark.rule("ACC-51")
def test_a_policy_that_fails_refuses() -> None:
    """A free note without what the ban asks for: Cedar passes over the ban, and the note would open."""
    free = {"subjectId": OTHER, "topicPathIds": [], "published": True, "premium": False, "preview": False}
    assert decide(caller(), Actions.NOTES_OPEN, Entity("Note", NOTE, {**free, "noteId": NOTE})).allowed
    assert not decide(caller(), Actions.NOTES_OPEN, Entity("Note", NOTE, free)).allowed


@pytest.mark.rule("ACC-51")
def test_many_decisions_are_one_question_with_the_same_answers() -> None:
    person = caller(entitlements=entitlement("NOTES", noteIds=[NOTE]))
    things = [note(), note(noteId=OTHER), note(noteId=OTHER, premium=False), note(published=False)]
    together = decide_all(person, Actions.NOTES_OPEN, things[:2])
    assert [one.allowed for one in together] == [
        decide(person, Actions.NOTES_OPEN, thing).allowed for thing in things[:2]
    ]
    assert decide_all(person, Actions.NOTES_OPEN, []) == []
    mixed = [
        Question(Actions.NOTES_OPEN, things[0]),
        Question(Actions.NOTES_OPEN, things[1]),
        Question(Actions.TESTS_ATTEMPT, exam(free=True)),
        Question(Actions.TESTS_ATTEMPT, exam(testId=OTHER, open=False)),
        Question(Actions.PROFILE_READ, Entity("User", person.user_id)),
        Question(Actions.CONTENT_MANAGE, ACADEMY),
    ]
    assert decide_many(person, mixed) == [decide(person, action, thing) for action, thing in mixed]


@pytest.mark.rule("ACC-55")
def test_of_several_reasons_the_first_in_the_order_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocked, type, MFA, feature, tenant, published, ban, device, permission, owner, entitlement: one by one away."""
    monkeypatch.setenv("FEATURES_OFF", "notes")
    banned = {"note_bans": {NOTE: 2**33}, "device_bans": {DEVICE: 2**33}}
    draft, premium = note(published=False), note()
    said = [
        decide(caller(device=DEVICE, status="BLOCKED", **banned), Actions.NOTES_OPEN, draft).reason,
        decide(caller(device=DEVICE, **banned), Actions.NOTES_OPEN, draft).reason,
    ]
    monkeypatch.setenv("FEATURES_OFF", "")
    said += [
        decide(caller(device=DEVICE, **banned), Actions.NOTES_OPEN, draft).reason,
        decide(caller(device=DEVICE, **banned), Actions.NOTES_OPEN, premium).reason,
        decide(caller(device=DEVICE, device_bans={DEVICE: 2**33}), Actions.NOTES_OPEN, premium).reason,
        decide(caller(), Actions.NOTES_OPEN, premium).reason,
    ]
    assert said == ["ACCOUNT_BLOCKED", "FEATURE_OFF", "NOT_PUBLISHED", "NOTE_BANNED", "DEVICE_BANNED", "NO_ENTITLEMENT"]
    assert said == sorted(said, key=REASON_ORDER.index)


@pytest.mark.rule("ACC-55")
def test_the_reasons_are_those_of_the_page_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that can be against sitting a test of another centre, taken away one by one."""
    assert len(REASON_ORDER) == len(set(REASON_ORDER)) == 15
    monkeypatch.setenv("FEATURES_OFF", "tests")
    facts: dict[str, object] = {"published": False, "open": False, "tenantId": OTHER}
    said = [decide(caller(status="BLOCKED"), Actions.TESTS_ATTEMPT, exam(**facts)).reason]
    said.append(decide(caller(), Actions.TESTS_ATTEMPT, exam(**facts)).reason)
    monkeypatch.setenv("FEATURES_OFF", "")
    for name, better in (("tenantId", None), ("published", True), ("open", True)):
        said.append(decide(caller(), Actions.TESTS_ATTEMPT, exam(**facts)).reason)
        facts[name] = better
        facts = {key: one for key, one in facts.items() if one is not None}
    said.append(decide(caller(), Actions.TESTS_ATTEMPT, exam(**facts)).reason)
    wanted = ["ACCOUNT_BLOCKED", "FEATURE_OFF", "OTHER_TENANT", "NOT_PUBLISHED", "NOT_OPEN", "NO_ENTITLEMENT"]
    assert said == wanted == sorted(wanted, key=REASON_ORDER.index)


@pytest.mark.rule("ACC-55")
def test_of_several_reasons_against_staff_the_first_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_ADMIN", "required")
    assert decide(caller("STUDENT", status="BLOCKED"), Actions.CONTENT_MANAGE).reason == "ACCOUNT_BLOCKED"
    assert decide(caller("STUDENT"), Actions.CONTENT_MANAGE).reason == "WRONG_USER_TYPE"
    assert decide(caller("ADMIN"), Actions.CONTENT_MANAGE).reason == "MFA_REQUIRED"
    assert decide(caller("ADMIN", mfa=True), Actions.CONTENT_MANAGE).reason == "MISSING_PERMISSION"
    draft = decide(caller("ADMIN", mfa=True), Actions.NOTES_WRITE, note(published=False))
    assert (draft.reason, draft.missing) == ("MISSING_PERMISSION", ("notes.write",))
    published = decide(caller("ADMIN", "notes.write", mfa=True), Actions.NOTES_WRITE, note())
    assert (published.reason, published.missing) == ("MISSING_PERMISSION", ("notes.publish",))


@pytest.mark.rule("ACC-55")
def test_students_learn_the_reason_and_staff_only_the_permission() -> None:
    student = refusal(Actions.NOTES_OPEN, decide(caller(), Actions.NOTES_OPEN, note()))
    assert (student.status, student.details) == (403, {"reason": "NO_ENTITLEMENT"})
    staff = refusal(Actions.CONTENT_MANAGE, decide(caller("ADMIN"), Actions.CONTENT_MANAGE))
    assert staff.details == {"reason": "MISSING_PERMISSION", "permission": ["content.manage"]}


@pytest.mark.rule("ACC-58")
def test_a_super_admin_has_every_permission_of_the_academy() -> None:
    role = DEFAULT_ROLES[0]
    assert role.permissions == {one for one in Permission if not one.inside_centre}
    person = of_role(role.key)
    for action in ALL:
        if action.for_staff:
            thing = asset(person.user_id) if "Asset" in resource_types()[action.name] else None
            assert decide(person, action, thing).allowed, action.name


def _claims(card: AccessCard, **more: object) -> Claims:
    now = clock.epoch()
    facts = {
        "user_id": card.user_id,
        "session_id": SESSION,
        "token_version": 1,
        "user_type": card.user_type,
        "amr": (),
        "issued_at": now,
        "expires_at": now + 900,
    }
    return Claims(**{**facts, **more})


@pytest.mark.rule("ACC-60")
def test_without_a_card_nobody_gets_in() -> None:
    with pytest.raises(Unavailable):
        recognize(_claims(caller().card), None)


@pytest.mark.rule("ACC-60")
@pytest.mark.parametrize(
    "stale", [{"token_version": 2}, {"session_id": OTHER}, {"user_type": "ADMIN"}], ids=lambda one: next(iter(one))
)
def test_a_token_that_the_card_does_not_know_gets_nobody_in(stale: dict[str, object]) -> None:
    card = caller().card
    assert recognize(_claims(card), card).user_id == card.user_id
    with pytest.raises(SessionRevoked):
        recognize(_claims(card, **stale), card)


@pytest.mark.rule("ACC-60")
def test_a_session_past_its_end_gets_nobody_in() -> None:
    card = caller(sessions={SESSION: {"exp": clock.epoch() - DAY, "authAt": 0, "mfa": False}}).card
    with pytest.raises(SessionRevoked):
        recognize(_claims(card), card)


@pytest.mark.rule("ACC-51")
def test_policies_are_parsed_once() -> None:
    decisions.prepare()
    known = decisions._policies.cache_info().misses
    decide(caller(), Actions.PROFILE_READ)
    decide(caller(), Actions.NOTES_OPEN, note())
    assert decisions._policies.cache_info().misses == known


@pytest.mark.rule("ACC-51")
def test_what_is_not_handed_to_the_policies_is_what_none_of_them_looks_at() -> None:
    """A policy that asked for permissions in another form would be asked about a principal without them."""
    text = policy_text()
    assert text.count("principal.permissions") == len(re.findall(r'principal\.permissions\.contains\("[\w.]+"\)', text))
    assert re.findall(r"principal (?:has|in|==)", text) == []
    person = caller("ADMIN", *(str(one) for one in Permission))
    seen = decisions._seen(person.principal(), decisions._policies())
    assert set(seen) == set(re.findall(r"principal\.(\w+)", text))
    assert set(re.findall(r"context has (\w+)", text)) <= decisions._policies().context
    assert set(seen["permissions"]) == {name for name in map(str, Permission) if f'contains("{name}")' in text}
