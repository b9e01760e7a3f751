"""Wordings as staff see and change them (NTF-10 … NTF-13)."""

from __future__ import annotations

from chalicelib.engagement.notifications import catalogue
from chalicelib.engagement.notifications.catalogue import KINDS, LOCALES, Kind
from chalicelib.engagement.notifications.errors import TemplateNotFound, TemplateUnknownVariable, Unusable
from chalicelib.engagement.notifications.items import (
    VERSIONS_KEPT,
    StoredTemplate,
    TemplateVersion,
    stored_templates,
    with_versions,
)
from chalicelib.engagement.notifications.schemas import (
    TemplateAnswer,
    TemplateChange,
    TemplateList,
    TemplateRow,
    Variables,
    VariablesShown,
    VersionShown,
    WordingQuery,
    WordingShown,
    row_of,
    shown_body,
)
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import Conflict, VersionMismatch, problem
from chalicelib.platform.records import frozen

UPDATE = audit.AuditAction("template.update", "The wording of a message was changed")
RESET = audit.AuditAction("template.reset", "The wording of a message is the built-in one again")

TRIES = 3
CHANNEL = "EMAIL"


def kind_of(key: str) -> Kind:
    """The template of a key. Raises ``TemplateNotFound``."""
    kind = KINDS.get(key)
    if kind is None:
        raise TemplateNotFound
    return kind


def all_of_them() -> TemplateList:
    """Every key in every language, and which wording counts. One query."""
    rows = {(str(one.gsi1sk)): plain(one.row) for one in store.every(stored_templates())}
    found = [
        TemplateRow.model_validate(row_of(kind, CHANNEL, locale, rows.get(f"{key}#{CHANNEL}#{locale}")))
        for key, kind in sorted(KINDS.items())
        for locale in LOCALES
    ]
    return TemplateList(items=found)


@frozen
class _Known:
    """A stored wording, if there is one, and its versions, newest first."""

    item: StoredTemplate | None
    versions: list[TemplateVersion]

    @property
    def version(self) -> int:
        """Of the stored one; 0 without one."""
        return int(self.item.version) if self.item else 0

    @property
    def next_version(self) -> int:
        """What the next saving is called: versions go on where one was removed."""
        return max([self.version, *(int(one.number) for one in self.versions[:1])]) + 1


def _known(key: str, channel: str, locale: str) -> _Known:
    items = store.every(with_versions(key, channel, locale))
    stored = next((one for one in items if isinstance(one, StoredTemplate)), None)
    return _Known(stored, [one for one in items if isinstance(one, TemplateVersion)])


def one(key: str, asked: WordingQuery) -> TemplateAnswer:
    """A wording with its versions. One query."""
    kind = kind_of(key)
    return _answer(kind, asked.channel, asked.locale, _known(key, asked.channel, asked.locale))


def _answer(kind: Kind, channel: str, locale: str, known: _Known) -> TemplateAnswer:
    built_in = catalogue.built_in(kind.key, locale)
    assert built_in is not None
    item = known.item
    return TemplateAnswer.model_validate(
        {
            **row_of(kind, channel, locale, plain(item.row) if item else None),
            "template": shown_body(item) if item else None,
            "built_in": WordingShown.of(built_in),
            "variables": VariablesShown.of(kind),
            "versions": [VersionShown.of(version) for version in known.versions],
        }
    )


def save(key: str, change: TemplateChange, caller: Caller, expected: int | None) -> TemplateAnswer:
    """Save a wording that renders; what was there stays as a version, the last 20 are kept. Two round trips.

    Raises ``TemplateInvalid``, ``TemplateUnknownVariable``, ``VersionMismatch`` for another version than ``If-Match``
    says (0: none is stored), ``Conflict`` when others keep saving.
    """
    kind = kind_of(key)
    _check(kind, change)
    for _ in range(TRIES):
        known = _known(key, change.channel, change.locale)
        if expected is not None and expected != known.version:
            raise VersionMismatch({"version": known.version})
        try:
            return _answer(kind, change.channel, change.locale, _saved(kind, change, caller, known))
        except store.TransactionLost:
            continue
    raise Conflict


def _check(kind: Kind, change: TemplateChange) -> None:
    from chalicelib.engagement.notifications import composing

    variables = change.variables or Variables()
    unknown = sorted({*variables.required, *variables.optional} - kind.variables)
    if unknown:
        message = f"{', '.join(unknown)}: this template is not given that"
        raise TemplateUnknownVariable([problem("body.variables", "UNKNOWN_VARIABLE", message)])
    try:
        composing.check(kind, change.body.wording(change.subject))
    except Unusable as broken:
        raise broken.answer() from broken


def _saved(kind: Kind, change: TemplateChange, caller: Caller, known: _Known) -> _Known:
    variables = change.variables or Variables()
    item = StoredTemplate(
        *StoredTemplate.place(kind.key, change.channel, change.locale),
        key=kind.key,
        channel=change.channel,
        locale=change.locale,
        subject=change.subject,
        html=change.body.html,
        text=change.body.text,
        required=list(variables.required),
        optional=list(variables.optional),
        message_class=kind.message_class,
        is_active=change.is_active,
        version=known.next_version,
        updated_by_user_id=caller.user_id,
        updated_at=clock.now(),
    )
    item.index()
    unchanged = (
        store.absent(StoredTemplate) if known.item is None else StoredTemplate.version == int(known.item.version)
    )
    version, kept, gone = (
        TemplateVersion.of(item),
        known.versions[: VERSIONS_KEPT - 1],
        known.versions[VERSIONS_KEPT - 1 :],
    )
    tx = store.Transaction()
    tx.put(item, when=unchanged, name="template")
    tx.put(version, when=store.absent(TemplateVersion), name="version")
    for old in gone:
        tx.delete(TemplateVersion, old.itself)
    meta = {"channel": change.channel, "locale": change.locale, "version": int(item.version)}
    audit.write(tx, UPDATE, kind.key, by=caller, meta={**meta, "active": change.is_active})
    tx.commit()
    return _Known(item, [version, *kept])


def reset(key: str, asked: WordingQuery, caller: Caller) -> None:
    """Remove a stored wording: the one in code counts again; its versions stay. Raises ``TemplateNotFound``."""
    kind = kind_of(key)
    place = StoredTemplate.place(kind.key, asked.channel, asked.locale)
    tx = store.Transaction()
    tx.delete(StoredTemplate, place, when=store.present(StoredTemplate), name="template")
    audit.write(tx, RESET, kind.key, by=caller, meta={"channel": asked.channel, "locale": asked.locale})
    try:
        tx.commit()
    except store.TransactionLost as lost:
        raise TemplateNotFound from lost
