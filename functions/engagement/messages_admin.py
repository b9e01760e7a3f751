"""What was sent to people, for staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.engagement.notifications import message_log, resending
from chalicelib.engagement.notifications.errors import MessageNotFound, MessageNotResendable
from chalicelib.engagement.notifications.log_schemas import (
    MessageDetail,
    MessageIdRule,
    MessageRow,
    MessagesQuery,
    Resend,
)
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, api
from chalicelib.platform.messages import Message

MessageIdPart = Annotated[str, MessageIdRule()]
READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get(
    "/v1/admin/notifications/messages",
    action=Actions.NOTIFICATIONS_LOG,
    grants=[*READS, Grant.SECRET_CURSOR, Grant.SECRET_DATA],
)
def list_messages(query: MessagesQuery, caller: Caller) -> Page[MessageRow]:
    """What was sent, newest first; of the last 7 days unless `from` and `to` say otherwise, 31 at most.

    The address in full is for those who may read users; for others it is masked.
    """
    return message_log.listed(query, caller)


@api.get(
    "/v1/admin/notifications/messages/{messageId}",
    action=Actions.NOTIFICATIONS_READ,
    resource=message_log.MESSAGE,
    grants=READS,
    raises=[MessageNotFound],
)
def get_message(message_id: MessageIdPart, message: Message, caller: Caller) -> MessageDetail:
    """One message with what was put into it, and its text unless it is a security mail."""
    return message_log.detail(message, caller)


@api.post(
    "/v1/admin/notifications/messages/{messageId}/resend",
    action=Actions.NOTIFICATIONS_MANAGE,
    status=202,
    resource=message_log.MESSAGE,
    grants=[*READS, Grant.TABLE_WRITE],
    raises=[MessageNotFound, MessageNotResendable],
    idempotency=Idempotency.OPTIONAL,
    examples={"body": {"reason": "The student asked for the receipt again"}},
)
def resend_message(
    message_id: MessageIdPart, message: Message, body: Resend | None, caller: Caller
) -> Answer[MessageDetail]:
    """Send a message again, as a clone of it: at most 3 of one message a day, never a security mail."""
    clone = resending.resend(message, caller, body.reason if body else None)
    return Answer(message_log.detail(clone, caller), location=f"/v1/admin/notifications/messages/{clone.id}")
