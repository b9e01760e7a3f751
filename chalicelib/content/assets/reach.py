"""Whether a file reaches somebody by one of the places that use it (FILE-46).

(a) a question's stem or option: published, of an active subject, and the caller may practise or sit tests of it;
(c) what is shown to everybody who is signed in; (d) a published note that the caller may open. Images of explanations
come by none of these, but by a ticket (FILE-47).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chalicelib.content.files import AssetReference, Audience
from chalicelib.content.notes import Note, reader_entity
from chalicelib.content.taxonomy import TAXONOMY_PUBLIC, Subject
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import Question, decide_many
from chalicelib.platform.access.resources import Entity

QUESTIONS = frozenset({"QUESTION_STEM", "QUESTION_OPTION"})
NOTES = frozenset({"NOTE", "NOTE_PREVIEW"})
SHOWN = frozenset({"ANNOUNCEMENT", "PAGE", "HOME_SECTION", "BANNER", "SUBJECT"})
SIGNED_IN = frozenset({Audience.STUDENT, Audience.ALL, Audience.PUBLIC})
MOST = 40
"""So many places of a kind are looked at: who may see none of forty is told that there is nothing."""


def public(references: Iterable[AssetReference]) -> bool:
    """Whether it is shown to the whole world: by a place that is up now, and whose audience is PUBLIC.

    An icon of a subject is so where the syllabus is.
    """
    now, icons = clock.now(), TAXONOMY_PUBLIC()
    return any(
        one.ref_type in SHOWN
        and (one.audience == Audience.PUBLIC or (icons and one.ref_type == "SUBJECT"))
        and one.shown_at(now)
        for one in references
    )


def reachable(caller: Caller, references: Sequence[AssetReference]) -> bool:
    """Whether the caller may see one of the places. One batch read where questions or notes use the file."""
    now = clock.now()
    up = [one for one in references if one.shown_at(now)]
    if any(one.ref_type in SHOWN and one.audience in SIGNED_IN for one in up):
        return True
    questions = [one for one in up if one.ref_type in QUESTIONS and one.subject_id][:MOST]
    notes = [one for one in up if one.ref_type in NOTES][:MOST]
    if not questions and not notes:
        return False
    keys = [
        *(Subject.place(str(one.subject_id)) for one in questions),
        *(Note.place(str(one.ref_id)) for one in notes),
    ]
    found = store.get_many(keys)
    asked = [
        *_about_questions(zip(questions, found, strict=False)),
        *(Question(Actions.NOTES_OPEN, reader_entity(one)) for one in found if isinstance(one, Note)),
    ]
    return any(decision.allowed for decision in decide_many(caller, asked))


def _about_questions(places: Iterable[tuple[AssetReference, object]]) -> Iterator[Question]:
    """May they practise, or attempt tests of, the subject of a question or one of its topics? Each asked once."""
    kinds = {
        (str(place.subject_id), tuple(sorted(map(str, place.topic_ids))))
        for place, subject in places
        if isinstance(subject, Subject) and subject.is_active
    }
    for subject_id, topics in sorted(kinds):
        practised = {"subjectId": subject_id, "topicPathIds": list(topics), "published": True, "freeLeft": False}
        yield Question(Actions.PRACTICE_USE, Entity("Subject", f"{subject_id}#{'#'.join(topics)}", practised))
        yield Question(Actions.TESTS_ATTEMPT, _test_of([subject_id], []))
        yield from (Question(Actions.TESTS_ATTEMPT, _test_of([], [topic])) for topic in topics)


def _test_of(subject_ids: list[str], topic_ids: list[str]) -> Entity:
    """A test that would ask of just this: whoever may attempt it may attempt tests of it."""
    asked_of = {"subjectIds": subject_ids, "topicIds": topic_ids}
    rest = {"testId": "", "published": True, "open": True, "free": False}
    return Entity("Test", "#".join((*subject_ids, *topic_ids)), {**asked_of, **rest})
