"""What AWS does between the services (LOC-05): stream to reader, queue to consumer; batches, retries, dead letters.

One ``turn`` moves everything that is ready; the local cloud turns all the time, a test when it drains.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.aws import clients
from chalicelib.platform.function import Function
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.lambdas import Lambdas

ACCOUNT = "123456789012"
MAX_RECEIVE = 10
MAX_ROUNDS = 100
SLICE_SECONDS = 0.3
"""So long one queue is pumped before the others have their turn: AWS polls them side by side."""
MAX_PAUSE = 60.0


@dataclass(frozen=True)
class EventSource:
    """What Lambda polls for a function, as the template has it: a queue by its physical name, or the table's stream.

    ``retries`` and ``failed`` (a queue) belong to the stream: how often a batch is tried, where one goes that never
    passes.
    """

    function: str
    queue: str
    batch: int
    retries: int | None = None
    failed: str | None = None

    @property
    def is_stream(self) -> bool:
        return not self.queue


@dataclass(frozen=True)
class Delivery:
    """One batch handed to a function: what the console shows and ``drain`` counts."""

    source: str
    function: str
    records: int
    failed: int


@dataclass
class _Failing:
    tries: int = 0
    not_before: float = 0.0


@dataclass
class Pumps:
    """Moves records and messages. ``retry_seconds``: the first back-off of a failed batch; doubles with each.

    A message that its function itself hid for a while stays hidden so long, by the backend's clock. ``holds``: whether
    a queue (by its physical name) can have a message at all; what has none is not asked, as there are a hundred.
    """

    lambdas: Lambdas
    sources: list[EventSource] = field(default_factory=list)
    retry_seconds: float = 1.0
    on_stream: Callable[[dict[str, Any]], None] | None = None
    holds: Callable[[str], bool] = lambda _: True
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _iterator: str | None = None
    _waiting: list[dict[str, Any]] = field(default_factory=list)
    _failing: _Failing = field(default_factory=_Failing)
    _urls: dict[str, str] = field(default_factory=dict)
    _asleep: dict[str, set[str]] = field(default_factory=dict)
    _streams: Any = None

    def reset(self) -> None:
        """Begin at the stream's end, with nothing in hand."""
        with self._lock:
            self._iterator, self._waiting, self._failing = None, [], _Failing()
            self._urls.clear()
            self._asleep.clear()
            self._streams = None
            self._open()

    def turn(self) -> list[Delivery]:
        """Move what is ready; answers what was delivered."""
        with self._lock:
            delivered: list[Delivery] = []
            for source in self.sources:
                function = self.lambdas.find(source.function)
                delivered.extend(self._stream(source, function) if source.is_stream else self._queue(source, function))
            return delivered

    def pending(self) -> bool:
        """Whether the stream has records that were not taken yet."""
        with self._lock:
            self._fill()
            return bool(self._waiting)

    def retrying(self) -> bool:
        """Whether a queue holds messages that were taken and not settled, but for those hidden on purpose."""
        return any(one["inFlight"] > len(self._asleep.get(one["queue"], ())) for one in self.queues())

    def queues(self) -> list[dict[str, Any]]:
        """``{queue, function, messages, inFlight, delayed}`` of every queue that is pumped and has any."""
        found = []
        for source in self.sources:
            if source.is_stream or not self.holds(source.queue):
                continue
            counts = clients.sqs().get_queue_attributes(QueueUrl=self._url(source.queue), AttributeNames=["All"])[
                "Attributes"
            ]
            found.append(
                {
                    "queue": source.queue,
                    "function": source.function,
                    "messages": int(counts["ApproximateNumberOfMessages"]),
                    "inFlight": int(counts["ApproximateNumberOfMessagesNotVisible"]),
                    "delayed": int(counts["ApproximateNumberOfMessagesDelayed"]),
                }
            )
        return found

    # The stream: one shard, in order; a failed batch holds it up and is cut to what failed.

    def _open(self) -> None:
        dynamodb = clients.dynamodb()
        table = dynamodb.describe_table(TableName=TABLE_NAME())["Table"]
        arn = table.get("LatestStreamArn")
        if arn is None:
            return
        self._streams = clients._client("dynamodbstreams")
        shard = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][-1]
        self._iterator = self._streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
        )["ShardIterator"]

    def _fill(self) -> None:
        if self._iterator is None:
            self._open()
        while self._iterator is not None:
            answer = self._streams.get_records(ShardIterator=self._iterator, Limit=1000)
            self._iterator = answer.get("NextShardIterator") or self._iterator
            if not answer["Records"]:
                return
            for record in answer["Records"]:
                event = stream_event(record)
                if self.on_stream is not None:
                    self.on_stream(event)
                self._waiting.append(event)

    def _stream(self, source: EventSource, reader: Function) -> list[Delivery]:
        delivered: list[Delivery] = []
        self._fill()
        while self._waiting and time.monotonic() >= self._failing.not_before:
            batch = self._waiting[: source.batch]
            taken = self._taken(reader, batch)
            delivered.append(Delivery("stream", reader.name, len(batch), len(batch) - taken))
            del self._waiting[:taken]
            if taken == len(batch):
                self._failing = _Failing()
                self._fill()
                continue
            self._hold_up(source, reader, taken)
            break
        return delivered

    def _taken(self, reader: Function, batch: list[dict[str, Any]]) -> int:
        """How many records of the batch, from its start, are done."""
        outcome = self.lambdas.invoke(reader, {"Records": batch})
        if outcome.error is not None:
            return 0
        failures = [one["itemIdentifier"] for one in (outcome.answer or {}).get("batchItemFailures", [])]
        if not failures:
            return len(batch)
        sequences = [record["dynamodb"]["SequenceNumber"] for record in batch]
        # AWS goes on from the lowest failed record; an unknown id fails the whole batch.
        return min((sequences.index(one) if one in sequences else 0) for one in failures)

    def _hold_up(self, source: EventSource, reader: Function, taken: int) -> None:
        tries = 1 if taken else self._failing.tries + 1
        if source.retries is None or tries <= source.retries:
            self._failing = _Failing(tries, time.monotonic() + min(60.0, self.retry_seconds * 2 ** (tries - 1)))
            return
        # Bisected down to the one record: it goes where the mapping says, as its place in the stream.
        record = self._waiting.pop(0)
        self._failing = _Failing()
        if source.failed is not None:
            url = clients.sqs().get_queue_url(QueueName=source.failed)["QueueUrl"]
            clients.sqs().send_message(QueueUrl=url, MessageBody=json.dumps(_given_up(reader, record)))

    # Queues.

    def _queue(self, source: EventSource, function: Function) -> list[Delivery]:
        delivered: list[Delivery] = []
        began = time.monotonic()
        for _ in range(MAX_ROUNDS):
            messages = self._receive(source) if self.holds(source.queue) else []
            if not messages:
                break
            failed = self._deliver(source, function, messages)
            delivered.append(Delivery(source.queue, function.name, len(messages), failed))
            if time.monotonic() - began > SLICE_SECONDS:
                break
        return delivered

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = clients.sqs().get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]

    def _receive(self, source: EventSource) -> list[dict[str, Any]]:
        answer = clients.sqs().receive_message(
            QueueUrl=self._url(source.queue),
            MaxNumberOfMessages=min(source.batch, MAX_RECEIVE),
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = list(answer.get("Messages", []))
        self._asleep.get(source.queue, set()).difference_update(one["MessageId"] for one in messages)
        return messages

    def _deliver(self, source: EventSource, function: Function, messages: list[dict[str, Any]]) -> int:
        arn = f"arn:aws:sqs:{clients.region()}:{ACCOUNT}:{source.queue}"
        outcome = self.lambdas.invoke(function, {"Records": [queue_event(one, arn) for one in messages]})
        failed = {one["MessageId"] for one in messages}
        if outcome.error is None:
            named = {one["itemIdentifier"] for one in (outcome.answer or {}).get("batchItemFailures", [])}
            failed = failed if "" in named else named
        hidden = dict(call.target.hidden for call in outcome.calls if call.target.hidden and call.outcome == "ok")
        for message in messages:
            seconds = hidden.get(message["ReceiptHandle"])
            if seconds is None or message["MessageId"] not in failed:
                self._settle(source, message, message["MessageId"] in failed)
            elif seconds:
                self._asleep.setdefault(source.queue, set()).add(message["MessageId"])
        return len(failed)

    def _settle(self, source: EventSource, message: Mapping[str, Any], failed: bool) -> None:
        sqs, url, receipt = clients.sqs(), self._url(source.queue), message["ReceiptHandle"]
        try:
            if not failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)
                return
            tries = int(message["Attributes"]["ApproximateReceiveCount"])
            pause = int(min(MAX_PAUSE, self.retry_seconds * 2 ** (tries - 1)))
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=pause)
        except (BotoCoreError, ClientError):
            # The message comes again after its visibility time-out, as it would on AWS.
            return


