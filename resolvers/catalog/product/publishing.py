"""Scheduled products are published when their date comes."""

from typing import Final

import strawberry
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from db.catalog.events import PRODUCT_PUBLISHED, PRODUCT_UPDATED
from db.catalog.product import ProductRow, ProductStatus
from db.store.row import now
from db.store.writing import edit_all
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.viewer import INTERNAL
from resolvers.catalog.locking import PRODUCT

AT_ONCE: Final = 100


def _due() -> ColumnElement[bool]:
    return and_(col(ProductRow.status) == ProductStatus.FUTURE, col(ProductRow.published_at) <= now())


@strawberry.input(description="How many scheduled products are published at a time.")
class ScheduledPublishInput:
    most: int = AT_ONCE


async def any_due(connection: AsyncConnection) -> bool:
    """Whether `scheduledPublish` has anything to do; takes no lock."""
    return (await connection.execute(select(PRODUCT.c.id).where(_due()).limit(1))).first() is not None


@mutation(permission=INTERNAL, rest=None, emits=(PRODUCT_UPDATED, PRODUCT_PUBLISHED))
async def scheduled_publish(unit: Unit, input: ScheduledPublishInput) -> Keys:
    """Publish products whose date has come, and say how many. They keep their date; those that somebody is writing to
    have their turn the next time."""
    statement = select(PRODUCT).where(_due()).order_by(PRODUCT.c.id).limit(input.most)
    statement = statement.with_for_update(skip_locked=True)
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    published = {"status": ProductStatus.PUBLISH}
    await edit_all(unit.connection, PRODUCT, [(row, published) for row in rows])
    for row in rows:
        unit.emit(PRODUCT_UPDATED(row, published))
        unit.emit(PRODUCT_PUBLISHED(row, published))
    return {"count": len(rows)}
