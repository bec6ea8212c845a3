"""The documented permissions (FluentCart roles and permissions). Roles and tokens are sets of these."""

from collections.abc import Iterable, Mapping
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
# Users, roles and tokens; payment methods and storage drivers. No sum of permissions amounts to it.
IS_SUPER_ADMIN: Final = "is_super_admin"
ALL: Final = PERMISSIONS | {IS_SUPER_ADMIN}

# A name that one of the documents uses and the released store never had: accepted where permissions are given.
ALIASES: Final[Mapping[str, frozenset[str]]] = {"products/manage": frozenset({"products/edit", "products/delete"})}
KNOWN: Final = ALL | ALIASES.keys()


def expanded(names: Iterable[str]) -> frozenset[str]:
    """The permissions that these names stand for. What is not known stands for nothing."""
    given = set(names)
    return frozenset((given & ALL).union(*(ALIASES[name] for name in given & ALIASES.keys())))
