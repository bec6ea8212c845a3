"""Which rows of orders, customers and the store itself a viewer may see: one predicate per entity."""

from sqlalchemy import ColumnElement, true
from sqlmodel import col

from db.access.permission import IS_SUPER_ADMIN
from db.commerce.shipping_method import ShippingMethodRow
from db.store.visibility import rows_with
from engine.values.viewer import Viewer, permits


def orders(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def order_items(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def order_transactions(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def order_addresses(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def applied_coupons(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def order_taxes(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def download_permissions(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def customers(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "customers/view")


def customer_addresses(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "customers/view")


def subscriptions(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "subscriptions/view")


def coupons(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "coupons/view")


def order_bumps(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "store/sensitive")


def shipping_methods(viewer: Viewer) -> ColumnElement[bool]:
    """Those that are offered for everyone, as a checkout shows them; the others with store/settings."""
    return true() if permits(viewer, "store/settings") else col(ShippingMethodRow.enabled).is_(True)


def stores(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "store/settings")


def licenses(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "licenses/view")


def license_activations(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "licenses/view")


def license_sites(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "licenses/view")


def payment_methods(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, IS_SUPER_ADMIN)


def storage_drivers(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, IS_SUPER_ADMIN)
