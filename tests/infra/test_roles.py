"""What roles allow and deny, by IAM's own logic, and that the proof of grants finds what it should."""

from __future__ import annotations

import json

import pytest

from chalicelib.platform import registry
from chalicelib.platform.function import Function
from chalicelib.platform.grants import Grant
from infra.local.targets import Access
from infra.package import roles
from infra.package.templates import Templates
from tests.infra.conftest import Resources, of_type
from tests.support import grants_proof
from tests.support.grants_proof import ask_of, problems, statements
from tests.support.iam import LEADING_KEYS, Ask, UnknownCondition, allowed

TABLE = "table/pathshala-test"
DENIED = ("AUDIT#2026-11", "AUDITRES#note#01ARZ", "LEDGER#GATEWAY:PHONEPE")


@pytest.fixture(autouse=True)
def _loaded(templates: dict[str, Templates]) -> None:
    """All functions are declared."""


@pytest.fixture
def functions() -> list[Function]:
    return list(registry.load_all().values())


def _may(function: Function, action: str, key: str) -> bool:
    return allowed(statements(function), ask_of(Access(action, TABLE, key)))


class Everything(Function):
    """A function with every grant there is: what even it may not do, nobody may."""

    def __init__(self) -> None:
        def everything() -> None:
            """Hold every grant."""

        super().__init__(everything, grants=list(Grant))


@pytest.mark.rule("AUD-23", "PAY-110")
@pytest.mark.parametrize("key", DENIED)
@pytest.mark.parametrize("action", ["dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"])
def test_no_role_changes_or_removes_audit_entries_and_the_ledger(
    functions: list[Function], action: str, key: str
) -> None:
    for function in [*functions, Everything()]:
        assert not _may(function, action, key), function.name


@pytest.mark.rule("AUD-23", "PAY-110")
def test_the_denial_stands_in_every_role(functions: list[Function], expanded: dict[str, dict[str, Resources]]) -> None:
    for stacks in expanded.values():
        made = of_type(stacks, "AWS::IAM::Role")
        for one in of_type(stacks, "AWS::Lambda::Function").values():
            role = made[one["Role"]["Fn::GetAtt"][0]]
            (policy,) = role["Policies"]
            denials = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
            assert {"AUDIT*", "LEDGER#*"} <= set(denials[0]["Condition"]["ForAnyValue:StringLike"][LEADING_KEYS]), one[
                "FunctionName"
            ]


@pytest.mark.rule("AUD-23", "PAY-110")
def test_audit_entries_and_ledger_can_be_written_once() -> None:
    for key in DENIED:
        assert _may(Everything(), "dynamodb:PutItem", key)


def _with(*grants: Grant) -> Function:
    def something() -> None:
        """Hold some grants."""

    return Function(something, grants=grants)


def test_logins_are_read_by_those_who_sign_people_in() -> None:
    plain, login = _with(Grant.TABLE_READ, Grant.TABLE_WRITE), _with(Grant.LOGIN_READ)
    assert not _may(plain, "dynamodb:GetItem", "EMAIL#abc")
    assert not _may(plain, "dynamodb:BatchGetItem", "EMAIL#abc")
    assert not _may(plain, "dynamodb:UpdateItem", "EMAIL#abc")
    assert _may(plain, "dynamodb:PutItem", "EMAIL#abc")
    assert _may(plain, "dynamodb:DeleteItem", "EMAIL#abc")
    assert _may(login, "dynamodb:GetItem", "EMAIL#abc")
    assert not _may(login, "dynamodb:GetItem", "USER#01ARZ")


def test_gateway_tokens_are_open_to_their_grant_alone() -> None:
    plain, token = _with(Grant.TABLE_READ, Grant.TABLE_WRITE), _with(Grant.GATEWAY_TOKEN)
    for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem"):
        assert not _may(plain, f"dynamodb:{action}", "GATEWAYTOKEN#PHONEPE")
    assert _may(token, "dynamodb:GetItem", "GATEWAYTOKEN#PHONEPE")
    assert _may(token, "dynamodb:PutItem", "GATEWAYTOKEN#PHONEPE")
    assert not _may(token, "dynamodb:PutItem", "USER#01ARZ")


def test_no_grant_opens_a_scan_or_another_resource() -> None:
    own = statements(Everything())
    for action in ("dynamodb:Scan", "dynamodb:DeleteTable", "s3:DeleteBucket", "iam:PassRole", "ssm:PutParameter"):
        assert not allowed(own, Ask(action, "arn:aws:dynamodb:ap-south-1:123456789012:table/pathshala-test"))
    assert not allowed(own, ask_of(Access("dynamodb:GetItem", "table/pathshala-prod", "USER#1")))
    assert not allowed(own, ask_of(Access("ssm:GetParameter", "/pathshala/prod/JWT_KEYS")))
    assert allowed(own, ask_of(Access("ssm:GetParameter", "/pathshala/test/JWT_KEYS")))


