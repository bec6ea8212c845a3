"""Licences, and the sites that they are activated on."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col
from strawberry.scalars import JSON

from db.catalog.download import DownloadRow, received_with
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.commerce.license import (
    ActivationStatus,
    LicenseActivationRow,
    LicenseRow,
    LicenseSiteRow,
    LicenseStatus,
)
from db.commerce.order import OrderRow
from db.commerce.subscription import SubscriptionRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, told
from engine.values.columns import element
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.license.activating import license_activate, license_deactivate
from resolvers.commerce.license.listing import ACTIVATIONS
from resolvers.commerce.license.writing import license_create, license_update
from resolvers.commerce.order.licensing import licenses_generate

if TYPE_CHECKING:
    from schema.catalog.download import ProductDownload
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
    from schema.commerce.customer import Customer
    from schema.commerce.order import Order
    from schema.commerce.subscription import CustomerSubscription


@entity(LicenseRow, visible=visibility.licenses, description="The right to run what was bought, on so many sites.")
class License(Node):
    database_id: int = column(LicenseRow.id)
    key: str = column(
        LicenseRow.license_key,
        description="What its owner shows to have it, unique. It is a secret of theirs: whoever has licenses/view sees "
        "it, because support has to, and it stands in no event, no delivery, no log and no entry of the audit log.",
    )
    status: LicenseStatus = column(
        LicenseRow.status,
        description="Whether it is in force. One whose `expiresAt` has come counts as EXPIRED from that moment; the "
        "word itself follows within a minute.",
    )
    limit: int = column(
        LicenseRow.activation_limit,
        description="How many sites it may be activated on, local ones left out; 0: any number.",
    )
    activation_count: int = column(
        LicenseRow.activation_count, description="How many sites it is activated on, local ones left out."
    )
    expires_at: datetime | None = column(
        LicenseRow.expires_at, description="When it ends, in UTC; null: never, it is for life."
    )
    returned: bool = column(
        LicenseRow.returned,
        description="Whether the piece that it came with was given back, or taken off its order: it was DISABLED then, "
        "and another piece brings another licence.",
    )
    config: JSON | None = computed(
        lambda v: v, LicenseRow.config, description="Opaque to the gateway, as the shop keeps it."
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id,
        to=LicenseRow.product_id,
        description="What it is for; null once it is deleted, or while it is hidden from you.",
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id,
        to=LicenseRow.variant_id,
        description="Which of the product's variants; null when it is for none in particular, or that is deleted, or "
        "hidden from you.",
    )
    downloads: list[Annotated["ProductDownload", strawberry.lazy("schema.catalog.download")]] = related(
        LicenseRow.id,
        to=LicenseRow.id,
        on=(col(DownloadRow.product_id) == LicenseRow.product_id) & received_with(element(LicenseRow.variant_id)),
        order=[DownloadRow.position],
        description="The files of its product that it is for: those of every variant, and those limited to its own. "
        "Whether it gives a right to them now is what `status` says. Empty without products/view.",
    )
    customer: Annotated["Customer", strawberry.lazy("schema.commerce.customer")] | None = related(
        CustomerRow.id,
        to=LicenseRow.customer_id,
        description="Whose it is; null for nobody's, when they are deleted, and without customers/view.",
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id,
        to=LicenseRow.order_id,
        description="What it was sold with; null for none, when it is deleted, and without orders/view.",
    )
    subscription: Annotated["CustomerSubscription", strawberry.lazy("schema.commerce.subscription")] | None = related(
        SubscriptionRow.id,
        to=LicenseRow.subscription_id,
        description="What it lasts with, as the shop that sold it has it; null for none, and without "
        "subscriptions/view.",
    )
    parent: "License | None" = related(
        LicenseRow.id, to=LicenseRow.parent_id, description="The licence that this one takes the place of."
    )
    children: list["License"] = related(
        LicenseRow.parent_id, to=LicenseRow.id, description="The licences that take its place."
    )
    activations: Connection["LicenseActivation"] = connected(
        ACTIVATIONS,
        key=LicenseActivationRow.license_id,
        to=LicenseRow.id,
        description="The sites that it is or was activated on, the oldest first unless sorted.",
    )


@entity(LicenseActivationRow, visible=visibility.license_activations, description="A licence on a site.")
class LicenseActivation(Node):
    database_id: int = column(LicenseActivationRow.id)
    status: ActivationStatus = column(LicenseActivationRow.status, description="Whether it goes on.")
    is_local: bool = column(
        LicenseActivationRow.is_local,
        description="Whether the site is for whoever builds it (`localhost`, `*.test`, `staging.…`), and takes no "
        "place of the licence.",
    )
    activation_method: str = column(
        LicenseActivationRow.activation_method, description="How it came about: `manual` is by `licenseActivate`."
    )
    activation_hash: str = column(
        LicenseActivationRow.activation_hash,
        description="Unique, and not to be guessed: what the software on the site may know its activation by.",
    )
    last_update_version: str | None = column(
        LicenseActivationRow.last_update_version,
        description="The version that the site last updated to; null while none is known.",
    )
    last_update_at: datetime | None = column(
        LicenseActivationRow.last_update_at, description="When it did, in UTC; null while that is not known."
    )
    license: License | None = related(
        LicenseRow.id, to=LicenseActivationRow.license_id, description="What the site is activated with."
    )
    site: "LicenseSite | None" = related(
        LicenseSiteRow.id, to=LicenseActivationRow.site_id, description="Where it is activated."
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id,
        to=LicenseActivationRow.product_id,
        description="What runs there, as the licence had it then; null once it is deleted, or while it is hidden.",
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id,
        to=LicenseActivationRow.variant_id,
        description="Which variant runs there, as the licence had it then; null once it is deleted, or hidden.",
    )


@entity(LicenseSiteRow, visible=visibility.license_sites, description="A place where licensed software runs.")
class LicenseSite(Node):
    database_id: int = column(LicenseSiteRow.id)
    site_url: str = column(
        LicenseSiteRow.site_url,
        description="Its URL, as it was first given. `https://www.shop.example/` and `shop.example` are one site.",
    )
    server_version: str | None = column(
        LicenseSiteRow.server_version, description="What its server runs, as the site said; null when it did not."
    )
    platform_version: str | None = column(
        LicenseSiteRow.platform_version, description="What its platform is, as the site said; null when it did not."
    )
    activations: Connection[LicenseActivation] = connected(
        ACTIVATIONS,
        key=LicenseActivationRow.site_id,
        to=LicenseSiteRow.id,
        description="The licences that are or were activated on it, the oldest first unless sorted.",
    )


@strawberry.type(description="The new licence, with its key.")
class LicenseCreatePayload(Payload):
    license: License | None = changed(LicenseRow.id)


@strawberry.type(description="The licence as it is now.")
class LicenseUpdatePayload(Payload):
    license: License | None = changed(LicenseRow.id)


@strawberry.type(description="The activation, new or as it was, and its licence as that is now.")
class LicenseActivatePayload(Payload):
    activation: LicenseActivation | None = changed(LicenseActivationRow.id)
    license: License | None = changed(LicenseRow.id)


@strawberry.type(description="The activation, which is over, and its licence as that is now.")
class LicenseDeactivatePayload(Payload):
    activation: LicenseActivation | None = changed(LicenseActivationRow.id)
    license: License | None = changed(LicenseRow.id)


@strawberry.type(description="The order, and what was made for it.")
class LicensesGeneratePayload(Payload):
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = changed(OrderRow.id)
    licenses: list[License] = changed(
        LicenseRow.id, description="The new licences, with their keys; none where none was missing."
    )
    missing: int | None = told(description="How many are to be made yet, by the same call again.")


@strawberry.type
class LicenseMutations:
    licenses_generate: LicensesGeneratePayload | None = performed(licenses_generate)
    license_create: LicenseCreatePayload | None = performed(license_create)
    license_update: LicenseUpdatePayload | None = performed(license_update)
    license_activate: LicenseActivatePayload | None = performed(license_activate)
    license_deactivate: LicenseDeactivatePayload | None = performed(license_deactivate)
