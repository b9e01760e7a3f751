"""moto as the AWS of this process, put right where it differs from the real one in what the backend relies on.

* A transaction copies the whole table with its stream for its rollback: it is redone here, touching its own items only.
* ``ClientRequestToken`` is ignored: here a repeated transaction answers what the first one answered, for 10 minutes.
* An update that creates its item puts two records on the stream, one that changes nothing puts one: one and none.
* Queries sort and compare the whole table; here only the items of the partition asked for.
* A range of an object copies all of it: the large object that was read last is kept at hand.
* A second execution of a finished execution's name is an internal error of moto's: ``ExecutionAlreadyExists``.
* Queues (delays, visibility) read the backend's movable clock, and requests are signed by it: an address to upload to
  that was made a moment ago must not have expired because the clock was moved.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from botocore import auth as signing
from moto import mock_aws
from moto.core.models import botocore_stubber
from moto.core.parse import BaseJSONParser
from moto.core.request import normalize_request
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models import table as moto_tables
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import SecondaryIndex, StreamShard, Table
from moto.s3.models import FakeKey
from moto.sqs.models import sqs_backends
from werkzeug.exceptions import HTTPException

from chalicelib.platform import clock
from chalicelib.platform.aws import clients
from infra.local import moto_objects, moto_transactions, moto_values
from infra.local.moto_values import parsing, serializing
from infra.local.waits import Waits
from infra.local.wire import Reply

ACCOUNT = "123456789012"
TOKEN_SECONDS = 600
TOKENS_KEPT = 50_000

_scale: float = 1.0
waits = Waits()


class Moto:
    """moto, started and corrected for the life of the process."""

    def __init__(self) -> None:
        self._mock = mock_aws(
            config={
                "stepfunctions": {"execute_state_machine": True},
                "lambda": {"use_docker": False},
                "core": {"mock_credentials": True, "reset_boto3_session": True},
            }
        )
        self._tokens: dict[str, tuple[str, Reply, float]] = {}

    @property
    def handler(self) -> object:
        """The handler of botocore that the wire stands in for."""
        return botocore_stubber

    def scale_waits(self, wait_scale: float) -> None:
        """Multiply the seconds that workflows wait from now on."""
        global _scale
        _scale = wait_scale

    def start(self, wait_scale: float) -> None:
        """Begin."""
        self.scale_waits(wait_scale)
        _put_right()
        self._mock.start()
        # Web calls that are not AWS's (the payment gateway, our own ports) must not pass through moto's stand-in.
        from moto.core.models import responses_mock

        responses_mock.stop()

    def stop(self) -> None:
        """End, with everything in it."""
        from moto.core.models import responses_mock

        responses_mock.start()
        self._mock.stop()

    def holds_messages(self, queue: str) -> bool:
        """Whether a queue has a message, also one that is hidden or delayed."""
        known = sqs_backends[ACCOUNT][clients.region()].queues.get(queue)
        return known is None or bool(known._messages)

    def answer(self, service: str, operation: str, request: Any) -> Reply | None:
        """What AWS answers."""
        if service == "dynamodb" and operation == "TransactWriteItems":
            return self._transact(request)
        return _processed(request, service)

    def _transact(self, request: Any) -> Reply | None:
        given = json.loads(request.body)
        token = given.get("ClientRequestToken")
        if not token:
            return _processed(request, "dynamodb")
        said = hashlib.sha256(json.dumps(given.get("TransactItems"), sort_keys=True).encode()).hexdigest()
        known = self._tokens.get(token)
        if known is not None and known[2] > time.monotonic():
            if known[0] == said:
                return known[1]
            body = {
                "__type": "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
                "message": "token",
            }
            return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body).encode()
        reply = _processed(request, "dynamodb")
        if reply is not None and reply[0] == 200:  # HTTP's OK
            if len(self._tokens) >= TOKENS_KEPT:
                self._tokens.clear()
            self._tokens[token] = (said, reply, time.monotonic() + TOKEN_SECONDS)
        return reply


_JSON_SERVICES = {
    "dynamodb": "dynamodb",
    "dynamodbstreams": "streams.dynamodb",
    "ssm": "ssm",
    "states": "states",
}
"""Services with one address: moto tries hundreds of patterns to find them, and does not know newer hosts."""


@lru_cache(maxsize=8)
def _handler(service: str) -> Any:
    from moto.backends import get_backend

    own = get_backend({"states": "stepfunctions"}.get(service, service))[ACCOUNT][clients.region()]  # type: ignore[call-overload]
    return next(iter(own.urls.values()))


def _processed(request: Any, service: str = "") -> Reply | None:
    if service in _JSON_SERVICES:
        request.url = f"https://{_JSON_SERVICES[service]}.{clients.region()}.amazonaws.com/"
        normal = normalize_request(request)
        try:
            reply = _handler(service)(normal, normal.raw_url, normal.headers)
        except HTTPException as error:
            reply = error.code, error.get_headers(), error.get_body()
    else:
        reply = botocore_stubber.process_request(request)
    if reply is None:
        return None
    status, headers, body = reply
    return int(status), dict(headers), body.encode() if isinstance(body, str) else bytes(body)


def backend(service: str) -> Any:
    """moto's own objects of a service, in the stage's region; of workflows those of the interpreter."""
    from moto.backends import get_backend

    if service == "stepfunctions":
        from moto.stepfunctions.parser.models import stepfunctions_parser_backends

        return stepfunctions_parser_backends[ACCOUNT][clients.region()]
    return get_backend(service)[ACCOUNT][clients.region()]  # type: ignore[call-overload]


_done = False


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _put_right() -> None:
    """Correct moto; once a process."""
    global _done
    if _done:
        return
    _done = True
    _replace(DynamoDBBackend, "transact_write_items", moto_transactions.transact)
    _replace(DynamoDBBackend, "update_item", _one_record(DynamoDBBackend.update_item))
    _replace(StreamShard, "add", _add_change(StreamShard.add))
    _replace(Table, "query", _of_partition(Table.query))
    _replace(Table, "all_items", _candidates(Table.all_items))
    _replace(DynamoType, "to_regular_json", moto_values.regular)
    _replace(LimitedSizeDict, "__setitem__", dict.__setitem__)
    _replace(Item, "__init__", moto_values.make_item)
    _replace(SecondaryIndex, "project", moto_values.project)
    _replace(moto_tables, "copy", moto_values.SharedResults)
    _replace(FakeKey, "value", moto_objects.value)
    _replace(BaseJSONSerializer, "_serialize_type_structure", serializing(BaseJSONSerializer._serialize_type_structure))
    _replace(BaseJSONParser, "_parse_structure", parsing(BaseJSONParser._parse_structure))
    _replace(signing, "get_current_datetime", _signing_time)
    _correct_queues()
    _correct_workflows()


def _signing_time(remove_tzinfo: bool = True) -> datetime:
    """botocore's reading of the time, by the backend's clock."""
    return clock.now().replace(tzinfo=None) if remove_tzinfo else clock.now()


def _add_change(add: Callable[..., None]) -> Callable[..., None]:
    def add_change(shard: StreamShard, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return
        add(shard, copy.deepcopy(old), copy.deepcopy(new))
        if shard.items:
            shard.items[-1].record["awsRegion"] = shard.table.region_name

    return add_change


def _one_record(update: Callable[..., Any]) -> Callable[..., Any]:
    """An update of an item that was not there first puts bare keys; a failing one must leave none behind."""

    def update_item(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *given: Any, **more: Any) -> Any:
        table = backend.get_table(table_name)
        with moto_transactions.restoring(table, [key]):
            before = len(table.stream_shard.items) if table.stream_shard else 0
            existed = backend.get_item(table_name, key) is not None
            item = update(backend, table_name, key, *given, **more)
            moto_values.measure(item)
            shard = table.stream_shard
            if shard is not None and not existed and len(shard.items) - before > 1:
                del shard.items[before]
                _number(shard, before)
            return item

    return update_item


def _number(shard: StreamShard, first: int) -> None:
    for position in range(first, len(shard.items)):
        sequence = str(position + shard.starting_sequence_number)
        shard.items[position].record["dynamodb"]["SequenceNumber"] = sequence


_asked = threading.local()


def _of_partition(query: Callable[..., Any]) -> Callable[..., Any]:
    def query_partition(table: Table, hash_key: Any, *given: Any, **more: Any) -> Any:
        index = more.get("index_name") or (given[6] if len(given) > 6 else None)  # its place in moto's
        conditions = more.get("hash_key_conditions") or []
        _asked.of = (index, hash_key, conditions)
        try:
            return query(table, hash_key, *given, **more)
        finally:
            _asked.of = None

    return query_partition


def _candidates(all_items: Callable[..., Any]) -> Callable[..., Any]:
    def candidates(table: Table) -> list[Any]:
        asked = getattr(_asked, "of", None)
        if asked is None:
            return list(all_items(table))
        index, hash_key, conditions = asked
        if index is None:
            return list(table.items.get(hash_key, {}).values())
        return list(_in_index(table, conditions))

    return candidates


def _in_index(table: Table, conditions: list[tuple[str, Any]]) -> Iterator[Any]:
    wanted = [(name, value.value) for name, value in conditions]
    for partition in table.items.values():
        for item in partition.values():
            attributes = item.attrs
            if all(name in attributes and attributes[name].value == value for name, value in wanted):
                yield item


def _correct_queues() -> None:
    import moto.sqs.models as queues

    def seconds(_: Any = None) -> float:
        return clock.now().timestamp()

    def milliseconds(_: Any = None) -> float:
        return seconds() * 1000

    _replace(queues, "unix_time", seconds)
    _replace(queues, "unix_time_millis", milliseconds)


class _ScaledTime:
    """``time`` for the waits between a state's retries."""

    @staticmethod
    def sleep(seconds: float) -> None:
        time.sleep(seconds * _scale)


