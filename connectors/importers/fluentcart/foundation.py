"""What must be there before products: the store's own row, classes, taxonomies and terms. Written once a run."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile, sequences
from connectors.importers.fluentcart.catalog.shipping import SHIPPING_CLASS
from connectors.importers.fluentcart.catalog.tax import TAX_CLASS
from connectors.importers.fluentcart.catalog.taxonomy import TAXONOMY, TERM, Trees, give_slugs
from connectors.importers.fluentcart.commerce.store import STORE, read_store
from connectors.importers.fluentcart.values import shown
from connectors.importers.mapping import Columns, Mapped, Record, Unreadable
from connectors.importers.reconcile import StoredRows
from connectors.importers.report import Report, Skipped
from connectors.importers.unique import settle
from connectors.importers.work import Work
from db.catalog.product import sort_key
from db.catalog.slug import numbered
from db.catalog.tax_rate import TaxRateRow
from db.commerce.store import StoreRow
from db.commerce.store_option import GROUPS, TAX_ENABLED
from db.store.row import table

TERMS: Final = "terms"
NO_RATES: Final = (
    "The shop taxes, and an import brings no tax rates: make them (taxRateCreate), or what is bought here has no tax"
)
# Under which field of the graph a setting without a column stands, where it has one.
_GROUP_OF: Final = {option.key: group for group, options in GROUPS.items() for option in options.values()}


async def write_store(work: Work, settings: Record, site: str) -> Report:
    """The store's one row; `site` is its address."""
    report = Report()
    stored = await reconcile.load(work.connection, STORE, "id", [1], lock=True)
    row, skipped = read_store(settings, site, stored.get(1) or StoreRow().model_dump())
    rows = await work.merged(STORE, {1: row}, stored)
    difference = await work.write(STORE, rows, stored)
    if stored:
        before, after = stored[1]["settings"], rows[1]["settings"]
        changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        work.ledger.beside(STORE, 1, changed_settings=changed)
        if changed:
            work.ledger.touched(STORE, [1], *{_GROUP_OF.get(key, "settings") for key in changed})
    else:
        work.ledger.beside(STORE, 1, changed_settings=sorted(rows[1]["settings"]))
    report.of(STORE.entity).add(difference.tally)
    for record in skipped:
        report.skip(record)
    return report


async def write_trees(work: Work, trees: Trees) -> Report:
    """Taxonomies and terms. Those that the source no longer has stay: products of storegraph's own may use them."""
    report = Report()
    for record in trees.skipped:
        report.skip(record)
    stored = await reconcile.load(work.connection, TAXONOMY, "name", trees.taxonomies)
    taxonomies = await work.merged(TAXONOMY, trees.taxonomies, stored)
    difference = await work.write(TAXONOMY, taxonomies, stored)
    report.of(TAXONOMY.entity).add(difference.tally)

    connection = work.connection
    stored = await reconcile.load(connection, TERM, "id", trees.terms, lock=True)
    terms = {}
    for row in trees.terms.values():
        place = stored[row["id"]]["taxonomy"] if row["id"] in stored else row["taxonomy"]
        if place == row["taxonomy"]:
            terms[row["id"]] = row
        else:
            reason = f"is {row['taxonomy']!r}, but the term is stored in {place!r}"
            report.skip(Skipped(TERM.entity, str(row["id"]), "taxonomy", reason))
    terms = await work.merged(TERM, terms, stored)
    await _keep_a_forest(connection, terms, stored)
    difference = reconcile.compare(TERM, terms.values(), stored)
    slugs = await connection.execute(select(TERM.table.c.taxonomy, TERM.table.c.slug))
    give_slugs(difference.new, {(row[0], row[1]) for row in slugs})
    await work.write(TERM, terms, stored, difference)
    await sequences.advance(connection, [TERM.table])
    report.of(TERM.entity).add(difference.tally)
    return report


async def findings(connection: AsyncConnection) -> list[str]:
    """What no import does, and somebody has to before anybody buys here."""
    settings = (await connection.execute(select(STORE.table.c.settings))).scalar_one_or_none() or {}
    rated = (await connection.execute(select(table(TaxRateRow).c.id).limit(1))).first() is not None
    return [NO_RATES] if TAX_ENABLED.read(settings) and not rated else []


async def _keep_a_forest(connection: AsyncConnection, terms: Mapping[int, Columns], stored: StoredRows) -> None:
    """Parents of two sides may be gone, or be below their own children: then the term stays where it is stored."""
    columns = TERM.table.c
    parents: dict[int, int | None] = {
        row[0]: row[1] for row in await connection.execute(select(columns.id, columns.parent_id))
    }
    parents |= {key: row["parent_id"] for key, row in terms.items()}
    for row in terms.values():
        row["name_key"] = sort_key(row["name"])
        if row["parent_id"] not in parents:
            row["parent_id"] = parents[row["id"]] = None
    moved = {key for key in terms.keys() & stored.keys() if terms[key]["parent_id"] != stored[key]["parent_id"]}
    while looped := moved & _looped(parents):
        for key in looped:
            terms[key]["parent_id"] = parents[key] = stored[key]["parent_id"]
        moved -= looped


def _looped(parents: Mapping[int, int | None]) -> set[int]:
    """Those that are above themselves."""
    looped: set[int] = set()
    done: set[int | None] = {None}
    for start in parents:
        chain: list[int] = []
        at: int | None = start
        while at is not None and at not in done:
            done.add(at)
            chain.append(at)
            at = parents.get(at)
        if at in chain:
            looped |= set(chain[chain.index(at) :])
    return looped


async def write_classes(work: Work, mapped: Mapped, told: Iterable[Any], read: Callable[[Any], Columns]) -> Report:
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
    stored = await reconcile.load(work.connection, mapped, "id", rows, lock=True)
    rows = await work.merged(mapped, {key: rows[key] for key in sorted(rows)}, stored)
    for column in mapped.unique:
        await settle(
            work,
            mapped,
            column,
            rows.values(),
            stored,
            owner="id",
            confirmed=lambda _: False,
            alternatives=numbered,
        )
    difference = await work.write(mapped, rows, stored)
    await sequences.advance(work.connection, [mapped.table])
    report.of(mapped.entity).add(difference.tally)
    return report


@dataclass(frozen=True, slots=True)
class Known:
    """What products may refer to: terms by taxonomy, classes by the column that holds them. `gone` are those deleted
    here, by the column or TERMS: the source may go on naming them."""

    terms: Mapping[str, Collection[int]]
    classes: Mapping[str, Collection[int]]
    gone: Mapping[str, Collection[int]] = field(default_factory=dict)


async def known(work: Work) -> Known:
    connection = work.connection
    classes = {}
    gone = {TERMS: await work.all_deleted_here(TERM)}
    for column, mapped in (("shipping_class_id", SHIPPING_CLASS), ("tax_class_id", TAX_CLASS)):
        classes[column] = set((await connection.scalars(select(mapped.table.c.id))).all())
        gone[column] = await work.all_deleted_here(mapped)
    return Known(await _known_terms(connection), classes, gone)


async def _known_terms(connection: AsyncConnection) -> dict[str, set[int]]:
    names = await connection.scalars(select(TAXONOMY.table.c.name).order_by(TAXONOMY.table.c.name))
    known: dict[str, set[int]] = {name: set() for name in names}
    for taxonomy, identifier in await connection.execute(select(TERM.table.c.taxonomy, TERM.table.c.id)):
        known[taxonomy].add(identifier)
    return known
