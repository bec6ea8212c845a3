"""The keys of a store: from the settings or a file beside it, checked at the start, replaced by a command."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from db.secrets.encrypted import EncryptedText, NoSecretKey, Secret, new_secret_key
from db.store.database import Database
from server import startup
from server.settings import secret_keys
from server.settings.mistake import Mistake
from server.settings.settings import Settings
from tests.databases import sqlite_url

PLAIN = "sk_live_0123456789abcdef"
METADATA = MetaData()
VAULT = Table("vault", METADATA, Column("id", Integer, primary_key=True), Column("key", EncryptedText))


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    return sqlite_url(path)


def given(url: str, *secret_keys: str) -> Settings:
    return Settings(database_url=url, secret_keys=tuple(map(SecretStr, secret_keys)))


async def put(database: Database, text: str = PLAIN) -> None:
    async with database.write() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(insert(VAULT).values(key=Secret(text)))
        await connection.commit()


async def opened(database: Database) -> list[str]:
    async with database.read() as connection:
        return [s.reveal() for s in (await connection.execute(select(VAULT.c.key))).scalars() if s is not None]


async def test_an_embedded_store_gets_its_key_with_its_first_secret(url: str, tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    database = startup.opened(given(url))
    assert not file.exists()

    await put(database)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await opened(database) == [PLAIN]
    await database.close()
    again = startup.opened(given(url))
    assert await opened(again) == [PLAIN]
    await secret_keys.check(given(url), again, startup.store_file(again), METADATA)
    await again.close()
    assert [name for name in os.listdir(tmp_path) if "key" in name] == ["store.db.key"]  # noqa: PTH208


async def test_two_processes_that_need_the_first_key_at_once_share_one(url: str) -> None:
    one, two = startup.opened(given(url)), startup.opened(given(url))

    await put(one, "of one")
    await put(two, "of two")

    assert await opened(one) == await opened(two) == ["of one", "of two"]
    await one.close()
    await two.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_servers_database_gets_none_by_itself(database_url: str, without_keys: None) -> None:
    database = startup.opened(given(database_url))

    with pytest.raises(NoSecretKey, match="STOREGRAPH_SECRET_KEYS is not set"):
        await put(database)
    await database.close()


async def test_keys_of_the_settings_work_on_both(database_url: str) -> None:
    key = new_secret_key()
    database = startup.opened(given(database_url, key))
    await put(database)
    assert await opened(database) == [PLAIN]
    await database.close()

    newer = given(database_url, new_secret_key(), key)
    database = startup.opened(newer)
    await secret_keys.check(newer, database, startup.store_file(database), METADATA)
    assert await secret_keys.rotate(newer, database, startup.store_file(database), METADATA) == 1
    await database.close()

    only = given(database_url, newer.secret_keys[0].get_secret_value())
    database = startup.opened(only)
    assert await opened(database) == [PLAIN]
    await database.close()


async def test_a_start_without_the_right_key_is_one_line(database_url: str) -> None:
    key = new_secret_key()
    database = startup.opened(given(database_url, key))
    store = startup.store_file(database)
    await put(database)

    with pytest.raises(Mistake, match=r"1 of 1 stored secrets do not open \(vault.key of 1\).*STOREGRAPH_SECRET_KEYS"):
        await secret_keys.check(given(database_url, new_secret_key()), database, store, METADATA)
    with pytest.raises(Mistake, match="STOREGRAPH_SECRET_KEYS"):
        await secret_keys.check(given(database_url), database, store, METADATA)
    with pytest.raises(Mistake, match="do not open"):  # and rotation changes nothing then
        await secret_keys.rotate(given(database_url, new_secret_key()), database, store, METADATA)
    await secret_keys.check(given(database_url, key), database, store, METADATA)
    await database.close()


async def test_rotation_replaces_the_key_in_the_file(url: str, tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    database = startup.opened(given(url))
    await put(database)
    old = file.read_text()
    await database.close()

    database = startup.opened(given(url))
    assert await secret_keys.rotate(given(url), database, startup.store_file(database), METADATA) == 1
    await database.close()

    assert file.read_text() not in (old, "")
    assert len(file.read_text().split()) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    database = startup.opened(given(url))
    assert await opened(database) == [PLAIN]
    await database.close()


@pytest.mark.parametrize("content", ["", "not a key\n"])
def test_a_broken_key_file_is_said_at_the_start(url: str, tmp_path: Path, content: str) -> None:
    (tmp_path / "store.db.key").write_text(content)

    with pytest.raises(Mistake, match=r"store\.db\.key holds no key"):
        startup.opened(given(url))


@pytest.mark.parametrize("value", ["short", f"{'A' * 43}=,nonsense", "A" * 44])
def test_what_is_no_key_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Settings(secret_keys=value)  # type: ignore[arg-type]

    assert "storegraph secrets key" in str(wrong.value.errors(include_input=False)[0]["msg"])


def test_keys_are_read_from_the_environment_and_given_on(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = new_secret_key(), new_secret_key()
    monkeypatch.setenv("STOREGRAPH_SECRET_KEYS", f"{one}, {two}")

    settings = Settings()

    assert [k.get_secret_value() for k in settings.secret_keys] == [one, two]
    assert settings.environment()["STOREGRAPH_SECRET_KEYS"] == f"{one},{two}"
    assert {one, two} <= set(settings.secrets())  # which no log shows
    assert one not in repr(settings)


def test_the_commands(storegraph_here: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, key, _ = storegraph_here("secrets", "key")
    assert code == 0
    assert Settings(secret_keys=(SecretStr(key.strip()),)).secret_keys

    assert storegraph_here("secrets", "rotate")[:2] == (0, "0 secrets are encrypted with the newest key.\n")
    assert not (tmp_path / "store.db.key").exists()

    code, _, said = storegraph_here("secrets", "rotate", SECRET_KEYS="nonsense")
    assert (code, said.count("\n")) == (2, 1)
    assert "STOREGRAPH_SECRET_KEYS" in said


def test_rotation_of_a_file_waits_for_no_server(
    storegraph_here: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """A server that runs keeps the old key in mind: it is stopped first."""
    assert storegraph_here("secrets", "rotate")[0] == 0
    database = startup.opened(Settings(database_url=sqlite_url(tmp_path / "store.db")))
    with startup.alone(database):
        code, _, said = storegraph_here("secrets", "rotate")

    assert code == 2
    assert f"process {os.getpid()}" in said
