"""Where GraphQL serves what the recorded REST answers hold, key by key: written down a second time, apart from the
importer, so that neither can be wrong alone."""

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

Record: TypeAlias = Mapping[str, Any]
Turn: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Served:
    """A recorded key is this GraphQL field, dots leading into objects, after this turn of its value. A key that a
    record lacks is turned as None."""

    field: str
    turn: Turn = lambda value: value


@dataclass(frozen=True)
class Each:
    """The key holds records that are the items of this list field, in this order."""

    field: str
    keys: Mapping[str, "Key"]


@dataclass(frozen=True)
class Left:
    """Deliberately not served, because."""

    reason: str


@dataclass(frozen=True)
class Later:
    """To be served as this field, which does not say so yet, because. A test fails once it does."""

    served: Served
    reason: str


Key: TypeAlias = Served | Each | Left | Later


# Turns


def number(value: Any) -> int:
    """`"0"`, `""`, null: nothing."""
    return int(value or 0)


def bytes_(value: Any) -> float:
    """A Float: GraphQL's Int ends at 2 GB."""
    return float(number(value))


def reference(value: Any) -> int | None:
    """0 refers to nothing."""
    return number(value) or None


def optional(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


def flag(value: Any) -> bool:
    return value in (True, 1, "1", "yes", "true")


def word(value: str) -> str:
    """`in-stock` is IN_STOCK."""
    return value.upper().replace("-", "_")


def maybe_word(value: str | None) -> str | None:
    return word(value) if value else None


def text(value: str | None) -> str:
    """What is no markup comes without its entities."""
    return html.unescape(value or "")


def site(value: str) -> str:
    return value.replace("{site}", "https://store.example")


def moment(value: str | None) -> str | None:
    """The recorded store's clock goes by UTC."""
    if not value or value.startswith("0000"):
        return None
    return datetime.fromisoformat(value).replace(tzinfo=None).isoformat() + "Z"


def ids(values: list[Any] | None) -> list[int]:
    return sorted(map(int, values or []))


# Keys

_WORDPRESS: Final = "WordPress's own, no part of a store"
_PARENT: Final = "the place in the answer says it"
_MIRROR: Final = "repeats another key of the record"

PICTURE: Final[Mapping[str, Key]] = {
    "id": Served("attachmentId"),
    "url": Served("url"),
    "title": Served("title"),
}

VARIANT: Final[Mapping[str, Key]] = {
    "id": Served("databaseId"),
    "post_id": Served("product.databaseId", number),
    "media_id": Left("a legacy single picture; none is recorded, `media` has the pictures"),
    "serial_index": Served("position"),
    "sold_individually": Served("soldIndividually", flag),
    "variation_title": Served("title", text),
    "variation_identifier": Served("identifier"),
    "sku": Served("sku"),
    "manage_stock": Served("manageStock", flag),
    "payment_type": Served("paymentType", word),
    "stock_status": Served("stockStatus", word),
    "backorders": Served("backorders", flag),
    "total_stock": Served("totalStock"),
    "on_hold": Served("onHold"),
    "committed": Served("committed"),
    "available": Served("available"),
    "fulfillment_type": Served("fulfillmentType", word),
    "item_status": Served("status", word),
    "manage_cost": Served("manageCost", flag),
    "item_price": Served("price.cents"),
    "item_cost": Served("cost.cents"),
    "compare_price": Served("comparePrice.cents"),
    "shipping_class": Served("shippingClass.databaseId", reference),
    "downloadable": Served("downloadable", flag),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
    "thumbnail": Served("thumbnailUrl"),
    "formatted_total": Served("price.formatted", text),
    "media": Each("media", PICTURE),
    "other_info.payment_type": Left(_MIRROR),
    "other_info.description": Served("description", text),
    "other_info.package_slug": Served("packageSlug"),
    "other_info.weight": Served("weight"),
    "other_info.weight_unit": Served("weightUnit"),
    "other_info.length": Served("length"),
    "other_info.width": Served("width"),
    "other_info.height": Served("height"),
    "other_info.is_bundle_product": Left("a mirror of the product's `isBundle`"),
    "other_info.bundle_child_ids": Served("bundleItems.databaseId", ids),
    "other_info.repeat_interval": Served("interval", maybe_word),
    "other_info.times": Served("billingTimes", number),
    "other_info.trial_days": Served("trialDays", number),
    "other_info.billing_summary": Served("billingSummary", text),
    "other_info.manage_setup_fee": Served("hasSetupFee", flag),
    "other_info.signup_fee": Served("setupFee.cents", optional),
    "other_info.signup_fee_name": Served("setupFeeLabel"),
    "other_info.installment": Served("installment", flag),
}

DOWNLOAD: Final[Mapping[str, Key]] = {
    "id": Served("databaseId"),
    "post_id": Served("product.databaseId", number),
    "product_variation_id": Served("variants.databaseId", ids),
    "download_identifier": Served("identifier"),
    "title": Served("title", text),
    "type": Served("type"),
    "driver": Served("driver"),
    "file_name": Served("fileName"),
    "file_path": Served("filePath"),
    "file_url": Served("fileUrl"),
    "file_size": Served("fileSize", bytes_),
    "settings.download_limit": Served("downloadLimit", optional),
    "settings.download_expiry": Served("downloadExpiryDays", optional),
    "serial": Served("position", number),
    "created_at": Served("createdAt", moment),
    "updated_at": Served("updatedAt", moment),
}

PRODUCT: Final[Mapping[str, Key]] = {
    "ID": Served("databaseId"),
    "post_date": Served("publishedAt", moment),
    "post_date_gmt": Left("equals post_date where the clock goes by UTC; a draft has none"),
    "post_content": Served("content"),
    "post_title": Served("title", text),
    "post_excerpt": Served("excerpt"),
    "post_status": Served("status", word),
    "comment_status": Served("commentStatus"),
    "ping_status": Left(_WORDPRESS),
    "post_name": Served("slug"),
    "post_modified": Served("modifiedAt", moment),
    "post_modified_gmt": Left("equals post_modified where the clock goes by UTC; a draft has none"),
    "guid": Left(_WORDPRESS),
    "post_type": Left(_WORDPRESS),
    "product-categories": Served("categories.databaseId", ids),
    "product-brands": Served("brands.databaseId", ids),
    "view_url": Served("viewUrl", site),
    "edit_url": Served("editUrl", site),
    "featured_image_id": Served("featuredImageId", reference),
    "variants": Each("variants", VARIANT),
    "downloadable_files": Each("downloads", DOWNLOAD),
    "detail.id": Served("detailDatabaseId"),
    "detail.post_id": Left(_PARENT),
    "detail.fulfillment_type": Served("fulfillmentType", word),
    "detail.min_price": Served("minPrice.cents", number),
    "detail.max_price": Served("maxPrice.cents", number),
    "detail.default_variation_id": Served("defaultVariant.databaseId"),
    "detail.default_media": Served("defaultMedia"),
    "detail.manage_stock": Served("manageStock", flag),
    "detail.stock_availability": Served("stockAvailability", word),
    "detail.variation_type": Served("variationType", word),
    "detail.manage_downloadable": Served("manageDownloadable", flag),
    "detail.created_at": Served("createdAt", moment),
    "detail.updated_at": Served("updatedAt", moment),
    "detail.featured_media.id": Left("the first of the gallery"),
    "detail.featured_media.url": Served("thumbnailUrl"),
    "detail.featured_media.title": Left("the first of the gallery"),
    "detail.formatted_min_price": Served("minPrice.formatted", text),
    "detail.formatted_max_price": Served("maxPrice.formatted", text),
    "detail.gallery_image.meta_id": Left(_WORDPRESS),
    "detail.gallery_image.post_id": Left(_PARENT),
    "detail.gallery_image.meta_key": Left(_WORDPRESS),
    "detail.gallery_image.meta_value": Each("gallery", PICTURE),
    "detail.other_info.is_bundle_product": Served("isBundle", flag),
    "detail.other_info.tax_class": Served("taxClass.databaseId", reference),
    "detail.other_info.shipping_class": Served("shippingClass.databaseId", reference),
    "detail.other_info.group_pricing_by": Served("groupPricingBy", maybe_word),
    "detail.other_info.sold_individually": Served("soldIndividually", flag),
    "detail.other_info.use_pricing_table": Served("usePricingTable", flag),
}

# Fields without a recorded key: where their value is from.
OURS: Final[Mapping[str, Mapping[str, str]]] = {
    "Product": {
        "id": "the global id",
        "version": "counts changes made here",
        "metadata": "is documented as an input; the store never shows it",
        "activeEditor": "documented; no product of the recording has chosen an editor",
        "hasPriceRange": "compares minPrice with maxPrice",
        "hasSubscription": "asks the variants",
    },
    "ProductVariant": {
        "id": "the global id",
        "version": "counts changes made here",
        "expectedAvailable": "is computed from the stock numbers",
        "setupFeePerItem": "documented; the recorded store does not show it",
        "incomplete": "is derived from what a bundle consists of",
        **dict.fromkeys(("licensed", "licenseLimit", "licenseMonths"), "is said here: the shop tells nobody of it"),
    },
    "ProductDownload": {
        "id": "the global id",
        "version": "counts changes made here",
        "bucket": "documented; all recorded files lie on the store's own disk",
        "forAllVariants": "whether the recorded file names no variants",
        "url": "is signed here, anew each time",
    },
    "Media": {
        "id": "the global id",
        "version": "counts changes made here",
        "position": "the place in the recorded list",
        "createdAt": "when it was imported",
        "updatedAt": "when it was imported",
    },
}


def flattened(record: Record, keys: Mapping[str, Key], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a record with its value. Objects are entered (a list in the place of one is PHP's empty object)
    unless the mapping knows the key itself."""
    for name, value in record.items():
        path = before + name
        if isinstance(value, dict) and path not in keys:
            yield from flattened(value, keys, f"{path}.")
        elif path in keys or not (value in (None, []) and any(key.startswith(f"{path}.") for key in keys)):
            yield path, value


def selection(keys: Mapping[str, Key]) -> str:
    """A selection set of all that the mapping says is served, or will be."""
    tree: dict[str, Any] = {}
    for key in keys.values():
        if isinstance(key, Each):
            tree[key.field] = selection(key.keys)
        elif not isinstance(key, Left):
            *outer, leaf = (key.served if isinstance(key, Later) else key).field.split(".")
            place = tree
            for name in outer:
                place = place.setdefault(name, {})
            place[leaf] = ""
    return _written(tree)


def _written(tree: Mapping[str, Any]) -> str:
    fields = (f"{name} {_written(inner) if isinstance(inner, dict) else inner}" for name, inner in tree.items())
    return f"{{ {' '.join(fields)} }}"
