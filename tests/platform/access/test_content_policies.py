"""What opens a note, and what closes it."""

from __future__ import annotations

import pytest

from chalicelib.platform.access.catalogue import Action, Actions
from chalicelib.platform.access.decisions import decide
from tests.platform.access.callers import (
    DAY,
    DEVICE,
    NOTE,
    OTHER,
    SUBJECT,
    TOPIC,
    asset,
    caller,
    entitlement,
    note,
    of_role,
)

OPENING = [Actions.NOTES_OPEN, Actions.NOTES_PROGRESS]


@pytest.mark.rule("ACC-35")
@pytest.mark.policy("browse-published", "allows")
@pytest.mark.parametrize("premium", [True, False])
def test_everybody_browses_what_is_published(premium: bool) -> None:
    for user_type in ("STUDENT", "ADMIN", "OPERATOR"):
        assert decide(caller(user_type), Actions.NOTES_BROWSE, note(premium=premium)).policies == ("browse-published",)
    assert decide(caller(), Actions.TAXONOMY_BROWSE).allowed


@pytest.mark.rule("ACC-35")
@pytest.mark.policy("browse-published", "refuses")
def test_a_draft_is_browsed_by_nobody() -> None:
    decision = decide(caller(entitlements=entitlement("ALL")), Actions.NOTES_BROWSE, note(published=False))
    assert (decision.allowed, decision.reason) == (False, "NOT_PUBLISHED")


@pytest.mark.rule("ACC-36")
@pytest.mark.policy("open-free-note", "allows")
@pytest.mark.parametrize("action", OPENING, ids=lambda one: one.name)
def test_a_free_note_opens_for_everyone(action: Action) -> None:
    assert decide(caller(), action, note(premium=False)).policies == ("open-free-note",)


@pytest.mark.rule("ACC-36")
@pytest.mark.policy("open-free-note", "refuses")
@pytest.mark.parametrize(
    ("facts", "reason"), [({"premium": True}, "NO_ENTITLEMENT"), ({"published": False}, "NOT_PUBLISHED")]
)
def test_neither_a_premium_note_nor_a_draft_is_free(facts: dict[str, bool], reason: str) -> None:
    decision = decide(caller(), Actions.NOTES_OPEN, note(**{"premium": False, **facts}))
    assert (decision.allowed, decision.reason) == (False, reason)


@pytest.mark.rule("ACC-37")
@pytest.mark.rule("ACC-56")
@pytest.mark.policy("open-entitled-note", "allows")
@pytest.mark.parametrize("action", OPENING, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("kind", "lists"),
    [
        ("ALL", {}),
        ("ALL", {"noteIds": [OTHER]}),
        ("NOTES", {}),
        ("NOTES", {"noteIds": [NOTE]}),
        ("NOTES", {"subjectIds": [SUBJECT]}),
        ("NOTES", {"topicIds": [TOPIC]}),
        ("NOTES", {"noteIds": [OTHER], "topicIds": [TOPIC, OTHER]}),
    ],
)
def test_an_entitlement_opens_what_it_covers(action: Action, kind: str, lists: dict[str, list[str]]) -> None:
    person = caller(entitlements=entitlement(kind, **lists))
    assert decide(person, action, note()).policies == ("open-entitled-note",)


@pytest.mark.rule("ACC-37")
@pytest.mark.rule("ACC-56")
@pytest.mark.policy("open-entitled-note", "refuses")
@pytest.mark.parametrize(
    ("kind", "lists", "reason"),
    [
        ("NOTES", {"noteIds": [OTHER]}, "ENTITLEMENT_OUT_OF_SCOPE"),
        ("NOTES", {"subjectIds": [OTHER]}, "ENTITLEMENT_OUT_OF_SCOPE"),
        ("NOTES", {"topicIds": [OTHER]}, "ENTITLEMENT_OUT_OF_SCOPE"),
        ("TESTS", {}, "NO_ENTITLEMENT"),
        ("PRACTICE", {"subjectIds": [SUBJECT]}, "NO_ENTITLEMENT"),
    ],
)
def test_an_entitlement_opens_nothing_else(kind: str, lists: dict[str, list[str]], reason: str) -> None:
    decision = decide(caller(entitlements=entitlement(kind, **lists)), Actions.NOTES_OPEN, note())
    assert (decision.allowed, decision.reason) == (False, reason)


