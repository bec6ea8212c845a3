"""Files of products and of orders: what the examples in tests/operations do not say."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.storage import Storage
from connectors.storage.drivers import s3_buckets
from db.store.outbox import EventRow
from db.store.row import table
from db.store.unit import Units
from engine.values.identity import encode
from engine.values.upload import Uploaded
from tests import factories
from tests.connectors.s3 import S3
from tests.gateway import Gateway
from tests.server.running import in_a_thread

SYNC = """mutation ($product: ID!, $files: [DownloadInput!]!) {
  downloadsSync(input: { productId: $product, files: $files }) {
    downloads { id identifier position }
    userErrors { code message field }
  }
}"""
UPLOAD = """mutation ($file: Upload!, $key: String) {
  fileUpload(input: { file: $file, name: "guide.pdf" }, idempotencyKey: $key) { path userErrors { code } }
}"""


async def _shop(gateway: Gateway) -> None:
    gateway.put("guide.pdf")
    rows = [factories.product(1), factories.variant(11, 1), factories.variant(12, 1)]
    await factories.store_rows(gateway, rows)


def _file(title: str = "Guide", **given: Any) -> dict[str, Any]:
    return {"title": title, "type": "pdf", "driver": "local", "fileName": "guide.pdf", **given}


def _upload(gateway: Gateway) -> Uploaded:
    path = gateway.folder / "upload"
    path.write_bytes(b"%PDF-1.7")
    return Uploaded(path, "guide.pdf", 8, sha256(b"%PDF-1.7").hexdigest())


async def _events(gateway: Gateway) -> list[tuple[Any, ...]]:
    event = table(EventRow)
    async with gateway.database.read() as connection:
        statement = select(event.c.name, event.c.entity, event.c.version, event.c.payload).order_by(event.c.id)
        return [tuple(row) for row in await connection.execute(statement)]


def _stored(gateway: Gateway) -> list[Path]:
    return [path for path in (gateway.folder / "files").rglob("*") if path.is_file()]


async def test_each_file_gets_an_identifier_of_its_own(gateway: Gateway) -> None:
    await _shop(gateway)
    variables = {"product": encode("Product", 1), "files": [_file("One"), _file("Two"), _file("Three")]}
    told = (await gateway(SYNC, variables))["downloadsSync"]
    identifiers = [uuid.UUID(download["identifier"]) for download in told["downloads"]]
    assert {identifier.version for identifier in identifiers} == {4}
    assert len(set(identifiers)) == 3
    assert [download["position"] for download in told["downloads"]] == [1, 2, 3]
    assert [(name, payload) for name, _, _, payload in await _events(gateway)] == [
        *(("download.created", {"downloadId": key, "productId": 1}) for key in (1, 2, 3)),
        ("product.updated", {"productId": 1, "slug": "product-1"}),
    ]


async def test_files_are_added_at_once_and_by_many(gateway: Gateway) -> None:
    await _shop(gateway)
    product = encode("Product", 1)
    with gateway.counting() as few:
        await gateway(SYNC, {"product": product, "files": [_file()]})
    variants = [encode("ProductVariant", 11)]
    with gateway.counting() as many:
        await gateway(SYNC, {"product": product, "files": [_file(variantIds=variants) for _ in range(50)]})
    # The links, and which variants there are; the product is downloadable by now.
    assert len(many) <= len(few) + 2

    answers = await asyncio.gather(*(gateway(SYNC, {"product": product, "files": [_file()]}) for _ in range(4)))
    positions = [answer["downloadsSync"]["downloads"][0]["position"] for answer in answers]
    assert sorted(positions) == [52, 53, 54, 55]


async def test_a_file_outlives_its_last_variant_as_nobodys(gateway: Gateway) -> None:
    await _shop(gateway)
    variants = [encode("ProductVariant", 11)]
    await gateway(SYNC, {"product": encode("Product", 1), "files": [_file(variantIds=variants)]})
    await gateway(
        "mutation ($id: ID!) { variantDelete(input: { id: $id }) { userErrors { code } } }", {"id": variants[0]}
    )
    found = await gateway(
        """query ($id: ID!) {
          node(id: $id) { ... on Product {
            downloads { forAllVariants variants { id } }
            variants { downloads { id } }
          } }
        }""",
        {"id": encode("Product", 1)},
    )
    assert found["node"] == {"downloads": [{"forAllVariants": False, "variants": []}], "variants": [{"downloads": []}]}


async def test_files_of_many_orders_take_as_many_statements_as_those_of_one(gateway: Gateway) -> None:
    await _shop(gateway)
    await factories.store_rows(
        gateway, [factories.download(1, 1, download_limit=3), factories.download(2, 1, for_all_variants=False)]
    )
    for order in range(1, 11):
        item = factories.order_item(order, order, product_id=1, variant_id=11)
        await factories.store_rows(gateway, [factories.order(order), item])
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { downloads { title status remaining url } } } }"

    with gateway.counting() as one:
        await gateway(document, {"ids": [encode("Order", 1)]})
    with gateway.counting() as ten:
        found = await gateway(document, {"ids": [encode("Order", order) for order in range(1, 11)]})

    assert len(ten) == len(one)
    for order in found["nodes"]:
        (file,) = order["downloads"]
        assert (file["title"], file["status"], file["remaining"]) == ("File 1", "GRANTED", 3)
    assert len({order["downloads"][0]["url"] for order in found["nodes"]}) == 10


async def test_an_upload_whose_transaction_fails_leaves_no_file(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def commit(*_: Any, **__: Any) -> None:
        assert len(_stored(gateway)) == 1
        raise RuntimeError("the database is gone")

    monkeypatch.setattr("db.store.unit.UnitOfWork.commit", commit)
    answer = await gateway.answer(UPLOAD, {"file": _upload(gateway)})
    assert answer.body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert _stored(gateway) == []


async def test_twins_under_one_key_leave_one_file(gateway: Gateway) -> None:
    asked = {"file": _upload(gateway), "key": "one"}
    answers = await asyncio.gather(*(gateway(UPLOAD, asked) for _ in range(3)))
    assert len({answer["fileUpload"]["path"] for answer in answers}) == 1
    assert [path.name for path in _stored(gateway)] == [answers[0]["fileUpload"]["path"]]
    (event,) = await _events(gateway)
    assert event[0] == "file.uploaded"
    assert event[3]["path"] == answers[0]["fileUpload"]["path"]


@pytest.fixture
async def on_s3(gateway: Gateway) -> AsyncIterator[tuple[Gateway, S3]]:
    """A shop whose files are in a bucket, and the server of that."""
    s3 = S3("goods", "access")
    with in_a_thread(s3.app) as url:
        buckets = s3_buckets(["goods"], endpoint=url, region="eu-1", access_key="access", secret_key="secret")
        gateway.storage = Storage(gateway.folder / "files", buckets)
        gateway.units = Units(gateway.database, gateway.storage, gateway.links)
        await _shop(gateway)
        yield gateway, s3


async def test_what_a_bucket_has_not_is_no_file_of_a_download(on_s3: tuple[Gateway, S3]) -> None:
    gateway, s3 = on_s3
    s3.objects["there.pdf"] = b"%PDF-1.7"
    files = [
        _file("There", driver="s3", fileName="there.pdf", filePath="there.pdf"),
        _file("Gone", driver="s3", bucket="goods", fileName="gone.pdf", filePath="gone.pdf"),
    ]
    told = (await gateway(SYNC, {"product": encode("Product", 1), "files": files}))["downloadsSync"]
    (error,) = told["userErrors"]
    assert (error["field"][:2], error["message"].startswith("No such file")) == (["files", "1"], True)
    assert sorted(one.split()[0] for one in s3.requests) == ["HEAD", "HEAD"]
    assert (await gateway(SYNC, {"product": encode("Product", 1), "files": files[:1]}))["downloadsSync"]["downloads"]


async def test_a_bucket_that_does_not_answer_refuses_nothing(on_s3: tuple[Gateway, S3]) -> None:
    """And is asked once, not for each file."""
    gateway, s3 = on_s3
    s3.failing = lambda _request: True
    names = [f"{n}.pdf" for n in range(3)]
    files = [_file(name, driver="s3", fileName=name, filePath=name) for name in names]
    told = (await gateway(SYNC, {"product": encode("Product", 1), "files": files}))["downloadsSync"]
    assert told["userErrors"] == []
    assert len(told["downloads"]) == 3
