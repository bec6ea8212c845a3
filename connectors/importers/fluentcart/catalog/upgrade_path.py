"""S5 `GET /products/{productId}/upgrade-paths`: rows of the store's meta table, numbers as strings."""

from typing import Any, Final

from connectors.importers.fluentcart.money import convert
from connectors.importers.fluentcart.values import branch, cents, entries, flag, key, moment, name, paragraphs, plain
from connectors.importers.mapping import Columns, Field, Mapped, Tells, Unreadable
from db.catalog.events import UPGRADE_PATH_CREATED, UPGRADE_PATH_DELETED, UPGRADE_PATH_UPDATED
from db.catalog.upgrade_path import UpgradePathRow

UPGRADE_PATH: Final = Mapped(
    "upgrade paths",
    UpgradePathRow,
    {
        "id": Field("id", key),
        "from_variant_id": Field("object_id", key, otherwise="meta_value.from_variant"),
        "title": Field("meta_value.title", plain(None)),
        "description": Field("meta_value.description", paragraphs(None)),
        "slug": Field("meta_value.slug", name()),
        "discount_amount": Field("meta_value.discount_amount", cents()),
        "prorate": Field("meta_value.is_prorate", flag()),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    tells=Tells(UPGRADE_PATH_CREATED, UPGRADE_PATH_UPDATED, UPGRADE_PATH_DELETED),
)
TARGETS: Final = Field("meta_value.to_variants", entries)


def read_upgrade_path(entry: Any, currency: str) -> tuple[Columns, dict[int, int], list[str]]:
    """A path, the places of its targets by variant, and a reason for each target left out. Raises Unreadable."""
    record = branch(entry)
    row = UPGRADE_PATH.read(record)
    convert(UPGRADE_PATH, row, currency)
    targets, reasons = placed(TARGETS(record, branch))
    if targets.pop(row["from_variant_id"], None):
        reasons.append(f"variant {row['from_variant_id']} is where the path begins")
    return row, targets, reasons


def placed(values: list[Any]) -> tuple[dict[int, int], list[str]]:
    """Identifiers with their places in the list, each once; and a reason for each entry that is none."""
    places: dict[int, int] = {}
    reasons: list[str] = []
    for place, value in enumerate(values, 1):
        try:
            places.setdefault(key(value), place)
        except Unreadable as unreadable:
            reasons.append(unreadable.reason)
    return places, reasons
