"""Lines of orders: what callers ask for, looked up in the catalogue and priced."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy import select

from db.catalog import visibility
from db.catalog.bundle import BundleItemRow
from db.catalog.product import FulfillmentType, ProductStatus
from db.catalog.variant import VariantStatus
from db.commerce.order import ITEM_FOUND_BY, LineType
from db.commerce.sums.plan import due_now, is_plan
from db.commerce.sums.totals import line_sums
from db.store.row import table
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode, Errors
from resolvers.catalog.locking import PRODUCT, VARIANT
from resolvers.commerce.order.stock import Shelf, hold_variants
from resolvers.commerce.rows import Rows, within
from resolvers.editing.locking import key_of

MOST_LINES: Final = 100
MOST_QUANTITY: Final = 1_000_000
MOST_MONEY: Final = 2**53 - 1  # what an amount of the graph goes up to
_BUNDLE: Final = table(BundleItemRow)
_SOLD: Final = (ProductStatus.PUBLISH, ProductStatus.PRIVATE)


class Asked(Protocol):
    """What an input says of a new line."""

    variant_id: Any
    product_id: Any
    unit_price: Any


@dataclass(slots=True)
class Choice:
    """A variant that is bought: a line, and of a bundle one for each of its parts."""

    variant: Mapping[str, Any]
    product: Mapping[str, Any]
    quantity: int
    unit_price: int
    place: tuple[str, ...]
    parts: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=list)
    meta: Mapping[str, Any] | None = None  # of its line, as `OrderItemRow.line_meta`

    def line(self) -> dict[str, Any]:
        if is_plan(self.variant):
            due = due_now(self.variant, self.quantity)
            return _line(self.variant, self.product, self.quantity, due.unit_price, LineType.SUBSCRIPTION)
        return _line(self.variant, self.product, self.quantity, self.unit_price, LineType.ONETIME)

    def fee_lines(self) -> list[dict[str, Any]]:
        """What a subscription costs at its beginning, if anything: a line of its own."""
        fee = due_now(self.variant, self.quantity).setup_fee
        if not fee:
            return []
        title = self.variant["setup_fee_label"] or self.variant["title"]
        named = {**self.variant, "title": title, "fulfillment_type": FulfillmentType.DIGITAL, "cost": 0}
        # It is of no variant that could leave the stock.
        return [{**_line(named, self.product, 1, fee, LineType.SIGNUP_FEE), "variant_id": None}]

    def part_lines(self) -> list[dict[str, Any]]:
        return [_line(variant, product, self.quantity, 0, LineType.BUNDLE) for variant, product in self.parts]


def _line(
    variant: Mapping[str, Any], product: Mapping[str, Any], quantity: int, unit_price: int, kind: LineType
) -> dict[str, Any]:
    made = {
        "product_id": product["id"],
        "variant_id": variant["id"],
        "product_title": product["title"],
        "title": variant["title"],
        "fulfillment_type": variant["fulfillment_type"],
        "payment_type": kind,
        "quantity": quantity,
        "unit_price": unit_price,
        "cost": variant["cost"],
        **line_sums(unit_price, quantity, 0),
    }
    return made | {name: of(made) for name, of in ITEM_FOUND_BY.items()}


def check_quantity(errors: Errors, quantity: int, *, least: int = 1) -> bool:
    """`least` 0: where none of it takes it out."""
    if least <= quantity <= MOST_QUANTITY:
        return True
    said = f"From 1 to {MOST_QUANTITY} pieces" + (", or 0 to take it out" if least == 0 else "")
    errors.refuse(ErrorCode.VALIDATION, said, "quantity")
    return False


def check_price(errors: Errors, unit_price: int, quantity: int) -> bool:
    if unit_price < 0:
        errors.refuse(ErrorCode.VALIDATION, "Not below 0", "unitPrice")
    elif unit_price * quantity > MOST_MONEY:
        errors.refuse(ErrorCode.VALIDATION, "So much money is no amount", "unitPrice")
    else:
        return True
    return False


async def choose(
    unit: Unit,
    asked: Sequence[tuple[tuple[str, ...], Asked, int]],
    also: Sequence[int] = (),
    *,
    plans: bool = False,
    lock: bool = True,
) -> tuple[list[Choice], Shelf]:
    """What new lines are of, each with its place in the input and its quantity; and all variants that they and their
    parts are of (and those that are named by key besides), locked unless somebody only looks. Refuses, each in its
    place, what cannot be bought; the choices are without those. `plans`: subscriptions can be."""
    wanted = [(place, ask, quantity, _named(unit.at(*place), ask)) for place, ask, quantity in asked]
    variants = await _of_products(unit, [key for *_, (kind, key) in wanted if kind == "product"])
    keys = {key for *_, (kind, key) in wanted if kind == "variant"} | set(variants.values())
    parts = await parts_of(within(unit), keys)
    every = keys | set(also) | {child for of in parts.values() for child in of}
    shelf = await hold_variants(unit, sorted(every), lock=lock)
    seen = select(VARIANT.c.id).where(VARIANT.c.id.in_(keys), visibility.variants(unit.viewer))
    visible = set((await unit.connection.execute(seen)).scalars())
    choices = []
    for place, ask, quantity, (kind, key) in wanted:
        errors = unit.at(*place)
        variant = variants.get(key, -1) if kind == "product" else key
        if kind is None:
            continue
        if variant not in visible or variant not in shelf.variants:
            errors.refuse(ErrorCode.NOT_FOUND, f"No such {kind}", f"{kind}Id")
            continue
        row = shelf.variants[variant]
        price = row["price"] if ask.unit_price is None else ask.unit_price
        choice = Choice(row, shelf.products[row["product_id"]], quantity, price, place)
        choice.parts = [
            (shelf.variants[child], shelf.products[shelf.variants[child]["product_id"]])
            for child in parts.get(variant, ())
            if child in shelf.variants
        ]
        if _purchasable(errors, choice, plans=plans):
            choices.append(choice)
    return choices, shelf


def _named(errors: Errors, ask: Asked) -> tuple[str | None, int]:
    if (ask.variant_id is None) == (ask.product_id is None):
        errors.refuse(ErrorCode.VALIDATION, "A line names a variant or a product, and not both", "variantId")
        return None, -1
    if ask.variant_id is not None:
        return "variant", key_of(ask.variant_id)
    return "product", key_of(ask.product_id)


async def _of_products(unit: Unit, keys: Sequence[int]) -> dict[int, int]:
    """By product that can be seen the variant that is bought of it: the default one, else the first."""
    if not keys:
        return {}
    statement = (
        select(VARIANT.c.product_id, VARIANT.c.id, PRODUCT.c.default_variant_id)
        .join(PRODUCT, PRODUCT.c.id == VARIANT.c.product_id)
        .where(VARIANT.c.product_id.in_(keys), visibility.products(unit.viewer))
        .order_by(VARIANT.c.product_id, VARIANT.c.position, VARIANT.c.id)
    )
    found: dict[int, int] = {}
    for product, variant, default in await unit.connection.execute(statement):
        found.setdefault(product, default or variant)
    return found


async def parts_of(rows: Rows, bundles: Collection[int]) -> dict[int, list[int]]:
    """What bundles consist of, by variant, in order."""
    found: dict[int, list[int]] = {}
    columns = _BUNDLE.c
    statement = select(columns.variant_id, columns.child_id).where(columns.variant_id.in_(sorted(bundles)))
    if bundles:
        for variant, child in await rows(statement.order_by(columns.variant_id, columns.position)):
            found.setdefault(variant, []).append(child)
    return found


def _purchasable(errors: Errors, choice: Choice, *, plans: bool) -> bool:
    """Whether a variant can be bought, but for its stock."""
    variant, product = choice.variant, choice.product
    if product["status"] not in _SOLD or variant["status"] is not VariantStatus.ACTIVE:
        errors.refuse(ErrorCode.BUSINESS_RULE, "It is not for sale")
    elif is_plan(variant) and not plans:
        errors.refuse(ErrorCode.BUSINESS_RULE, "A subscription begins at a checkout; no order made here has one")
    elif is_plan(variant) and choice.quantity > 1:
        errors.refuse(ErrorCode.BUSINESS_RULE, "Of a subscription there is one", "quantity")
    elif variant["incomplete"]:
        errors.refuse(ErrorCode.BUSINESS_RULE, "Something that this bundle consisted of is gone")
    elif any(part["status"] is not VariantStatus.ACTIVE for part, _ in choice.parts):
        errors.refuse(ErrorCode.BUSINESS_RULE, "Something that this bundle consists of is not for sale")
    elif variant["sold_individually"] and choice.quantity > 1:
        errors.refuse(ErrorCode.BUSINESS_RULE, "It is sold one by one", "quantity")
    else:
        return check_price(errors, choice.unit_price, choice.quantity)
    return False
