"""Statements as CSV files (PAY-21): uploaded, read, and gone on with where they are long."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from chalicelib.commerce.bookkeeping import statements
from chalicelib.commerce.bookkeeping.errors import StatementUnreadable
from chalicelib.commerce.bookkeeping.schemas import StatementRow
from chalicelib.content.files import FileAsset
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.commerce.bookkeeping.desk import SETTLEMENTS, entries, paid, today
from tests.commerce.payments.shop import PRICE, Shop
from tests.content.assets import shelf
from tests.support.people import Person

FILES = "/v1/admin/files"


def _upload(shop: Shop, by: Person, content: bytes) -> Any:
    """Begin the upload, put the bytes where it says, confirm it."""
    body = {
        "purpose": "SETTLEMENT_CSV",
        "fileName": "statement.csv",
        "contentType": "text/csv",
        "sizeBytes": len(content),
        "checksumSha256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
    }
    begun = shop.client.post(f"{FILES}/init-upload", json=body, token=by.token, expect=201).json
    asset = store.get(FileAsset, FileAsset.place(begun["fileAssetId"]))
    assert asset is not None
    clients.s3().put_object(Bucket=BUCKET_NAME(), Key=str(asset.object_key), Body=content, ContentType="text/csv")
    answer = shop.client.post(f"{FILES}/confirm-upload/{begun['fileAssetId']}", token=by.token)
    return begun["fileAssetId"], answer


@pytest.mark.rule("PAY-21", "FILE-30")
def test_a_file_of_rows_is_taken_in(shop: Shop) -> None:
    finance = shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, shop.people.student())
    text = (
        "reference,merchantTransactionId,amount,fee,taxOnFee,settledAt,extra\r\n"
        f'U1,{order_id},"{PRICE / 100:.2f}",9.00,1.62,{today()},=1+1\r\n'
        "\r\n"
        f"U2,,12.345,,,{today()},\r\n"
        f"U3,,70,,,2026-13-45,\r\n"
    )
    asset_id, confirmed = _upload(shop, finance, text.encode())
    assert confirmed.status == 200, confirmed.body
    body = {"gateway": "PHONEPE", "date": today().isoformat(), "fileAssetId": asset_id}
    answer = shop.client.post(SETTLEMENTS, json=body, token=finance.token, expect=200).json
    assert (answer["accepted"], answer["nextRow"]) == (1, None)
    assert [(one["row"], one["reason"]) for one in answer["rejected"]] == [
        (2, "INVALID:amount"),
        (3, "INVALID:settledAt"),
    ]
    assert entries(order_id)["FEE#PHONEPE#U1"] == {"FEES:PHONEPE": 900, "TAX:INPUT": 162, "GATEWAY:PHONEPE": -1062}
    assert shop.client.post(SETTLEMENTS, json=body, token=finance.token, expect=200).json["known"] == 1
    _, refused = _upload(shop, finance, b"\x00\xff\xfe")
    assert refused.status == 422
    unreadable, _ = _upload(shop, finance, b"one,two\n1,2\n")
    for wrong, code in ((unreadable, "STATEMENT_UNREADABLE"), (shelf.put(), "ASSET_UNUSABLE"), (asset_id[::-1], None)):
        answer = shop.client.post(SETTLEMENTS, json={**body, "fileAssetId": wrong}, token=finance.token)
        assert answer.status == 422, answer.body
        assert code is None or answer.code == code


@pytest.mark.rule("PAY-21")
def test_a_long_file_is_gone_on_with() -> None:
    head = "reference,kind,amountPaise,settledAt\n"
    day = clock.iso(clock.now())
    content = (head + "".join(f"R{number},PAYMENT,100,{day}\n" for number in range(1, 26))).encode()
    seen: list[str] = []
    first: int | None = 1
    while first is not None:
        found, first = statements.rows(content, first, 10)
        seen += [one.reference for one in found if isinstance(one, StatementRow)]
    assert seen == [f"R{number}" for number in range(1, 26)]
    for wrong in (
        b"",
        b"reference,settledAt\n",
        head.encode() * 2 + b'"unclosed',
        b"\xff\xfe",
        b"reference,reference\n",
    ):
        with pytest.raises(StatementUnreadable):
            statements.rows(wrong, 1, 10)