def test_star_resources_are_those_that_know_no_other() -> None:
    for path in sorted(roles.FOLDER.glob("*.json")):
        for statement in json.loads(path.read_text(encoding="utf-8"))["Statement"]:
            actions, resource = statement["Action"], statement["Resource"]
            assert not any("*" in action for action in actions), path.name
            if "*" in (resource if isinstance(resource, list) else [resource]):
                assert all(one.startswith("xray:") or one == "dynamodb:ListStreams" for one in actions), path.name


@pytest.mark.rule("DEP-02")
def test_every_grant_has_its_file_and_every_file_its_grant() -> None:
    roles.check_files()


def test_roles_fit_into_their_quota(functions: list[Function], templates: dict[str, Templates]) -> None:
    for function in functions:
        own = json.dumps(roles.policy(templates["prod"].stage, function), separators=(",", ":"))
        assert len(own) < roles.INLINE_LIMIT, function.name


@pytest.mark.rule("DEP-05")
def test_the_proof_names_function_and_action_that_the_role_lacks() -> None:
    function = _with(Grant.TABLE_READ)
    done = {function.name: [Access("dynamodb:GetItem", TABLE, "NOTE#"), Access("dynamodb:PutItem", TABLE, "NOTE#")]}
    assert problems(done, [function], whole=False) == [
        "not allowed: something: dynamodb:PutItem on table/pathshala-test (leading key NOTE#)"
    ]


@pytest.mark.rule("DEP-05")
def test_the_proof_finds_a_grant_with_one_action_deleted() -> None:
    """«Delete one action from a grant: the suite names the function and the action»."""
    function = _with(Grant.TABLE_WRITE)
    lessened = [
        {**one, "Action": [action for action in one["Action"] if action != "dynamodb:UpdateItem"]}
        for one in statements(function)
        if one["Effect"] == "Allow"
    ]
    asked = ask_of(Access("dynamodb:UpdateItem", TABLE, "NOTE#"))
    assert allowed(statements(function), asked)
    assert not allowed(lessened, asked)


@pytest.mark.rule("DEP-05")
def test_the_proof_names_grants_that_nothing_used() -> None:
    function = _with(Grant.TABLE_READ, Grant.SECRET_CURSOR, Grant.FILES_UPLOAD)
    done = {function.name: [Access("dynamodb:Query", f"{TABLE}/index/gsi1", "NOTES#")]}
    assert problems(done, [function], whole=True) == ["never used: something holds secret-cursor"]
    assert problems(done, [function], whole=False) == []


@pytest.mark.rule("DEP-05")
def test_grants_that_need_no_call_say_why() -> None:
    assert all(grants_proof.UNSEEN.values())


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ({"ForAllValues:StringLike": {LEADING_KEYS: ["A#*"]}}, ("A#1", "A#2"), True),
        ({"ForAllValues:StringLike": {LEADING_KEYS: ["A#*"]}}, ("A#1", "B#2"), False),
        ({"ForAllValues:StringLike": {LEADING_KEYS: ["A#*"]}}, (), True),
        ({"ForAllValues:StringNotLike": {LEADING_KEYS: ["A#*", "B#*"]}}, ("C#1",), True),
        ({"ForAllValues:StringNotLike": {LEADING_KEYS: ["A#*", "B#*"]}}, ("C#1", "B#1"), False),
        ({"ForAnyValue:StringLike": {LEADING_KEYS: ["A#*"]}}, ("B#1", "A#1"), True),
        ({"ForAnyValue:StringLike": {LEADING_KEYS: ["A#*"]}}, (), False),
        ({"Null": {LEADING_KEYS: "false"}}, (), False),
        ({"Null": {LEADING_KEYS: "false"}}, ("A#1",), True),
    ],
)
def test_conditions_are_read_as_iam_reads_them(
    condition: dict[str, object], values: tuple[str, ...], holds: bool
) -> None:
    statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": condition}
    assert allowed([statement], Ask("dynamodb:GetItem", "table", {LEADING_KEYS: values})) is holds


def test_an_unknown_condition_is_no_guess() -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "::"}}}
    with pytest.raises(UnknownCondition):
        allowed([statement], Ask("a:B", "c", {"aws:SourceIp": ("::1",)}))
