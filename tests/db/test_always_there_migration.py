"""What 0014 makes of stores that have the documented taxonomies and settings, that began them here, or have none."""

from collections.abc import Mapping
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text

from db import migrations
from db.catalog.taxonomy import BRANDS, CATEGORIES, LABELS
from db.store.database import Database

NAMED = {name: tuple(labels) for name, labels in LABELS.items()}
OURS = ("Product Categories", "Product Categories", "Product Category")
A_SHOPS = ("Kategorien", "Kategorien", "Kategorie")
UNSAID = ("Product Categories", "Product Categories", "Product Categories")


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param({}, NAMED, id="none"),
        pytest.param({CATEGORIES: OURS}, NAMED, id="begun here"),
        pytest.param({CATEGORIES: A_SHOPS}, {**NAMED, CATEGORIES: A_SHOPS}, id="imported"),
        pytest.param({CATEGORIES: UNSAID, BRANDS: A_SHOPS}, {CATEGORIES: UNSAID, BRANDS: A_SHOPS}, id="imported both"),
        pytest.param({"tags": A_SHOPS}, {**NAMED, "tags": A_SHOPS}, id="another"),
    ],
)
@pytest.mark.parametrize("described", [False, True])
async def test_what_always_exists(
    unmigrated_database_url: str, stored: Mapping[str, Any], expected: Mapping[str, Any], described: bool
) -> None:
    database = Database.open(unmigrated_database_url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), "0006")
        for name, labels in stored.items():
            connection.execute(
                text("INSERT INTO taxonomy VALUES (:n, :l, :p, :s)"), dict(zip("nlps", (name, *labels), strict=True))
            )
        if described:
            connection.execute(
                text(
                    "INSERT INTO store (id, name, currency, currency_position, decimal_separator, settings, version)"
                    " VALUES (1, 'Atelier', 'EUR', 'after', 'comma', '{}', 7)"
                )
            )

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        await migrations.migrate(database)
        async with database.read() as connection:
            rows = await connection.execute(text("SELECT name, label, plural_label, singular_label FROM taxonomy"))
            assert {row[0]: tuple(row[1:]) for row in rows} == expected
            (store,) = (await connection.execute(text("SELECT name, currency, version FROM store"))).all()
            assert tuple(store) == (("Atelier", "EUR", 7) if described else ("", "USD", 1))
    finally:
        await database.close()