def _correct_workflows() -> None:
    import moto.stepfunctions.models as workflow_models
    from moto.stepfunctions.exceptions import ExecutionAlreadyExists
    from moto.stepfunctions.models import StateMachine
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    # What CloudFormation creates must be where executions are looked for.
    _replace(workflow_models, "stepfunctions_backends", stepfunctions_parser_backends)

    def named(machine: Any, name: str, given: str) -> Any:
        for execution in machine.executions:
            if execution.name != name:
                continue
            if execution.exec_status == "RUNNING" and execution.input_data == json.loads(given or "{}"):
                return execution
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{execution.exec_arn}'")
        return None

    def wait(function: Any, env: Any, wait_seconds: float) -> None:
        waits.wait(env, wait_seconds * _scale)

    _replace(StateMachine, "_handle_name_input_idempotency", named)
    _replace(WaitFunction, "_wait_interval", wait)
    _replace(retrier_decl, "time", _ScaledTime)
    _replace(lambda_eval_utils, "boto_client_for", _lambda_client)


_lambda_lock = threading.Lock()
_lambda: list[Any] = []


def _lambda_client(**_: Any) -> Any:
    """One client for all states: making one costs more than a state does, and is not safe in threads."""
    with _lambda_lock:
        if not _lambda:
            import boto3
            from botocore.config import Config

            config = Config(retries={"total_max_attempts": 1}, read_timeout=900, max_pool_connections=64)
            _lambda.append(boto3.session.Session(region_name=clients.region()).client("lambda", config=config))
        return _lambda[0]
