"""Whom an asset reaches, by which of the places that use it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.content.files import Audience, FileAsset
from chalicelib.content.taxonomy import Subject
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.content.assets import shelf
from tests.content.desk import Desk
from tests.support.client import Client
from tests.support.people import People, Person

TOPIC, ABOVE, OTHER = new_ulid(), new_ulid(), new_ulid()


def fetch(client: Client, asset_id: str, person: Person | None = None, **more: Any) -> int:
    """The status that somebody gets."""
    return client.get(f"/v1/assets/{asset_id}", token=person.token if person else None, **more).status


@pytest.mark.rule("FILE-46")
def test_a_question_shows_its_images_to_who_may_practise_or_be_tested_on_it(desk: Desk) -> None:
    subject = desk.subject()["id"]
    asked = desk.student({"kind": "PRACTICE", "subjectIds": [subject]})
    let_in = [
        asked,
        desk.student({"kind": "ALL"}),
        desk.student({"kind": "PRACTICE"}),
        desk.student({"kind": "TESTS"}),
        desk.student({"kind": "TESTS", "subjectIds": [subject]}),
        desk.student({"kind": "TESTS", "topicIds": [ABOVE]}),
        desk.student({"kind": "PRACTICE", "topicIds": [TOPIC, OTHER]}),
        desk.staff("content.read"),
        desk.staff("content.manage"),
    ]
    refused = [
        desk.student(),
        desk.student({"kind": "NOTES"}),
        desk.student({"kind": "PRACTICE", "subjectIds": [OTHER]}),
        desk.student({"kind": "TESTS", "topicIds": [OTHER]}),
        desk.student({"kind": "ALL", "endsAt": clock.epoch() - 1}),
        desk.staff("payments.read"),
    ]
    asset_id = shelf.put()
    assert fetch(desk.client, asset_id, asked) == 404
    place = shelf.use(asset_id, published=False, subject_id=subject, topic_ids=[TOPIC, ABOVE])
    assert fetch(desk.client, asset_id, asked) == 404
    shelf.follow(asset_id, place, published=True)
    assert [fetch(desk.client, asset_id, person) for person in let_in] == [200] * len(let_in)
    assert [fetch(desk.client, asset_id, person) for person in refused] == [404] * len(refused)
    assert fetch(desk.client, asset_id) == 401
    store.update(Subject, Subject.place(subject), [Subject.is_active.set(False)])
    assert [fetch(desk.client, asset_id, person) for person in let_in[:3]] == [404] * 3
    store.update(Subject, Subject.place(subject), [Subject.is_active.set(True)])
    shelf.unused(asset_id, place)
    assert fetch(desk.client, asset_id, asked) == 404


@pytest.mark.rule("FILE-46")
def test_tests_alone_open_images_where_they_give_no_practice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRACTICE_WITH_TESTS", "false")
    subject, asset_id = desk.subject()["id"], shelf.put()
    shelf.use(asset_id, "QUESTION_OPTION", subject_id=subject, topic_ids=[TOPIC])
    for scope in ({}, {"subjectIds": [subject]}, {"topicIds": [TOPIC]}):
        assert fetch(desk.client, asset_id, desk.student({"kind": "TESTS", **scope})) == 200
    assert fetch(desk.client, asset_id, desk.student({"kind": "TESTS", "topicIds": [OTHER]})) == 404


@pytest.mark.rule("FILE-47")
def test_an_image_of_an_explanation_reaches_no_student_by_itself(desk: Desk) -> None:
    subject, asset_id = desk.subject()["id"], shelf.put(purpose="EXPLANATION_IMAGE")
    shelf.use(asset_id, "QUESTION_EXPLANATION", subject_id=subject)
    assert fetch(desk.client, asset_id, desk.student({"kind": "ALL"})) == 404
    assert fetch(desk.client, asset_id, desk.staff("content.read")) == 200


@pytest.mark.rule("FILE-46")
@pytest.mark.parametrize("ref_type", ["ANNOUNCEMENT", "PAGE", "HOME_SECTION", "BANNER", "SUBJECT"])
def test_what_everybody_is_shown_is_fetched_by_who_is_signed_in(
    client: Client, people: People, cloud: Emulator, ref_type: str
) -> None:
    student, asset_id = people.student(), shelf.put(purpose="CMS_IMAGE")
    expected = {Audience.STUDENT: (200, 401), Audience.ALL: (200, 401), Audience.PUBLIC: (200, 200)}
    place = shelf.use(asset_id, ref_type, audience=Audience.ADMIN)
    assert (fetch(client, asset_id, student), fetch(client, asset_id)) == (404, 401)
    for audience, statuses in expected.items():
        shelf.follow(asset_id, place, audience=audience)
        assert (fetch(client, asset_id, student), fetch(client, asset_id)) == statuses
    shelf.follow(asset_id, place, audience=Audience.PUBLIC, published=False)
    assert (fetch(client, asset_id, student), fetch(client, asset_id)) == (404, 401)


@pytest.mark.rule("FILE-46")
def test_icons_of_subjects_are_public_where_the_syllabus_is(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    icon, image = shelf.put(purpose="CMS_IMAGE"), shelf.put(purpose="CMS_IMAGE")
    shelf.use(icon, "SUBJECT")
    shelf.use(image, "PAGE")
    monkeypatch.setenv("TAXONOMY_PUBLIC", "true")
    assert (fetch(client, icon), fetch(client, image)) == (200, 401)


@pytest.mark.rule("FILE-46")
def test_a_question_is_never_public_whatever_its_reference_says(client: Client) -> None:
    asset_id = shelf.put()
    shelf.use(asset_id, audience=Audience.PUBLIC)
    assert fetch(client, asset_id) == 401


@pytest.mark.rule("FILE-46")
def test_a_banner_shows_its_image_from_its_begin_to_its_end(client: Client, cloud: Emulator) -> None:
    asset_id, now = shelf.put(purpose="CMS_IMAGE"), clock.now()
    shelf.use(
        asset_id,
        "BANNER",
        audience=Audience.PUBLIC,
        active_from=now + timedelta(minutes=5),
        active_until=now + timedelta(minutes=10),
    )
    assert fetch(client, asset_id) == 401
    cloud.advance(301)
    assert fetch(client, asset_id) == 200
    cloud.advance(300)
    assert fetch(client, asset_id) == 401


@pytest.mark.rule("FILE-46")
def test_what_a_note_shows_is_for_who_may_open_it(desk: Desk) -> None:
    note = desk.note(isPremium=True)
    asset_id = shelf.put(purpose="OTHER")
    shelf.use(asset_id, "NOTE", note["id"])
    reader, other = desk.student({"noteIds": [note["id"]]}), desk.student({"noteIds": [OTHER]})
    assert [fetch(desk.client, asset_id, person) for person in (reader, other)] == [200, 404]
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", expect=200)
    assert fetch(desk.client, asset_id, reader) == 404


@pytest.mark.rule("FILE-06")
@pytest.mark.rule("FILE-46")
def test_what_is_not_for_here_is_as_if_it_did_not_exist(desk: Desk) -> None:
    reader = desk.student({"kind": "ALL"})
    boss = desk.people.super_admin()
    facts: list[tuple[str, dict[str, Any]]] = [
        *((purpose, {}) for purpose in ("NOTES_PDF", "PRINT_PDF", "EVIDENCE_IMAGE")),
        *(("CMS_IMAGE", {"status": status}) for status in ("PENDING", "INSPECTING", "REJECTED", "DELETED")),
        *(("CMS_IMAGE", {"scan_status": status}) for status in ("WAITING", "INFECTED", "FAILED")),
    ]
    for purpose, more in facts:
        asset_id = shelf.put(purpose=purpose)
        shelf.use(asset_id, "BANNER", audience=Audience.PUBLIC)
        for name, value in more.items():
            shelf.change(asset_id, getattr(FileAsset, name).set(value))
        assert [fetch(desk.client, asset_id, person) for person in (reader, boss, None)] == [404, 404, 401]
    answer = desk.client.get(f"/v1/assets/{new_ulid()}", token=reader.token)
    assert (answer.status, answer.code) == (404, "ASSET_NOT_FOUND")
    assert [fetch(desk.client, what, reader) for what in ("nothing", new_ulid().lower())] == [404, 404]
    assert fetch(desk.client, new_ulid()) == 401


@pytest.mark.rule("FILE-46")
def test_who_uploaded_a_picture_sees_it(client: Client, people: People) -> None:
    owner, other = people.student(), people.student()
    asset_id = shelf.put(purpose="AVATAR", created_by_user_id=owner.id)
    assert (fetch(client, asset_id, owner), fetch(client, asset_id, other)) == (200, 404)
