"""What happens in the catalog. Who may see products sees what became of them, drafts and deleted ones too."""

from typing import Final

from db.catalog.attribute import AttributeGroupRow, AttributeTermRow
from db.catalog.download import DownloadRow
from db.catalog.product import FOLLOWS, ProductRow
from db.catalog.shipping import ShippingClassRow
from db.catalog.tax import TaxClassRow
from db.catalog.tax_rate import TaxRateRow
from db.catalog.taxonomy import TermRow
from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import VariantRow
from db.store.events import Payload, Subject, readers, told

VIEWERS: Final = readers("products/view")

PRODUCT: Final = Subject(
    "product",
    "Product",
    VIEWERS,
    {"productId": ProductRow.id, "slug": told(ProductRow.slug, sample="linen-shirt")},
    shown_as={
        "default_variant_id": "default_variant",
        "extra": "metadata",
        "shipping_class_id": "shipping_class",
        "tax_class_id": "tax_class",
        **dict.fromkeys(FOLLOWS),
    },
)
PRODUCT_CREATED: Final = PRODUCT.created(
    "A product was made, new or as a copy of another (`duplicateOf`); each of its variants has an event of its own.",
    {"duplicateOf": told(lambda row: row.get("duplicate_of"), int | None)},
)
PRODUCT_UPDATED: Final = PRODUCT.updated(
    "A product was changed, or what belongs to it: its variants, pictures, terms or classes."
)
PRODUCT_PUBLISHED: Final = PRODUCT.beside(
    "published", "A product is for sale from now on: somebody published it, or its date came."
)
PRODUCT_DELETED: Final = PRODUCT.deleted("A product was deleted; what went with it has events of its own.")

VARIANT_PAYLOAD: Final[Payload] = {
    "variantId": VariantRow.id,
    "productId": VariantRow.product_id,
    "sku": told(VariantRow.sku, sample="SHIRT-M"),
}
VARIANT: Final = Subject(
    "variant",
    "ProductVariant",
    VIEWERS,
    VARIANT_PAYLOAD,
    shown_as={"shipping_class_id": "shipping_class", "search_text": None, "sku_key": None, "supplied": None},
)
VARIANT_CREATED: Final = VARIANT.created("A variant was made, alone or with its product.")
VARIANT_UPDATED: Final = VARIANT.updated("A variant was changed: its price, its stock, its pictures, its bundle items.")
VARIANT_DELETED: Final = VARIANT.deleted("A variant was deleted, alone or with its product.")
INVENTORY_CHANGED: Final = Subject(
    "inventory",
    "ProductVariant",
    VIEWERS,
    {
        **VARIANT_PAYLOAD,
        "totalStock": VariantRow.total_stock,
        "available": VariantRow.available,
        "manageStock": VariantRow.manage_stock,
        "stockStatus": VariantRow.stock_status,
    },
).updated(
    "The stock of a variant changed: for those who watch nothing else. `variant.updated` tells of it too, but not of a "
    "bundle whose stock status followed that of what it consists of.",
    verb="changed",
    of=("manage_stock", "total_stock", "available", "committed", "on_hold", "stock_status"),
)

DOWNLOAD: Final = Subject(
    "download",
    "ProductDownload",
    VIEWERS,
    {"downloadId": DownloadRow.id, "productId": DownloadRow.product_id},
    shown_as={"variant_ids": "variants"},
)
DOWNLOAD_CREATED: Final = DOWNLOAD.created("Buyers of a product receive a file more.")
DOWNLOAD_UPDATED: Final = DOWNLOAD.updated("The record of a file was changed, or lost a variant that was deleted.")
DOWNLOAD_DELETED: Final = DOWNLOAD.deleted("The record of a file was deleted, alone or with its product.")

# A row is where the file is: `driver`, `bucket` (null: the driver has none), `path`; and its `size` in bytes.
FILE: Final = Subject(
    "file",
    "StoredFile",
    readers("store/sensitive"),
    {
        "path": told("path", str, sample="manual__fluent-cart__.1764400000.pdf"),
        "driver": told("driver", str, sample="local"),
        "bucket": told("bucket", str | None),
    },
    key=lambda row: "/".join(filter(None, (row["driver"], row["bucket"], row["path"]))),
)
FILE_UPLOADED: Final = FILE.created("A file was stored.", {"size": told("size", int, sample=48_213)}, verb="uploaded")
FILE_DELETED: Final = FILE.deleted("A stored file was deleted.")

