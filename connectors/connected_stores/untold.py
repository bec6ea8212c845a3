"""What a column of a row says where a kind of shop does not tell it. What hangs on other records (`product_id`, what
was paid) is put in its place when those are read."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.commerce.order import ITEM, ORDER
from db.catalog.product import FulfillmentType, StockStatus, VariationType
from db.catalog.variant import ONE_TIME, PaymentType, VariantStatus
from db.commerce.order import LineType, OrderMode, OrderStatus, OrderType, PaymentStatus, TaxBehavior

# By the table's name.
UNTOLD: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        PRODUCT.table.name: {
            "excerpt": "",
            "comment_status": None,
            "view_url": None,
            "edit_url": None,
            "featured_image_id": None,
            "detail_id": None,
            "fulfillment_type": FulfillmentType.PHYSICAL,
            "variation_type": VariationType.SIMPLE,
            "default_variant_id": None,
            "default_media": None,
            "manage_stock": False,  # the variants are what is counted
            "manage_downloadable": False,
            "group_pricing_by": None,
            "sold_individually": False,
            "use_pricing_table": False,
            "shipping_class_id": None,
            "tax_class_id": None,
            "active_editor": None,
            "is_bundle": False,
        },
        VARIANT.table.name: {
            "product_id": 0,
            "title": "",
            "identifier": None,
            "status": VariantStatus.ACTIVE,
            "position": 0,
            "sold_individually": False,
            "downloadable": False,
            "shipping_class_id": None,
            "media_id": None,
            "description": "",
            "compare_price": 0,
            "manage_cost": False,
            "cost": 0,
            "manage_stock": False,
            "stock_status": StockStatus.IN_STOCK,
            "total_stock": 0,
            "available": 0,
            "on_hold": 0,
            "committed": 0,
            "payment_type": PaymentType.ONETIME,
            "length": None,
            "width": None,
            "height": None,
            "weight_unit": None,
            "package_slug": None,
            **ONE_TIME,
        },
        ORDER.table.name: {
            "uuid": None,
            "status": OrderStatus.PROCESSING,
            "payment_status": PaymentStatus.PENDING,
            "shipping_status": None,  # none is known
            "type": OrderType.PAYMENT,
            "mode": OrderMode.LIVE,
            "parent_id": None,
            "receipt_number": None,
            "fulfillment_type": None,
            "customer_id": None,
            "payment_method": "",
            "payment_method_title": "",
            "subtotal": 0,
            "manual_discount_total": 0,
            "discount_tax": 0,
            "shipping_tax": 0,
            "fee_total": 0,
            "total_paid": 0,
            "total_refund": 0,
            "rate": Decimal(1),
            "tax_behavior": TaxBehavior.NONE,
            "refunded_at": None,
            "config": None,
        },
        ITEM.table.name: {
            "order_id": 0,
            "variant_id": None,
            "fulfillment_type": FulfillmentType.PHYSICAL,
            "payment_type": LineType.ONETIME,
            "fulfilled_quantity": 0,
            "unit_price": 0,
            "cost": 0,
            "subtotal": 0,
            "tax_amount": 0,
            "shipping_charge": 0,
            "discount_total": 0,
            "line_total": 0,
            "refund_total": 0,
            "rate": Decimal(1),
            "position": 0,
            "other_info": None,
            "line_meta": None,
            "referrer": None,
            "created_at": None,
            "updated_at": None,
        },
    }
)
