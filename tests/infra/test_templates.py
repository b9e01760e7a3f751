"""What the templates say: one Lambda per function, the state, and the limits of AWS."""

from __future__ import annotations

import time

import pytest

from chalicelib.platform import registry, workflows
from chalicelib.platform.events.queues import all_queues
from chalicelib.platform.work import Consumer, Cron, Job, Stream, Worker
from infra.package import names, stages
from infra.package.environment import declared_for, environment
from infra.package.functions import ENVIRONMENT_LIMIT, RUNTIME
from infra.package.lint import IGNORED, lint
from infra.package.templates import BODY_LIMIT, RESOURCE_LIMIT, Templates, build
from infra.resources.workflows import definitions, tasks_of
from tests.infra.conftest import Resources, of_type

Stacks = dict[str, dict[str, Resources]]


@pytest.mark.rule("DEP-02")
def test_every_declared_function_is_its_own_lambda(expanded: Stacks) -> None:
    declared = registry.load_all()
    for stage, stacks in expanded.items():
        lambdas = of_type(stacks, "AWS::Lambda::Function")
        assert {one["FunctionName"] for one in lambdas.values()} == {
            names.lambda_name(stage, name) for name in declared
        }
        by_name = {one["FunctionName"]: one for one in lambdas.values()}
        for function in declared.values():
            made = by_name[names.lambda_name(stage, function.name)]
            assert made["Handler"] == function.handler
            assert made["MemorySize"] == function.memory
            assert made["Timeout"] == function.timeout
            assert made.get("EphemeralStorage", {"Size": 512})["Size"] == function.storage
            assert made.get("ReservedConcurrentExecutions") == function.concurrency
            assert made["Runtime"] == RUNTIME
            assert made["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.rule("DEP-02")
def test_every_lambda_has_its_own_role_and_log_group(expanded: Stacks) -> None:
    for stacks in expanded.values():
        lambdas = of_type(stacks, "AWS::Lambda::Function")
        used = [one["Role"]["Fn::GetAtt"][0] for one in lambdas.values()]
        assert len(set(used)) == len(lambdas)
        logs = {one["LogGroupName"]: one for one in of_type(stacks, "AWS::Logs::LogGroup").values()}
        for one in lambdas.values():
            assert logs[f"/aws/lambda/{one['FunctionName']}"]["RetentionInDays"] > 0


@pytest.mark.rule("DEP-02")
def test_names_are_unique_and_short_enough(expanded: Stacks) -> None:
    for stacks in expanded.values():
        for kind, key, longest in (
            ("AWS::Lambda::Function", "FunctionName", 64),
            ("AWS::SQS::Queue", "QueueName", 80),
            ("AWS::Scheduler::Schedule", "Name", 64),
            ("AWS::StepFunctions::StateMachine", "StateMachineName", 80),
        ):
            found = [one[key] for one in of_type(stacks, kind).values()]
            assert len(set(found)) == len(found), kind
            assert all(len(name) <= longest for name in found), kind


@pytest.mark.rule("DEP-02")
def test_the_gateway_needs_no_permission_per_function(expanded: Stacks) -> None:
    for stacks in expanded.values():
        assert not of_type(stacks, "AWS::Lambda::Permission")


@pytest.mark.rule("DEP-02")
@pytest.mark.parametrize("stage_name", ["dev", "prod"])
def test_a_function_gets_only_the_settings_that_it_can_read(stage_name: str) -> None:
    build(stage_name)
    stage = stages.load(stage_name)
    for function in registry.load_all().values():
        given = environment(function, stage)
        own = set(given) - {"QUEUE_URL_BASE", "WORKFLOW_ARN_BASE", "EVENT_ROUTES"}
        assert own <= declared_for(function), function.name
        assert {name for name in stage.environment if name in declared_for(function)} <= set(given), function.name
        assert ("EVENT_ROUTES" in given) == isinstance(function, Stream)
        assert len(str(given)) <= ENVIRONMENT_LIMIT, function.name


@pytest.mark.rule("DEP-02")
def test_health_knows_neither_table_nor_bucket() -> None:
    build("dev")
    given = environment(registry.load_all()["health"], stages.load("dev"))
    assert not {"TABLE_NAME", "BUCKET_NAME", "QUEUE_URL_BASE", "WORKFLOW_ARN_BASE"} & set(given)


def test_a_setting_that_nobody_declares_is_refused() -> None:
    with pytest.raises(stages.BadStage, match="RATE_DEFUALT: no function declares"):
        build("dev", release={"RATE_DEFUALT": "1/1"})


def test_a_limit_may_be_off_on_a_laptop_only() -> None:
    build("local", release={"RATE_CHECKOUT": "off"})
    with pytest.raises(stages.BadStage, match="RATE_CHECKOUT"):
        build("dev", release={"RATE_CHECKOUT": "off"})


@pytest.mark.rule("DEP-03")
def test_stacks_stay_inside_the_limits(templates: dict[str, Templates]) -> None:
    for built in templates.values():
        for name, count in built.resources().items():
            assert count <= RESOURCE_LIMIT, name
        for name, body in built.texts().items():
            assert len(body.encode()) <= BODY_LIMIT, name


@pytest.mark.rule("DEP-04")
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_cfn_lint_finds_nothing(templates: dict[str, Templates], stage: str) -> None:
    assert all(reason for reason in IGNORED.values())
    assert lint(templates[stage]) == []


@pytest.mark.rule("LOC-02")
def test_templates_are_built_fast_enough_to_start_with() -> None:
    build("local")
    began = time.perf_counter()
    build("local")
    assert time.perf_counter() - began < 2


@pytest.mark.rule("DEP-07")
def test_the_table_survives_its_stack_in_production(expanded: Stacks) -> None:
    for stage, stacks in expanded.items():
        resource = stacks["state"]["Table"]
        table = resource["Properties"]
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
        assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
        assert table["DeletionProtectionEnabled"] is (stage == "prod")
        assert resource["DeletionPolicy"] == ("Retain" if stage == "prod" else "Delete")


@pytest.mark.rule("DEP-07", "FILE-22", "FILE-41")
def test_the_bucket_is_private_versioned_and_tidies_up(expanded: Stacks) -> None:
    for stacks in expanded.values():
        bucket = stacks["state"]["Files"]["Properties"]
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
        assert rules["unconfirmed-uploads"]["ExpirationInDays"] == 1
        assert rules["unconfirmed-uploads"]["TagFilters"] == [{"Key": "state", "Value": "unconfirmed"}]
        assert rules["replaced-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] > 0


@pytest.mark.rule("FILE-32")
def test_only_the_admin_panel_may_put_into_the_bucket(expanded: Stacks) -> None:
    for stage, stacks in expanded.items():
        (rule,) = stacks["state"]["Files"]["Properties"]["CorsConfiguration"]["CorsRules"]
        assert rule["AllowedMethods"] == ["PUT"]
        assert rule["AllowedOrigins"] == list(stages.load(stage).admin_origins)
        assert not any("*" in origin for origin in rule["AllowedOrigins"])


def test_messages_that_wait_or_fail_ring(expanded: Stacks) -> None:
    for stage, stacks in expanded.items():
        alarms = {one["AlarmName"]: one for one in of_type(stacks, "AWS::CloudWatch::Alarm").values()}
        for queue in ("messages-urgent", "messages-bulk"):
            age = alarms[f"pathshala-{stage}-{queue}-age"]
            assert age["MetricName"] == "ApproximateAgeOfOldestMessage"
            failures = alarms[f"pathshala-{stage}-send-{'bulk' if 'bulk' in queue else 'urgent'}-message-failures"]
            assert [one["Id"] for one in failures["Metrics"]] == ["failed", "sent", "share"]
            assert "Period" not in failures


@pytest.mark.rule("LOC-05")
def test_every_queue_ends_in_a_dead_letter_queue_with_an_alarm(expanded: Stacks) -> None:
    for stage, stacks in expanded.items():
        queues = of_type(stacks, "AWS::SQS::Queue")
        by_name = {one["QueueName"]: one for one in queues.values()}
        watched = {
            dimension["Value"]
            for one in of_type(stacks, "AWS::CloudWatch::Alarm").values()
            for dimension in one.get("Dimensions", ())
            if dimension["Name"] == "QueueName"
        }
        wanted = [*all_queues(), *(consumer.queue for consumer in registry.of(Consumer))]
        for queue in wanted:
            made = by_name[names.prefixed(stage, queue.name)]
            (dead, attribute) = made["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
            assert attribute == "Arn"
            assert made["RedrivePolicy"]["maxReceiveCount"] == queue.receives
            assert queues[dead]["QueueName"] in watched


@pytest.mark.rule("LOC-05")
def test_a_message_stays_hidden_longer_than_its_function_runs() -> None:
    for function in (*registry.of(Consumer), *registry.of(Worker)):
        assert function.queue.visibility >= function.timeout, function.name


@pytest.mark.rule("LOC-05")
def test_batches_report_what_failed_in_them(expanded: Stacks) -> None:
    functions = registry.load_all().values()
    batched = [one for one in functions if isinstance(one, (Consumer, Worker, Stream))]
    for stacks in expanded.values():
        mappings = of_type(stacks, "AWS::Lambda::EventSourceMapping")
        assert len(mappings) == len(batched)
        for one in mappings.values():
            assert one["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_jobs_run_in_the_academys_time_zone(expanded: Stacks) -> None:
    jobs = {one.job: one for one in registry.of(Job) if one.every is not None}
    for stage, stacks in expanded.items():
        schedules = {one["Name"]: one for one in of_type(stacks, "AWS::Scheduler::Schedule").values()}
        assert set(schedules) == {names.prefixed(stage, name) for name in jobs}
        for name, job in jobs.items():
            made = schedules[names.prefixed(stage, name)]
            assert job.every is not None
            assert made["ScheduleExpression"] == job.every.expression
            zone = "Asia/Kolkata" if isinstance(job.every, Cron) else None
            assert made.get("ScheduleExpressionTimezone") == zone


def test_every_workflow_has_a_definition_whose_tasks_are_declared(expanded: Stacks) -> None:
    declared = {one.name for one in vars(workflows.Workflows).values() if isinstance(one, workflows.Workflow)}
    assert set(definitions()) == declared
    for name, definition in definitions().items():
        assert tasks_of(name, definition)
    for stacks in expanded.values():
        for machine in of_type(stacks, "AWS::StepFunctions::StateMachine").values():
            assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


@pytest.mark.rule("DEP-06")
def test_production_rolls_out_by_a_canary_that_the_error_alarm_stops(expanded: Stacks) -> None:
    groups = of_type(expanded["prod"], "AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(registry.load_all())
    alarms = {one["AlarmName"] for one in of_type(expanded["prod"], "AWS::CloudWatch::Alarm").values()}
    for group in groups.values():
        assert {one["Name"] for one in group["AlarmConfiguration"]["Alarms"]} <= alarms
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert not of_type(expanded["dev"], "AWS::CodeDeploy::DeploymentGroup")
