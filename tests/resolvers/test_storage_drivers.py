"""Stores of files that people set: tried before they are kept, used from then on, led nowhere that may not be asked."""

from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from connectors.outbound.door import Door
from connectors.outbound.reach import Reach, read_network
from connectors.storage import Storage
from connectors.storage.driver import Bucket
from connectors.storage.drivers import s3_buckets
from connectors.storage.setting import DRIVER, as_set, by
from db.access.permission import ALL, IS_SUPER_ADMIN
from db.access.viewer import Viewer
from engine.values.identity import encode
from engine.values.upload import Uploaded
from tests import factories
from tests.connectors.s3 import S3
from tests.gateway import CLERK, Gateway
from tests.server.running import in_a_thread

SAVE = """
mutation Save($input: StorageDriverSettingsUpdateInput!, $dry: Boolean! = false) {
  storageDriverSettingsUpdate(input: $input, validateOnly: $dry) {
    driver { driver configuration { source buckets } status { answers problem } settings version verifiedAt }
    userErrors { code message field }
  }
}
"""
READ = """{ storageDriverSettings {
  driver configuration { source buckets } status { answers problem } settings version
  form { key isSecret multiple }
} }"""
FILES = """{ files(driver: "s3") { nodes { path bucket } } fileBuckets(driver: "s3") { defaultBucket } }"""
TOLD = """{ events(types: ["storage_driver.updated"]) { nodes { payload changedFields entityVersion } }
  auditLog { nodes { action before after } } }"""
UPLOAD = """mutation ($file: Upload!) {
  fileUpload(input: { file: $file, name: "guide.pdf", driver: "s3" }) { path bucket userErrors { code field } }
}"""
DELETE = """mutation ($path: String!) {
  fileDelete(input: { path: $path, driver: "s3" }) { userErrors { code } }
}"""
SYNC = """mutation ($product: ID!, $files: [DownloadInput!]!) {
  downloadsSync(input: { productId: $product, files: $files }) { userErrors { code } }
}"""
SECRET = "secret-0123456789abcdef"


@pytest.fixture
def s3() -> S3:
    return S3("goods", "access")


@pytest.fixture
async def house(gateway: Gateway, s3: S3) -> AsyncIterator[tuple[Gateway, dict[str, Any]]]:
    """A gateway whose operator lets it ask this machine, and what it takes to use the bucket here."""
    gateway.storage = Storage(gateway.folder / "files", door=Door(Reach([read_network("127.0.0.1")])))
    gateway.units = gateway.made_units()
    with in_a_thread(s3.app) as url:
        yield (
            gateway,
            {"buckets": ["goods"], "endpoint": url, "region": "eu-1", "access_key": "access", "secret_key": SECRET},
        )
    await gateway.storage.door.close()


async def save(gateway: Gateway, settings: Any, driver: str = "s3", dry: bool = False, **more: Any) -> dict[str, Any]:
    given = {"input": {"driver": driver, "settings": settings, **more}, "dry": dry}
    found: dict[str, Any] = (await gateway(SAVE, given))["storageDriverSettingsUpdate"]
    return found


async def saved(gateway: Gateway, settings: Mapping[str, Any]) -> dict[str, Any]:
    found = await save(gateway, settings)
    assert found["userErrors"] == []
    driver: dict[str, Any] = found["driver"]
    return driver


def wrong(found: dict[str, Any]) -> list[tuple[str, list[str]]]:
    assert found["driver"] is None
    return [(error["code"], error["field"]) for error in found["userErrors"]]


async def test_a_store_without_buckets(gateway: Gateway) -> None:
    local, s3 = (await gateway(READ))["storageDriverSettings"]
    assert (local["driver"], local["configuration"], local["status"]) == (
        "local",
        {"source": "SERVER", "buckets": []},
        {"answers": True, "problem": None},
    )
    assert (local["settings"], local["form"]) == ({}, [])
    assert s3["configuration"] == {"source": "NOBODY", "buckets": []}
    assert s3["status"] == {"answers": False, "problem": "It is not set up"}
    assert [field["key"] for field in s3["form"]] == ["buckets", "endpoint", "region", "access_key", "secret_key"]


