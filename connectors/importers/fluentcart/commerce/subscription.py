"""`GET /subscriptions`."""

from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from connectors.importers.fluentcart.money import convert, currency_of
from connectors.importers.fluentcart.remote_list import Batch, RemoteList, as_listed
from connectors.importers.fluentcart.values import (
    branch,
    cents,
    document,
    key,
    moment,
    name,
    paragraphs,
    plain,
    reference,
    whole,
    word,
)
from connectors.importers.mapping import Columns, Field, Mapped, Record, Tells, Unreadable
from connectors.importers.report import Skipped
from db.commerce.events import SUBSCRIPTION_CREATED, SUBSCRIPTION_UPDATED
from db.commerce.following import of_subscription
from db.commerce.subscription import FOUND_BY, CollectionMethod, SubscriptionRow, SubscriptionStatus

SUBSCRIPTION: Final = Mapped(
    "subscriptions",
    SubscriptionRow,
    {
        "id": Field("id", key),
        "uuid": Field("uuid", name()),
        "customer_id": Field("customer_id", reference),
        "order_id": Field("parent_order_id", reference),
        "product_id": Field("product_id", reference),
        "variant_id": Field("variation_id", reference),
        "item_name": Field("item_name", plain("")),
        "quantity": Field("quantity", whole(1)),
        "interval": Field("billing_interval", plain("")),
        "setup_fee": Field("signup_fee", cents()),
        "initial_tax_total": Field("initial_tax_total", cents()),
        "recurring_amount": Field("recurring_amount", cents()),
        "recurring_tax_total": Field("recurring_tax_total", cents()),
        "recurring_total": Field("recurring_total", cents()),
        "bill_times": Field("bill_times", whole(0, least=0)),
        "bill_count": Field("bill_count", whole(0, least=0)),
        "trial_days": Field("trial_days", whole(0, least=0)),
        "expire_at": Field("expire_at", moment),
        "trial_ends_at": Field("trial_ends_at", moment),
        "canceled_at": Field("canceled_at", moment),
        "restored_at": Field("restored_at", moment),
        "next_billing_at": Field("next_billing_date", moment, otherwise="next_billing_at"),
        "collection_method": Field("collection_method", word(CollectionMethod, CollectionMethod.AUTOMATIC)),
        "vendor_customer_id": Field("vendor_customer_id", name()),
        "vendor_plan_id": Field("vendor_plan_id", name()),
        "vendor_subscription_id": Field("vendor_subscription_id", name()),
        "status": Field("status", word(SubscriptionStatus, SubscriptionStatus.PENDING)),
        "original_plan": Field("original_plan", name()),
        "current_payment_method": Field("current_payment_method", name()),
        "config": Field("config", document),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    computed=("cancel_reason",),
    kept={"kept_here": False, "billing_day": None},
    unique=("uuid",),
    tells=Tells(SUBSCRIPTION_CREATED, SUBSCRIPTION_UPDATED),
    then=of_subscription,
    together=(
        ("status", "canceled_at", "cancel_reason", "restored_at"),
        ("recurring_amount", "recurring_tax_total", "recurring_total"),
    ),
    found_by=FOUND_BY,
)
SUBSCRIPTIONS: Final = RemoteList(SUBSCRIPTION.entity, "/subscriptions", "data", as_listed)


@dataclass(slots=True)
class Subscription:
    row: Columns

    @property
    def id(self) -> int:
        identifier: int = self.row["id"]
        return identifier


def read_subscriptions(batch: Batch[tuple[int, Record]], source: str) -> tuple[list[Subscription], list[Skipped]]:
    """The subscriptions of a batch, and what of it cannot be read. Never raises."""
    subscriptions: list[Subscription] = []
    skipped = list(batch.skipped)
    for identifier, record in batch.records:
        try:
            row = SUBSCRIPTION.read(record)
            row["cancel_reason"] = _cancel_reason(row)
            convert(SUBSCRIPTION, row, currency_of(record))
        except Unreadable as unreadable:
            skipped.append(Skipped(SUBSCRIPTION.entity, str(identifier), unreadable.field, unreadable.reason))
            continue
        row["uuid"] = row["uuid"] or str(uuid5(NAMESPACE_URL, f"{source}/subscriptions/{identifier}"))
        subscriptions.append(Subscription(row))
    return subscriptions, skipped


def _cancel_reason(row: Columns) -> str | None:
    """The shop keeps it in the configuration, and leaves it there when the subscription goes on."""
    if row["canceled_at"] is None and row["status"] is not SubscriptionStatus.CANCELED:
        return None
    try:
        return paragraphs("")(branch(row["config"]).get("cancellation_reason")) or None
    except Unreadable:
        return None
