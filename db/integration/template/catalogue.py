"""All codes that there are, as data: pickers of editors, validation and docs/templates.md are made of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from db.integration.template import codes_of_orders, codes_of_products, codes_of_stores
from db.integration.template.code import Code, CodeGroup

__all__ = ["GROUPS", "Code", "CodeGroup", "knows"]

GROUPS: Final[Mapping[str, CodeGroup]] = MappingProxyType(
    dict([*codes_of_orders.GROUPS, *codes_of_products.GROUPS, *codes_of_stores.GROUPS])
)


def knows(group: str, key: str) -> bool:
    """Whether there is such a code."""
    return group in GROUPS and GROUPS[group].knows(key)
