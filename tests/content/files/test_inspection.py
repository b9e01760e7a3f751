"""Looking into PDFs: what is refused, by name, and at what cost."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.content.files.inspection import READ_BUDGET, REASONS, Verdict, inspect_pdf
from chalicelib.content.pdf_reader.look import look
from chalicelib.platform.confined.inside import Pipe
from tests.content.files.hostile import SAMPLES
from tests.content.files.sparse import SparsePdf
from tests.content.paper import ACTIVE_KINDS, active, pdf, saved

SOUND = {"ArabicCIDTrueType.pdf": 1, "empty.pdf": 1, "freeculture.pdf": 352, "tracemonkey.pdf": 14}
OUTLINES = {"freeculture.pdf": 58, "empty.pdf": 1}
REFUSED = {
    "annotation-fileattachment.pdf": "PDF_ACTIVE_CONTENT",
    "attachment.pdf": "PDF_ACTIVE_CONTENT",
    "empty_protected.pdf": "PDF_ENCRYPTED",
    "js-buttons.pdf": "PDF_ACTIVE_CONTENT",
    "xfa_issue14315.pdf": "PDF_ACTIVE_CONTENT",
}


def reader(content: bytes) -> Callable[[int, int], bytes]:
    """Ranges of bytes in memory."""
    return lambda first, last: content[first : last + 1]


def inspected(content: bytes, seconds: int = 20) -> Verdict:
    """What is found in a file."""
    return inspect_pdf(len(content), reader(content), seconds=seconds)


class NearPipe(Pipe):
    """The looking itself, in this process: quicker, for many files."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BufferedWriter(io.BytesIO()), io.BufferedReader(io.BytesIO()))  # type: ignore[arg-type]
        self._content = content

    def fetch(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        return [self._content[first : first + length] for first, length in ranges]


def looked_at(content: bytes) -> dict[str, object]:
    """What the program would say."""
    return look(NearPipe(content), len(content), 2_000)


@pytest.mark.rule("FILE-36")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("pages", [1, 3, 300])
def test_pages_are_counted(pages: int, packed: bool) -> None:
    assert inspected(pdf(pages, packed=packed)) == Verdict(page_count=pages)


@pytest.mark.rule("FILE-36")
@pytest.mark.parametrize("kind", ACTIVE_KINDS)
def test_active_content_is_found_wherever_viewers_find_it(kind: str) -> None:
    assert inspected(active(kind)) == Verdict(refused="PDF_ACTIVE_CONTENT")


@pytest.mark.rule("FILE-36")
@pytest.mark.parametrize("password", ["", "secret"])
def test_encrypted_files_are_refused_with_and_without_a_password_to_open_them(password: str) -> None:
    assert inspected(pdf(password=password)) == Verdict(refused="PDF_ENCRYPTED")


@pytest.mark.rule("FILE-36")
def test_too_many_pages_and_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspected(pdf(2_001)) == Verdict(refused="PDF_TOO_MANY_PAGES")
    assert inspected(pdf(2_001, packed=True)) == Verdict(refused="PDF_TOO_MANY_PAGES")
    assert inspected(saved(pikepdf.new())) == Verdict(refused="PDF_UNREADABLE")
    monkeypatch.setenv("MAX_PDF_PAGES", "2")
    assert inspected(pdf(3)) == Verdict(refused="PDF_TOO_MANY_PAGES")
    assert inspected(pdf(2)) == Verdict(page_count=2)


@pytest.mark.rule("FILE-36")
@pytest.mark.parametrize(
    "spoilt",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-8],
        lambda whole: b"\n" + whole,
        lambda whole: b"PK\x03\x04" + whole[4:],
        lambda whole: whole.replace(b"startxref\n", b"startxref\n9"),
        lambda whole: whole.replace(b"/Pages", b"/Sheep"),
        lambda whole: whole.replace(b"\nxref\n", b"\nyref\n"),
        lambda _: b"%PDF-1.7\n%%EOF",
        lambda _: b"x",
    ],
)
def test_what_is_cut_broken_or_no_pdf_is_refused(spoilt: Callable[[bytes], bytes]) -> None:
    assert inspected(spoilt(pdf(3))) == Verdict(refused="PDF_UNREADABLE")


@pytest.mark.rule("FILE-36")
def test_page_trees_that_go_round_end() -> None:
    round_trip = pdf(2).replace(b"/Kids [ ", b"/Kids [ 3 0 R ")
    assert inspected(round_trip).refused in REASONS
    document = pikepdf.new()
    document.add_blank_page()
    document.Root.Pages.Kids.append(document.Root.Pages)
    assert inspected(saved(document)) == Verdict(refused="PDF_UNREADABLE")


@pytest.mark.rule("FILE-36")
def test_a_later_revision_that_is_cut_does_not_pass_for_the_earlier_one() -> None:
    whole = pdf(1)
    update = b"9 0 obj\n<</JS(app.alert)>>\nendobj\nxref\n0 0\ntrailer\n<</Root 1 0 R>>\n"
    assert inspected(whole + update) == Verdict(refused="PDF_UNREADABLE")


