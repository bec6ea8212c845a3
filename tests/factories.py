"""One function per table: a row with what it must have, and what the test says of it."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers.sequences import advance
from db.access.application_password import ApplicationPasswordRow
from db.access.audit import AuditRow
from db.access.document import TrustedDocumentRow
from db.access.token import TokenRow
from db.access.user import UserRow
from db.access.viewer import ViewerKind
from db.catalog.attribute import AttributeGroupRow, AttributeTermRow, VariantAttributeRow
from db.catalog.bundle import BundleItemRow
from db.catalog.derivations import FROM_VARIANTS
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.media import MediaRow
from db.catalog.product import PUBLIC, FulfillmentType, ProductRow, ProductStatus, sort_key
from db.catalog.shipping import ShippingClassRow, ShippingClassType
from db.catalog.sku import key_of_stored
from db.catalog.tax import TaxClassRow
from db.catalog.tax_rate import TaxRateRow
from db.catalog.taxonomy import BRANDS, CATEGORIES, LABELS, ProductTermRow, TaxonomyRow, TermRow
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import PaymentType, VariantRow, VariantStatus
from db.commerce import coupon as coupons
from db.commerce import customer as customers
from db.commerce import license as licenses
from db.commerce import order as orders
from db.commerce import order_bump as order_bumps
from db.commerce import subscription as subscriptions
from db.commerce.address import AddressType
from db.commerce.cart import CartItemRow, CartRow
from db.commerce.coupon import AppliedCouponRow, CouponRow, CouponType
from db.commerce.customer import CustomerAddressRow, CustomerRow
from db.commerce.license import LicenseActivationRow, LicenseRow, LicenseSiteRow
from db.commerce.order import (
    DownloadPermissionRow,
    OrderAddressRow,
    OrderItemRow,
    OrderRow,
    OrderTaxRow,
    OrderTransactionRow,
    PaymentStatus,
    TransactionStatus,
)
from db.commerce.order_bump import OrderBumpRow
from db.commerce.payment_method import PaymentMethodRow
from db.commerce.shipping_method import ShippingMethodRow, ShippingMethodType
from db.commerce.store import StoreRow
from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from db.integration.connected_store import ConnectedStoreRow
from db.integration.feed import FeedRow, FeedScope, FeedVariantRow
from db.integration.provider import ProviderRow
from db.integration.push import PushSubscriptionRow
from db.integration.workflow.row import (
    WorkflowActionType,
    WorkflowEntity,
    WorkflowRow,
    WorkflowRunRow,
    WorkflowStepRow,
)
from db.secrets.encrypted import Secret
from db.secrets.hashed import hashed
from db.store.outbox import EventRow
from db.store.row import Row, table
from tests.gateway import Gateway

R = TypeVar("R", bound=Row)

# A migrated store has some of these: a test's own take their places.
ALWAYS_THERE: Final = (StoreRow, TaxonomyRow, PaymentMethodRow)


async def store_rows(gateway: Gateway, rows: Sequence[Row]) -> None:
    """Write rows as they are, in this order, in one transaction; ids that a database gives come after theirs. Of
    products, whether they have subscriptions follows from the variants among them."""
    for row in rows:
        if isinstance(row, VariantRow) and row.payment_type is PaymentType.SUBSCRIPTION:
            for product in (p for p in rows if isinstance(p, ProductRow) and p.id == row.product_id):
                product.has_subscription = True
                product.public_has_subscription |= row.status is VariantStatus.ACTIVE
    tables = {table(type(row)) for row in rows}
    async with gateway.database.write() as connection:
        # Neighbours of one kind go together: a statement for each is what most tests would take most time for.
        for _, alike in groupby(rows, lambda row: (type(row), getattr(row, "id", 0) is None)):
            await _insert(connection, [*alike])
        await advance(connection, [of for of in tables if of.dialect_options["sqlite"]["autoincrement"]])
        await connection.commit()


async def insert_row(connection: AsyncConnection, row: Row) -> None:
    await _insert(connection, [row])


async def _insert(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Rows of one kind, all with an id or all without."""
    kind = type(rows[0])
    of = table(kind)
    values = [{name: getattr(row, name) for name in kind.model_fields} for row in rows]
    for each in values:
        if each.get("id", 0) is None:
            del each["id"]
        if issubclass(kind, ALWAYS_THERE):
            await connection.execute(delete(of).where(*(column == each[column.name] for column in of.primary_key)))
    await connection.execute(of.insert(), values)


def _made(row: type[R], given: Mapping[str, Any], values: Mapping[str, Any]) -> R:
    return row(**{**given, **values})


