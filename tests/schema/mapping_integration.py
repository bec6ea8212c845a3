"""Where GraphQL serves what the recorded answers hold of feeds, providers, upgrade paths, tax and shipping classes, key
by key."""

from collections.abc import Mapping
from typing import Any, Final

from tests.schema.mapping import Key, Left, Served, flag, ids, moment, number, site, text, word
from tests.schema.mapping_commerce import filled

# Turns


def words(values: list[str] | None) -> list[str]:
    return [word(value) for value in values or []]


def not_flag(value: Any) -> bool:
    return not flag(value)


def address(value: str) -> str | None:
    """An empty address is none."""
    return site(value) or None


# Keys

_KIND: Final = "says of which kind a row of the store's meta table is"

FEED: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "name": Served("name", text),
    "enabled": Served("enabled", flag),
    "provider": Served("provider.key"),
    "scope": Served("scope", word),
    "feed.name": Served("name", text),
    "feed.enabled": Served("enabled", flag),
    "feed.event_trigger": Served("eventTriggers"),
    "feed.conditional_variation_ids": Served("conditionalVariants.databaseId", ids),
    "feed.list_id": Served("listId"),
    # What the provider's own form holds.
    "feed.list_ids": Served("settings.list_ids"),
    "feed.tag_ids": Served("settings.tag_ids"),
}


def in_settings(key: Key) -> bool:
    """Whether the key is served within a feed's settings, which are one JSON leaf."""
    return isinstance(key, Served) and key.field.startswith("settings.")


PROVIDER: Final[Mapping[str, Key]] = {
    "priority": Served("priority", number),
    "title": Served("title", text),
    "description": Served("description", text),
    "category": Served("category"),
    "disable_global_settings": Served("hasGlobalSettings", not_flag),
    "config_url": Served("configUrl", address),
    "logo": Served("logoUrl", address),
    "enabled": Served("enabled", flag),
    "scopes": Served("scopes", words),
    "installable": Served("installable", filled),
    "delay_on_product_action": Served("delayOnProductAction", flag),
    "delay_on_global_action": Served("delayOnGlobalAction", flag),
}

UPGRADE_PATH: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "object_type": Left(_KIND),
    "object_id": Served("from.databaseId", number),
    "meta_key": Left(_KIND),
    "meta_value.to_variants": Served("to.databaseId", ids),
    "meta_value.is_prorate": Served("prorate", flag),
    "meta_value.discount_amount": Served("discountAmount.cents", number),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
}

TAX_CLASS: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "title": Served("title", text),
    "slug": Served("slug"),
    "description": Served("description", text),
    "meta.categories": Served("categoryDatabaseIds", ids),
    "meta.priority": Served("priority", number),
    "categories": Served("categoryDatabaseIds", ids),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
}

SHIPPING_CLASS: Final[Mapping[str, Key]] = {
    "id": Served("databaseId", number),
    "name": Served("name", text),
    "description": Served("description", text),
    "cost": Served("cost", number),
    "per_item": Served("perItem", flag),
    "type": Served("type", word),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
}

# Beside the lists that an answer is asked for.
ENVELOPE: Final[Mapping[str, Key]] = {
    "all_module_config_url": Left("a page of the store's own administration"),
    **{
        f"shipping_classes.{name}": Left("the page of a list; GraphQL pages by cursor")
        for name in (
            "current_page",
            "first_page_url",
            "from",
            "last_page",
            "last_page_url",
            "links",
            "next_page_url",
            "path",
            "per_page",
            "prev_page_url",
            "to",
            "total",
        )
    },
}

_ID: Final = {"id": "the global id", "version": "counts changes made here"}
_STAMPED: Final = {"createdAt": "when it was imported", "updatedAt": "when it was imported"}
# Fields without a recorded key: where their value is from.
OURS: Final[Mapping[str, Mapping[str, str]]] = {
    "IntegrationFeed": {
        **_ID,
        **_STAMPED,
        "watchOnAccessRevoke": "documented; no recorded feed says it",
        "conditionals": "documented; no recorded feed has any",
        "listName": "documented; no recorded feed says it",
        "mergeFields": "documented; no recorded feed has any",
        "savedBy": "whoever saved it here",
    },
    "IntegrationProvider": {
        **_ID,
        **_STAMPED,
        "key": "the recorded key of the record itself",
        "categories": "the recorded category alone, until a module of this gateway says more",
        "available": "whether a module of this gateway runs it",
        "installed": "what somebody did here",
    },
    "UpgradePath": {
        **_ID,
        "title": "documented; no recorded path has one",
        "description": "documented; no recorded path has one",
        "slug": "documented; no recorded path has one",
    },
    "TaxClass": _ID,
    "ShippingClass": _ID,
}
