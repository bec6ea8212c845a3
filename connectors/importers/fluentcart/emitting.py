"""Which events an import may write: those of its tables (`Tells`), what goes with them, and that it came to its end."""

from typing import Final

from connectors.importers.fluentcart.catalog.download import DOWNLOAD
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.shipping import SHIPPING_CLASS
from connectors.importers.fluentcart.catalog.tax import TAX_CLASS
from connectors.importers.fluentcart.catalog.taxonomy import TERM
from connectors.importers.fluentcart.catalog.upgrade_path import UPGRADE_PATH
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.commerce.coupon import COUPON
from connectors.importers.fluentcart.commerce.customer import ADDRESS, CUSTOMER
from connectors.importers.fluentcart.commerce.order import ORDER
from connectors.importers.fluentcart.commerce.store import STORE
from connectors.importers.fluentcart.commerce.subscription import SUBSCRIPTION
from connectors.importers.fluentcart.integration.feed import FEED
from db.catalog.events import INVENTORY_CHANGED, PRODUCT_PUBLISHED
from db.commerce.events import STORE_IMPORTED
from db.commerce.following import KINDS as FOLLOWING

TELLING: Final = (
    *(PRODUCT, VARIANT, DOWNLOAD, UPGRADE_PATH, TERM, TAX_CLASS, SHIPPING_CLASS),
    *(CUSTOMER, ADDRESS, COUPON, ORDER, SUBSCRIPTION, STORE, FEED),
)
_OF_TABLES: Final = [mapped.tells for mapped in TELLING if mapped.tells is not None]
EMITS: Final = frozenset(
    kind.name
    for kind in (
        *(kind for tells in _OF_TABLES for kind in (tells.created, tells.updated, tells.deleted)),
        *(INVENTORY_CHANGED, PRODUCT_PUBLISHED, STORE_IMPORTED),
        *FOLLOWING,  # of a shop that is connected
    )
    if kind is not None
)