def stream_event(record: dict[str, Any]) -> dict[str, Any]:
    """A record of the streams API as Lambda gets it: JSON, epoch seconds."""
    data = dict(record["dynamodb"])
    created = data.get("ApproximateCreationDateTime")
    if isinstance(created, datetime):
        data["ApproximateCreationDateTime"] = int(created.timestamp())
    for image in ("Keys", "NewImage", "OldImage"):
        if image in data:
            data[image] = _plain(data[image])
    return {
        "eventID": record.get("eventID", ""),
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": clients.region(),
        "dynamodb": data,
        "eventSourceARN": f"arn:aws:dynamodb:{clients.region()}:{ACCOUNT}:table/{TABLE_NAME()}/stream/local",
    }


def _plain(value: Any) -> Any:
    """Binary values as base64 texts, sets as lists."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, set, tuple)):
        return [_plain(one) for one in value]
    return value


def queue_event(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A received message as Lambda gets it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": dict(message.get("MessageAttributes", {})),
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": clients.region(),
    }


def _given_up(reader: Function, record: dict[str, Any]) -> dict[str, Any]:
    """What Lambda writes to a stream's failure destination: no data, only where it stands."""
    sequence = record["dynamodb"]["SequenceNumber"]
    return {
        "requestContext": {"functionArn": reader.name, "condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "DDBStreamBatchInfo": {"startSequenceNumber": sequence, "endSequenceNumber": sequence, "batchSize": 1},
    }
