"""Files that are deleted, or not there: nobody is left with a dead link, nothing is lost by a
failure, nothing is left by a crash."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.storage import StorageUnavailable
from connectors.storage.driver import Folder
from db.access.audit import AuditRow
from db.store.row import table
from engine.values.identity import encode
from resolvers.files.removing import sweep
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.performing import done, refused

DELETE = 'mutation { fileDelete(input: { path: "guide.pdf" }) { deletedPath userErrors { code field } } }'
SYNC = """mutation ($product: ID!) {
  downloadsSync(input: {
    productId: $product, files: [{ title: "Guide", type: "pdf", driver: "local", fileName: "guide.pdf" }]
  }) { userErrors { code field } }
}"""
PRODUCT = {"product": encode("Product", 1)}
DELETED = {"deletedPath": "guide.pdf", "userErrors": []}


@pytest.fixture
async def guide(gateway: Gateway) -> Path:
    await factories.store_rows(gateway, [factories.product(1), factories.variant(11, 1)])
    path = gateway.folder / "files" / "guide.pdf"
    put(path, seconds=60)
    return path


def there(path: Path) -> bool:
    return path.exists()


def put(path: Path, *, seconds: float) -> None:
    """A file that is so many seconds older than now."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(b"%PDF-1.7")
    os.utime(path, (time.time() - seconds, time.time() - seconds))


async def actions(gateway: Gateway) -> list[str]:
    async with gateway.database.read() as connection:
        return list((await connection.execute(select(table(AuditRow).c.action))).scalars())


async def test_a_download_that_comes_in_between_keeps_its_file(
    gateway: Gateway, guide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = Folder.find

    async def slowly(driver: Folder, path: str) -> Any:
        found = await find(driver, path)
        monkeypatch.setattr(Folder, "find", find)
        assert (await gateway(SYNC, PRODUCT))["downloadsSync"] == {"userErrors": []}
        return found

    monkeypatch.setattr(Folder, "find", slowly)
    assert (await gateway(DELETE))["fileDelete"] == {
        "deletedPath": None,
        "userErrors": [{"code": "CONFLICT", "field": ["path"]}],
    }
    assert there(guide)


async def test_a_commit_that_fails_loses_no_file(
    gateway: Gateway, guide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def commit(*_: Any, **__: Any) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr("db.store.unit.UnitOfWork.commit", commit)
    answer = await gateway.answer(DELETE)
    assert answer.body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert there(guide)
    assert await actions(gateway) == []


async def test_what_is_left_behind_is_swept(gateway: Gateway, guide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a server that ends between the commit and the store, or by a store that is silent: committed and audited,
    and no writer waited for it."""

    async def silent(_driver: Folder, _path: str) -> None:
        assert await actions(gateway) == ["fileDelete"]
        async with gateway.database.write():  # the transaction is over
            raise StorageUnavailable("delete")

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "delete", silent)
        assert (await gateway(DELETE))["fileDelete"] == DELETED
        assert there(guide)
        settled: set[int] = set()
        assert await sweep(gateway.units, settled) == 0
        assert settled == set()  # to be tried again
    refused = {"code": "NOT_FOUND", "field": ["files", "0", "fileName"]}
    assert (await gateway(SYNC, PRODUCT))["downloadsSync"] == {"userErrors": [refused]}

    assert await sweep(gateway.units, settled) == 1
    assert not there(guide)
    assert len(settled) == 1
    assert await actions(gateway) == ["fileDelete"]


async def test_a_file_that_was_put_there_anew_is_not_swept(gateway: Gateway, guide: Path) -> None:
    assert (await gateway(DELETE))["fileDelete"] == DELETED
    assert not there(guide)
    put(guide, seconds=-60)
    assert await sweep(gateway.units, set()) == 0
    assert there(guide)


def named(path: str, **given: Any) -> dict[str, Any]:
    return {"title": "File", "type": "pdf", "driver": "local", "fileName": path, **given}


async def test_a_file_that_is_not_there_is_not_named(gateway: Gateway, guide: Path) -> None:
    files = [named("guide.pdf"), named("gone.pdf"), named("guide.pdf", filePath="2026/gone.pdf")]
    asked = {"productId": PRODUCT["product"], "files": files}
    assert await refused(gateway, "downloadsSync", asked) == [
        ("VALIDATION", "files.1.fileName"),
        ("VALIDATION", "files.2.filePath"),
    ]
    gateway.put("gone.pdf", "2026/gone.pdf")
    await done(gateway, "downloadsSync", asked)


async def test_what_a_product_names_already_it_may_name_again(gateway: Gateway, guide: Path) -> None:
    """As the records of an import do, whose files are elsewhere."""
    await factories.store_rows(gateway, [factories.download(1, 1, file_name="old.pdf", file_path="2024/old.pdf")])
    file = named("old.pdf", filePath="2024/old.pdf")
    await done(gateway, "downloadsSync", {"productId": PRODUCT["product"], "files": [file]})

    first = encode("ProductDownload", 1)
    same = {"id": first, "title": "Old", "driver": "local", "fileName": "old.pdf", "filePath": "2024/old.pdf"}
    await done(gateway, "downloadUpdate", same)
    for changed, field in (
        ({"fileName": "new.pdf"}, "fileName"),
        ({"fileName": "new.pdf", "filePath": None}, "fileName"),
        ({"filePath": "2025/old.pdf"}, "filePath"),
        ({"filePath": None}, "filePath"),
    ):
        assert await refused(gateway, "downloadUpdate", {"id": first, **changed}) == [("VALIDATION", field)]
    await done(gateway, "downloadUpdate", {"id": first, "fileName": "guide.pdf"})


async def test_a_store_that_does_not_answer_refuses_nothing(
    gateway: Gateway, guide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_driver: Folder, _path: str) -> None:
        async with gateway.database.write():  # no transaction waits for it
            raise StorageUnavailable("find")

    monkeypatch.setattr(Folder, "find", silent)
    await done(gateway, "downloadsSync", {"productId": PRODUCT["product"], "files": [named("gone.pdf")]})


async def test_a_download_is_not_moved_to_a_file_that_was_deleted(
    gateway: Gateway, guide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor to one that goes between the look at its store and the transaction."""
    await factories.store_rows(gateway, [factories.download(1, 1, file_name="old.pdf")])
    find = Folder.find

    async def slowly(driver: Folder, path: str) -> Any:
        found = await find(driver, path)
        monkeypatch.setattr(Folder, "find", find)
        assert (await gateway(DELETE))["fileDelete"] == DELETED
        return found

    monkeypatch.setattr(Folder, "find", slowly)
    asked = {"id": encode("ProductDownload", 1), "fileName": "guide.pdf"}
    assert await refused(gateway, "downloadUpdate", asked) == [("NOT_FOUND", "fileName")]