@pytest.mark.rule("ACC-55")
@pytest.mark.parametrize(
    ("since", "until", "reason"), [(-2 * DAY, -DAY, "ENTITLEMENT_EXPIRED"), (DAY, 2 * DAY, "NO_ENTITLEMENT")]
)
def test_an_entitlement_counts_from_its_start_to_its_end(since: int, until: int, reason: str) -> None:
    person = caller(entitlements=entitlement("NOTES", since=since, until=until))
    decision = decide(person, Actions.NOTES_OPEN, note())
    assert (decision.allowed, decision.reason) == (False, reason)


@pytest.mark.rule("ACC-56")
def test_several_entitlements_add_up() -> None:
    both = {**entitlement("NOTES", noteIds=[OTHER]), **entitlement("NOTES", topicIds=[TOPIC])}
    assert decide(caller(entitlements=both), Actions.NOTES_OPEN, note()).allowed


@pytest.mark.rule("ACC-38")
@pytest.mark.policy("open-preview", "allows")
def test_a_preview_is_for_everyone() -> None:
    assert decide(caller(), Actions.NOTES_PREVIEW, note(preview=True)).policies == ("open-preview",)


@pytest.mark.rule("ACC-38")
@pytest.mark.policy("open-preview", "refuses")
def test_without_a_preview_there_is_none() -> None:
    assert not decide(caller(entitlements=entitlement("ALL")), Actions.NOTES_PREVIEW, note(preview=False)).allowed
    assert decide(caller(), Actions.NOTES_PREVIEW, note(preview=True, published=False)).reason == "NOT_PUBLISHED"


@pytest.mark.rule("ACC-39")
@pytest.mark.policy("open-as-staff", "allows")
@pytest.mark.parametrize("published", [True, False])
def test_staff_open_any_note(published: bool) -> None:
    assert decide(of_role("ADMIN_CONTENT"), Actions.NOTES_OPEN, note(published=published)).policies == (
        "open-as-staff",
    )


@pytest.mark.rule("ACC-39")
@pytest.mark.policy("open-as-staff", "refuses")
def test_other_staff_do_not_and_nobody_progresses_as_staff() -> None:
    assert not decide(of_role("ADMIN_FINANCE"), Actions.NOTES_OPEN, note()).allowed
    assert not decide(caller("STUDENT", "notes.read"), Actions.NOTES_OPEN, note()).allowed
    assert not decide(of_role("ADMIN_CONTENT"), Actions.NOTES_PROGRESS, note(published=False)).allowed


@pytest.mark.rule("ACC-40")
@pytest.mark.policy("note-ban", "refuses")
@pytest.mark.parametrize("banned", [NOTE, "*"])
@pytest.mark.parametrize("action", [*OPENING, Actions.NOTES_PREVIEW], ids=lambda one: one.name)
def test_a_banned_reader_opens_nothing(action: Action, banned: str) -> None:
    person = caller(entitlements=entitlement("ALL"), note_bans={banned: 2**33})
    decision = decide(person, action, note(preview=True))
    assert (decision.allowed, decision.reason) == (False, "NOTE_BANNED")
    assert decision.policies == ("note-ban",)


@pytest.mark.rule("ACC-40")
@pytest.mark.policy("note-ban", "allows")
def test_a_ban_of_another_note_or_one_that_ended_is_none() -> None:
    for bans in ({OTHER: 2**33}, {NOTE: 1}, {"*": 1}):
        assert decide(caller(entitlements=entitlement("ALL"), note_bans=bans), Actions.NOTES_OPEN, note()).allowed
    assert decide(caller(note_bans={"*": 2**33}), Actions.NOTES_BROWSE, note()).allowed


