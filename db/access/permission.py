"""The documented permissions (FluentCart roles and permissions). Roles are sets of these."""

from typing import Final

PERMISSIONS: Final = frozenset(
    {
        "store/settings",
        "store/sensitive",
        "products/view",
        "products/create",
        "products/edit",
        "products/delete",
        "customers/view",
        "customers/manage",
        "customers/delete",
        "orders/view",
        "orders/create",
        "orders/manage_statuses",
        "orders/manage",
        "orders/can_refund",
        "orders/export",
        "orders/delete",
        "subscriptions/view",
        "subscriptions/manage",
        "subscriptions/delete",
        "licenses/view",
        "licenses/manage",
        "licenses/delete",
        "coupons/view",
        "coupons/manage",
        "coupons/delete",
        "reports/view",
        "reports/export",
        "integrations/view",
        "integrations/manage",
        "integrations/delete",
        "labels/view",
        "labels/manage",
        "labels/delete",
        "dashboard_stats/view",
    }
)
