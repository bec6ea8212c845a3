"""What must be there before products: the store's own row, classes, taxonomies and terms. Written once a run."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile, sequences
from connectors.importers.claims import settle
from connectors.importers.fluentcart.catalog.shipping import SHIPPING_CLASS
from connectors.importers.fluentcart.catalog.tax import TAX_CLASS
from connectors.importers.fluentcart.catalog.taxonomy import TAXONOMY, TERM, Trees, give_slugs
from connectors.importers.fluentcart.commerce.store import STORE, read_store
from connectors.importers.fluentcart.values import shown
from connectors.importers.mapping import Columns, Mapped, Record, Unreadable
from connectors.importers.report import Report, Skipped
from db.catalog.slug import numbered
from db.commerce.store import StoreRow


async def write_store(connection: AsyncConnection, settings: Record, site: str) -> Report:
    """The store's one row; `site` is its address."""
    report = Report()
    stored = await reconcile.load(connection, STORE, "id", [1], lock=True)
    row, skipped = read_store(settings, site, stored.get(1) or StoreRow().model_dump())
    difference = reconcile.compare(STORE, [row], stored)
    await reconcile.write(connection, difference)
    report.of(STORE.entity).add(difference.tally)
    for record in skipped:
        report.skip(record)
    return report


async def write_trees(connection: AsyncConnection, trees: Trees) -> Report:
    """Taxonomies and terms. Those that the source no longer has stay: products of storegraph's own may use them."""
    report = Report()
    for record in trees.skipped:
        report.skip(record)
    stored = await reconcile.load(connection, TAXONOMY, "name", trees.taxonomies)
    difference = reconcile.compare(TAXONOMY, trees.taxonomies.values(), stored)
    await reconcile.write(connection, difference)
    report.of(TAXONOMY.entity).add(difference.tally)

    stored = await reconcile.load(connection, TERM, "id", trees.terms, lock=True)
    terms = []
    for row in trees.terms.values():
        place = stored[row["id"]]["taxonomy"] if row["id"] in stored else row["taxonomy"]
        if place == row["taxonomy"]:
            terms.append(row)
        else:
            reason = f"is {row['taxonomy']!r}, but the term is stored in {place!r}"
            report.skip(Skipped(TERM.entity, str(row["id"]), "taxonomy", reason))
    difference = reconcile.compare(TERM, terms, stored)
    slugs = await connection.execute(select(TERM.table.c.taxonomy, TERM.table.c.slug))
    give_slugs(difference.new, {(row[0], row[1]) for row in slugs})
    await reconcile.write(connection, difference)
    await sequences.advance(connection, [TERM.table])
    report.of(TERM.entity).add(difference.tally)
    return report


async def write_classes(
    connection: AsyncConnection, mapped: Mapped, told: Iterable[Any], read: Callable[[Any], Columns]
) -> Report:
    """Tax or shipping classes. Those that the source no longer has stay, like terms."""
    report = Report()
    rows: dict[int, Columns] = {}
    for entry in told:
        try:
            row = read(entry)
            if rows.setdefault(row["id"], row) is not row:
                raise Unreadable("is the identifier of another one too", "id")
        except Unreadable as unreadable:
            identifier = shown(entry.get("id") if isinstance(entry, dict) else entry)
            report.skip(Skipped(mapped.entity, identifier, unreadable.field, unreadable.reason))
    stored = await reconcile.load(connection, mapped, "id", rows, lock=True)
    for column in mapped.unique:
        await settle(
            connection,
            mapped,
            column,
            rows.values(),
            stored,
            owner="id",
            confirmed=lambda _: False,
            alternatives=numbered,
        )
    difference = reconcile.compare(mapped, [rows[key] for key in sorted(rows)], stored)
    await reconcile.write(connection, difference)
    await sequences.advance(connection, [mapped.table])
    report.of(mapped.entity).add(difference.tally)
    return report


@dataclass(frozen=True, slots=True)
class Known:
    """What products may refer to: terms by taxonomy, classes by the column that holds them."""

    terms: Mapping[str, Collection[int]]
    classes: Mapping[str, Collection[int]]


async def known(connection: AsyncConnection) -> Known:
    classes = {
        column: set((await connection.scalars(select(mapped.table.c.id))).all())
        for column, mapped in (("shipping_class_id", SHIPPING_CLASS), ("tax_class_id", TAX_CLASS))
    }
    return Known(await _known_terms(connection), classes)


async def _known_terms(connection: AsyncConnection) -> dict[str, set[int]]:
    names = await connection.scalars(select(TAXONOMY.table.c.name).order_by(TAXONOMY.table.c.name))
    known: dict[str, set[int]] = {name: set() for name in names}
    for taxonomy, identifier in await connection.execute(select(TERM.table.c.taxonomy, TERM.table.c.id)):
        known[taxonomy].add(identifier)
    return known
