"""A product and the variant that something happened to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.integration.data.record import Columns, Record, Rows, columns
from db.integration.data.store import StoreData
from db.integration.template.context import Context, Group, group
from db.store.row import table
from engine.values.viewer import Viewer

# What follows from others, what is for search, and what a thing costs the store.
PRODUCT: Final = Record(
    table(ProductRow),
    {
        "id": "ID",
        "title": "post_title",
        "slug": "post_name",
        "status": "post_status",
        "content": "post_content",
        "excerpt": "post_excerpt",
        "published_at": "post_date",
        "modified_at": "post_modified",
        "default_variant_id": "default_variation_id",
        "is_bundle": "is_bundle_product",
        "extra": "metadata",
        "shipping_class_id": "shipping_class",
        "tax_class_id": "tax_class",
    },
    frozenset({"version", "title_key", "search_text", "edit_url", "default_media", "active_editor", "detail_id"})
    | {column.name for column in table(ProductRow).c if column.name.startswith("public_")},
)
VARIANT: Final = Record(
    table(VariantRow),
    {
        "product_id": "post_id",
        "title": "variation_title",
        "price": "item_price",
        "position": "serial_index",
        "status": "item_status",
        "identifier": "variation_identifier",
        "shipping_class_id": "shipping_class",
        "interval": "repeat_interval",
        "billing_times": "times",
        "setup_fee": "signup_fee",
        "has_setup_fee": "manage_setup_fee",
        "setup_fee_label": "signup_fee_name",
    },
    frozenset({"version", "sku_key", "search_text", "cost", "manage_cost", "supplied", "incomplete"}),
)


@dataclass(frozen=True, slots=True)
class ProductData:
    """`variant` is the one that it is about, or the default one."""

    store: StoreData
    row: Columns
    variant: Columns | None
    variant_count: int

    @property
    def payload(self) -> dict[str, Any]:
        """By the documented names, money in minor units."""
        return {
            "product": PRODUCT.told(self.row),
            "variant": None if self.variant is None else VARIANT.told(self.variant),
        }

    @property
    def conditions(self) -> Mapping[str, Any]:
        payload = self.payload
        return {**payload["product"], **payload}

    @property
    def context(self) -> Context:
        groups = {"product": self._product()}
        if self.variant is not None:
            groups["variant"] = self._variant(self.variant)
        return Context(groups)

    def _money(self, name: str, cents: int) -> dict[str, Any]:
        amount = self.store.amount(cents)
        return {name: lambda: amount.decimal, f"{name}_formatted": lambda: amount.formatted}

    def _product(self) -> Group:
        own = group(
            {
                **self.row,
                **self._money("min_price", self.row["min_price"]),
                **self._money("max_price", self.row["max_price"]),
                "variant_count": self.variant_count,
                "metadata": self.row["extra"],
            }
        )

        def read(key: str) -> object:
            name, _, rest = key.partition(".")
            if name == "variant" and rest:
                return None if self.variant is None else self._variant(self.variant)(rest)
            return own(key)

        return read

    def _variant(self, row: Columns) -> Group:
        before = self._money("compare_price", row["compare_price"]) if row["compare_price"] else {}
        return group({**row, "compare_price": None, **self._money("price", row["price"]), **before})


# What somebody asks for: a product's id, a variant's, or both.
Wanted = tuple[int | None, int | None]
# Statements are asked for as many keys as the next of these holds: a text for each number would be planned anew.
_SIZES: Final = (1, 4, 16, 64, 256)
_OF_VARIANTS: Final = select(VARIANT.table.c.product_id).where(
    VARIANT.table.c.id.in_(bindparam("variants", expanding=True))
)
_COUNT: Final = (
    select(func.count())
    .select_from(VARIANT.table)
    .where(VARIANT.table.c.product_id == PRODUCT.table.c.id)
    .correlate(PRODUCT.table)
    .scalar_subquery()
    .label("variant_count")
)
# Made once, for whoever sees all of a product.
_BY_ID: Final = PRODUCT.statement(PRODUCT.table.c.id.in_(bindparam("products", expanding=True))).add_columns(_COUNT)
_BY_VARIANT: Final = PRODUCT.statement(PRODUCT.table.c.id.in_(_OF_VARIANTS)).add_columns(_COUNT)
_VARIANTS: Final = VARIANT.statement(VARIANT.table.c.id.in_(bindparam("variants", expanding=True)))


async def load_products(
    rows: Rows, viewer: Viewer, store: StoreData, wanted: Collection[Wanted]
) -> dict[Wanted, ProductData]:
    """In three statements at most, in two where nothing is asked for by its variant alone. Without those that are gone;
    none for who does not see all of one: what visitors may not see (its stock, its drafts) stands among the rest."""
    if not visibility.sees_catalog(viewer):
        return {}
    found: dict[int, tuple[Columns, int]] = {}
    by_id = {product for product, _ in wanted if product is not None}
    by_variant = {variant for product, variant in wanted if product is None and variant is not None}
    for statement, name, keys in ((_BY_ID, "products", by_id), (_BY_VARIANT, "variants", by_variant)):
        for row in await rows(statement, {name: padded(keys)}) if keys else ():
            read = {column: value for column, value in columns(row).items() if column != "variant_count"}
            found[row.id] = read, row.variant_count
    named = (*(variant for _, variant in wanted), *(read["default_variant_id"] for read, _ in found.values()))
    asked = {variant for variant in named if variant is not None}
    variants = {one.id: columns(one) for one in await rows(_VARIANTS, {"variants": padded(asked)})} if asked else {}
    told: dict[Wanted, ProductData] = {}
    for product, variant in wanted:
        key = variants.get(variant, _NOTHING).get("product_id") if product is None else product
        if key in found:
            own, count = found[key]
            some = (variants.get(one) for one in (variant, own["default_variant_id"]) if one is not None)
            chosen = next((one for one in some if one is not None and one["product_id"] == key), None)
            told[product, variant] = ProductData(store, own, chosen, count)
    return told


_NOTHING: Final[Columns] = {}


def padded(keys: Iterable[int]) -> list[int]:
    """The keys, and the last of them again up to one of a few numbers."""
    found = sorted(keys)
    size = next((size for size in _SIZES if size >= len(found)), len(found))
    return found + found[-1:] * (size - len(found))
