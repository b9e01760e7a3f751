"""What requests about templates take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chalicelib.engagement.notifications.catalogue import LOCALES, MAX_SOURCE, MAX_SUBJECT, Composed, Kind, Wording
from chalicelib.engagement.notifications.items import StoredTemplate, TemplateVersion
from chalicelib.platform.http import Instant, QueryModel, RequestModel, ResponseModel

MailChannel = Literal["EMAIL"]
Locale = Literal["en", "hi"]
assert LOCALES == ("en", "hi")

Source = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SOURCE)]
SubjectSource = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SUBJECT * 5)]
"""A subject's source; as rendered it has at most 200 characters."""
VariableName = Annotated[str, StringConstraints(max_length=50, pattern=r"^[a-z][A-Za-z0-9]{0,49}$")]
Value = Annotated[str, StringConstraints(max_length=2_000)]
Payload = Annotated[dict[VariableName, Value | int | bool | None], Field(max_length=50)]


class WordingQuery(QueryModel):
    """Which wording of a key."""

    channel: MailChannel = "EMAIL"
    locale: Locale = "en"


class Body(RequestModel):
    """A body in HTML; the text part is made from it when it is not given."""

    html: Source
    text: Source | None = None

    def wording(self, subject: str) -> Wording:
        """With its subject."""
        return Wording(subject, self.html, self.text)


class Variables(RequestModel):
    """Which variables the wording needs, and which it does without. All are of those that the template is given."""

    required: list[VariableName] = Field(default_factory=list, max_length=50)
    optional: list[VariableName] = Field(default_factory=list, max_length=50)


class TemplateChange(RequestModel):
    """A wording to save; it counts while it is active."""

    channel: MailChannel = "EMAIL"
    locale: Locale = "en"
    subject: SubjectSource
    body: Body
    variables: Variables | None = None
    is_active: bool = True


class PreviewRequest(RequestModel):
    """A wording to look at, or none: the one that counts now. Without values samples are shown."""

    channel: MailChannel = "EMAIL"
    locale: Locale = "en"
    subject: SubjectSource | None = None
    body: Body | None = None
    payload: Payload | None = None


class TestRequest(RequestModel):
    """Which wording to send to oneself, with which values beside the samples."""

    channel: MailChannel = "EMAIL"
    locale: Locale = "en"
    payload: Payload | None = None


class TemplateRow(ResponseModel):
    """One wording of one key."""

    key: str
    channel: str
    locale: str
    message_class: str = Field(alias="class")
    source: Literal["STORED", "BUILT_IN"] = Field(description="Which one counts")
    stored: bool = Field(description="Whether there is a stored one, also an inactive one")
    is_active: bool
    version: int = Field(description="Of the stored one; 0 without one")
    updated_by_user_id: str | None
    updated_at: Instant | None


class TemplateList(ResponseModel):
    """All keys, by name."""

    items: list[TemplateRow]


class BodyShown(ResponseModel):
    """HTML and text of a wording, as written; `text` null: made from the HTML."""

    html: str
    text: str | None


class WordingShown(ResponseModel):
    """A wording as written."""

    subject: str
    body: BodyShown

    @classmethod
    def of(cls, wording: Wording) -> WordingShown:
        """From the wording."""
        return cls(subject=wording.subject, body=BodyShown(html=wording.html, text=wording.text))


class VariablesShown(ResponseModel):
    """Names of variables; sealed ones are codes and links, which exist in the mail alone."""

    required: list[str]
    optional: list[str]
    sealed: list[str]

    @classmethod
    def of(cls, kind: Kind) -> VariablesShown:
        """As the code declares them."""
        return cls(required=list(kind.required), optional=list(kind.optional), sealed=list(kind.sealed))


class VersionShown(ResponseModel):
    """What was saved once."""

    version: int
    subject: str
    body: BodyShown
    is_active: bool
    saved_by_user_id: str
    saved_at: Instant

    @classmethod
    def of(cls, item: TemplateVersion) -> VersionShown:
        """From the item."""
        return cls(
            version=int(item.number),
            subject=item.subject,
            body=BodyShown(html=item.html, text=item.text),
            is_active=bool(item.is_active),
            saved_by_user_id=item.saved_by_user_id,
            saved_at=item.saved_at,
        )


class TemplateAnswer(TemplateRow):
    """A wording with everything about it: the stored one, the one in code, its variables, what was saved before."""

    template: WordingShown | None = Field(description="The stored one")
    built_in: WordingShown
    variables: VariablesShown
    versions: list[VersionShown] = Field(description="Newest first")


class Preview(ResponseModel):
    """How it would look; `missing`: required variables that the payload lacks, shown with samples."""

    subject: str
    html: str
    text: str
    missing: list[str]

    @classmethod
    def of(cls, mail: Composed, missing: list[str]) -> Preview:
        """From the mail."""
        return cls(subject=mail.subject, html=mail.html, text=mail.text, missing=missing)


def row_of(kind: Kind, channel: str, locale: str, stored: dict[str, Any] | None) -> dict[str, Any]:
    """The members of ``TemplateRow``; ``stored``: the row of the stored one."""
    active = bool(stored and stored["isActive"])
    return {
        "key": kind.key,
        "channel": channel,
        "locale": locale,
        "class": kind.message_class.value,
        "source": "STORED" if active else "BUILT_IN",
        "stored": stored is not None,
        "is_active": active if stored else True,
        "version": int(stored["version"]) if stored else 0,
        "updated_by_user_id": stored["updatedByUserId"] if stored else None,
        "updated_at": stored["updatedAt"] if stored else None,
    }


def shown_body(item: StoredTemplate) -> WordingShown:
    """A stored wording as written."""
    return WordingShown(subject=item.subject, body=BodyShown(html=item.html, text=item.text))
