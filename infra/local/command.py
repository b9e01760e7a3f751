"""The commands of the local cloud.

    python -m infra.local run       in the foreground until Ctrl-C; DETACH=1: returns once it is ready
    python -m infra.local stop      stops what DETACH=1 started
    python -m infra.local demo      plays the main story against a running or a fresh local cloud
    python -m infra.local rotate-keys   adds a signing key to the running one, and retires the old

Environment: ``PORT``, ``PHONEPE_PORT``, ``MOTO_PORT`` move the ports; ``ENGINE=dynamodb-local``; ``AWS_ENDPOINT_URL``;
and every setting of the backend.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get("LOCAL_FOLDER") or ROOT / ".local")
RUN_FILE = STATE / "run.json"
LOG_FILE = STATE / "run.log"
READY_SECONDS = 300.0
STOP_SECONDS = 10.0
END_SECONDS = 2.0
_asked_to_stop = threading.Event()


class CommandFailed(Exception):
    """One line for the person at the terminal."""


def main(arguments: list[str]) -> int:
    """Run a command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="The local cloud.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start it")
    commands.add_parser("stop", help="stop what DETACH=1 started")
    demo = commands.add_parser("demo", help="play the main story")
    demo.add_argument(
        "--pdf", type=Path, default=None, help="the PDF to publish (default: DEMO_PDF, or one of our own)"
    )
    commands.add_parser("rotate-keys", help="add a signing key, retire the old one")
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            return detach() if os.environ.get("DETACH") == "1" else foreground()
        if options.command == "stop":
            return stop()
        if options.command == "rotate-keys":
            return rotate_keys()
        return play(options.pdf)
    except CommandFailed as failed:
        print(failed, file=sys.stderr)
        return 1


def ports() -> Any:
    """The ports of the environment."""
    from infra.local.running import Ports

    found = []
    for name, default in (("PORT", 8000), ("PHONEPE_PORT", 8001), ("MOTO_PORT", 5000)):
        text = os.environ.get(name, str(default))
        if not text.isdecimal() or not 0 < int(text) < 65_536:
            raise CommandFailed(f"{name} must be a port from 1 to 65535")
        found.append(int(text))
    if len(set(found)) < len(found):
        raise CommandFailed("PORT, PHONEPE_PORT and MOTO_PORT must differ")
    return Ports(*found)


def foreground() -> int:
    """Run until Ctrl-C or SIGTERM."""
    # Read when the platform is imported: a line a request is for the deployed log, the console shows them here.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    from infra.local.httpd import PortInUse
    from infra.local.serving import Serving
    from infra.local.stack import StackFailed

    began = time.monotonic()
    serving = Serving(ports())
    try:
        serving.start()
    except (PortInUse, StackFailed) as error:
        raise CommandFailed(str(error)) from error
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: _asked_to_stop.set())
    _announce(serving, time.monotonic() - began)
    _tell(serving)
    # A loop, not signal.pause: a signal that came just before it would be slept over.
    while not _asked_to_stop.wait(0.5):
        continue
    # Whatever hangs (a workflow's wait, a gateway that does not answer) must not hold up the end.
    threading.Timer(END_SECONDS, _end, (serving,)).start()
    serving.stop()
    _end(serving)


def _end(serving: Any) -> NoReturn:
    serving.running.emulator.stop_engine()
    _forget()
    sys.stdout.flush()
    os._exit(0)


def _announce(serving: Any, seconds: float) -> None:
    where = serving.running.addresses()
    print(f"Pathshala is ready after {seconds:.1f} s")
    print(f"  API        {where['apiUrl']}/v1     docs {where['apiUrl']}/v1/docs")
    print(f"  Console    {where['consoleUrl']}")
    print(f"  PhonePe    {where['phonepeUrl']}   (simulated)")
    print(f"  Storage    {where['storageUrl']}   (emulated AWS)")
    print("Demo accounts")
    for account in serving.running.accounts:
        print(f"  {account.role:<16} {account.email:<34} {account.password}")
    print("Ctrl-C stops everything.", flush=True)


def _tell(serving: Any) -> None:
    where = serving.running.addresses()
    told = {
        "pid": os.getpid(),
        "apiUrl": where["apiUrl"],
        "consoleUrl": where["consoleUrl"],
        "phonepeUrl": where["phonepeUrl"],
        "storageUrl": where["storageUrl"],
        "accounts": [account.view() for account in serving.running.accounts],
    }
    STATE.mkdir(exist_ok=True)
    partial = RUN_FILE.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    partial.replace(RUN_FILE)


def _forget() -> None:
    told = told_run()
    if told is not None and told.get("pid") == os.getpid():
        RUN_FILE.unlink(missing_ok=True)


def told_run() -> dict[str, Any] | None:
    """What a running local cloud wrote about itself; None when none runs."""
    try:
        told: dict[str, Any] = json.loads(RUN_FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if _alive(int(told["pid"])) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def detach() -> int:
    """Start it in a process of its own; return once it is ready."""
    told = told_run()
    if told is not None:
        raise CommandFailed(
            f"a local cloud already runs at {told['apiUrl']} (process {told['pid']}); make stop ends it"
        )
    STATE.mkdir(exist_ok=True)
    RUN_FILE.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "DETACH"}
    with LOG_FILE.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            lines = LOG_FILE.read_text(encoding="utf-8").strip().splitlines()
            raise CommandFailed(lines[-1] if lines else "the local cloud did not start")
        if told_run() is not None:
            print(LOG_FILE.read_text(encoding="utf-8"), end="")
            return 0
        time.sleep(0.05)
    process.terminate()
    raise CommandFailed(f"the local cloud was not ready after {READY_SECONDS:.0f} s; see {LOG_FILE}")


def stop() -> int:
    """Stop what DETACH=1 started."""
    told = told_run()
    if told is None:
        print("no local cloud runs")
        return 0
    pid = int(told["pid"])
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(pid) and time.monotonic() < deadline:
        # A child of this process stays until it is waited for.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
    if _alive(pid):
        os.kill(pid, signal.SIGKILL)
    RUN_FILE.unlink(missing_ok=True)
    print("stopped")
    return 0


@contextlib.contextmanager
def _cloud() -> Iterator[dict[str, Any]]:
    """The running local cloud, or a fresh one for the time of the block."""
    told = told_run()
    if told is not None:
        yield told
        return
    print("starting a fresh local cloud …", flush=True)
    detach()
    started = told_run()
    if started is None:
        raise CommandFailed("the local cloud did not start")
    try:
        yield started
    finally:
        stop()


def play(pdf: Path | None) -> int:
    """Play the main story; non-zero when a step is not as it should be."""
    from infra.local.demo.story import StepFailed, tell

    with _cloud() as told:
        try:
            tell(told, pdf)
        except StepFailed as failed:
            print(failed, file=sys.stderr)
            return 1
    return 0


def rotate_keys() -> int:
    """Rotate the signing keys of the running local cloud, by its own clock, and of those that it keeps."""
    told = told_run()
    if told is None:
        raise CommandFailed("no local cloud runs; start one, or name a stage: make rotate-keys STAGE=dev")
    from infra.local.rotation import rotate_running

    for line in rotate_running(told["apiUrl"], told["storageUrl"]):
        print(line)
    return 0