def store(**values: Any) -> StoreRow:
    return _made(StoreRow, {"name": "Test Store"}, values)


def product(id: int, **values: Any) -> ProductRow:
    """What everyone sees of its variants is what is said of all of them, unless something else is said."""
    title = values.setdefault("title", f"Product {id}")
    for name in FROM_VARIANTS:
        if f"{PUBLIC}{name}" in FROM_VARIANTS and name in values:
            values.setdefault(f"{PUBLIC}{name}", values[name])
    return _made(
        ProductRow,
        {
            "id": id,
            "title_key": sort_key(title),
            "slug": f"product-{id}",
            "status": ProductStatus.PUBLISH,
            "fulfillment_type": FulfillmentType.DIGITAL,
        },
        values,
    )


def variant(id: int, product_id: int, **values: Any) -> VariantRow:
    return _made(
        VariantRow,
        {
            "id": id,
            "product_id": product_id,
            "title": f"Variant {id}",
            "sku": f"SKU-{id}",
            "sku_key": key_of_stored(values.get("sku", f"SKU-{id}")),
            "fulfillment_type": FulfillmentType.DIGITAL,
        },
        values,
    )


def taxonomy(name: str, label: str, plural: str, singular: str) -> TaxonomyRow:
    return TaxonomyRow(name=name, label=label, plural_label=plural, singular_label=singular)


def categories() -> TaxonomyRow:
    return taxonomy(CATEGORIES, *LABELS[CATEGORIES])


def brands() -> TaxonomyRow:
    return taxonomy(BRANDS, *LABELS[BRANDS])


def term(id: int, taxonomy: str = CATEGORIES, **values: Any) -> TermRow:
    name = values.setdefault("name", f"Term {id}")
    return _made(TermRow, {"id": id, "taxonomy": taxonomy, "name_key": sort_key(name), "slug": f"term-{id}"}, values)


def product_term(product_id: int, term_id: int) -> ProductTermRow:
    return ProductTermRow(product_id=product_id, term_id=term_id)


def download(id: int, product_id: int, **values: Any) -> DownloadRow:
    return _made(DownloadRow, {"id": id, "product_id": product_id, "title": f"File {id}"}, values)


def download_variant(download_id: int, variant_id: int) -> DownloadVariantRow:
    return DownloadVariantRow(download_id=download_id, variant_id=variant_id)


def shipping_class(id: int, **values: Any) -> ShippingClassRow:
    return _made(
        ShippingClassRow, {"id": id, "name": f"Class {id}", "cost": 500, "type": ShippingClassType.FIXED}, values
    )


def payment_method(key: str, **values: Any) -> PaymentMethodRow:
    return _made(PaymentMethodRow, {"key": key}, values)


def shipping_method(id: int, **values: Any) -> ShippingMethodRow:
    """Five an order, everywhere, unless said otherwise."""
    made = {"id": id, "title": f"Method {id}", "type": ShippingMethodType.PER_ORDER, "amount": 500, "position": id}
    return _made(ShippingMethodRow, made, values)


def media(id: int, **values: Any) -> MediaRow:
    return _made(MediaRow, {"id": id, "url": f"https://images.example.com/{id}.jpg"}, values)


def bundle_item(variant_id: int, child_id: int, position: int = 1) -> BundleItemRow:
    return BundleItemRow(variant_id=variant_id, child_id=child_id, position=position)


def upgrade_path(id: int, from_variant_id: int, **values: Any) -> UpgradePathRow:
    return _made(UpgradePathRow, {"id": id, "from_variant_id": from_variant_id}, values)


def upgrade_target(path_id: int, variant_id: int, position: int = 1) -> UpgradePathTargetRow:
    return UpgradePathTargetRow(path_id=path_id, variant_id=variant_id, position=position)


def customer(id: int, **values: Any) -> CustomerRow:
    made = _made(CustomerRow, {"id": id, "uuid": f"customer-{id}", "email": f"customer-{id}@example.com"}, values)
    return _found(made, customers.FOUND_BY)


def _found(row: R, by: Mapping[str, Callable[[Mapping[str, Any]], Any]]) -> R:
    """With what it is found by."""
    for name, of in by.items():
        setattr(row, name, of(vars(row)))
    return row


def coupon(id: int, **values: Any) -> CouponRow:
    """Five off unless said otherwise."""
    made = {"id": id, "title": f"Coupon {id}", "code": f"C{id}", "type": CouponType.FIXED}
    if values.get("type", CouponType.FIXED) is CouponType.FIXED:
        made["amount"] = 500
    return _found(_made(CouponRow, made, values), coupons.FOUND_BY)


