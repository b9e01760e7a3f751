"""The emulated AWS behaves as the real one in what the backend relies on."""

from __future__ import annotations

import copy
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from chalicelib.platform import clock, context, store
from chalicelib.platform.aws import clients
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.http.limits import RateWindow
from chalicelib.platform.store import Key, Transaction, TransactionLost
from infra.local import stack
from infra.local.emulator import Emulator
from infra.package.templates import Template, Templates, build

PLACE = Key("RATE#test", "RATE")


def counter(place: Key = PLACE, hits: int = 0) -> RateWindow:
    return RateWindow(*place, hits=hits)


def hits(place: Key = PLACE) -> int:
    found = store.get(RateWindow, place)
    return int(found.hits) if found else -1


@pytest.mark.rule("LOC-02")
def test_stage_has_what_the_templates_have(cloud: Emulator) -> None:
    described = clients.dynamodb().describe_table(TableName="pathshala-test")["Table"]
    assert {index["IndexName"] for index in described["GlobalSecondaryIndexes"]} == {"gsi1", "gsi2"}
    assert described["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert clients.s3().get_bucket_versioning(Bucket="pathshala-test-files")["Status"] == "Enabled"
    assert "pathshala-test-finalize-payment" in cloud.created.definitions


def without(templates: Templates, name: str, logical: str) -> Template:
    template = copy.deepcopy(templates.stacks[name])
    del template["Resources"][logical]
    return template


@pytest.mark.rule("LOC-02")
def test_reference_to_a_removed_resource_is_named() -> None:
    template = without(build("test"), "state", "Table")
    with pytest.raises(stack.StackFailed, match=r"state lacks Table, which Outputs\.TableStreamArn needs"):
        stack.check("state", template)


@pytest.mark.rule("LOC-02")
@pytest.mark.parametrize(
    ("drop", "named"),
    [("pathshala-test-payment-events", "the queue"), ("pathshala-test-finalize-payment", "the state machine")],
)
def test_missing_resource_stops_the_start_by_name(cloud: Emulator, drop: str, named: str) -> None:
    created = copy.copy(cloud.created)
    created.definitions = {name: one for name, one in created.definitions.items() if name != drop}
    found = clients.sqs().list_queues()["QueueUrls"]
    queues = {url.rsplit("/", 1)[-1] for url in found} - {drop}
    granted = json.dumps(build("test").stacks)
    missing = [
        (what, name)
        for what, name, there in stack.expected("test", cloud.lambdas.functions, created, granted, queues)
        if not there
    ]
    assert (named, drop) in missing
    assert {name for _, name in missing} == {drop}


@pytest.mark.rule("LOC-04")
def test_lambda_invoke_runs_the_handler_with_a_context(cloud: Emulator) -> None:
    event = {"httpMethod": "GET", "path": "/v1/health", "headers": {}, "requestContext": {}}
    answer = clients._client("lambda").invoke(FunctionName="pathshala-test-health", Payload=json.dumps(event))
    body = json.loads(json.loads(answer["Payload"].read())["body"])
    assert body["status"] == "ok"
    assert body["stage"] == "test"


@pytest.mark.rule("LOC-04")
def test_error_of_a_handler_is_an_error_of_the_invocation(cloud: Emulator) -> None:
    outcome = cloud.invoke("health", {"httpMethod": "GET", "headers": 5})
    assert outcome.error is not None
    assert outcome.error["errorType"] == "AttributeError"


def test_invocation_has_a_context_of_its_own(cloud: Emulator) -> None:
    cloud.invoke("seed")
    assert context.current().function == "none"
    assert {call.function for call in cloud.calls} == {"seed"}


@pytest.mark.rule("LOC-06")
def test_parallel_additions_all_count(cloud: Emulator) -> None:
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(
            lambda _: store.update(RateWindow, PLACE, [RateWindow.hits.add(1), RateWindow.kind.set(RateWindow)]),
            range(100),
        ):
            pass
    assert hits() == 100


@pytest.mark.rule("LOC-06")
def test_of_parallel_creations_one_wins(cloud: Emulator) -> None:
    def create(number: int) -> bool:
        tx = Transaction()
        tx.put(counter(hits=number), when=store.absent(RateWindow))
        tx.put(counter(Key(f"RATE#own{number}", "RATE")))
        try:
            tx.commit()
        except TransactionLost:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(create, range(40)))
    assert won.count(True) == 1
    assert hits() == won.index(True)
    assert len(cloud.items()) == 2