async def test_it_is_tried_kept_and_used(house: tuple[Gateway, dict[str, Any]], s3: S3) -> None:
    gateway, settings = house
    driver = await saved(gateway, settings)
    assert driver["configuration"] == {"source": "STORE", "buckets": ["goods"]}
    assert (driver["status"], driver["version"]) == ({"answers": True, "problem": None}, 2)
    assert driver["settings"]["secret_key"] | {"updatedAt": None} == {
        "isSet": True,
        "lastFour": "cdef",
        "updatedAt": None,
    }
    assert [request.split()[0] for request in s3.requests[:3]] == ["GET", "PUT", "POST"]
    assert s3.objects == {}
    s3.objects["there.pdf"] = b"%PDF-1.7"
    assert await gateway(FILES) == {
        "files": {"nodes": [{"path": "there.pdf", "bucket": "goods"}]},
        "fileBuckets": {"defaultBucket": "goods"},
    }
    # Another process
    other = Storage(gateway.folder / "files", door=gateway.storage.door)
    async with gateway.database.read() as connection:
        assert (await as_set(by(connection), other, "s3")).buckets("s3") == ("goods",)
        assert await as_set(by(connection), other, "local") is other
    gone = await saved(gateway, {"buckets": None})
    assert (gone["configuration"]["source"], gone["version"], gone["verifiedAt"]) == ("NOBODY", 3, None)
    assert gone["settings"]["access_key"] == "access"
    async with gateway.database.read() as connection:
        assert (await as_set(by(connection), other, "s3")).drivers == ("local",)


async def test_files_and_downloads_go_there(house: tuple[Gateway, dict[str, Any]], s3: S3) -> None:
    gateway, settings = house
    await factories.store_rows(gateway, [factories.product(1), factories.variant(11, 1)])
    source = gateway.folder / "upload"
    source.write_bytes(b"%PDF-1.7")
    file = Uploaded(source, "guide.pdf", 8, sha256(b"%PDF-1.7").hexdigest())
    refused = (await gateway(UPLOAD, {"file": file}))["fileUpload"]
    assert [error["field"] for error in refused["userErrors"]] == [["driver"]]
    await saved(gateway, settings)
    path = (await gateway(UPLOAD, {"file": file}))["fileUpload"]["path"]
    assert s3.objects == {path: b"%PDF-1.7"}
    for name, codes in ((path, []), ("gone.pdf", ["VALIDATION"])):
        files = [{"title": "Guide", "type": "pdf", "driver": "s3", "fileName": name}]
        told = (await gateway(SYNC, {"product": encode("Product", 1), "files": files}))["downloadsSync"]
        assert [error["code"] for error in told["userErrors"]] == codes
    assert (await gateway(DELETE, {"path": path}))["fileDelete"]["userErrors"] == [{"code": "CONFLICT"}]
    s3.objects["other.pdf"] = b"%PDF-1.7"
    assert (await gateway(DELETE, {"path": "other.pdf"}))["fileDelete"]["userErrors"] == []
    assert list(s3.objects) == [path]


