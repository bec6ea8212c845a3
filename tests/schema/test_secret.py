"""A secret in the graph: whether it is set, its last four characters, when it was written; its value never."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import strawberry
import time_machine
from sqlalchemy import MetaData, insert, true
from sqlmodel import Field, SQLModel

from db.secrets.encrypted import EncryptedText, Keyring, Secret, new_secret_key, unlock
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from engine.declared.declaration import column
from engine.declared.entity import Node, entity
from engine.declared.lookup import every
from engine.document.request import Request
from engine.standard.execution import Executor
from engine.standard.schema import Schema
from engine.values.viewer import PUBLIC
from schema.secret import MaskedSecret, concealed
from tests.gateway import ADMIN, CLERK

PLAIN = "sk_live_0123456789abcdef"
QUERY = "{ vaults { name key { isSet lastFour updatedAt } } }"
SENSITIVE = "{ vaults { name guarded { isSet } } }"


class _Apart(SQLModel):
    """Tables that the store does not have."""

    metadata = MetaData()


class VaultRow(_Apart, table=True):
    __tablename__ = "vault"

    id: int = Field(primary_key=True)
    name: str
    key: Secret | None = Field(default=None, sa_type=EncryptedText)


@entity(VaultRow, visible=lambda _viewer: true(), description="What holds a secret.")
class Vault(Node):
    name: str = column(VaultRow.name)
    key: MaskedSecret = concealed(VaultRow.key)
    guarded: MaskedSecret | None = concealed(VaultRow.key, permission="store/sensitive")


@strawberry.type
class Query:
    vaults: list[Vault] = every(order=[VaultRow.id], permission=PUBLIC)


EXECUTOR = Executor(Schema(Query))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url)
    unlocked(database, new_secret_key())
    async with database.write() as connection:
        await connection.run_sync(_Apart.metadata.create_all)
        with time_machine.travel(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), tick=False):
            rows = [("long", Secret(PLAIN)), ("short", Secret("1234")), ("none", None)]
            await connection.execute(
                insert(table(VaultRow)), [{"id": i, "name": n, "key": k} for i, (n, k) in enumerate(rows)]
            )
        await connection.commit()
    yield database
    await database.close()


def unlocked(database: Database, *keys: str) -> None:
    keyring = Keyring(keys)
    unlock(database, lambda: keyring)


async def asked(database: Database, query: str, viewer: Any = ADMIN) -> dict[str, Any]:
    return (await EXECUTOR.execute(Request(query, {}), viewer, Units(database), "test")).body


async def test_it_shows_that_it_is_set_and_no_more(database: Database) -> None:
    answer = await asked(database, QUERY)

    assert answer == {
        "data": {
            "vaults": [
                {"name": "long", "key": {"isSet": True, "lastFour": "cdef", "updatedAt": "2026-03-04T05:06:07Z"}},
                {"name": "short", "key": {"isSet": True, "lastFour": None, "updatedAt": "2026-03-04T05:06:07Z"}},
                {"name": "none", "key": {"isSet": False, "lastFour": None, "updatedAt": None}},
            ]
        }
    }


async def test_a_wrong_key_is_said_and_not_hidden_as_internal(database: Database) -> None:
    unlocked(database, new_secret_key())

    answer = await asked(database, QUERY)

    assert {error["extensions"]["code"] for error in answer["errors"]} == {"CONFIGURATION_ERROR"}


async def test_it_may_take_a_permission_to_know_even_that(database: Database) -> None:
    answer = await asked(database, SENSITIVE, CLERK)

    assert {error["extensions"]["permission"] for error in answer["errors"]} == {"store/sensitive"}
