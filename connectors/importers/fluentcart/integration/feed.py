"""S1 `GET /integration/global-feeds` and S5 `GET /products/{productId}/integrations`, `feeds`."""

from dataclasses import dataclass
from typing import Any, Final

from connectors.importers.fluentcart.catalog.upgrade_path import placed
from connectors.importers.fluentcart.values import branch, document, entries, flag, key, name, plain
from connectors.importers.mapping import Columns, Field, Mapped, Record, Tells, Unreadable
from db.integration.events import INTEGRATION_FEED_CREATED, INTEGRATION_FEED_DELETED, INTEGRATION_FEED_UPDATED
from db.integration.feed import FeedRow, FeedScope
from db.secrets.confidential import confidential, without_secrets


def _triggers(value: Any) -> list[str]:
    listed = [value] if isinstance(value, str) and value and value[0] not in "[{" else entries(value)
    return [str(trigger) for trigger in listed if trigger]


def _merge_fields(value: Any) -> dict[str, Any]:
    """Templates by the remote field's name; a fixed value in a field named like a secret is one."""
    fields = document(branch(value)) or {}
    return {
        field: template
        for field, template in fields.items()
        if not confidential(field) or (isinstance(template, str) and "{{" in template)
    }


FEED: Final = Mapped(
    "feeds",
    FeedRow,
    {
        "source_id": Field("id", key),
        "name": Field("feed.name", plain(None), otherwise="name"),
        # Exactly `yes` enables, says the store; a feed that does not say so is shown as off there, and does not run.
        "enabled": Field("feed.enabled", flag(), otherwise="enabled"),
        "event_triggers": Field("feed.event_trigger", _triggers),
        "watch_on_access_revoke": Field("feed.watch_on_access_revoke", flag()),
        "conditionals": Field("feed.conditionals", document),
        "list_id": Field("feed.list_id", name()),
        "list_name": Field("feed.list_name", name()),
        "merge_fields": Field("feed.merge_fields", _merge_fields),
    },
    branch=branch,
    computed=("id", "scope", "provider_key", "product_id", "settings"),
    # Nobody here has saved what a source says: it sends nothing until somebody does.
    kept={
        **dict.fromkeys(("concealed", "secret", "previous_secret", "previous_until", "saved_by", "saved_version")),
        "target_id": None,
        "reads": "",
    },
    stamped=True,
    tells=Tells(INTEGRATION_FEED_CREATED, INTEGRATION_FEED_UPDATED, INTEGRATION_FEED_DELETED),
    known_by=lambda row: f"{row['scope']}:{row['source_id']}",
)
_PROVIDER: Final = Field("provider", name())
_VARIANTS: Final = Field("feed.conditional_variation_ids", entries)
_COLUMNS: Final = frozenset(
    {field.path.partition(".")[2] for field in FEED.columns.values()} | {"conditional_variation_ids"}
)


@dataclass(slots=True)
class Feed:
    """`variants` are those it is limited to as the source names them: none, all of the product."""

    row: Columns
    variants: list[int]
    reasons: list[str]


def read_feed(entry: Any, product_id: int | None) -> Feed:
    """A feed of this product, or of the whole store. The row has no identifier of its own yet. Raises Unreadable."""
    record = branch(entry)
    provider = _PROVIDER(record, branch)
    if provider is None:
        raise Unreadable("is missing", _PROVIDER.path)
    settings: Record = branch(record.get("feed"))
    row = FEED.read(record)
    variants, reasons = placed(_VARIANTS(record, branch) if product_id is not None else [])
    if reasons and not variants:
        raise Unreadable("none of its variants is known, and without one every sale would run it", _VARIANTS.path)
    row |= {
        "scope": FeedScope.GLOBAL if product_id is None else FeedScope.PRODUCT,
        "provider_key": provider,
        "product_id": product_id,
        "name": row["name"] or "",
        "settings": document(without_secrets({name: value for name, value in settings.items() if name not in _COLUMNS}))
        or {},
    }
    return Feed(row, list(variants), reasons)
