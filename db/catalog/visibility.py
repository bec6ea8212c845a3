"""Which rows of the catalog a viewer may see: one predicate per entity. Every path to a row goes through its
predicate."""

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlmodel import col

from db.catalog.media import MediaRow
from db.catalog.product import VIEW, ProductRow, ProductStatus
from db.catalog.variant import VariantRow, VariantStatus
from db.store.row import table
from db.store.visibility import rows_with
from engine.values.viewer import Viewer


def sees_catalog(viewer: Viewer) -> bool:
    """Whether no product and no variant is hidden."""
    return VIEW in viewer.permissions


def products(viewer: Viewer) -> ColumnElement[bool]:
    """Published products for everyone, the others with products/view."""
    return true() if sees_catalog(viewer) else col(ProductRow.status) == ProductStatus.PUBLISH


def variants(viewer: Viewer) -> ColumnElement[bool]:
    """Active variants of visible products for everyone, the others with products/view."""
    if sees_catalog(viewer):
        return true()
    product = exists(
        select(1).where(col(ProductRow.id) == col(VariantRow.product_id), products(viewer)).correlate(table(VariantRow))
    )
    return and_(col(VariantRow.status) == VariantStatus.ACTIVE, product)


def downloads(viewer: Viewer) -> ColumnElement[bool]:
    """Files are what is sold: they need products/view."""
    return true() if sees_catalog(viewer) else false()


def terms(viewer: Viewer) -> ColumnElement[bool]:
    """Categories and brands are part of the public catalogue."""
    return true()


def taxonomies(viewer: Viewer) -> ColumnElement[bool]:
    return true()


def media(viewer: Viewer) -> ColumnElement[bool]:
    """A picture is as visible as its owner."""
    if sees_catalog(viewer):
        return true()
    of_product = exists(
        select(1).where(col(ProductRow.id) == col(MediaRow.product_id), products(viewer)).correlate(table(MediaRow))
    )
    of_variant = exists(
        select(1).where(col(VariantRow.id) == col(MediaRow.variant_id), variants(viewer)).correlate(table(MediaRow))
    )
    return or_(of_product, of_variant)


def staff(viewer: Viewer) -> ColumnElement[bool]:
    """What only those who run the store see, all of it: classes, attributes, upgrade paths."""
    return rows_with(viewer, "products/view")