TERM: Final = Subject(
    "term",
    "Term",
    VIEWERS,
    {
        "termId": TermRow.id,
        "taxonomy": told(TermRow.taxonomy, sample="product-categories"),
        "parentId": TermRow.parent_id,
        "slug": TermRow.slug,
    },
    shown_as={"parent_id": "parent", "name_key": None},
)
TERM_CREATED: Final = TERM.created("A category, a brand or another term was made.")
TERM_UPDATED: Final = TERM.updated("A term was renamed, described or moved to another parent.")
TERM_DELETED: Final = TERM.deleted("A term was deleted; what stood below it has events of its own.")

ATTRIBUTE_GROUP: Final = Subject(
    "attribute_group",
    "AttributeGroup",
    VIEWERS,
    {"attributeGroupId": AttributeGroupRow.id, "slug": AttributeGroupRow.slug},
    shown_as={"title_key": None},
)
ATTRIBUTE_GROUP_CREATED: Final = ATTRIBUTE_GROUP.created("A kind of difference (colour, size) was made.")
ATTRIBUTE_GROUP_UPDATED: Final = ATTRIBUTE_GROUP.updated("An attribute group was renamed.")
ATTRIBUTE_GROUP_DELETED: Final = ATTRIBUTE_GROUP.deleted(
    "An attribute group was deleted; each of its terms has an event of its own."
)

ATTRIBUTE_TERM: Final = Subject(
    "attribute_term",
    "AttributeTerm",
    VIEWERS,
    {
        "attributeTermId": AttributeTermRow.id,
        "attributeGroupId": AttributeTermRow.group_id,
        "slug": AttributeTermRow.slug,
    },
    shown_as={"title_key": None},
)
ATTRIBUTE_TERM_CREATED: Final = ATTRIBUTE_TERM.created("A choice (red, large) was added to an attribute group.")
ATTRIBUTE_TERM_UPDATED: Final = ATTRIBUTE_TERM.updated("A term of an attribute group was renamed or moved.")
ATTRIBUTE_TERM_DELETED: Final = ATTRIBUTE_TERM.deleted("A term of an attribute group was deleted.")

TAX_CLASS: Final = Subject("tax_class", "TaxClass", VIEWERS, {"taxClassId": TaxClassRow.id, "slug": TaxClassRow.slug})
TAX_CLASS_CREATED: Final = TAX_CLASS.created("A tax class was made.")
TAX_CLASS_UPDATED: Final = TAX_CLASS.updated("A tax class was changed, or lost a category that was deleted.")
TAX_CLASS_DELETED: Final = TAX_CLASS.deleted(
    "A tax class was deleted with its rates; its products have none, without events."
)

TAX_RATE: Final = Subject(
    "tax_rate",
    "TaxRate",
    VIEWERS,
    {
        "taxRateId": TaxRateRow.id,
        "taxClassId": TaxRateRow.tax_class_id,
        "country": told(TaxRateRow.country, sample="DE"),
    },
    shown_as={"tax_class_id": "tax_class"},
)
TAX_RATE_CREATED: Final = TAX_RATE.created("There is one more tax rate.")
TAX_RATE_UPDATED: Final = TAX_RATE.updated("A tax rate was changed; orders keep what they were taxed by.")
TAX_RATE_DELETED: Final = TAX_RATE.deleted("A tax rate was deleted, by itself or with its class.")

SHIPPING_CLASS: Final = Subject("shipping_class", "ShippingClass", VIEWERS, {"shippingClassId": ShippingClassRow.id})
SHIPPING_CLASS_CREATED: Final = SHIPPING_CLASS.created("A shipping class was made.")
SHIPPING_CLASS_UPDATED: Final = SHIPPING_CLASS.updated("A shipping class was changed.")
SHIPPING_CLASS_DELETED: Final = SHIPPING_CLASS.deleted(
    "A shipping class was deleted; its products and variants have none, without events."
)

# The row with `product_id` (of the variant that it starts from) and `targets` (variants in their order) beside it.
UPGRADE_PATH: Final = Subject(
    "upgrade_path",
    "UpgradePath",
    VIEWERS,
    {
        "upgradePathId": UpgradePathRow.id,
        "productId": told("product_id", int),
        "fromVariantId": UpgradePathRow.from_variant_id,
        "toVariantIds": told("targets", list[int]),
    },
    shown_as={"from_variant_id": "from", "targets": "to"},
)
UPGRADE_PATH_CREATED: Final = UPGRADE_PATH.created("A way from a variant to others was offered.")
UPGRADE_PATH_UPDATED: Final = UPGRADE_PATH.updated("An upgrade path was changed, or lost a target that was deleted.")
UPGRADE_PATH_DELETED: Final = UPGRADE_PATH.deleted(
    "An upgrade path was deleted, by itself or with the last variant that it led from or to."
)
