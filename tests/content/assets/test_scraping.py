"""Who fetches very many different assets."""

from __future__ import annotations

import pytest

from chalicelib.content.assets import scraping
from chalicelib.content.assets.items import AssetUse
from chalicelib.platform import store
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.content.assets import shelf
from tests.content.desk import Desk
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once


def signals(cloud: Emulator) -> list[tuple[str, str, int]]:
    """Type, person and count of every signal."""
    found = [item for item in cloud.items() if item["kind"]["S"] == "SecuritySignal"]
    return [(one["type"]["S"], one["user_id"]["S"], int(one["times"]["N"])) for one in found]


@pytest.mark.rule("FILE-50")
def test_so_many_different_assets_within_five_minutes_are_signalled(
    cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scraping.ASSET_SCRAPE_COUNT() == 300
    monkeypatch.setenv("ASSET_SCRAPE_COUNT", "50")
    student, other = new_ulid(), new_ulid()
    scraping.record(other, "a")
    for number in range(49):
        scraping.record(student, f"asset-{number}")
        if number % 10 == 9:
            cloud.advance(60)
    for number in range(40, 49):
        scraping.record(student, f"asset-{number}")
    assert signals(cloud) == []
    scraping.record(student, "asset-49")
    assert signals(cloud) == [("ASSET_SCRAPE", student, 1)]
    scraping.record(student, "asset-50")
    assert signals(cloud) == [("ASSET_SCRAPE", student, 2)]


@pytest.mark.rule("FILE-50")
def test_what_was_fetched_longer_ago_does_not_count(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSET_SCRAPE_COUNT", "20")
    student = new_ulid()
    for pause in (360, 400, 3_600, 0):
        for number in range(19):
            scraping.record(student, f"{pause}-{number}")
        cloud.advance(pause)
    assert signals(cloud) == []


@pytest.mark.rule("FILE-50")
def test_parallel_fetches_are_all_counted(cloud: Emulator) -> None:
    student = new_ulid()
    for start in (0, 8):
        at_once([lambda number=number: scraping.record(student, f"{number}") for number in range(start, start + 8)])  # type: ignore[misc]
        cloud.advance(60)
    known = store.get(AssetUse, AssetUse.place(student))
    assert known is not None
    assert known.distinct == 16


@pytest.mark.rule("FILE-50")
def test_only_bytes_that_a_student_gets_are_counted(desk: Desk, client: Client, people: People) -> None:
    student, staff, asset_id = people.student(), desk.staff("content.read"), shelf.put(purpose="CMS_IMAGE")
    place = shelf.use(asset_id, "PAGE", published=False)
    path = f"/v1/assets/{asset_id}"
    assert client.get(path, token=student.token).status == 404
    shelf.follow(asset_id, place, published=True)
    etag = client.call("HEAD", path, token=student.token, expect=200).headers["etag"]
    client.get(path, token=student.token, headers={"If-None-Match": etag}, expect=304)
    client.get(path, token=staff.token, expect=200)
    uses = [AssetUse.place(person.id) for person in (student, staff)]
    assert store.get_many(uses) == [None, None]
    client.get(path, token=student.token, expect=200)
    mine, theirs = store.get_many(uses)
    assert isinstance(mine, AssetUse)
    assert (mine.distinct, theirs) == (1, None)


@pytest.mark.rule("FILE-50")
def test_counting_never_fails_a_delivery(client: Client, people: People, cloud: Emulator) -> None:
    student, asset_id = people.student(), shelf.put(purpose="CMS_IMAGE")
    shelf.use(asset_id, "PAGE")
    cloud.fault("dynamodb", "UpdateItem", "InternalServerError", times=20)
    assert client.get(f"/v1/assets/{asset_id}", token=student.token).body == shelf.PICTURE
