"""How messages are worded, for staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.engagement.notifications import message_log, templates, trying
from chalicelib.engagement.notifications.errors import (
    AddressUnverified,
    TemplateInvalid,
    TemplateNotFound,
    TemplateUnknownVariable,
)
from chalicelib.engagement.notifications.log_schemas import MessageDetail
from chalicelib.engagement.notifications.schemas import (
    Preview,
    PreviewRequest,
    TemplateAnswer,
    TemplateChange,
    TemplateList,
    TestRequest,
    WordingQuery,
)
from chalicelib.platform.errors import VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, PathRule, Request, api

KeyPart = Annotated[str, PathRule("[A-Z][A-Z0-9_]{2,49}")]
READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
WRITES = [*READS, Grant.TABLE_WRITE]
WORDING_LOADS = ["chalicelib.engagement.notifications.wordings"]
EXAMPLE = {
    "locale": "en",
    "subject": "Your password was changed – {{ academyName }}",
    "body": {"html": "<h1>New password</h1>\n<p>Changed on {{ at|instant }} from {{ device }}.</p>"},
    "isActive": True,
}


@api.get("/v1/admin/notifications/templates", action=Actions.NOTIFICATIONS_READ, grants=READS)
def list_templates() -> TemplateList:
    """All templates in all languages, and whether a stored wording or the built-in one counts."""
    return templates.all_of_them()


@api.get(
    "/v1/admin/notifications/templates/{templateKey}",
    action=Actions.NOTIFICATIONS_READ,
    grants=READS,
    raises=[TemplateNotFound],
)
def get_template(template_key: KeyPart, query: WordingQuery) -> Answer[TemplateAnswer]:
    """One template: what is stored, what is built in, its variables, and what was saved before."""
    found = templates.one(template_key, query)
    return Answer(found, version=found.version)


@api.put(
    "/v1/admin/notifications/templates/{templateKey}",
    action=Actions.NOTIFICATIONS_MANAGE,
    grants=WRITES,
    raises=[TemplateNotFound, TemplateInvalid, TemplateUnknownVariable, VersionMismatch],
    loads=WORDING_LOADS,
    examples=EXAMPLE,
)
def save_template(
    template_key: KeyPart, body: TemplateChange, caller: Caller, request: Request
) -> Answer[TemplateAnswer]:
    """Save a wording; it counts while it is active.

    The HTML is the content alone: the academy's name above, the line below and the looks come with it. Variables stand
    as `{{ name }}`; `if` and `for` work, calls and imports do not. `ETag: "v0"`: none is stored yet.
    """
    saved = templates.save(template_key, body, caller, request.if_match())
    return Answer(saved, version=saved.version)


@api.delete(
    "/v1/admin/notifications/templates/{templateKey}",
    action=Actions.NOTIFICATIONS_MANAGE,
    status=204,
    grants=WRITES,
    raises=[TemplateNotFound],
)
def reset_template(template_key: KeyPart, query: WordingQuery, caller: Caller) -> None:
    """Remove a stored wording, so that the built-in one counts again; 404 when none is stored."""
    templates.reset(template_key, query, caller)


@api.post(
    "/v1/admin/notifications/templates/{templateKey}/preview",
    action=Actions.NOTIFICATIONS_READ,
    grants=READS,
    raises=[TemplateNotFound, TemplateInvalid, TemplateUnknownVariable],
    loads=WORDING_LOADS,
    examples={
        "locale": "hi",
        "subject": EXAMPLE["subject"],
        "body": EXAMPLE["body"],
        "payload": {"device": "Firefox on Windows"},
    },
)
def preview_template(template_key: KeyPart, body: PreviewRequest) -> Preview:
    """See a wording with values, samples where none are given; sends nothing.

    Codes and links are always samples.
    """
    return trying.preview(template_key, body)


@api.post(
    "/v1/admin/notifications/templates/{templateKey}/test",
    action=Actions.NOTIFICATIONS_MANAGE,
    status=202,
    limits=[Limits.TEST_MAIL],
    grants=[*WRITES, Grant.SECRET_DATA],
    raises=[TemplateNotFound, TemplateUnknownVariable, AddressUnverified],
    idempotency=Idempotency.OPTIONAL,
    examples={"locale": "en", "payload": {"device": "Firefox on Windows"}},
)
def test_template(template_key: KeyPart, body: TestRequest, caller: Caller) -> Answer[MessageDetail]:
    """Send a template to yourself, by the wording that counts; only to your own verified address."""
    message = trying.send_test(template_key, body, caller)
    return Answer(message_log.detail(message, caller), location=f"/v1/admin/notifications/messages/{message.id}")
