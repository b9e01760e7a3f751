"""Endpoints of no domain, in a registry of their own: the rules that all endpoints share, proved on them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.platform import registry, store
from chalicelib.platform.access.resources import Entity, Resource
from chalicelib.platform.errors import ApiError, UpstreamFailed, VersionMismatch
from chalicelib.platform.http import (
    Actions,
    Answer,
    Binary,
    Caller,
    Grant,
    Idempotency,
    Instant,
    Limits,
    ListQuery,
    Page,
    QueryModel,
    Request,
    RequestModel,
    ResponseModel,
    api,
    text,
)
from chalicelib.platform.http import lists as pages
from chalicelib.platform.http.endpoint import Deprecated, Endpoint
from chalicelib.platform.ids import Ulid, new_ulid
from chalicelib.platform.store import Item, Key, Query

PERSONAL = "@".join(("asha", "example.com"))
WRITING = [Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY]


class Sample(Item, discriminator="Sample"):
    """Something that somebody owns."""

    id = UnicodeAttribute()
    owner_id = UnicodeAttribute()
    title = UnicodeAttribute()
    color = UnicodeAttribute(default="red")
    edits = NumberAttribute(default=0)

    @staticmethod
    def place(sample_id: str) -> Key:
        return Key(f"SAMPLE#{sample_id}", "SAMPLE")


class Row(Item, discriminator="SampleRow"):
    """A row of a list in one partition."""

    name = UnicodeAttribute()
    color = UnicodeAttribute(default="red")


class SampleNotFound(ApiError):
    status = 404
    code = "SAMPLE_NOT_FOUND"
    message = "There is no such sample"


class SampleRefused(ApiError):
    status = 409
    code = "SAMPLE_REFUSED"
    message = "This sample is refused"


CENTRE_SAMPLE = Resource(
    param="sample",
    item=Sample,
    key=lambda path, _: Sample.place(path["sampleId"]),
    entity=lambda sample: Entity("Centre", sample.id, {"centreId": sample.owner_id, "tenantId": sample.owner_id}),
    missing=SampleNotFound,
)
"""Its owner is a centre."""

OWN_SAMPLE = Resource(
    param="sample",
    item=Sample,
    key=lambda path, _: Sample.place(path["sampleId"]),
    entity=lambda sample: Entity("Order", sample.id, {"ownerId": sample.owner_id}),
    missing=SampleNotFound,
)
ANY_SAMPLE = Resource(
    param="sample",
    item=Sample,
    key=lambda path, _: Sample.place(path["sampleId"]),
    entity=lambda sample: Entity("Academy", "academy"),
    missing=SampleNotFound,
)


class NewSample(RequestModel):
    """A new sample."""

    title: text(1, 20)  # type: ignore[valid-type]
    about: text(0, 200, multiline=True) | None = None  # type: ignore[valid-type]
    count: int = Field(default=1, ge=0, le=10)
    tags: list[text(1, 8)] = Field(default_factory=list, max_length=3)  # type: ignore[valid-type]
    color: Literal["red", "green"] = "red"
    at: Instant | None = None
    day: date | None = None
    parent_id: Ulid | None = None


class SampleAnswer(ResponseModel):
    """A sample."""

    id: str
    title: str
    version: int
    at: Instant | None = None


class SampleChange(RequestModel):
    """What changes."""

    title: text(1, 20)  # type: ignore[valid-type]


class SamplesQuery(ListQuery):
    """Which rows."""

    color: Literal["red", "green"] | None = None
    sort: Literal["name"] | None = None


class SampleRow(ResponseModel):
    """One row."""

    name: str


class Payment(RequestModel):
    """What the payment should do."""

    outcome: Literal["pay", "refuse", "fail", "crash"] = "pay"


class Paid(ResponseModel):
    """How often it was paid."""

    payments: int


class Size(QueryModel):
    """How large an answer."""

    size: int = Field(ge=0, le=7_000_000)
    names: list[Annotated[str, Field(max_length=20)]] = Field(default_factory=list, max_length=5)


class Seen(ResponseModel):
    """What the function saw."""

    seen: str | None


def _payments() -> Key:
    return Key("SAMPLE-PAYMENTS", "COUNT")


def paid() -> int:
    """How often it was paid so far."""
    item = store.get(Sample, _payments())
    return int(item.edits) if item else 0


with registry.isolated() as declared:

    @api.get("/v1/samples", action=Actions.TAXONOMY_BROWSE, grants=[*WRITING, Grant.SECRET_CURSOR])
    def list_samples(query: SamplesQuery, caller: Caller) -> Page[SampleRow]:
        """The rows."""
        where = Row.color == query.color if query.color else None
        return pages.page(
            "samples", caller.user_id, query, Query(Row, "SAMPLES", where=where), lambda row: SampleRow(name=row.name)
        )

    @api.get("/v1/samples-too", action=Actions.TAXONOMY_BROWSE, grants=[*WRITING, Grant.SECRET_CURSOR])
    def list_samples_too(query: SamplesQuery, caller: Caller) -> Page[SampleRow]:
        """The same rows as another list."""
        return pages.page(
            "samples-too", caller.user_id, query, Query(Row, "SAMPLES"), lambda row: SampleRow(name=row.name)
        )

    @api.post(
        "/v1/samples",
        action=Actions.CONTENT_MANAGE,
        status=201,
        idempotency=Idempotency.OPTIONAL,
        limits=[Limits.UPLOAD],
        grants=WRITING,
    )
    def create_sample(body: NewSample, caller: Caller) -> Answer[SampleAnswer]:
        """A new sample."""
        sample_id = new_ulid()
        place = Sample.place(sample_id)
        store.put(Sample(place.pk, place.sk, id=sample_id, owner_id=caller.user_id, title=body.title))
        answer = SampleAnswer(id=sample_id, title=body.title, version=1, at=body.at)
        return Answer(answer, location=f"/v1/samples/{sample_id}", version=1)

    @api.get("/v1/samples/{sampleId}", action=Actions.ORDERS_READ, resource=OWN_SAMPLE, head=True, grants=WRITING)
    def get_sample(sample: Sample) -> Answer[SampleAnswer]:
        """One sample."""
        answer = SampleAnswer(id=sample.id, title=sample.title, version=sample.version)
        return Answer(answer, version=int(sample.version))

    @api.get(
        "/v1/centre-samples/{sampleId}", action=Actions.CENTRE_SEATS_MANAGE, resource=CENTRE_SAMPLE, grants=WRITING
    )
    def get_centre_sample(sample: Sample) -> Seen:
        """A sample inside a study centre."""
        return Seen(seen=sample.id)

    @api.patch(
        "/v1/samples/{sampleId}",
        action=Actions.CONTENT_MANAGE,
        resource=ANY_SAMPLE,
        raises=[VersionMismatch],
        grants=WRITING,
    )
    def change_sample(sample: Sample, body: SampleChange, request: Request) -> Answer[SampleAnswer]:
        """Change a sample."""
        wanted = request.if_match()
        if wanted is not None and wanted != sample.version:
            raise VersionMismatch({"version": sample.version})
        try:
            now = store.update(
                Sample,
                Sample.place(sample.id),
                [Sample.title.set(body.title), Sample.version.add(1)],
                when=Sample.version == sample.version if wanted is not None else store.present(Sample),
            )
        except store.ConditionFailed as failed:
            raise VersionMismatch({"version": failed.item.version if failed.item else None}) from failed
        return Answer(SampleAnswer(id=now.id, title=now.title, version=now.version), version=int(now.version))

    @api.delete("/v1/samples/{sampleId}", action=Actions.CONTENT_MANAGE, status=204, grants=WRITING)
    def delete_sample(sample_id: str) -> None:
        """Remove a sample."""
        store.delete(Sample, Sample.place(sample_id))

    @api.post("/v1/samples/{sampleId}/publish", action=Actions.CONTENT_MANAGE, status=204, grants=WRITING)
    def publish_sample(sample_id: str) -> None:
        """Something that takes no body."""

    @api.post(
        "/v1/sample-payments",
        action=Actions.TAXONOMY_BROWSE,
        idempotency=Idempotency.REQUIRED,
        limits=[Limits.CHECKOUT],
        raises=[SampleRefused, UpstreamFailed],
        grants=WRITING,
    )
    def pay_sample(body: Payment) -> Paid:
        """Pay, or do something else."""
        if body.outcome == "refuse":
            raise SampleRefused({"reason": "because"})
        item = store.update(
            Sample,
            _payments(),
            [
                Sample.edits.add(1),
                Sample.kind.set(Sample),
                Sample.id.set("x"),
                Sample.owner_id.set("x"),
                Sample.title.set("x"),
            ],
        )
        if body.outcome == "fail":
            raise UpstreamFailed
        if body.outcome == "crash":
            raise RuntimeError(f"table pathshala-local, {PERSONAL}")
        return Paid(payments=int(item.edits))

    @api.get("/v1/sample-open", public=True, limits=[Limits.REGISTER], grants=WRITING)
    def open_sample() -> Seen:
        """Open to everybody, limited by address."""
        return Seen(seen="open")

    @api.get("/v1/sample-who", public=True, optional_auth=True, grants=WRITING)
    def who_sample(caller: Caller | None) -> Seen:
        """Who asks, if they are signed in."""
        return Seen(seen=caller.user_id if caller else None)

    @api.get("/v1/sample-large", public=True, binary="text/plain")
    def large_sample(query: Size) -> Binary:
        """So many characters."""
        return Binary(b"x" * query.size, "text/plain", headers={"X-Names": ",".join(query.names)})

    @api.get("/v1/sample-bytes", public=True, binary="application/octet-stream")
    def bytes_sample() -> Binary:
        """Bytes that are no text."""
        return Binary(bytes(range(256)), "application/octet-stream")

    @api.post("/v1/sample-raw", public=True, raw_body=True)
    def raw_sample(request: Request) -> Seen:
        """Whatever came."""
        return Seen(seen=request.raw_body.decode("latin-1"))

    @api.get("/v1/sample-old", public=True, deprecated=Deprecated(since=date(2026, 1, 1), sunset=date(2026, 7, 1)))
    def old_sample() -> Seen:
        """Something that will go."""
        return Seen(seen="old")

    @api.options("/{proxy+}", public=True, status=204)
    def preflight_sample(request: Request) -> Answer[None]:
        """The preflight, so that these endpoints have one."""
        from chalicelib.platform.http.headers import cors

        return Answer(None, headers=cors(request.headers.get("origin"), preflight=True))


ENDPOINTS: list[Endpoint] = [one for one in declared.values() if isinstance(one, Endpoint)]


def routes() -> dict[str, dict[str, Endpoint]]:
    """Path → method → endpoint."""
    found: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        for method in endpoint.methods:
            found.setdefault(endpoint.path, {})[method] = endpoint
    return found


def add(owner_id: str, title: str = "First") -> str:
    """A sample in the table; answers its id."""
    sample_id = new_ulid()
    place = Sample.place(sample_id)
    store.put(Sample(place.pk, place.sk, id=sample_id, owner_id=owner_id, title=title))
    return sample_id


def add_rows(*names: str, color: str = "red") -> None:
    """Rows of the list."""
    for name in names:
        store.put(Row("SAMPLES", name, name=name, color=color))
