"""Which rows a viewer may see: one predicate per entity. Every path to a row goes through its predicate."""

from collections.abc import Mapping
from typing import Final, Protocol

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.orm import Mapped
from sqlmodel import col

from db.access.application_password import ApplicationPasswordRow
from db.access.permission import IS_SUPER_ADMIN
from db.access.role import RoleRow
from db.access.user import UserRow
from db.catalog.media import MediaRow
from db.catalog.product import ProductRow, ProductStatus
from db.catalog.variant import VariantRow, VariantStatus
from db.integration.feed import FeedRow, FeedScope
from db.outbox import EventRow
from db.row import table


class Viewer(Protocol):
    @property
    def user_id(self) -> int | None: ...
    @property
    def permissions(self) -> frozenset[str]: ...


def sees_catalog(viewer: Viewer) -> bool:
    """Whether no product and no variant is hidden."""
    return "products/view" in viewer.permissions


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


def _with(viewer: Viewer, permission: str) -> ColumnElement[bool]:
    """All rows or none."""
    return true() if permission in viewer.permissions else false()


def upgrade_paths(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "products/view")


def shipping_classes(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "products/view")


def tax_classes(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "products/view")


def attributes(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "products/view")


def providers(viewer: Viewer) -> ColumnElement[bool]:
    """Who may see feeds of either kind may see whom they are for."""
    return or_(_with(viewer, "integrations/view"), _with(viewer, "products/view"))


def feeds(viewer: Viewer) -> ColumnElement[bool]:
    """Global feeds need integrations/view, a product's feeds products/view."""
    return or_(
        and_(col(FeedRow.scope) == FeedScope.GLOBAL, _with(viewer, "integrations/view")),
        and_(col(FeedRow.scope) == FeedScope.PRODUCT, _with(viewer, "products/view")),
    )


def orders(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "orders/view")


def order_items(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "orders/view")


def order_transactions(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "orders/view")


def order_addresses(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "orders/view")


def download_permissions(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "orders/view")


def customers(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "customers/view")


def customer_addresses(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "customers/view")


def subscriptions(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "subscriptions/view")


def stores(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "store/settings")


def audit_entries(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "store/sensitive")


def trusted_documents(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, "store/sensitive")


def users(viewer: Viewer) -> ColumnElement[bool]:
    """Super admins see all users, everyone who signed in sees themselves."""
    return _own(viewer, col(UserRow.id))


def application_passwords(viewer: Viewer) -> ColumnElement[bool]:
    return _own(viewer, col(ApplicationPasswordRow.user_id))


def _own(viewer: Viewer, user_id: Mapped[int]) -> ColumnElement[bool]:
    if IS_SUPER_ADMIN in viewer.permissions:
        return true()
    return false() if viewer.user_id is None else user_id == viewer.user_id


def roles(viewer: Viewer) -> ColumnElement[bool]:
    """Super admins see all roles, everyone who signed in sees their own."""
    if IS_SUPER_ADMIN in viewer.permissions:
        return true()
    own = select(col(UserRow.role_key)).where(users(viewer)).scalar_subquery()
    return false() if viewer.user_id is None else col(RoleRow.key) == own


def tokens(viewer: Viewer) -> ColumnElement[bool]:
    return _with(viewer, IS_SUPER_ADMIN)


# What an event tells of (`product` of `product.updated`), and what it takes to see that. Events of anything else are
# seen by nobody: they tell of drafts, and of what was deleted.
EVENT_PERMISSIONS: Final[Mapping[str, str]] = {
    "product": "products/view",
    "variant": "products/view",
    "inventory": "products/view",
    "download": "products/view",
    "upgrade_path": "products/view",
    "term": "products/view",
    "attribute_group": "products/view",
    "attribute_term": "products/view",
    "tax_class": "products/view",
    "shipping_class": "products/view",
    "store": "store/settings",
    "file": "store/sensitive",
    "integration_feed": "integrations/view",
    "order": "orders/view",
    "customer": "customers/view",
    "subscription": "subscriptions/view",
    "user": IS_SUPER_ADMIN,
    "role": IS_SUPER_ADMIN,
}


def events(viewer: Viewer) -> ColumnElement[bool]:
    """Those that have a position, of what the viewer may see."""
    seen = [noun for noun, permission in EVENT_PERMISSIONS.items() if permission in viewer.permissions]
    told = or_(false(), *(col(EventRow.name).startswith(f"{noun}.", autoescape=True) for noun in seen))
    return and_(col(EventRow.position).is_not(None), told)
