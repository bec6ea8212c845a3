"""Inputs of what is done to licences."""

from datetime import datetime

import strawberry

from db.commerce.license import LicenseStatus
from engine.declared.input import identifies
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.editable import edited_version


@strawberry.input(description="A new licence, of a product or of one of its variants. Its key is made here.")
class LicenseCreateInput:
    product_id: strawberry.ID | None = identifies(
        "Product", description="What it is for; needed where no variant says so."
    )
    variant_id: strawberry.ID | None = identifies(
        "ProductVariant", description="What it is for, where that is one variant of a product."
    )
    customer_id: strawberry.ID | None = identifies(
        "Customer", description="Whose it is. When absent, the order's customer; without an order, nobody's yet."
    )
    order_id: strawberry.ID | None = identifies(
        "Order", description="The order that it was sold with: one of its lines is of that product, or variant."
    )
    limit: int = strawberry.field(
        default=0, description="How many sites it may be activated on, local ones left out; 0: any number."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends, in the future; null or absent: never."
    )


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class LicenseUpdateInput:
    id: strawberry.ID = identifies("License")
    expected_version: int | None = edited_version()
    status: strawberry.Maybe[LicenseStatus] = strawberry.field(
        default=None,
        description="ACTIVE, DISABLED or EXPIRED. One whose date has come is ACTIVE only with a later one.",
    )
    limit: strawberry.Maybe[int] = strawberry.field(
        default=None,
        description="How many sites it may be activated on, no less than there are (`activationCount`); 0: any number.",
    )
    expires_at: strawberry.Maybe[datetime | None] = strawberry.field(
        default=None,
        description="When it ends, in the future; null: never. One that is EXPIRED is ACTIVE again by it, unless "
        "`status` says otherwise.",
    )
    regenerate_key: bool = strawberry.field(
        default=False,
        description="Whether it gets another key. The one it had finds nothing from then on; its sites stay activated.",
    )


@strawberry.input(description="Which licence, and on which site.")
class LicenseActivateInput:
    id: strawberry.ID = identifies("License")
    url: str = strawberry.field(
        description="The site's URL, up to 255 characters: `https://shop.example`. It is one site whatever the scheme, "
        "`www.`, a query, and slashes at the end."
    )


@strawberry.input(description="Which activation of a licence ends.")
class LicenseDeactivateInput:
    id: strawberry.ID = identifies("LicenseActivation")


@strawberry.input(description="The order whose licences are made.")
class LicensesGenerateInput:
    order_id: strawberry.ID = identifies("Order", description="A paid order, which is not canceled.")