async def test_who_was_faster(house: tuple[Gateway, dict[str, Any]], s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was tried is not what would be kept by now."""
    gateway, settings = house
    problem = Bucket.problem

    async def slow(bucket: Bucket, *, trial: str | None = None) -> str | None:
        monkeypatch.setattr(Bucket, "problem", problem)
        await saved(gateway, {"region": "eu-9"})
        return await problem(bucket, trial=trial)

    monkeypatch.setattr(Bucket, "problem", slow)
    assert wrong(await save(gateway, settings)) == [("CONFLICT", ["driver"])]


async def test_a_part_leaves_the_rest(house: tuple[Gateway, dict[str, Any]]) -> None:
    gateway, settings = house
    first = await saved(gateway, settings)
    assert await saved(gateway, first["settings"]) == first
    second = await saved(gateway, {"region": "eu-2", "secret_key": "***"})
    assert second["settings"] == first["settings"] | {"region": "eu-2"}
    assert wrong(await save(gateway, {"access_key": None})) == [("VALIDATION", ["settings", "access_key"])]


async def test_secrets_are_sealed_and_told_nowhere(house: tuple[Gateway, dict[str, Any]]) -> None:
    gateway, settings = house
    await saved(gateway, settings)
    async with gateway.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT settings, concealed FROM storage_driver")).all()
        row = (await connection.execute(select(DRIVER).where(DRIVER.c.key == "s3"))).one()
    assert SECRET not in str(rows)
    assert SECRET in row.concealed.reveal()
    told = await gateway(TOLD)
    assert told["events"]["nodes"] == [
        {"payload": {"driver": "s3"}, "changedFields": ["settings", "verifiedAt"], "entityVersion": 2}
    ]
    assert SECRET not in str(told)


async def test_what_does_not_answer_is_not_kept(house: tuple[Gateway, dict[str, Any]], s3: S3) -> None:
    gateway, settings = house
    for changed, words in (
        ({"buckets": ["goods", "nothing-here"]}, "nothing-here: there is no such bucket"),
        ({"access_key": "other"}, "goods: the keys are not accepted, or do not permit to read its files"),
        ({"endpoint": "http://127.0.0.1:9"}, "goods: the endpoint does not answer as S3 does"),
    ):
        found = await save(gateway, settings | changed)
        assert wrong(found) == [("CONFIGURATION_ERROR", ["settings", "buckets"])], found
        assert found["userErrors"][0]["message"].startswith(words)
    s3.failing = lambda request: request.method == "PUT"
    assert wrong(await save(gateway, settings)) == [("CONFIGURATION_ERROR", ["settings", "buckets"])]
    assert (await gateway(READ))["storageDriverSettings"][1]["version"] == 1
    s3.failing = lambda _request: False
    dry = await save(gateway, settings, dry=True)
    assert dry == {"driver": None, "userErrors": []}
    await saved(gateway, settings)
    s3.failing = lambda _request: True
    status = (await gateway(READ))["storageDriverSettings"][1]["status"]
    assert (status["answers"], status["problem"].startswith("goods: the endpoint")) == (False, True)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://169.254.169.254",
        "https://10.0.0.1",
        "https://[::1]",
        "https://localhost",
        "http://s3.example",
        "http://8.8.8.8",
        "ftp://s3.example",
        "https://user:password@s3.example",
        "https://s3.example/?x=1",
        "s3.example",
    ],
)
async def test_where_nobody_is_led(gateway: Gateway, endpoint: str) -> None:
    settings = {"buckets": ["goods"], "endpoint": endpoint, "access_key": "access", "secret_key": SECRET}
    found = await save(gateway, settings)
    assert wrong(found) == [("VALIDATION", ["settings", "endpoint"])]


async def test_a_name_that_leads_inside(gateway: Gateway) -> None:
    async def resolve(_host: str) -> list[str]:
        return ["10.0.0.1"]

    gateway.storage = Storage(gateway.folder / "files", door=Door(resolve=resolve))
    gateway.units = gateway.made_units()
    settings = {"buckets": ["goods"], "endpoint": "https://s3.example", "access_key": "a", "secret_key": SECRET}
    assert wrong(await save(gateway, settings)) == [("CONFIGURATION_ERROR", ["settings", "buckets"])]
    await gateway.storage.door.close()


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"unknown": 1, "buckets": 5}, ["unknown", "buckets"]),
        ({"buckets": ["goods"]}, ["access_key", "secret_key"]),
        ({"buckets": ["No"]}, ["buckets"]),
        ({"buckets": ["goods"] + [f"b-{n}" for n in range(10)]}, ["buckets"]),
        ({"region": "eu 1", "access_key": "a b", "secret_key": 5}, ["secret_key", "region", "access_key"]),
    ],
)
async def test_what_is_wrong(gateway: Gateway, settings: Any, fields: list[str]) -> None:
    told = wrong(await save(gateway, settings))
    assert [(code, field[:2]) for code, field in told] == [("VALIDATION", ["settings", field]) for field in fields]


async def test_whose_and_which_version(gateway: Gateway) -> None:
    assert wrong(await save(gateway, {}, "ftp")) == [("NOT_FOUND", ["driver"])]
    assert wrong(await save(gateway, {}, "local")) == [("CONFIGURATION_ERROR", ["driver"])]
    assert wrong(await save(gateway, "buckets")) == [("VALIDATION", ["settings"])]
    assert wrong(await save(gateway, {}, expectedVersion=7)) == [("CONFLICT", ["expectedVersion"])]
    assert (await save(gateway, {}))["driver"]["version"] == 1


async def test_what_the_server_says_wins(gateway: Gateway) -> None:
    given: dict[str, Any] = {"endpoint": "http://127.0.0.1:9", "region": "eu-1"}
    buckets = s3_buckets(["goods"], **given, access_key="access", secret_key=SECRET)
    gateway.storage = Storage(gateway.folder / "files", buckets, said={"buckets": ["goods"], **given})
    gateway.units = gateway.made_units()
    assert wrong(await save(gateway, {"buckets": []})) == [("CONFIGURATION_ERROR", ["driver"])]
    s3 = (await gateway(READ))["storageDriverSettings"][1]
    assert s3["configuration"] == {"source": "SERVER", "buckets": ["goods"]}
    assert (s3["settings"], s3["status"]["answers"]) == ({"buckets": ["goods"], **given}, False)


async def test_a_bucket_that_downloads_name_stays(house: tuple[Gateway, dict[str, Any]]) -> None:
    gateway, settings = house
    await saved(gateway, settings)
    await factories.store_rows(
        gateway, [factories.product(1), factories.download(1, 1, driver="s3", bucket=None, file_path="a.pdf")]
    )
    found = await save(gateway, {"buckets": None})
    assert wrong(found) == [("CONFLICT", ["settings", "buckets"])]
    assert found["userErrors"][0]["message"].startswith("1 download still names")


@pytest.mark.parametrize("viewer", [CLERK, Viewer("token:all", "all", ALL - {IS_SUPER_ADMIN})])
async def test_who(gateway: Gateway, viewer: Viewer) -> None:
    for document, variables in ((SAVE, {"input": {"driver": "s3", "settings": {}}}), (READ, {})):
        (error,) = (await gateway.answer(document, variables, viewer)).body["errors"]
        assert (error["extensions"]["code"], error["extensions"]["permission"]) == ("FORBIDDEN", "is_super_admin")
