"""What happens to notes outside of requests."""

from __future__ import annotations

from chalicelib.content.files import FileWithdrawn
from chalicelib.content.notes import following, projecting, publishing, scheduling
from chalicelib.content.notes.events import NoteUpdated
from chalicelib.content.notes.scheduling import Scheduled
from chalicelib.content.taxonomy import TagDeleted, TagRenamed, TaxonomyChanged
from chalicelib.platform.work import Grant, JobRun, Rate, consumer, job


@consumer(on=[NoteUpdated], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def link_note(event: NoteUpdated) -> None:
    """Let lists by topic and tag find a note as it is now, and count it there."""
    projecting.reconcile(event.note_id)


@consumer(on=[TaxonomyChanged], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE], memory=1769, timeout=120)
def follow_subject(event: TaxonomyChanged) -> None:
    """Let the notes of a subject say its name, whether it is active, and where their topics lie.

    Thousands of them within a minute (TAX-21, NOTE-31) take a whole processor.
    """
    following.follow_subject(event.subject_id, event.tree_version)


@consumer(on=[TagDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE], memory=1024, timeout=120)
def let_go_of_tag(event: TagDeleted) -> None:
    """Take a tag that is gone off the notes that carry it."""
    following.let_go_of_tag(event.tag_id)


@consumer(on=[TagRenamed], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE], memory=1024, timeout=120)
def follow_tag(event: TagRenamed) -> None:
    """Let the notes that carry a tag call it by its new name."""
    following.rename_tag(event.tag_id)


@consumer(on=[FileWithdrawn], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def take_back_infected(event: FileWithdrawn) -> None:
    """Take back the notes of a file that was found infected."""
    publishing.withdraw(event.file_asset_id)


@job(
    "publish-notes",
    every=Rate(minutes=1),
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_DATA],
    memory=512,
    timeout=120,
)
def publish_notes(run: JobRun) -> Scheduled:
    """Publish the notes whose instant has come; one that lacks something is told to who set it."""
    return scheduling.publish_due(run.remaining)
