"""Secrets: encrypted in the database, masked in Python, opened with the right key only, closed again with a new one."""

import copy
import json
import pickle
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
import pytest
import time_machine
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, type_coerce, update
from sqlalchemy.exc import StatementError
from sqlmodel import Field, SQLModel

from db.secrets import rotation
from db.secrets.confidential import confidential
from db.secrets.encrypted import EncryptedText, Keyring, NoSecretKey, Secret, new_secret_key, unlock
from db.store.database import Database
from db.store.row import DOCUMENT
from db.store.unit import Units
from db.tables import METADATA
from engine.values.errors import ErrorCode
from tests.gateway import ADMIN

PLAIN = "sk_live_0123456789abcdef"
KEY, OTHER_KEY = new_secret_key(), new_secret_key()


class _Model(SQLModel):
    name: str
    key: Secret | None = Field(default=None, sa_type=EncryptedText)


class Vault:
    """A database with a table of the test's own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.metadata = MetaData()
        self.table = Table(
            "vault",
            self.metadata,
            Column("id", Integer, primary_key=True),
            Column("place", Integer, primary_key=True),
            Column("key", EncryptedText),
            Column("name", String),
        )

    async def put(self, *secrets: str | None) -> None:
        async with self.database.write() as connection:
            rows = [
                {"id": i, "place": 1, "key": None if s is None else Secret(s), "name": "n"}
                for i, s in enumerate(secrets, 1)
            ]
            await connection.execute(insert(self.table), rows)
            await connection.commit()

    async def raw(self) -> list[str | None]:
        statement = select(type_coerce(self.table.c.key, String)).order_by(self.table.c.id)
        async with self.database.read() as connection:
            return list((await connection.execute(statement)).scalars())

    async def get(self) -> list[Secret | None]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(self.table.c.key).order_by(self.table.c.id))).scalars())

    def unlock(self, *keys: str) -> Keyring:
        keyring = Keyring(keys)
        unlock(self.database, lambda: keyring)
        return keyring


@pytest.fixture
async def vault(database_url: str) -> AsyncIterator[Vault]:
    vault = Vault(Database.open(database_url))
    async with vault.database.write() as connection:
        await connection.run_sync(vault.metadata.create_all)
        await connection.commit()
    yield vault
    await vault.database.close()


async def test_the_database_holds_no_secret_and_gives_it_back(vault: Vault) -> None:
    vault.unlock(KEY)

    await vault.put(PLAIN, None, PLAIN)

    first, nothing, third = await vault.raw()
    assert first is not None
    assert third is not None
    assert nothing is None
    assert first != third  # equal secrets do not show
    assert PLAIN not in first + third
    opened, none, _ = await vault.get()
    assert none is None
    assert opened is not None
    assert (opened.reveal(), opened.last_four) == (PLAIN, "cdef")


async def test_it_knows_when_it_was_stored(vault: Vault) -> None:
    vault.unlock(KEY)
    with time_machine.travel(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), tick=False):
        await vault.put(PLAIN)

    (opened,) = await vault.get()

    assert opened is not None
    assert opened.updated_at == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert Secret(PLAIN).updated_at is None


def test_a_short_secret_shows_no_part_of_itself() -> None:
    assert Secret("short").last_four is None
    assert Secret("0123456789abcdef").last_four == "cdef"


async def test_nothing_that_makes_text_makes_the_secret(vault: Vault) -> None:
    vault.unlock(KEY)
    await vault.put(PLAIN)
    (stored,) = await vault.get()
    for secret in (Secret(PLAIN), stored):
        assert secret is not None
        secret.reveal()
        model = _Model(name="n", key=secret)
        texts = [
            str(secret),
            repr(secret),
            f"{secret}",
            f"{secret!r:>40}",
            repr({"key": [secret]}),
            json.dumps({"key": secret}, default=str),
            orjson.dumps({"key": secret}, default=str).decode(),
            str(model),
            repr(model),
            str(model.model_dump()),
            str(model.model_dump(mode="json")),
            model.model_dump_json(),
        ]
        assert [text for text in texts if PLAIN in text] == []
        assert model.model_dump()["key"] is secret  # what a statement is given
        assert copy.deepcopy(secret) is secret
        assert not hasattr(secret, "__dict__")
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(secret)


async def test_no_error_shows_it(vault: Vault) -> None:
    """Those of a statement quote its values; those of a frame its locals."""
    vault.unlock(KEY)
    secret = Secret(PLAIN)
    async with vault.database.write() as connection:
        with pytest.raises(Exception, match="vault") as twice:
            await connection.execute(insert(vault.table), [{"id": 1, "place": 1, "key": secret}] * 2)
    shown = "".join(traceback.TracebackException.from_exception(twice.value, capture_locals=True).format())

    assert "INSERT INTO vault" in shown
    assert PLAIN not in shown


async def test_a_column_takes_no_plain_text(vault: Vault) -> None:
    """Not in a value, and not to compare with."""
    vault.unlock(KEY)
    async with vault.database.write() as connection:
        with pytest.raises(StatementError, match="takes a Secret"):
            await connection.execute(update(vault.table).values(key=PLAIN))
        with pytest.raises(StatementError, match="takes a Secret"):
            await connection.execute(select(vault.table).where(vault.table.c.key == PLAIN))


def test_secrets_are_equal_by_what_they_say() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret("a"))


# Keys


async def test_without_a_key_nothing_is_stored_or_read(vault: Vault, without_keys: None) -> None:
    with pytest.raises(NoSecretKey) as missing:
        await vault.put(PLAIN)
    assert missing.value.code is ErrorCode.CONFIGURATION_ERROR
    assert "STOREGRAPH_SECRET_KEYS" in missing.value.message


async def test_with_another_key_a_secret_is_an_error_that_says_so(vault: Vault) -> None:
    vault.unlock(KEY)
    await vault.put(PLAIN)
    vault.unlock(OTHER_KEY)

    (secret,) = await vault.get()  # that it is set can be told

    assert secret is not None
    for use in (secret.reveal, lambda: secret.last_four, lambda: secret.updated_at, lambda: secret == Secret("a")):
        with pytest.raises(NoSecretKey, match="does not open"):
            use()


async def test_a_mutation_answers_it_as_a_user_error(vault: Vault) -> None:
    async with Units(vault.database).unit(ADMIN) as unit:
        explained = unit.explain(NoSecretKey())

    assert explained is not None
    assert explained.code is ErrorCode.CONFIGURATION_ERROR


async def test_what_was_tampered_with_does_not_open(vault: Vault) -> None:
    keyring = vault.unlock(KEY)
    closed = keyring.close(PLAIN)
    broken = closed[:-10] + ("A" if closed[-10] != "A" else "B") + closed[-9:]

    with pytest.raises(NoSecretKey):
        keyring.open(broken)
    with pytest.raises(NoSecretKey):
        keyring.open("not even a token")


@pytest.mark.parametrize("keys", [[], ["short"], [KEY, "not base64!"]])
def test_what_is_no_key_makes_no_ring(keys: list[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  cryptography's own words
        Keyring(keys)


# Rotation


async def test_rotation_closes_everything_with_the_newest_key(vault: Vault) -> None:
    vault.unlock(KEY)
    with time_machine.travel(datetime(2026, 3, 4, tzinfo=UTC), tick=False):
        await vault.put(PLAIN, None, "second secret of all")
    before = await vault.raw()

    both = vault.unlock(OTHER_KEY, KEY)
    async with vault.database.write() as connection:
        found = await rotation.stored(connection, vault.metadata)
        await rotation.rotate(connection, found, both)
        await connection.commit()

    assert [str(place) for place in found] == ["vault.key of 1, 1", "vault.key of 3, 1"]
    vault.unlock(OTHER_KEY)  # the old key can go
    first, none, third = await vault.get()
    assert none is None
    assert first is not None
    assert third is not None
    assert (first.reveal(), third.reveal()) == (PLAIN, "second secret of all")
    assert first.updated_at == datetime(2026, 3, 4, tzinfo=UTC)  # when it was set, not when it was rotated
    assert not set(before) - {None} & set(await vault.raw())


async def test_what_no_key_opens_is_named(vault: Vault) -> None:
    vault.unlock(KEY)
    await vault.put(PLAIN)
    async with vault.database.write() as connection:
        found = await rotation.stored(connection, vault.metadata)

        assert rotation.unopened(found, Keyring([OTHER_KEY, KEY])) == []
        assert [str(p) for p in rotation.unopened(found, Keyring([OTHER_KEY]))] == ["vault.key of 1, 1"]
        with pytest.raises(NoSecretKey):
            await rotation.rotate(connection, found, Keyring([OTHER_KEY]))


async def test_a_secret_that_is_changed_meanwhile_stays_changed(vault: Vault) -> None:
    vault.unlock(KEY)
    await vault.put(PLAIN)
    both = Keyring([OTHER_KEY, KEY])
    async with vault.database.write() as connection:
        found = await rotation.stored(connection, vault.metadata)
        await connection.execute(update(vault.table).values(key=Secret("newer than the walk")))
        await rotation.rotate(connection, found, both)
        await connection.commit()

    (secret,) = await vault.get()
    assert secret is not None
    assert secret.reveal() == "newer than the walk"


# The repository


def test_no_table_keeps_a_secret_in_the_clear() -> None:
    """What is named like a secret is encrypted, or only its hash is there; or it says which row has one."""
    clear = [
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if confidential(column.name)
        and not column.name.endswith(("_hash", "_id", "_at", "_until"))
        and not column.foreign_keys
        if not isinstance(column.type, EncryptedText) and column.type is not DOCUMENT
    ]

    # `token:5`: by which of them somebody began; and what support reads and looks for, a secret of who bought it.
    assert set(clear) == {"integration_authorization.credential", "license.license_key"}
