"""Products. The documented product detail (one per product) is part of the row."""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, MONEY, SORTED_TEXT, VersionedRow, wire
from db.text.folding import folded
from db.text.search import search_text
from engine.values.columns import instead


class ProductStatus(StrEnum):
    DRAFT = "draft"
    PUBLISH = "publish"
    FUTURE = "future"
    PRIVATE = "private"
    PENDING = "pending"
    TRASH = "trash"


class FulfillmentType(StrEnum):
    PHYSICAL = "physical"
    DIGITAL = "digital"


class VariationType(StrEnum):
    SIMPLE = "simple"
    SIMPLE_VARIATIONS = "simple_variations"
    ADVANCED_VARIATIONS = "advanced_variations"


class StockStatus(StrEnum):
    IN_STOCK = "in-stock"
    OUT_OF_STOCK = "out-of-stock"


class GroupPricing(StrEnum):
    PAYMENT_TYPE = "payment_type"
    REPEAT_INTERVAL = "repeat_interval"
    NONE = "none"


# Who may see what is not public: drafts, inactive variants, and what follows from them.
VIEW: Final = "products/view"
# What a product repeats of its variants is kept twice: of all of them, and of the active ones under names that begin
# so. The first is read by those who see all variants, the second by everyone else (docs/adr/0030).
PUBLIC: Final = "public_"


def _repeats(name: str, **more: Any) -> dict[str, Any]:
    return {**instead(f"{PUBLIC}{name}", without=VIEW), **more}


# Columns that follow from others, which are what somebody changed.
FOLLOWS: Final = frozenset({"title_key", "modified_at"})


def sort_key(text: str) -> str:
    """The order of titles, in which case and accents do not count; the same bytes on both databases."""
    return folded(text)


def asked_title(text: str) -> str:
    """What a title, or a part of one, is compared with: titles are stored with one space between words. Not trimmed,
    for a part may begin or end with it."""
    return sort_key(re.sub(r"\s+", " ", text))


class ProductRow(VersionedRow, table=True):
    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("min_price >= 0 AND max_price >= min_price", name="prices"),
        CheckConstraint("public_min_price >= 0 AND public_max_price >= public_min_price", name="public_prices"),
        Index("ix_product_title_key_id", "title_key", "id"),
        Index("ix_product_status_id", "status", "id"),
        Index("ix_product_published_at_id", "published_at", "id"),
        Index("ix_product_modified_at_id", "modified_at", "id"),
        Index("ix_product_min_price_id", "min_price", "id"),
        Index("ix_product_max_price_id", "max_price", "id"),
        Index("ix_product_stock_availability_id", "stock_availability", "id"),
        Index("ix_product_has_subscription_id", "has_subscription", "id"),
        # Who reads these sees one status alone: with it in front a page comes out of the index in its order.
        Index("ix_product_public_min_price", "status", "public_min_price", "id"),
        Index("ix_product_public_max_price", "status", "public_max_price", "id"),
        Index("ix_product_public_stock_availability", "status", "public_stock_availability", "id"),
        Index("ix_product_public_has_subscription", "status", "public_has_subscription", "id"),
        {"sqlite_autoincrement": True},  # an identifier is never given twice, not even after a delete
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    title: str
    title_key: str = Field(sa_type=SORTED_TEXT)
    search_text: str = Field(default="", sa_type=SORTED_TEXT)  # product_search_text
    status: ProductStatus = Field(default=ProductStatus.DRAFT, sa_type=wire(ProductStatus))
    excerpt: str = ""
    content: str = ""
    slug: str = Field(sa_type=SORTED_TEXT, unique=True)
    published_at: datetime | None = None
    modified_at: datetime | None = None
    comment_status: str | None = None
    view_url: str | None = None
    edit_url: str | None = None
    featured_image_id: int | None = Field(default=None, sa_type=KEY)
    # The documented `metadata`; that name belongs to SQLModel.
    extra: Any | None = Field(default=None, sa_type=DOCUMENT)

    detail_id: int | None = Field(default=None, sa_type=KEY, unique=True)
    fulfillment_type: FulfillmentType = Field(sa_type=wire(FulfillmentType))
    variation_type: VariationType = Field(default=VariationType.SIMPLE, sa_type=wire(VariationType))
    min_price: int = Field(default=0, sa_type=MONEY, sa_column_kwargs=_repeats("min_price"))
    max_price: int = Field(default=0, sa_type=MONEY, sa_column_kwargs=_repeats("max_price"))
    default_variant_id: int | None = Field(
        default=None,
        sa_type=KEY,
        index=True,
        sa_column_args=[
            ForeignKey("product_variant.id", name="fk_product_default_variant_id", use_alter=True, ondelete="SET NULL")
        ],
    )
    default_media: Any | None = Field(default=None, sa_type=DOCUMENT)
    manage_stock: bool = False
    stock_availability: StockStatus = Field(
        default=StockStatus.IN_STOCK, sa_type=wire(StockStatus), sa_column_kwargs=_repeats("stock_availability")
    )
    manage_downloadable: bool = False
    group_pricing_by: GroupPricing | None = Field(default=None, sa_type=wire(GroupPricing))
    sold_individually: bool = False
    use_pricing_table: bool = False
    shipping_class_id: int | None = Field(
        default=None, foreign_key="shipping_class.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    tax_class_id: int | None = Field(
        default=None, foreign_key="tax_class.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    active_editor: str | None = None
    is_bundle: bool = False
    has_subscription: bool = Field(default=False, sa_column_kwargs=_repeats("has_subscription", server_default=false()))
    public_min_price: int = Field(default=0, sa_type=MONEY, sa_column_kwargs={"server_default": text("0")})
    public_max_price: int = Field(default=0, sa_type=MONEY, sa_column_kwargs={"server_default": text("0")})
    public_stock_availability: StockStatus = Field(
        default=StockStatus.IN_STOCK,
        sa_type=wire(StockStatus, "public_stockstatus"),
        sa_column_kwargs={"server_default": StockStatus.IN_STOCK.value},
    )
    public_has_subscription: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


def product_search_text(product_id: int, title: str, variants: Iterable[tuple[str, str | None]]) -> str:
    """The documented search of products (title, id, variant titles), and SKUs."""
    return search_text(title, product_id, *(part for variant in variants for part in variant))
