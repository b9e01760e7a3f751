"""Jobs, tasks, consumers, workers, the stream: what they take, and which failures they report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.platform import context, registry
from chalicelib.platform.events.changes import Change, events_of, kind_in, translate
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.events.queues import Queue, event_body
from chalicelib.platform.registry import BadDeclaration
from chalicelib.platform.work import Cron, JobRun, Rate, consumer, job, stream, task, worker
from tests.platform.store.boxes import Box

handled: list[Any] = []


class BoxPacked(DomainEvent):
    """A box was packed."""

    box_id: str
    weight: int

    @property
    def key(self) -> str:
        return self.box_id


class BoxWeighed(DomainEvent):
    """A box was weighed."""

    box_id: str

    @property
    def key(self) -> str:
        return self.box_id


class Parcel(BaseModel):
    """A message."""

    number: int


@translate(Box)
def box_events(change: Change[Box]) -> Iterator[DomainEvent]:
    """What changes of boxes mean."""
    if change.new is None:
        return
    if change.inserted:
        yield BoxPacked(box_id=str(change.new.name), weight=int(change.new.weight))
    if change.became("weight", 5):
        yield BoxWeighed(box_id=str(change.new.name))


with registry.isolated() as declared:

    @job("test-job", every=Rate(minutes=5))
    def run_boxes(run: JobRun) -> dict[str, Any]:
        """Count what it was given."""
        assert run.remaining() > 0
        return {"given": run.given, "request": context.current().request_id}

    @task()
    def weigh_box(given: Parcel) -> Parcel:
        """One more."""
        return Parcel(number=given.number + 1)

    @consumer(on=[BoxPacked], batch=3)
    def follow_box(event: BoxPacked) -> None:
        """Note a box, but not heavy ones."""
        if event.weight > 10:
            raise ValueError(event.box_id)
        handled.append((event.box_id, context.current().request_id))

    @worker(Queue("test-parcels"))
    def work_parcel(message: Parcel) -> None:
        """Note a parcel, but not number 13."""
        if message.number == 13:
            raise ValueError(message.number)
        handled.append(message.number)

    @stream()
    def read_boxes(record: dict[str, Any]) -> None:
        """Note a record, but not number 13."""
        if record["dynamodb"]["SequenceNumber"] == "13":
            raise ValueError(record)
        handled.append(record["dynamodb"]["SequenceNumber"])


@pytest.fixture(autouse=True)
def _nothing_handled() -> None:
    handled.clear()


def batch(*bodies: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{at}", "body": json.dumps(body)} for at, body in enumerate(bodies)]}


def test_a_job_runs_with_and_without_something_given() -> None:
    assert run_boxes({}, None)["given"] == {}
    assert run_boxes({"given": {"day": "2026-01-31"}}, None)["given"] == {"day": "2026-01-31"}
    assert run_boxes.every is not None
    assert (Rate(1).expression, Rate(5).expression) == ("rate(1 minute)", "rate(5 minutes)")
    assert Cron("30 2 * * ? *").expression == "cron(30 2 * * ? *)"


def test_a_task_takes_and_answers_its_models() -> None:
    assert weigh_box({"number": 1}, None) == {"number": 2}
    with pytest.raises(ValidationError):
        weigh_box({"number": "one"}, None)


@pytest.mark.rule("HTTP-27")
def test_a_task_and_a_message_carry_the_request_id_that_caused_them() -> None:
    body = {"event": "BoxPacked", "data": {"boxId": "a", "weight": 1}, "requestId": "request-77"}
    follow_box(batch(body), None)
    assert handled == [("a", "request-77")]


def test_only_the_messages_that_failed_come_again() -> None:
    bodies = [
        {"event": "BoxPacked", "data": {"boxId": "a", "weight": 1}},
        {"event": "BoxPacked", "data": {"boxId": "heavy", "weight": 11}},
        {"event": "Unknown", "data": {}},
        {"event": "BoxPacked", "data": {"boxId": "b"}},
        {"event": "BoxPacked", "data": {"boxId": "c", "weight": 2}},
    ]
    answer = follow_box(batch(*bodies), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"m{at}"} for at in (1, 2, 3)]}
    assert [name for name, _ in handled] == ["a", "c"]


def test_a_message_that_is_no_json_fails_alone() -> None:
    event = batch({"data": {"number": 1}}, {"data": {"number": 13}}, {"data": {"number": 2}})
    event["Records"].append({"messageId": "broken", "body": "{"})
    assert work_parcel(event, None) == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "broken"}]}
    assert handled == [1, 2]


def test_the_stream_stops_at_the_first_failure_so_that_order_holds() -> None:
    records = {"Records": [{"dynamodb": {"SequenceNumber": number}} for number in ("11", "12", "13", "14")]}
    assert read_boxes(records, None) == {"batchItemFailures": [{"itemIdentifier": "13"}]}
    assert handled == ["11", "12"]
    assert read_boxes({"Records": records["Records"][:2]}, None) == {"batchItemFailures": []}


def image(box: Box | None) -> dict[str, Any] | None:
    return box.serialize() if box is not None else None


def record(old: Box | None, new: Box | None) -> dict[str, Any]:
    images = {"OldImage": image(old), "NewImage": image(new)}
    return {"dynamodb": {"SequenceNumber": "1", **{name: one for name, one in images.items() if one}}}


def test_changes_become_events() -> None:
    light, heavy = Box("b", "b", name="a", weight=1), Box("b", "b", name="a", weight=5)
    assert events_of(record(None, light)) == [BoxPacked(box_id="a", weight=1)]
    assert events_of(record(light, heavy)) == [BoxWeighed(box_id="a")]
    assert events_of(record(heavy, heavy)) == []
    assert events_of(record(light, None)) == []
    assert [type(one).__name__ for one in events_of(record(None, heavy))] == ["BoxPacked", "BoxWeighed"]
    assert kind_in(record(light, None)) == "TestBox"


def test_kinds_that_nobody_translates_mean_nothing() -> None:
    assert events_of({"dynamodb": {"SequenceNumber": "1", "NewImage": {"kind": {"S": "Unheard"}}}}) == []


def test_an_event_travels_with_its_name_and_the_request() -> None:
    context.enter("test", "request-88", None)
    sent = json.loads(event_body(BoxPacked(box_id="a", weight=1)))
    assert sent == {"event": "BoxPacked", "data": {"boxId": "a", "weight": 1}, "requestId": "request-88"}
    follow_box(batch(sent), None)
    assert handled == [("a", "request-88")]


def test_consumers_have_queues_of_their_own() -> None:
    assert follow_box.queue.name == "follow-box"
    assert follow_box.queue.visibility >= 6 * follow_box.timeout
    assert set(declared) == {"run_boxes", "weigh_box", "follow_box", "work_parcel", "read_boxes"}
    assert not set(declared) & set(registry.known())


def test_what_is_declared_twice_does_not_import() -> None:
    with registry.isolated():

        @job("twice")
        def first_job(run: JobRun) -> None:
            """One."""

        with pytest.raises(BadDeclaration, match="twice"):

            @job("twice")
            def second_job(run: JobRun) -> None:
                """Two."""