def applied_coupon(id: int, order_id: int, coupon_id: int | None, **values: Any) -> AppliedCouponRow:
    given = {"id": id, "order_id": order_id, "coupon_id": coupon_id, "code": f"C{coupon_id}", "amount": 500}
    return _made(AppliedCouponRow, given, values)


def cart(id: int, token: str, **values: Any) -> CartRow:
    return _made(CartRow, {"id": id, "token_hash": hashed(token)}, values)


def cart_item(cart_id: int, variant_id: int, quantity: int = 1) -> CartItemRow:
    return CartItemRow(cart_id=cart_id, variant_id=variant_id, quantity=quantity)


def order(id: int, **values: Any) -> OrderRow:
    """Paid unless said otherwise."""
    made = {"id": id, "uuid": f"order-{id}", "currency": "USD", "payment_status": PaymentStatus.PAID}
    return _found(_made(OrderRow, made, values), orders.ORDER_FOUND_BY)


def order_transaction(id: int, order_id: int, **values: Any) -> OrderTransactionRow:
    """A payment that succeeded unless said otherwise."""
    return _made(
        OrderTransactionRow,
        {
            "id": id,
            "order_id": order_id,
            "uuid": f"transaction-{id}",
            "currency": "USD",
            "status": TransactionStatus.SUCCEEDED,
        },
        values,
    )


def order_address(id: int, order_id: int, **values: Any) -> OrderAddressRow:
    return _made(OrderAddressRow, {"id": id, "order_id": order_id, "type": AddressType.BILLING}, values)


def customer_address(id: int, customer_id: int, **values: Any) -> CustomerAddressRow:
    return _made(CustomerAddressRow, {"id": id, "customer_id": customer_id, "type": AddressType.BILLING}, values)


def order_bump(id: int, variant_id: int, **values: Any) -> OrderBumpRow:
    made = {"id": id, "hash": f"bump-{id}", "title": f"Bump {id}", "source_variant_id": variant_id}
    return _found(_made(OrderBumpRow, made, values), order_bumps.FOUND_BY)


def order_item(id: int, order_id: int, **values: Any) -> OrderItemRow:
    made = {"id": id, "order_id": order_id, "fulfillment_type": FulfillmentType.DIGITAL}
    return _found(_made(OrderItemRow, made, values), orders.ITEM_FOUND_BY)


def download_permission(id: int, order_id: int, download_id: int, **values: Any) -> DownloadPermissionRow:
    return _made(DownloadPermissionRow, {"id": id, "order_id": order_id, "download_id": download_id}, values)


def subscription(id: int, **values: Any) -> SubscriptionRow:
    made = {"id": id, "uuid": f"subscription-{id}", "status": SubscriptionStatus.ACTIVE}
    return _found(_made(SubscriptionRow, made, values), subscriptions.FOUND_BY)


def licence(id: int, **values: Any) -> LicenseRow:
    return _found(_made(LicenseRow, {"id": id, "license_key": f"{id:032x}"}, values), licenses.FOUND_BY)


def license_site(id: int, **values: Any) -> LicenseSiteRow:
    host = f"site-{id}.example"
    return _made(LicenseSiteRow, {"id": id, "site_url": f"https://{host}", "site_key": host}, values)


def license_activation(id: int, license_id: int, site_id: int, **values: Any) -> LicenseActivationRow:
    given = {"license_id": license_id, "site_id": site_id, "activation_hash": f"{id:032x}"}
    return _made(LicenseActivationRow, {"id": id, "activation_method": "manual", **given}, values)


def provider(key: str, **values: Any) -> ProviderRow:
    return _made(
        ProviderRow, {"key": key, "title": key.title(), "scopes": ["global", "product"], "enabled": True}, values
    )


def feed(id: int, provider_key: str, **values: Any) -> FeedRow:
    """A global feed, or one of the product that is named."""
    scope = FeedScope.PRODUCT if "product_id" in values else FeedScope.GLOBAL
    return _made(
        FeedRow, {"id": id, "source_id": id, "provider_key": provider_key, "scope": scope, "name": f"Feed {id}"}, values
    )


def connected_store(guid: str, **values: Any) -> ConnectedStoreRow:
    """With the FluentCart shop of tests.vendors.shops."""
    given = {"guid": guid, "provider": "fluentcart", "store_url": "https://cart.example"}
    return _made(ConnectedStoreRow, given, values)


