"""Scheduled products are published when their date comes."""

from typing import Final

import strawberry
from sqlalchemy import ColumnElement, and_
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
from resolvers.editing.due import AT_ONCE, Due


def _scheduled() -> ColumnElement[bool]:
    return and_(col(ProductRow.status) == ProductStatus.FUTURE, col(ProductRow.published_at) <= now())


SCHEDULED: Final = Due(PRODUCT, _scheduled)


@strawberry.input(description="How many scheduled products are published at a time.")
class ScheduledPublishInput:
    most: int = AT_ONCE


@mutation(permission=INTERNAL, rest=None, emits=(PRODUCT_UPDATED, PRODUCT_PUBLISHED))
async def scheduled_publish(unit: Unit, input: ScheduledPublishInput) -> Keys:
    """Publish products whose date has come, and say how many. They keep their date; those that somebody is writing to
    have their turn the next time."""
    rows = await SCHEDULED.taken(unit.connection, input.most)
    published = {"status": ProductStatus.PUBLISH}
    await edit_all(unit.connection, PRODUCT, [(row, published) for row in rows])
    for row in rows:
        unit.emit(PRODUCT_UPDATED(row, published))
        unit.emit(PRODUCT_PUBLISHED(row, published))
    return {"count": len(rows)}
