"""Reading notes (QUAL-09, FILE-65, NOTE-02, TAX-12): what the first page costs, and what the function pays for it.

PDF.js itself, in a headless browser, reads each document twice in one run: as it was uploaded, and as it was rewritten.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalicelib.content.files import FileAsset
from chalicelib.content.notes import Note
from chalicelib.content.taxonomy import Subject, Topic, projection
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.ids import new_ulid
from infra.local.console import pdfjs
from infra.local.emulator import Emulator
from tests.benchmarks.figures import ROOT, Figure, median
from tests.content.desk import Desk
from tests.content.files import scan
from tests.content.notes.shelves import in_bulk
from tests.content.reading.browser import CHROMIUM, DRIVER, Site, read, served, started
from tests.support.client import Client
from tests.support.people import People

MIB = 1_048_576
MOST_REQUESTS = 6
CHUNKS = (65_536, 524_288)
"""PDF.js's own, by which the goals of FILE-65 are; and what view sessions recommend."""
MOST_BEYOND = 300 * 1_024
SCANS = {
    "scan of 300 pages, 28 MB": (300, 62),
    "scan of 10 MB": (80, 100),
    "scan of 100 MB": (504, 215),
    "scan of 500 MB": (1_760, 360),
}
"""What is made: pages, and how much detail each picture has."""
SAMPLES = "SAMPLES"
"""The environment's name of a folder with PDFs of one's own; ``freeculture.pdf`` is read as the text book."""
RANGES = 12
PATIENCE = 900.0
"""Seconds that everything which follows from reading a document may take on the emulated AWS."""
SUBJECTS = 30


def measure() -> list[Figure]:
    """All figures; a row that says so where there is no browser or no PDF.js."""
    if not CHROMIUM or not DRIVER or pdfjs.file("pdf.min.mjs") is None:
        return [Figure("first page", None, "requests", "not measured: needs Chromium and PDF.js")]
    os.environ.update(UPLOAD_ENDPOINT_URL="http://127.0.0.1:5000", RATE_NOTE_CONTENT="off", PACK_FROM_BYTES="0")
    emulator = Emulator("test", wait_scale=0.02, retry_seconds=0)
    emulator.start()
    try:
        client = Client(emulator)
        desk = Desk(emulator, client, People(emulator))
        with served(emulator) as site, started() as browser, TemporaryDirectory() as folder:
            found = _documents(desk, site, browser, Path(folder))
        return [*found, *_trees(desk)]
    finally:
        emulator.stop()


def _documents(desk: Desk, site: Site, browser: Any, folder: Path) -> list[Figure]:
    found: list[Figure] = []
    for name, path, content in _made(folder):
        asset_id = _uploaded(desk, path)
        for chunk in CHUNKS:
            costs = {
                packed: _first_page(desk, site, browser, asset_id, chunk, packed=packed) for packed in (False, True)
            }
            found += _compared(f"{name}, by {chunk // 1_024} KiB", costs, content if chunk == CHUNKS[0] else 0)
        found += _function(desk, name, asset_id)
        desk.cloud.drain(PATIENCE)
        if "MB" in name:
            found += _pressing(name, path, folder)
        path.unlink()
    return found


def _uploaded(desk: Desk, path: Path) -> str:
    """The id of a file that was uploaded, inspected and rewritten, however long that takes."""
    asset_id = desk.uploaded(path.read_bytes())
    desk.confirm(asset_id)
    desk.cloud.drain(PATIENCE)
    desk.confirm(asset_id, expect=200)
    return asset_id


def _made(folder: Path) -> Iterator[tuple[str, Path, int]]:
    """Name, file, and the bytes that the first page itself has (its picture; 0 where that is not known)."""
    book = Path(os.environ.get(SAMPLES, ""), "freeculture.pdf")
    if os.environ.get(SAMPLES) and book.is_file():
        copy = folder / "book.pdf"
        copy.write_bytes(book.read_bytes())
        yield "text book of 352 pages", copy, 0
    for name, (pages, detail) in SCANS.items():
        path = folder / "scan.pdf"
        picture = scan.write(path, pages, detail)
        yield name, path, picture


def _first_page(desk: Desk, site: Site, browser: Any, asset_id: str, chunk: int, *, packed: bool) -> dict[str, Any]:
    note = desk.note(fileAssetId=asset_id)
    if not packed:
        _as_uploaded(note["id"], asset_id)
    site.contents.clear()
    begun = time.perf_counter()
    try:
        cost = read(browser, site, note, desk.student().token, [1], chunk)
    except AssertionError:
        # A browser does not take thousands of requests at once, as some files need where they are not rewritten.
        if packed:
            raise
        cost = {"requests": len(site.contents), "bytes": sum(size for *_, size in site.contents), "gave_up": True}
    return {**cost, "seconds": time.perf_counter() - begun}


def _as_uploaded(note_id: str, asset_id: str) -> None:
    """Let a note have the file that was uploaded, not the copy."""
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    note = store.get(Note, Note.place(note_id))
    if asset is None or note is None:
        raise LookupError(note_id)
    original = {
        "object_key": str(asset.object_key),
        "version_id": str(asset.version_id),
        "content_length": int(asset.size_bytes),
    }
    store.update(Note, Note.place(note_id), [Note.file.set({**note.file.as_dict(), **original})])