@pytest.mark.rule("ACC-41")
@pytest.mark.policy("device-ban", "refuses")
def test_a_banned_device_opens_no_notes() -> None:
    person = caller(device=DEVICE, device_bans={DEVICE: 2**33}, entitlements=entitlement("ALL"))
    decision = decide(person, Actions.NOTES_OPEN, note())
    assert (decision.allowed, decision.reason) == (False, "DEVICE_BANNED")
    assert decision.policies == ("device-ban",)


@pytest.mark.rule("ACC-41")
@pytest.mark.policy("device-ban", "allows")
def test_the_same_person_opens_them_on_another_device() -> None:
    person = caller(device="another", device_bans={DEVICE: 2**33}, entitlements=entitlement("ALL"))
    assert decide(person, Actions.NOTES_OPEN, note()).allowed


@pytest.mark.rule("ACC-63")
@pytest.mark.policy("upload-by-purpose", "allows")
@pytest.mark.parametrize("action", [Actions.FILES_UPLOAD, Actions.FILES_CONFIRM], ids=lambda one: one.name)
def test_files_of_a_purpose_are_uploaded_by_who_works_on_it(action: Action) -> None:
    person = caller("ADMIN", "notes.write")
    assert decide(person, action, asset(person.user_id)).policies == ("upload-by-purpose",)


@pytest.mark.rule("ACC-63")
@pytest.mark.policy("upload-by-purpose", "refuses")
@pytest.mark.parametrize("action", [Actions.FILES_UPLOAD, Actions.FILES_CONFIRM], ids=lambda one: one.name)
def test_files_of_a_purpose_are_not_uploaded_by_others(action: Action) -> None:
    person = caller("ADMIN", *(set(action.permissions) - {"notes.write"}))
    decision = decide(person, action, asset(person.user_id))
    assert (decision.allowed, decision.reason) == (False, "MISSING_PERMISSION")
    assert not decide(caller("ADMIN", "notes.write"), action, asset(person.user_id, "UNKNOWN")).allowed


@pytest.mark.policy("confirm-own-upload", "refuses")
def test_a_file_is_not_confirmed_by_another_editor() -> None:
    decision = decide(caller("ADMIN", "notes.write"), Actions.FILES_CONFIRM, asset("01JH8Z6V3N4Q5R6S7T8V9WXYZ6"))
    assert not decision.allowed
    assert decision.policies == ("confirm-own-upload",)


@pytest.mark.policy("confirm-own-upload", "allows")
def test_a_file_is_confirmed_by_its_uploader_or_a_content_manager() -> None:
    uploader = caller("ADMIN", "notes.write")
    assert decide(uploader, Actions.FILES_CONFIRM, asset(uploader.user_id)).allowed
    assert decide(of_role("ADMIN_CONTENT"), Actions.FILES_CONFIRM, asset(uploader.user_id)).allowed


@pytest.mark.rule("ACC-64")
@pytest.mark.policy("change-published", "refuses")
def test_a_published_note_is_not_changed_by_who_could_not_publish_it() -> None:
    decision = decide(caller("ADMIN", "notes.write"), Actions.NOTES_WRITE, note())
    assert (decision.allowed, decision.reason) == (False, "MISSING_PERMISSION")
    assert decision.policies == ("change-published",)


@pytest.mark.rule("ACC-64")
@pytest.mark.policy("change-published", "allows")
def test_a_draft_is_changed_by_its_writers_and_a_published_note_by_its_publishers() -> None:
    assert decide(caller("ADMIN", "notes.write"), Actions.NOTES_WRITE, note(published=False)).allowed
    assert decide(caller("ADMIN", "notes.write", "notes.publish"), Actions.NOTES_WRITE, note()).allowed
