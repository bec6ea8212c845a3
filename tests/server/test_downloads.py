"""Download links over real HTTP: who gets which bytes, how often, and what everyone else is told."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select, update

from connectors.storage import Links
from db.catalog.download import DownloadRow
from db.commerce.order import DownloadPermissionRow, OrderRow, OrderType, PaymentStatus
from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from db.store.database import Database
from db.store.row import Row, table
from server.settings.settings import Settings
from tests import factories
from tests.connectors.s3 import S3
from tests.server.running import in_a_thread, running

KEY = "b3Blbi1zZXNhbWUtb3Blbi1zZXNhbWUtb3Blbi1zZXM="
CONTENT = b"%PDF-1.7" + bytes(range(256)) * 8192  # two pieces and a bit
SIGNING = Links("", lambda: [KEY])
NOW = datetime.now(UTC).replace(microsecond=0)

PERMISSION = table(DownloadPermissionRow)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[httpx2.Client]:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "guide__stored-0123456789abcdef.pdf").write_bytes(CONTENT)
    (tmp_path / "files" / "empty.txt").write_bytes(b"")
    settings = Settings(
        database_url=database_url,
        files_folder=tmp_path / "files",
        secret_keys=(SecretStr(KEY),),
        data_folder=tmp_path,
        work=False,
    )
    with running(settings) as client:
        yield client


def kept(url: str, rows: Sequence[Row]) -> None:
    async def work() -> None:
        database = Database.open(url)
        async with database.write() as connection:
            for row in rows:
                values = {name: getattr(row, name) for name in type(row).model_fields}
                await connection.execute(insert(table(type(row))).values(values))
            await connection.commit()
        await database.close()

    asyncio.run(work())


def permissions(url: str) -> list[dict[str, Any]]:
    async def work() -> list[dict[str, Any]]:
        database = Database.open(url)
        async with database.read() as connection:
            found = (await connection.execute(select(PERMISSION).order_by(PERMISSION.c.id))).mappings().all()
        await database.close()
        return [dict(row) for row in found]

    return asyncio.run(work())


def changed(url: str, row: type[Row], **values: Any) -> None:
    async def work() -> None:
        database = Database.open(url)
        async with database.write() as connection:
            await connection.execute(update(table(row)).values(values))
            await connection.commit()
        await database.close()

    asyncio.run(work())


def shop(**download: Any) -> list[Row]:
    """Product 1 with a file, and a paid order of it."""
    file = {
        "identifier": "the-guide",
        "driver": "local",
        "file_name": "Führer.pdf",
        "file_path": "guide__stored-0123456789abcdef.pdf",
    }
    return [
        factories.product(1),
        factories.variant(11, 1),
        factories.variant(12, 1),
        factories.download(1, 1, **{**file, **download}),
        factories.order(1, created_at=NOW - timedelta(days=10)),
        factories.order_item(1, 1, product_id=1, variant_id=11),
    ]


def path(order: int | None = None, identifier: str = "the-guide") -> str:
    return SIGNING.url(identifier, order_id=order)


def refused(answer: httpx2.Response, status: int, code: str, *words: str) -> None:
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": code} | ({"retryAfter": 5} if status == 503 else {})
    assert answer.headers["Cache-Control"] == "no-store"
    for word in words:
        assert word in error["message"], error["message"]


# What is sent


def test_a_file_comes_whole_with_what_a_browser_should_know(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop())
    answer = server.get(path())
    assert answer.status_code == 200
    assert answer.content == CONTENT
    headers = answer.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == str(len(CONTENT))
    assert headers["Content-Disposition"] == "attachment; filename=\"F_hrer.pdf\"; filename*=UTF-8''F%C3%BChrer.pdf"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["ETag"].startswith('"')

    head = server.head(path(), headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in ("Content-Length", "ETag", "Content-Disposition")} == {
        name: headers[name] for name in ("Content-Length", "ETag", "Content-Disposition")
    }


def test_parts_of_a_file(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop())
    size = len(CONTENT)
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=1048570-{size + 5}", 1048570, size),
    ):
        answer = server.get(path(), headers={"Range": asked})
        assert answer.status_code == 206
        assert answer.content == CONTENT[start:end]
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = server.get(path(), headers={"Range": f"bytes={size}-"})
    refused(beyond, 416, "BAD_REQUEST", str(size))
    assert beyond.headers["Content-Range"] == f"bytes */{size}"
    assert server.get(path(), headers={"Range": "bytes=0-1,5-6"}).status_code == 200


def test_a_copy_that_still_holds_is_not_sent_again(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop())
    etag = server.head(path()).headers["ETag"]
    again = server.get(path(), headers={"If-None-Match": etag, "Range": "bytes=0-1"})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert server.get(path(), headers={"If-None-Match": '"other"'}).status_code == 200
    assert server.get(path(), headers={"If-Range": etag, "Range": "bytes=0-1"}).status_code == 206
    assert server.get(path(), headers={"If-Range": '"other"', "Range": "bytes=0-1"}).content == CONTENT


def test_an_empty_file(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop(file_path="empty.txt", file_name="empty.txt"))
    assert (server.get(path()).status_code, server.get(path()).content) == (200, b"")
    refused(server.get(path(), headers={"Range": "bytes=0-"}), 416, "BAD_REQUEST")


# Links


def test_a_link_is_for_whoever_holds_it_until_it_expires(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop(download_limit=1))
    for _ in range(3):
        assert server.get(path()).status_code == 200  # the shop's own link: no order, no limit
    late = Links("", lambda: [KEY], lifetime=timedelta(seconds=-1))
    refused(server.get(late.url("the-guide")), 403, "FORBIDDEN", "expired")
    forged = Links("", lambda: ["another key"])
    for link in (forged.url("the-guide"), "/downloads/nonsense", "/downloads/a.b.c", f"{path()}x", path()[:-5]):
        refused(server.get(link), 403, "FORBIDDEN", "no link of this store")
    refused(server.get(f"/downloads/{'a' * 2000}"), 403, "FORBIDDEN")
    refused(server.post(path()), 405, "BAD_REQUEST")
    assert server.post(path()).headers["Allow"] == "GET, HEAD"


def test_what_is_gone(server: httpx2.Client, database_url: str, tmp_path: Path) -> None:
    refused(server.get(path()), 404, "NOT_FOUND")
    kept(database_url, shop())
    for values in (
        {"file_path": "nothing.pdf"},
        {"file_path": "../storegraph.sqlite"},
        {"file_path": "/etc/passwd"},
        {"driver": "s3"},
        {"driver": "ftp"},
        {"driver": "local", "bucket": "x"},
    ):
        changed(database_url, DownloadRow, **values)
        refused(server.get(path()), 404, "NOT_FOUND")
    (tmp_path / "outside.pdf").write_bytes(b"secret")
    (tmp_path / "files" / "link.pdf").symlink_to(tmp_path / "outside.pdf")
    changed(database_url, DownloadRow, file_path="link.pdf", driver="local", bucket=None)
    refused(server.get(path()), 404, "NOT_FOUND")


def test_a_link_is_not_written_to_the_log(
    database_url: str, server: httpx2.Client, capsys: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    import io

    from server.logs import ACCESS, Redaction

    kept(database_url, shop())
    written = io.StringIO()
    ACCESS.configure(written, Redaction(), str, enabled=True)
    token = path().rpartition("/")[2]
    server.get(path())
    server.get(f"/downloads/{token}x")
    for asked in (f"/downloads/{token}/", f"/downloads//{token}", f"//downloads/{token}"):
        server.get(asked)
    preflight = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    server.options(path(), headers=preflight)
    server.options(path())
    ACCESS.flush()
    assert "/downloads/the-guide" in written.getvalue()
    assert token not in written.getvalue()


# Orders


def test_an_orders_limit_counts_downloads_and_not_requests(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop(download_limit=2, download_expiry_days=30))
    size = len(CONTENT)
    assert server.head(path(1)).status_code == 200
    assert permissions(database_url) == []

    assert server.get(path(1), headers={"Range": "bytes=0-99"}).status_code == 206  # counts: it begins
    assert server.get(path(1), headers={"Range": f"bytes=100-{size - 1}"}).content == CONTENT[100:]
    etag = server.head(path(1)).headers["ETag"]
    assert server.get(path(1), headers={"If-None-Match": etag}).status_code == 304
    (noted,) = permissions(database_url)
    assert (noted["download_count"], noted["download_limit"], noted["version"]) == (1, 2, 1)
    assert (noted["order_id"], noted["download_id"], noted["variant_id"]) == (1, 1, 11)
    assert noted["access_expires_at"] == NOW + timedelta(days=20)

    assert server.get(path(1)).content == CONTENT
    refused(server.get(path(1)), 410, "BUSINESS_RULE", "no further download")
    assert server.head(path(1)).status_code == 410
    # What broke off in the last permitted download may be gone on with, for a while.
    assert server.get(path(1), headers={"Range": "bytes=100-"}).status_code == 206
    changed(database_url, DownloadPermissionRow, last_started_at=NOW - timedelta(hours=7))
    refused(server.get(path(1), headers={"Range": "bytes=100-"}), 410, "BUSINESS_RULE")
    assert [row["download_count"] for row in permissions(database_url)] == [2]


def test_a_part_in_the_middle_is_a_download_when_none_was_begun(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop(download_limit=1))
    assert server.get(path(1), headers={"Range": "bytes=1-"}).status_code == 206
    assert [row["download_count"] for row in permissions(database_url)] == [1]


@pytest.mark.parametrize("noted", [False, True])
def test_of_many_at_the_last_permitted_download_one_gets_it(
    server: httpx2.Client, database_url: str, noted: bool
) -> None:
    rows = shop(download_limit=3)
    if noted:
        rows.append(factories.download_permission(5, 1, 1, download_count=2, download_limit=3))
    kept(database_url, rows)
    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(answer.status_code for answer in threads.map(lambda _: server.get(path(1)), range(8)))
    allowed = 1 if noted else 3
    assert statuses == [200] * allowed + [410] * (8 - allowed)
    assert [row["download_count"] for row in permissions(database_url)] == [3]


def test_several_permissions_are_used_up_one_after_the_other(server: httpx2.Client, database_url: str) -> None:
    spent = factories.download_permission(5, 1, 1, download_count=1, download_limit=1)
    over = factories.download_permission(6, 1, 1, access_expires_at=NOW - timedelta(days=1))
    left = factories.download_permission(7, 1, 1, download_limit=1)
    kept(database_url, [*shop(), spent, over, left])
    assert [server.get(path(1)).status_code for _ in range(2)] == [200, 410]
    assert [row["download_count"] for row in permissions(database_url)] == [1, 0, 1]


@pytest.mark.parametrize("limit", [None, 0])
def test_no_limit(server: httpx2.Client, database_url: str, limit: int | None) -> None:
    kept(database_url, shop(download_limit=limit, download_expiry_days=limit))
    assert [server.get(path(1)).status_code for _ in range(4)] == [200] * 4
    assert [row["download_count"] for row in permissions(database_url)] == [4]


def test_the_days_after_an_order(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop(download_expiry_days=9))
    refused(server.get(path(1)), 403, "FORBIDDEN", "time")
    changed(database_url, DownloadRow, download_expiry_days=11)
    assert server.get(path(1)).status_code == 200
    changed(database_url, DownloadPermissionRow, access_expires_at=NOW - timedelta(seconds=1))
    refused(server.get(path(1)), 403, "FORBIDDEN", "time")
    refused(server.get(path(1), headers={"Range": "bytes=9-"}), 403, "FORBIDDEN", "time")
    changed(database_url, DownloadPermissionRow, access_expires_at=None)
    changed(database_url, DownloadRow, download_expiry_days=2**31 - 1)
    assert server.get(path(1)).status_code == 200


def test_an_order_has_to_be_paid(server: httpx2.Client, database_url: str) -> None:
    kept(database_url, shop())
    paid = {PaymentStatus.PAID, PaymentStatus.PARTIALLY_PAID, PaymentStatus.PARTIALLY_REFUNDED}
    for status in PaymentStatus:
        changed(database_url, OrderRow, payment_status=status)
        if status in paid:
            assert server.get(path(1)).status_code == 200
        else:
            refused(server.get(path(1)), 403, "FORBIDDEN", "not paid")
    assert [row["download_count"] for row in permissions(database_url)] == [len(paid)]


def test_an_order_has_to_contain_the_file(server: httpx2.Client, database_url: str) -> None:
    rows = shop(for_all_variants=False)
    kept(database_url, [*rows, factories.order(2), factories.product(2), factories.variant(21, 2)])
    kept(database_url, [factories.order_item(2, 2, product_id=2, variant_id=21)])
    for order in (1, 2, 3):  # limited to no variant; another product; no such order
        refused(server.get(path(order)), 403, "FORBIDDEN", "does not contain")
    kept(database_url, [factories.download_variant(1, 12)])
    refused(server.get(path(1)), 403, "FORBIDDEN", "does not contain")
    kept(database_url, [factories.download_variant(1, 11)])
    assert server.get(path(1)).status_code == 200


def test_a_subscription_has_to_give_access(server: httpx2.Client, database_url: str) -> None:
    """Also to those who hold the order that renews it."""
    renewal = factories.order(2, type=OrderType.RENEWAL, parent_id=1)
    kept(database_url, [*shop(), factories.subscription(1, order_id=1), renewal])
    kept(database_url, [factories.order_item(2, 2, product_id=1, variant_id=11)])
    always = {SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING, SubscriptionStatus.COMPLETED}
    never = {
        SubscriptionStatus.EXPIRED,
        SubscriptionStatus.PAST_DUE,
        SubscriptionStatus.INTENDED,
        SubscriptionStatus.PENDING,
    }
    for status in SubscriptionStatus:
        for days in (-1, 1):
            changed(database_url, SubscriptionRow, status=status, next_billing_at=NOW + timedelta(days=days))
            for order in (1, 2):
                answer = server.get(path(order))
                if status in always or (status not in never and days > 0):
                    assert answer.status_code == 200, (status, days)
                else:
                    refused(answer, 403, "FORBIDDEN", "subscription")


def test_a_store_that_does_not_answer_is_not_paid_for(server: httpx2.Client, database_url: str, tmp_path: Path) -> None:
    kept(database_url, shop(download_limit=1))
    (tmp_path / "files" / "guide__stored-0123456789abcdef.pdf").unlink()
    refused(server.get(path(1)), 404, "NOT_FOUND")
    assert permissions(database_url) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_goes_into_a_bucket_and_comes_out_of_it(database_url: str, tmp_path: Path) -> None:
    s3 = S3("goods", "access")
    with in_a_thread(s3.app) as endpoint:
        settings = Settings(
            database_url=database_url,
            data_folder=tmp_path,
            secret_keys=(SecretStr(KEY),),
            admin_token=SecretStr("known-admin-token"),
            s3_buckets=("goods",),
            s3_endpoint=endpoint,
            s3_access_key="access",
            s3_secret_key=SecretStr("secret"),
        )
        with running(settings) as client:
            client.headers["Authorization"] = "Bearer known-admin-token"
            upload = """mutation ($file: Upload!) {
              fileUpload(input: { file: $file, name: "guide.pdf", driver: "s3" }) { path bucket userErrors { code } }
            }"""
            parts: list[Any] = [
                ("operations", (None, json.dumps({"query": upload, "variables": {"file": None}}))),
                ("map", (None, '{"0": ["variables.file"]}')),
                ("0", ("guide.pdf", CONTENT)),
            ]
            answer = client.post("/graphql", files=parts, headers={"X-Requested-With": "x"}).json()
            uploaded = answer["data"]["fileUpload"]
            assert (uploaded["bucket"], uploaded["userErrors"]) == ("goods", [])
            kept(database_url, shop(driver="s3", bucket="goods", file_path=uploaded["path"], file_name="guide.pdf"))
            assert client.get(path(1)).content == CONTENT
            assert client.get(path(1), headers={"Range": "bytes=-9"}).content == CONTENT[-9:]

            deleting = {
                "query": f'mutation {{ fileDelete(input: {{ path: "{uploaded["path"]}", driver: "s3" }}) {{'
                " deletedPath userErrors { code } } }"
            }
            answer = client.post("/graphql", json=deleting).json()
            assert answer["data"]["fileDelete"]["userErrors"] == [{"code": "CONFLICT"}]
            changed(database_url, DownloadRow, file_path="other.pdf")
            answer = client.post("/graphql", json=deleting).json()
            assert answer["data"]["fileDelete"]["deletedPath"] == uploaded["path"]
            assert s3.objects == {}

            s3.failing = lambda _request: True
            changed(database_url, DownloadRow, file_path="guide.pdf", download_limit=1)
            counted = [row["download_count"] for row in permissions(database_url)]
            refused(client.get(path(1)), 503, "INTERNAL", "store of files")
            assert [row["download_count"] for row in permissions(database_url)] == counted
            answer = client.post("/graphql", files=parts, headers={"X-Requested-With": "x"}).json()
            assert answer["data"]["fileUpload"]["userErrors"] == [{"code": "PROVIDER_ERROR"}]