def _compared(name: str, costs: dict[bool, dict[str, Any]], content: int) -> list[Figure]:
    before, after = costs[False], costs[True]
    beyond = after["bytes"] - content
    known = f"≤ {MOST_BEYOND // 1_024} KiB" if content else ""
    against = f"{before['requests']} as uploaded{', then it gave up' if before.get('gave_up') else ''}"
    return [
        Figure(
            f"first page of a {name}: requests",
            after["requests"],
            "",
            against,
            after["requests"] / before["requests"],
            f"≤ {MOST_REQUESTS}",
            after["requests"] <= MOST_REQUESTS,
        ),
        Figure(
            f"first page of a {name}: bytes beyond its picture" if content else f"first page of a {name}: bytes",
            beyond / 1_024,
            "KiB",
            f"{(before['bytes'] - content) / 1_024:,.0f} KiB as uploaded",
            after["bytes"] / before["bytes"],
            known,
            beyond <= MOST_BEYOND if content else None,
        ),
        Figure(
            f"first page of a {name}: time, browser and all",
            after["seconds"],
            "s",
            f"{before['seconds']:.2f} s as uploaded",
            after["seconds"] / before["seconds"],
        ),
    ]


def _function(desk: Desk, name: str, asset_id: str) -> list[Figure]:
    """A megabyte out of the middle: memory and round trips of the function, which the file's size must not change."""
    note, student = desk.note(fileAssetId=asset_id), desk.student()
    opened = desk.open(note, student).json
    half = opened["contentLength"] // 2
    peaks, trips = [], []
    for number in range(RANGES):
        begin = max(0, half - number * 1_000)
        with _peak() as peak, desk.cloud.calls.during() as calls:
            desk.content(note, student, opened["viewToken"], Range=f"bytes={begin}-")
        peaks.append(peak[0] / MIB)
        trips.append(len({call.operation for call in calls if call.service in {"dynamodb", "s3"}}))
    return [
        Figure(f"a range of a {name}: peak of the process's new memory", median(peaks), "MiB", goal="flat in the size"),
        Figure(f"a range of a {name}: calls (a batch read, then a write beside the bytes)", max(trips), ""),
    ]


@contextmanager
def _peak() -> Iterator[list[int]]:
    """How many bytes more than before were in use at once."""
    found: list[int] = []
    tracemalloc.start()
    try:
        yield found
    finally:
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


_PRESS = """
import resource, sys, time
from pathlib import Path
from chalicelib.content.files import pressing
original, copy = Path(sys.argv[1]), Path(sys.argv[2])
for work in (pressing.pack, pressing.compare):
    begun = time.perf_counter()
    work(original, copy, seconds=600)
    print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Run by a small process of its own: what is told of its children is of the press alone."""


def _pressing(name: str, path: Path, folder: Path) -> list[Figure]:
    copy, per = folder / "copy.pdf", path.stat().st_size / (100 * 10**6)
    command = [sys.executable, "-c", _PRESS, str(path), str(copy)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    copy.unlink(missing_ok=True)
    packing, packing_memory, comparing, memory = map(float, said)
    return [
        Figure(f"rewriting a {name}", packing / per, "s for 100 MB"),
        Figure(f"comparing a {name}", comparing / per, "s for 100 MB"),
        Figure(f"rewriting a {name}: memory", packing_memory / 1_024, "MiB", goal="flat in the size"),
        Figure(f"comparing a {name}: memory, with rewriting", memory / 1_024, "MiB", goal="flat in the size"),
    ]


def _trees(desk: Desk) -> list[Figure]:
    """Trees of 2,000 topics (in 30 subjects) and of 2,000 notes (in one): queries of the table after the card."""
    subjects = [desk.subject()["id"] for _ in range(SUBJECTS)]
    topics = {subject: _topics(subject, 2_000 // SUBJECTS + 1) for subject in subjects}
    for subject in subjects:
        store.update(Subject, Subject.place(subject), [Subject.tree_version.set(2)])
        projection.project(subject, 2)
    note = desk.note(subject={"id": subjects[0]})
    in_bulk(desk, note, topics[subjects[0]], 2_000 - 1)
    student, found = desk.student(), []
    for name, path in (
        ("tree of 2,000 topics", "/v1/taxonomy/tree"),
        ("tree of 2,000 notes", f"/v1/notes/tree?subjectId={subjects[0]}"),
    ):
        seconds, answer = [], b""
        for _ in range(3):
            begun = time.perf_counter()
            with desk.cloud.calls.during() as calls:
                answer = desk.client.get(path, token=student.token, expect=200).body
            seconds.append(time.perf_counter() - begun)
        pages = len([call for call in calls if call.operation == "Query"])
        found.append(Figure(f"{name}: pages of queries (each of at most 1 MB)", pages, ""))
        found.append(Figure(f"{name}: answer", len(answer) / 1_024, "KiB"))
        found.append(Figure(f"{name}: time, emulated table and all", median(seconds), "s"))
    return found


def _topics(subject_id: str, count: int) -> list[str]:
    """Topics straight in the table, each fourth at the top, the others under it; their ids."""
    ids, puts, parent, now = [new_ulid() for _ in range(count)], [], None, clock.now()
    for position, topic_id in enumerate(ids):
        parent = None if position % 4 == 0 else parent
        place = Topic.place(subject_id, topic_id)
        topic = Topic(
            place.pk,
            place.sk,
            id=topic_id,
            subject_id=subject_id,
            parent_id=parent,
            name=f"Topic {position} of the syllabus",
            order_index=10 * position,
            created_at=now,
            updated_at=now,
        )
        puts.append({"PutRequest": {"Item": topic.serialize()}})
        parent = topic_id if position % 4 == 0 else parent
    for first in range(0, count, 25):
        clients.dynamodb().batch_write_item(RequestItems={store.TABLE_NAME(): puts[first : first + 25]})
    return ids
