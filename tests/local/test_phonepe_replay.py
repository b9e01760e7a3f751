"""The webhook replay tool: signs a sample for a stage's secret, posts it twice, shows no secret."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.phonepe import replay
from tests.support.phonepe import PASSWORD, USERNAME, Receiver, receiving, x_verify

V2_SECRET = {"PHONEPE_WEBHOOK_USERNAME": USERNAME, "PHONEPE_WEBHOOK_PASSWORD": PASSWORD}
V1_SECRET = {"PHONEPE_SALT_KEY": "new-salt-key", "PHONEPE_SALT_INDEX": "2"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def run(receiver: Receiver, *arguments: str, secret: Any) -> int:
    """The tool with its secret on standard input."""
    fixed = ["--url", receiver.url, "--order", "TXN1", "--amount", "11800"]
    source = [] if secret is None else ["--secret-file", "-"]
    return replay.main([*fixed, *source, *arguments], stdin=io.StringIO(json.dumps(secret)))


@pytest.mark.rule("PAY-122", "PAY-96")
def test_it_posts_a_signed_v2_event_twice_at_once(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(receiver, secret=V2_SECRET) == 0

    first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert first.headers["authorization"] == hashlib.sha256(f"{USERNAME}:{PASSWORD}".encode()).hexdigest()
    assert first.json["event"] == "checkout.order.completed"
    assert (first.json["payload"]["merchantOrderId"], first.json["payload"]["amount"]) == ("TXN1", 11800)
    shown = "".join(capsys.readouterr())
    assert shown.count("200") == 2
    assert PASSWORD not in shown
    assert first.headers["authorization"] not in shown


@pytest.mark.rule("PAY-122", "PAY-92")
def test_it_posts_a_signed_v1_callback(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(receiver, "--contract", "V1", "--copies", "3", "--outcome", "FAILED", secret=V1_SECRET) == 0

    hooks = receiver.wait_for(3)
    assert hooks[0].headers["x-verify"] == x_verify(hooks[0].json["response"], 2)
    assert hooks[0].response["code"] == "PAYMENT_ERROR"
    assert hooks[0].response["data"]["merchantTransactionId"] == "TXN1"
    assert V1_SECRET["PHONEPE_SALT_KEY"] not in "".join(capsys.readouterr())


@pytest.mark.rule("PAY-122")
def test_a_refused_copy_is_a_failure(receiver: Receiver) -> None:
    receiver.status = 401

    assert run(receiver, secret=V2_SECRET) == 1
    assert len(receiver.received) == 2


@pytest.mark.rule("PAY-122")
@pytest.mark.parametrize("secret", [{}, {"PHONEPE_WEBHOOK_USERNAME": USERNAME}, ["no"], "half"])
def test_without_its_secret_it_posts_nothing(
    receiver: Receiver, capsys: pytest.CaptureFixture[str], secret: Any
) -> None:
    assert run(receiver, secret=secret) == 2

    assert receiver.received == []
    assert "PHONEPE_WEBHOOK_PASSWORD" in capsys.readouterr().err or not isinstance(secret, dict)


@pytest.mark.rule("PAY-122")
def test_a_broken_secret_file_is_not_quoted(
    receiver: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret.json"
    file.write_text('{"PHONEPE_WEBHOOK_PASSWORD": "HookPass123"', encoding="utf-8")
    arguments = ["--url", receiver.url, "--order", "TXN1", "--amount", "1", "--secret-file", str(file)]

    assert replay.main(arguments) == 2
    assert PASSWORD not in "".join(capsys.readouterr())
    assert receiver.received == []


@pytest.mark.rule("PAY-122")
@pytest.mark.parametrize("wrong", [["--amount", "1.5"], ["--amount", "0"], ["--copies", "0"], ["--contract", "V3"]])
def test_wrong_arguments_are_a_usage_error(receiver: Receiver, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(receiver, *wrong, secret=V2_SECRET)

    assert ended.value.code == 2
    assert receiver.received == []


@pytest.mark.rule("PAY-122")
def test_it_runs_as_a_module_with_its_secret_from_the_environment(receiver: Receiver) -> None:
    command = [sys.executable, "-m", "infra.local.phonepe.replay", "--url", receiver.url]
    done = subprocess.run(
        [*command, "--order", "TXN1", "--amount", "11800"],
        env=os.environ | V2_SECRET,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert len(receiver.wait_for(2)) == 2
    assert PASSWORD not in done.stdout + done.stderr