@pytest.mark.rule("LOC-11")
def test_answer_that_is_lost_after_taking_effect_is_a_success(cloud: Emulator) -> None:
    cloud.fault("dynamodb", "TransactWriteItems", "ReadTimeout", after=True)
    tx = Transaction()
    tx.put(counter(hits=1), when=store.absent(RateWindow))
    tx.commit()
    assert hits() == 1
    outcomes = [call.outcome for call in cloud.calls if call.operation == "TransactWriteItems"]
    assert outcomes == ["ReadTimeoutError", "ok"]


@pytest.mark.rule("LOC-11")
def test_fault_before_taking_effect_changes_nothing(cloud: Emulator) -> None:
    store.put(counter(hits=1))
    cloud.fault("dynamodb", "UpdateItem", "ProvisionedThroughputExceededException", times=50)
    with pytest.raises(Unavailable):
        store.update(RateWindow, PLACE, [RateWindow.hits.add(1)])
    cloud.faults.clear()
    assert hits() == 1


@pytest.mark.rule("LOC-11")
@pytest.mark.parametrize("after", [False, True])
def test_of_a_process_that_is_gone_nothing_runs_any_further(cloud: Emulator, after: bool) -> None:
    """Not what would have caught an error, and not its other threads."""
    given = {"merchantTransactionId": "TXN0", "userId": "nobody"}
    [reads] = [call for call in cloud.invoke("check_order", given).calls if call.service == "dynamodb"]
    cloud.fault("dynamodb", reads.operation, "Gone", after=after, function="check_order")
    outcome = cloud.invoke("check_order", given)
    assert outcome.error is not None
    assert outcome.error["errorType"] == "Runtime.ExitError"
    assert [call.outcome for call in outcome.calls] == ["ProcessGone"]
    assert cloud.invoke("check_order", given).error != outcome.error


@pytest.mark.rule("LOC-11")
def test_transaction_conflict_has_a_reason_for_each_action(cloud: Emulator) -> None:
    cloud.fault("dynamodb", "TransactWriteItems", "TransactionConflict")
    items = [
        {"Put": {"TableName": "pathshala-test", "Item": one.serialize()}} for one in (counter(), counter(Key("B", "C")))
    ]
    with pytest.raises(ClientError) as caught:
        clients.dynamodb().transact_write_items(TransactItems=items)
    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert [one["Code"] for one in caught.value.response["CancellationReasons"]] == ["TransactionConflict", "None"]
    assert cloud.items() == []


def test_failed_transaction_leaves_neither_items_nor_records(cloud: Emulator) -> None:
    store.put(counter(hits=7))
    cloud.drain()
    tx = Transaction()
    tx.put(counter(Key("RATE#other", "RATE")))
    tx.update(RateWindow, PLACE, [RateWindow.hits.add(1)], when=RateWindow.hits == 8, name="mine")
    with pytest.raises(TransactionLost) as lost:
        tx.commit()
    assert lost.value.failed("mine")
    assert lost.value.item("mine").hits == 7
    assert [item["pk"]["S"] for item in cloud.items()] == ["RATE#test"]
    assert not cloud.pumps.pending()


def test_update_that_creates_puts_one_record_on_the_stream(cloud: Emulator) -> None:
    records: list[dict[str, object]] = []
    cloud.pumps.on_stream = records.append
    try:
        store.update(RateWindow, PLACE, [RateWindow.hits.add(1), RateWindow.kind.set(RateWindow)])
        same = [RateWindow.hits.set(1)]
        store.update(RateWindow, PLACE, same)
        cloud.drain()
    finally:
        cloud.pumps.on_stream = None
    assert [record["eventName"] for record in records] == ["INSERT"]
    assert records[0]["dynamodb"]["NewImage"]["hits"] == {"N": "1"}


def test_calls_are_recorded_with_what_they_touch(cloud: Emulator) -> None:
    with cloud.calls.during() as calls:
        store.get_many([PLACE, Key("RATE#b", "RATE")])
    (call,) = calls
    assert call.name == "dynamodb.BatchGetItem"
    assert call.target.resources == ("table/pathshala-test",)
    assert call.target.leading_keys == ("RATE#test", "RATE#b")


def test_reset_forgets_everything(cloud: Emulator) -> None:
    store.put(counter())
    cloud.fault("s3", "*", "SlowDown")
    cloud.advance(86_400)
    cloud.put_secret("CSRF_KEY", "changed-in-a-test")
    cloud.reset()
    assert cloud.items() == []
    assert cloud.faults.pending() == []
    assert abs(clock.now().timestamp() - time.time()) < 5
    name = "/pathshala/test/CSRF_KEY"
    assert clients.ssm().get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == cloud.secret("CSRF_KEY")