def feed_variant(feed_id: int, variant_id: int) -> FeedVariantRow:
    return FeedVariantRow(feed_id=feed_id, variant_id=variant_id)


def attribute_group(id: int, **values: Any) -> AttributeGroupRow:
    given = {"id": id, "title": f"Group {id}", "slug": f"group-{id}"}
    return _made(AttributeGroupRow, given, {"title_key": sort_key(values.get("title", given["title"])), **values})


def attribute_term(id: int, group_id: int, **values: Any) -> AttributeTermRow:
    given = {"id": id, "group_id": group_id, "title": f"Term {id}", "slug": f"term-{id}", "position": id}
    return _made(AttributeTermRow, given, {"title_key": sort_key(values.get("title", given["title"])), **values})


def variant_attribute(variant_id: int, term_id: int) -> VariantAttributeRow:
    return VariantAttributeRow(variant_id=variant_id, term_id=term_id)


def tax_rate(id: int, tax_class_id: int, **values: Any) -> TaxRateRow:
    made = {"id": id, "tax_class_id": tax_class_id, "name": f"Rate {id}", "country": "DE", "rate": 190_000}
    return _made(TaxRateRow, made, values)


def order_tax(id: int, order_id: int, tax_rate_id: int, **values: Any) -> OrderTaxRow:
    made = {"id": id, "order_id": order_id, "tax_rate_id": tax_rate_id, "name": f"Rate {tax_rate_id}", "rate": 190_000}
    return _made(OrderTaxRow, made, values)


def tax_class(id: int, **values: Any) -> TaxClassRow:
    return _made(TaxClassRow, {"id": id, "title": f"Tax {id}", "slug": f"tax-{id}"}, values)


def user(id: int, **values: Any) -> UserRow:
    return _made(UserRow, {"id": id, "login": f"user-{id}", "email": f"user-{id}@example.com"}, values)


def application_password(id: int, user_id: int, **values: Any) -> ApplicationPasswordRow:
    given = {"id": id, "user_id": user_id, "name": f"Application {id}", "secret_hash": f"hash-{id}"}
    return _made(ApplicationPasswordRow, given, values)


def push_subscription(id: int, user_id: int, **values: Any) -> PushSubscriptionRow:
    """With the keys of RFC 8291's example."""
    given = {
        "id": id,
        "user_id": user_id,
        "endpoint": f"https://push.example/{id}",
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": Secret("BTBZMqHH6r4Tts7J_aSIgg"),
    }
    return _made(PushSubscriptionRow, given, values)


def token(id: int, **values: Any) -> TokenRow:
    return _made(TokenRow, {"id": id, "name": f"Token {id}", "secret_hash": f"hash-{id}", "permissions": []}, values)


def event(id: int, name: str, entity: str, **values: Any) -> EventRow:
    given = {"id": id, "position": id, "name": name, "entity": entity, "version": 1, "changed": [], "payload": {}}
    return _made(EventRow, given, values)


def audit_entry(id: int, action: str, **values: Any) -> AuditRow:
    return _made(AuditRow, {"id": id, "action": action, "actor_name": "admin", "actor_kind": ViewerKind.TOKEN}, values)


def trusted_document(id: int, **values: Any) -> TrustedDocumentRow:
    given = {"id": id, "client": "shop", "document_id": f"document-{id}", "text": "{ __typename }"}
    return _made(TrustedDocumentRow, given, values)


def workflow(number: int, **values: Any) -> WorkflowRow:
    defaults: dict[str, Any] = {
        "guid": str(UUID(int=number)),
        "name": f"Workflow {number}",
        "entity_type": WorkflowEntity.PRODUCT,
        "trigger": "product_updated",
        "steps": [{"type": "update_status", "status": "draft"}],
        "conditions": {},
    }
    return WorkflowRow(**defaults | values)


def workflow_run(id: int, workflow: int, event_id: int, **values: Any) -> WorkflowRunRow:
    defaults: dict[str, Any] = {
        "workflow_guid": str(UUID(int=workflow)),
        "key": f"{id:032x}",
        "entity_type": WorkflowEntity.PRODUCT,
        "entity": "Product:1",
        "event": "product.updated",
        "steps": [{"type": "update_status", "status": "draft"}],
    }
    return WorkflowRunRow(id=id, event_id=event_id, **defaults | values)


def workflow_step(id: int, run_id: int, **values: Any) -> WorkflowStepRow:
    defaults: dict[str, Any] = {"position": 0, "type": WorkflowActionType.UPDATE_STATUS}
    return WorkflowStepRow(id=id, run_id=run_id, **defaults | values)
