"""Files that are made of a confirmed PDF: its first pages as one file, and each page as one (NOTE-32).

Both are cut of what readers get. A preview is a file of its own, which nobody uploaded and no list shows; single pages
lie under names that follow from their source's, and go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from chalicelib.content.files import pressing, storage
from chalicelib.content.files.items import AssetReference, FileAsset, FileOutline, FileStatus, deleted
from chalicelib.content.files.purposes import NOTES_PDF, PDF
from chalicelib.content.files.references import Place
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.parallel import together

SCRATCH_MEBIBYTES = 4_096
PREVIEW_SECONDS = 120
BATCH = 20
"""Pages that are cut at once, and stored side by side."""
SPARE_SECONDS = 30


def make_preview(source: FileAsset, pages: int) -> FileAsset | None:
    """Make and store a file of the first pages; None when it cannot be cut. It is nothing until ``place_preview``."""
    with TemporaryDirectory() as folder:
        whole, copy = Path(folder, "whole"), Path(folder, "copy")
        _fetch(source, whole)
        count = pressing.preview(whole, copy, pages, seconds=PREVIEW_SECONDS)
        if count is None:
            return None
        preview_id, now = new_ulid(), clock.now()
        key = f"notes/previews/{now:%Y}/{now:%m}/{preview_id}.pdf"
        with copy.open("rb") as content:
            version_id = storage.put(key, content, content_type=PDF)
        storage.confirm(key, version_id)
        return FileAsset(
            *FileAsset.place(preview_id),
            id=preview_id,
            purpose=NOTES_PDF.name,
            status=FileStatus.CONFIRMED,
            source_asset_id=str(source.id),
            object_key=key,
            version_id=version_id,
            file_name=str(source.file_name),
            content_type=PDF,
            size_bytes=copy.stat().st_size,
            page_count=count,
            references=1,
            created_by_user_id=str(source.created_by_user_id),
            created_at=now,
            confirmed_at=now,
            row={"status": FileStatus.CONFIRMED.value, "references": 1},
        )


def place_preview(tx: store.Transaction, preview: FileAsset, place: Place) -> None:
    """Let a place use a preview that was just made."""
    where = AssetReference.place(str(preview.id), place.ref_type, place.ref_id)
    tx.put(preview, when=store.absent(FileAsset))
    reference = AssetReference(
        *where,
        asset_id=str(preview.id),
        ref_type=place.ref_type,
        ref_id=place.ref_id,
        subject_id=place.subject_id or None,
        topic_ids=list(place.topic_ids),
        created_at=preview.created_at,
    )
    tx.put(reference, when=store.absent(AssetReference))


def retire_preview(tx: store.Transaction, preview_id: str, ref_type: str, ref_id: str) -> None:
    """Let a place use a preview no more: it is deleted with that, and its bytes go as those of deleted files do."""
    now = clock.now()
    keys = deleted(preview_id, now)
    tx.update(
        FileAsset,
        FileAsset.place(preview_id),
        [
            FileAsset.status.set(FileStatus.DELETED),
            FileAsset.references.set(0),
            FileAsset.row.set({"status": FileStatus.DELETED.value, "references": 0}),
            FileAsset.deleted_at.set(now),
            FileAsset.gsi2pk.set(keys["gsi2pk"]),
            FileAsset.gsi2sk.set(keys["gsi2sk"]),
            FileAsset.version.add(1),
        ],
        when=FileAsset.status == FileStatus.CONFIRMED,
        name="retired",
    )
    where = AssetReference.place(preview_id, ref_type, ref_id)
    tx.delete(AssetReference, where, when=store.present(AssetReference), name="retired reference")


def discard_preview(preview: FileAsset) -> None:
    """Remove the bytes of a preview that was not placed after all."""
    storage.remove(str(preview.object_key), str(preview.version_id))


def split_pages(source: FileAsset, remaining: Callable[[], float]) -> bool:
    """Make a file of each page that has none yet; whether all have one by then.

    False when a page cannot be cut, or time runs out (``remaining``: seconds). Raises ``UpstreamFailed`` when the
    bucket does not answer: what was made stays, and the next run goes on from there.
    """
    there = storage.pages_of(str(source.id))
    missing = [page for page in range(1, int(source.page_count or 0) + 1) if page not in there]
    if not missing:
        return True
    with TemporaryDirectory() as folder:
        whole = Path(folder, "whole")
        _fetch(source, whole)
        for first, last in _runs(missing):
            left = remaining() - SPARE_SECONDS
            if left <= 0 or pressing.singles(whole, Path(folder), first, last, seconds=left) is None:
                return False
            together(*(partial(_keep, str(source.id), page, Path(folder)) for page in range(first, last + 1)))
    return True


def erase(source: FileAsset) -> None:
    """Remove the single pages and the table of contents of a deleted file. Doing so twice is harmless."""
    if source.purpose != NOTES_PDF.name:
        return
    for page in sorted(storage.pages_of(str(source.id))):
        storage.erase(storage.page_key(str(source.id), page), "")
    store.delete(FileOutline, FileOutline.place(str(source.id)))


def _runs(pages: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring pages, at most ``BATCH`` of them, as first and last."""
    first = last = pages[0]
    for page in pages[1:]:
        if page != last + 1 or page - first >= BATCH:
            yield first, last
            first = page
        last = page
    yield first, last


def _fetch(source: FileAsset, into: Path) -> None:
    stored = source.readable
    storage.fetch(stored["object_key"], stored["version_id"], into)


def _keep(source_id: str, page: int, folder: Path) -> None:
    made = folder / f"{page}.pdf"
    key = storage.page_key(source_id, page)
    with made.open("rb") as content:
        version_id = storage.put(key, content, content_type=PDF)
    storage.confirm(key, version_id)
    made.unlink()
