"""Looking at a wording before it counts, and sending it to oneself (NTF-14, NTF-15)."""

from __future__ import annotations

from typing import Any

from chalicelib.engagement.notifications.catalogue import Kind
from chalicelib.engagement.notifications.errors import AddressUnverified, TemplateUnknownVariable, Unusable
from chalicelib.engagement.notifications.schemas import Preview, PreviewRequest, TestRequest
from chalicelib.engagement.notifications.templates import kind_of
from chalicelib.identity.accounts import User, user_key
from chalicelib.platform import audit, messages, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import invalid, problem
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.messages import Message, Template

TEST = audit.AuditAction("template.test", "A message was sent to its author as a test")


def preview(key: str, asked: PreviewRequest) -> Preview:
    """How a wording looks, given or the one that counts. Sends and stores nothing.

    Raises ``TemplateInvalid``, ``TemplateUnknownVariable``; 422 when only half a wording is given.
    """
    from chalicelib.engagement.notifications.composing import check, compose
    from chalicelib.engagement.notifications.wordings import candidates

    kind = kind_of(key)
    given = dict(asked.payload or {})
    values = _values(kind, given)
    needed = (*kind.required, *kind.sealed) if asked.payload is not None else ()
    missing = [name for name in needed if given.get(name) in (None, "") and name not in kind.sealed]
    if (asked.subject is None) != (asked.body is None):
        raise invalid("body.subject", "INCOMPLETE", "subject and body come together, or neither")
    try:
        if asked.subject is not None and asked.body is not None:
            wording, language = asked.body.wording(asked.subject), str(asked.locale)
            check(kind, wording)
        else:
            best = candidates(kind, asked.locale)[0]
            wording, language = best.wording, best.language
        return Preview.of(compose(kind, wording, values, language), missing)
    except Unusable as broken:
        raise broken.answer() from broken


def _values(kind: Kind, given: dict[str, Any]) -> dict[str, Any]:
    """The samples, and over them what was given. Raises ``TemplateUnknownVariable``."""
    unknown = sorted(set(given) - kind.variables)
    if unknown:
        message = f"{', '.join(unknown)}: this template is not given that"
        raise TemplateUnknownVariable([problem("body.payload", "UNKNOWN_VARIABLE", message)])
    return {**kind.samples(), **{name: value for name, value in given.items() if value not in (None, "")}}


def send_test(key: str, asked: TestRequest, caller: Caller) -> Message:
    """Put a message to the caller's own address, by the wording that counts. Two round trips.

    Codes and links in it are samples. Raises ``AddressUnverified``, ``TemplateUnknownVariable``.
    """
    kind = kind_of(key)
    user = store.get(User, user_key(caller.user_id))
    if user is None or user.email_verified_at is None:
        raise AddressUnverified
    given = {name: value for name, value in (asked.payload or {}).items() if name not in kind.sealed}
    values = _values(kind, given)
    sealed = {name: str(values.pop(name)) for name in kind.sealed}
    tx = store.Transaction()
    message = messages.post(
        tx,
        Template(kind.key, kind.message_class, kind.required, kind.optional, kind.sealed, elsewhere=True),
        user.email,
        dedup=f"TEST:{new_ulid()}",
        user_id=user.id,
        locale=asked.locale,
        payload=values,
        sealed=sealed,
    )
    audit.write(tx, TEST, kind.key, by=caller, meta={"channel": asked.channel, "locale": asked.locale})
    tx.commit()
    return message
