"""S5 `GET /products/{productId}/pricing`, `other_info.bundle_child_ids` of a variant: what a bundle consists of."""

from typing import Any, Final

from connectors.importers.fluentcart.catalog.upgrade_path import placed
from connectors.importers.fluentcart.values import branch, entries
from connectors.importers.mapping import Field

CHILDREN: Final = Field("other_info.bundle_child_ids", entries)


def read_children(entry: Any, *, is_bundle: bool) -> tuple[dict[int, int], list[str]]:
    """The places of a variant's children by their identifiers, and a reason for each left out. Raises Unreadable."""
    children, reasons = placed(CHILDREN(branch(entry), branch))
    if children and not is_bundle:
        return {}, ["the product is no bundle"]
    return children, reasons
