"""Tags, for those who build the syllabus."""

from __future__ import annotations

from chalicelib.content.taxonomy import listing, tags
from chalicelib.content.taxonomy.errors import TagInUse, TagKeyTaken, TagNotFound, TooManyTags
from chalicelib.content.taxonomy.items import Tag
from chalicelib.content.taxonomy.resources import TAG
from chalicelib.content.taxonomy.tag_schemas import NewTag, TagAnswer, TagChange, TagRemoval, TagRow, TagsQuery
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, Request, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


@api.post(
    "/v1/admin/tags",
    action=Actions.CONTENT_MANAGE,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=_WRITES,
    raises=[TagKeyTaken, TooManyTags],
)
def create_tag(body: NewTag, caller: Caller) -> Answer[TagAnswer]:
    """Create a tag; its key is unique among at most 1,000."""
    tag = tags.create(body, caller)
    return Answer(TagAnswer.of(tag), version=1, location=f"/v1/admin/tags/{tag.id}")


@api.patch(
    "/v1/admin/tags/{tagId}",
    action=Actions.CONTENT_MANAGE,
    resource=TAG,
    grants=_WRITES,
    raises=[TagNotFound, TagKeyTaken, VersionMismatch, Conflict],
)
def change_tag(tag: Tag, body: TagChange, caller: Caller, request: Request) -> Answer[TagAnswer]:
    """Change a tag's key or name."""
    changed = tags.change(tag, body, caller, request.if_match())
    return Answer(TagAnswer.of(changed), version=int(changed.version))


@api.get(
    "/v1/admin/tags",
    action=Actions.CONTENT_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_tags_admin(query: TagsQuery, caller: Caller) -> Page[TagRow]:
    """Tags by name, or those whose name begins so, with how many notes carry each."""
    return listing.tags(query, caller.user_id)


@api.delete(
    "/v1/admin/tags/{tagId}",
    action=Actions.CONTENT_MANAGE,
    resource=TAG,
    status=204,
    grants=_WRITES,
    raises=[TagNotFound, TagInUse, Conflict],
)
def delete_tag(tag: Tag, query: TagRemoval, caller: Caller) -> None:
    """Remove a tag.

    While notes carry it that is refused, with their number; with `force` the notes let go of it within a minute.
    """
    tags.remove(tag, caller, force=query.force)