@pytest.mark.rule("FILE-36")
def test_half_a_gigabyte_costs_what_its_pages_cost() -> None:
    file = SparsePdf(pages=2_000, stride=268_000)
    assert file.size > 536_000_000
    tracemalloc.start()
    verdict = inspect_pdf(file.size, file.read, seconds=60)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verdict == Verdict(page_count=2_000)
    assert file.fetched <= READ_BUDGET
    assert peak < 24 * 1024 * 1024


@pytest.mark.rule("FILE-36")
def test_more_than_the_budget_of_bytes_is_a_refusal() -> None:
    file = SparsePdf(pages=1_000, stride=100)
    bloated = SparsePdf(pages=1, stride=9_000_000, link=False)
    # The one page is said to be the image: whoever follows reads nine megabytes.
    content = bloated.read(0, bloated.size - 1).replace(b"/Kids[3 0 R]", b"/Kids[4 0 R]")
    assert inspected(content).refused in {"PDF_TOO_COMPLEX", "PDF_UNREADABLE"}
    assert inspect_pdf(file.size, file.read, seconds=60) == Verdict(page_count=1_000)


@pytest.mark.rule("FILE-36")
def test_time_that_runs_out_is_a_refusal() -> None:
    content, until = pdf(3), time.monotonic() + 1.3

    def slow(first: int, last: int) -> bytes:
        while time.monotonic() < until:
            pass
        return content[first : last + 1]

    assert inspect_pdf(len(content), slow, seconds=1) == Verdict(refused="PDF_TOO_COMPLEX")


@pytest.mark.rule("FILE-36")
def test_an_object_stream_that_explodes_is_a_refusal() -> None:
    document = pikepdf.new()
    document.add_blank_page()
    bomb = document.make_stream(b"")
    bomb.write(zlib.compress(bytes(400_000_000), 9), filter=pikepdf.Name.FlateDecode)
    bomb.Type, bomb.N, bomb.First = pikepdf.Name.ObjStm, 9, 100
    document.pages[0].obj.Bomb = bomb
    whole = saved(document)
    number, table = bomb.objgen[0], whole.rindex(b"xref\n", 0, whole.rindex(b"startxref"))
    # A cross-reference stream that says: the catalog is in there.
    body = b"".join(struct.pack(">BIB", 2, number, 0) for _ in range(9))
    xref = b"99 0 obj\n<</Type/XRef/Size 9/W[1 4 1]/Root 1 0 R/Prev %d/Length %d>>\nstream\n%b\nendstream\nendobj\n"
    start = len(whole)
    hostile = whole + xref % (table, len(body), body) + b"startxref\n%d\n%%%%EOF\n" % start
    assert len(hostile) < 1_000_000
    assert inspected(hostile).refused in {"PDF_TOO_COMPLEX", "PDF_UNREADABLE"}


@pytest.mark.rule("FILE-36")
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([pdf(3), pdf(5, packed=True), active("field-script"), active("outline-script")]),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=12)), min_size=1, max_size=8),
    st.integers(0, 10_000),
)
def test_whatever_is_done_to_a_file_there_is_a_verdict(
    whole: bytes, changes: list[tuple[int, bytes]], cut: int
) -> None:
    spoilt = bytearray(whole)
    for position, piece in changes:
        place = position % len(spoilt)
        spoilt[place : place + len(piece)] = piece
    content = bytes(spoilt[: len(spoilt) - cut % 40] if cut % 3 == 0 else spoilt)
    said = looked_at(content)
    assert said.get("refused") in REASONS or isinstance(said.get("pages"), int)


@pytest.mark.rule("FILE-36")
@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=1, max_size=400), st.booleans())
def test_whatever_it_is_the_program_ends_with_a_verdict(content: bytes, headed: bool) -> None:
    verdict = inspected(b"%PDF-1.7\n" + content if headed else content)
    assert verdict.page_count is None
    assert verdict.refused in REASONS


@pytest.mark.rule("FILE-36")
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="SAMPLES names no folder")
@pytest.mark.parametrize(("name", "pages"), SOUND.items())
def test_sound_samples_are_read_cheaply(name: str, pages: int) -> None:
    content, spent = (SAMPLES / name).read_bytes(), []

    def read(first: int, last: int) -> bytes:
        spent.append(last - first + 1)
        return content[first : last + 1]

    verdict = inspect_pdf(len(content), read, seconds=20)
    assert (verdict.page_count, verdict.refused, len(verdict.outline)) == (pages, None, OUTLINES.get(name, 0))
    assert sum(spent) <= READ_BUDGET
    assert inspected(content[: len(content) // 2]) == Verdict(refused="PDF_UNREADABLE")


@pytest.mark.rule("FILE-36")
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="SAMPLES names no folder")
@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_samples_that_break_a_rule_are_refused_by_name(name: str, reason: str) -> None:
    assert inspected((SAMPLES / name).read_bytes()) == Verdict(refused=reason)
