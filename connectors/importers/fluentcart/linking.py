"""Links whose other end came later than they did: made once everything is there."""

from collections.abc import Collection, Mapping
from typing import Final, TypeAlias

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile
from connectors.importers.fluentcart.catalog.bundle import CHILDREN, mark_incomplete
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS
from connectors.importers.fluentcart.catalog.upgrade_path import TARGETS, UPGRADE_PATH
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.commerce.order import ORDER, TRANSACTION
from connectors.importers.fluentcart.commerce.subscription import SUBSCRIPTION
from connectors.importers.fluentcart.vanishing import tell_paths
from connectors.importers.mapping import Mapped
from connectors.importers.report import Report, Skipped
from connectors.importers.work import Work
from db.catalog.bundle import BundleItemRow
from db.catalog.upgrade_path import UpgradePathTargetRow
from db.store.row import table

BUNDLE_ITEM: Final = table(BundleItemRow)
PATH_TARGET: Final = table(UpgradePathTargetRow)
BUNDLE_FIELD: Final = "bundle_items"
TARGETS_FIELD: Final = "targets"
BUNDLE: Final = "bundle"
TARGET: Final = "target"
PARENT: Final = "parent"
SUBSCRIBED: Final = "subscription"

# Which kind, whose link, to what, and its place in a list (or 0). Kept as JSON with the progress of an import.
Pending: TypeAlias = tuple[str, int, int, int]
Places: TypeAlias = dict[tuple[int, int], int]


def in_order(places: Mapping[int, int]) -> list[int]:
    """A list of links as one value."""
    return sorted(places, key=lambda other: (places[other], other))


async def link_pending(work: Work, pending: Collection[Pending]) -> Report:
    """Makes them; those whose other end is still unknown are dropped with a note."""
    linking = _Linking(work, pending)
    await linking.list(BUNDLE, BUNDLE_ITEM, VARIANT, VARIANT, "variant", CHILDREN.path, BUNDLE_FIELD)
    await linking.list(TARGET, PATH_TARGET, UPGRADE_PATH, VARIANT, "upgrade path", TARGETS.path, TARGETS_FIELD)
    await linking.column(PARENT, ORDER, "parent_id", ORDER, "order")
    await linking.column(SUBSCRIBED, TRANSACTION, "subscription_id", SUBSCRIPTION, "transaction")
    return linking.report


async def children_allowed(connection: AsyncConnection, variants: Collection[int]) -> set[int]:
    """Those that are not of bundles themselves."""
    variant, product = VARIANT.table.c, PRODUCT.table.c
    allowed: set[int] = set()
    for chunk in reconcile.chunks(sorted(variants)):
        statement = select(variant.id).join(PRODUCT.table, product.id == variant.product_id)
        rows = await connection.scalars(statement.where(variant.id.in_(chunk), ~product.is_bundle))
        allowed.update(rows.all())
    return allowed


class _Linking:
    def __init__(self, work: Work, pending: Collection[Pending]) -> None:
        self._work = work
        self._connection = work.connection
        self._pending: dict[str, Places] = {}
        for kind, owner, other, place in pending:
            self._pending.setdefault(kind, {})[owner, other] = place
        self.report = Report()

    async def list(
        self, kind: str, links: Table, owner: Mapped, other: Mapped, name: str, path: str, field: str
    ) -> None:
        wanted = await self._resolved(kind, owner, other, name, path)
        if kind == BUNDLE:
            waiting = self._pending.get(kind, {}).keys()
            lacking = {variant for variant, child in waiting if (variant, child) not in wanted}
            await mark_incomplete(self._connection, {variant for variant, _ in waiting}, lacking)
            allowed = await children_allowed(self._connection, {child for _, child in wanted})
            for variant, child in sorted(pair for pair in wanted if pair[1] not in allowed):
                self._drop(f"{name} {variant}", path, f"variant {child} is a bundle itself")
            wanted = {pair: place for pair, place in wanted.items() if pair[1] in allowed}
        first, second = links.primary_key.columns
        owners = {pair[0] for pair in wanted}
        before = await reconcile.links(self._connection, links, owners)
        new = sorted(wanted.keys() - before)
        if new:
            rows = [{first.name: pair[0], second.name: pair[1], "position": wanted[pair]} for pair in new]
            await self._connection.execute(insert(links), rows)
            await self._note(owner, links, field, {pair[0] for pair in new})
        self.report.of(LINKS).imported += len(new)

    async def _note(self, owner: Mapped, links: Table, field: str, owners: Collection[int]) -> None:
        """What the source says of these lists is complete by now."""
        rows = await reconcile.load(self._connection, owner, "id", owners)
        merging = self._work.merging(owner)
        await merging.load(rows)
        for key, places in (await reconcile.places(self._connection, links, owners)).items():
            merging.told(key, field, in_order(places))
        if not self._work.first:
            self._work.ledger.touched(owner, rows, field)
            if owner is UPGRADE_PATH:
                await tell_paths(self._work, rows)

    async def column(self, kind: str, owner: Mapped, column: str, other: Mapped, name: str) -> None:
        wanted = await self._resolved(kind, owner, other, name, owner.columns[column].path)
        if not wanted:
            return
        statement = update(owner.table).where(owner.table.c.id == bindparam("row_key"))
        await self._connection.execute(
            statement.values({column: bindparam("other_key")}),
            [{"row_key": pair[0], "other_key": pair[1]} for pair in sorted(wanted)],
        )
        merging = self._work.merging(owner)
        await merging.wrote(column, dict(wanted.keys()))
        if not self._work.first:
            if owner is TRANSACTION:
                rows = await reconcile.load(self._connection, owner, "id", [pair[0] for pair in wanted])
                self._work.ledger.touched(ORDER, sorted({row["order_id"] for row in rows.values()}), "transactions")
            self._work.ledger.touched(owner, sorted(pair[0] for pair in wanted), column)

    async def _resolved(self, kind: str, owner: Mapped, other: Mapped, name: str, field: str) -> Places:
        waiting: Mapping[tuple[int, int], int] = self._pending.get(kind, {})
        owners = await reconcile.known(self._connection, owner.table, {pair[0] for pair in waiting})
        others = await reconcile.known(self._connection, other.table, {pair[1] for pair in waiting})
        for one, another in sorted(pair for pair in waiting if pair[1] not in others):
            self._drop(f"{name} {one}", field, f"{another} is unknown")
        return {pair: place for pair, place in waiting.items() if pair[0] in owners and pair[1] in others}

    def _drop(self, place: str, field: str, reason: str) -> None:
        self.report.skip(Skipped(LINKS, f"of {place}", field, reason))
