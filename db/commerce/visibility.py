"""Which rows of orders, customers and the store itself a viewer may see: one predicate per entity."""

import re
from typing import Final

from sqlalchemy import ColumnElement, true
from sqlmodel import col

from db.access.permission import IS_SUPER_ADMIN
from db.commerce.shipping_method import ShippingMethodRow
from db.store.visibility import rows_with
from engine.values.viewer import Viewer, permits

LONGEST_HASH: Final = 255
_NAMED: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def orders(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "orders/view")


def shows_order(viewer: Viewer, order_hash: str) -> bool:
    """Whether the hash of an order (`OrderRow.uuid`) lets the viewer see what those see who know it. Imports make one
    up for an order that its shop gave none, a UUID (version 5) of the shop's address and the order's number: anybody
    can work that out, so it is no secret and shows nothing to whom orders/view does not show the order anyway."""
    if len(order_hash) > LONGEST_HASH or "\0" in order_hash:
        return False
    return _NAMED.fullmatch(order_hash) is None or permits(viewer, "orders/view")


def shows_keys(viewer: Viewer, order_hash: str) -> bool:
    """Whether the hash of an order, which shows the viewer the order, shows the keys of its licences too: one that
    anybody can work out shows them to nobody but whom licenses/view shows them anyway."""
    return _NAMED.fullmatch(order_hash) is None or permits(viewer, "licenses/view")


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
