"""What happens in the catalog. Who may see products sees what became of them, drafts and deleted ones too."""

from typing import Final

from db.catalog.attribute import AttributeGroupRow, AttributeTermRow
from db.catalog.shipping import ShippingClassRow
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import TermRow
from db.catalog.upgrade_path import UpgradePathRow
from db.store.events import Subject, readers, told

VIEWERS: Final = readers("products/view")

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
)
ATTRIBUTE_TERM_CREATED: Final = ATTRIBUTE_TERM.created("A choice (red, large) was added to an attribute group.")
ATTRIBUTE_TERM_UPDATED: Final = ATTRIBUTE_TERM.updated("A term of an attribute group was renamed or moved.")
ATTRIBUTE_TERM_DELETED: Final = ATTRIBUTE_TERM.deleted("A term of an attribute group was deleted.")

TAX_CLASS: Final = Subject("tax_class", "TaxClass", VIEWERS, {"taxClassId": TaxClassRow.id, "slug": TaxClassRow.slug})
TAX_CLASS_CREATED: Final = TAX_CLASS.created("A tax class was made.")
TAX_CLASS_UPDATED: Final = TAX_CLASS.updated("A tax class was changed, or lost a category that was deleted.")
TAX_CLASS_DELETED: Final = TAX_CLASS.deleted("A tax class was deleted; its products have none, without events.")

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
