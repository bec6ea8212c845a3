"""Invariants that hold whoever writes: each constraint refuses, and the refusal is told by the constraint's name."""

from collections.abc import Mapping
from typing import Final

import pytest
from sqlalchemy import CheckConstraint, Enum, UniqueConstraint, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.taxonomy import CATEGORIES
from db.constraints import violated
from db.store.row import Row, table
from db.store.unit import UnitOfWork
from engine.values.errors import ErrorCode
from tests import factories
from tests.gateway import ADMIN, Gateway

# A shelf on which every constraint of these tables can be broken.
SHELF: Final[list[Row]] = [
    factories.store(),
    factories.product(1, detail_id=1),
    factories.product(2, detail_id=2),
    factories.variant(1, 1),
    factories.variant(2, 1),
    factories.categories(),
    factories.term(1),
    factories.term(2),
    factories.download(1, 1),
    factories.download(2, 1),
    factories.media(1, product_id=1),
]

# By the constraint's name, what breaks it: written as SQL, because values of a wrong kind do not get past Python.
BREAKS: Final[Mapping[str, str]] = {
    "ck_product_prices": "UPDATE product SET min_price = 2, max_price = 1",
    "ck_product_public_prices": "UPDATE product SET public_min_price = 2, public_max_price = 1",
    "ck_product_variant_prices": "UPDATE product_variant SET price = -1",
    "ck_product_variant_compare_price": "UPDATE product_variant SET price = 2, compare_price = 1",
    "ck_product_variant_available": "UPDATE product_variant SET available = -1",
    "ck_product_variant_trial_days": "UPDATE product_variant SET trial_days = 366",
    "ck_media_owner": "UPDATE media SET product_id = NULL",
    "ck_store_single": "UPDATE store SET id = 2",
    "uq_product_slug": "UPDATE product SET slug = 'same'",
    "uq_product_detail_id": "UPDATE product SET detail_id = 3",
    "uq_product_variant_sku": "UPDATE product_variant SET sku = 'same'",
    "uq_term_taxonomy_slug": "UPDATE term SET slug = 'same'",
    "uq_product_download_identifier": "UPDATE product_download SET identifier = 'same'",
}


async def shelve(connection: AsyncConnection) -> None:
    for row in SHELF:
        await factories.insert_row(connection, row)


async def refused(connection: AsyncConnection, statement: str) -> IntegrityError:
    """What the database says; everything before stays as it was."""
    savepoint = await connection.begin_nested()
    with pytest.raises(IntegrityError) as caught:
        await connection.execute(text(statement))
    await savepoint.rollback()
    return caught.value


async def test_each_constraint_refuses_by_its_name(gateway: Gateway) -> None:
    async with gateway.database.write() as connection:
        await shelve(connection)
        for name, statement in BREAKS.items():
            constraint = violated(await refused(connection, statement))
            assert constraint is not None, name
            assert str(constraint.name) == name


async def test_each_column_of_words_refuses_others(gateway: Gateway) -> None:
    columns = [column for row in SHELF for column in table(type(row)).columns if isinstance(column.type, Enum)]
    assert len({str(column) for column in columns}) > 10
    async with gateway.database.write() as connection:
        await shelve(connection)
        for column in dict.fromkeys(columns):
            constraint = violated(await refused(connection, f"UPDATE {column.table.name} SET {column.name} = 'no'"))
            assert isinstance(constraint, CheckConstraint), str(column)
            assert constraint.table is column.table


async def test_what_is_told_of_a_refusal(gateway: Gateway) -> None:
    """A taken value is a conflict on its field; a broken rule names the rule; what a row refers to
    may go meanwhile; anything else is nobody's input."""
    async with gateway.database.write() as connection:
        await shelve(connection)
        unit = UnitOfWork(connection, ADMIN)
        taken = unit.explain(await refused(connection, BREAKS["uq_product_variant_sku"]))
        two = unit.explain(await refused(connection, BREAKS["uq_term_taxonomy_slug"]))
        rule = unit.explain(await refused(connection, BREAKS["ck_product_variant_compare_price"]))
        dangling = unit.explain(await refused(connection, "UPDATE product_variant SET product_id = 404"))
        nameless = unit.explain(await refused(connection, "UPDATE product SET title = NULL"))
        twice = unit.explain(await refused(connection, "UPDATE product SET id = 1"))

    assert taken is not None
    assert (taken.code, taken.message, taken.field) == (ErrorCode.CONFLICT, "sku is taken already", ["sku"])
    assert two is not None
    assert (two.code, two.message, two.field) == (ErrorCode.CONFLICT, "slug is taken already", ["slug"])
    assert rule is not None
    assert rule.code is ErrorCode.VALIDATION
    assert "compare price" in rule.message
    assert dangling is not None
    assert (dangling.code, dangling.field) == (ErrorCode.CONFLICT, None)
    assert (nameless, twice) == (None, None)
    assert unit.explain(ValueError("anything")) is None


async def test_a_parent_is_a_term_of_the_same_taxonomy(gateway: Gateway) -> None:
    rows: list[Row] = [factories.categories(), factories.brands(), factories.term(1, CATEGORIES)]
    async with gateway.database.write() as connection:
        for row in rows:
            await factories.insert_row(connection, row)
        await connection.execute(
            text(
                "INSERT INTO term (id, version, taxonomy, parent_id, name, name_key, slug, description) "
                f"VALUES (2, 1, '{CATEGORIES}', 1, 'a', 'a', 'a', '')"
            )
        )
        await refused(
            connection,
            "INSERT INTO term (id, version, taxonomy, parent_id, name, name_key, slug, description) "
            "VALUES (3, 1, 'product-brands', 1, 'b', 'b', 'b', '')",
        )
        await refused(connection, "DELETE FROM taxonomy")
        await refused(connection, "DELETE FROM term WHERE id = 1")


def test_every_invariant_of_the_shelf_is_broken_here() -> None:
    """A constraint that is added to these tables is added to this list."""
    tables = {table(type(row)) for row in SHELF}
    words = {f"ck_{c.table.name}_{c.type.name}" for known in tables for c in known.columns if isinstance(c.type, Enum)}
    checks = {str(c.name) for known in tables for c in known.constraints if isinstance(c, CheckConstraint)}
    uniques = {str(c.name) for known in tables for c in known.constraints if isinstance(c, UniqueConstraint)}

    # What a parent's reference points at cannot be broken: the id alone is unique.
    assert checks - words | uniques - {"uq_term_taxonomy_id"} == set(BREAKS)
