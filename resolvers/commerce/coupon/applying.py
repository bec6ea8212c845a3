"""Coupons used for an order that is being written: which codes apply, and what they take off."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog import visibility as catalog
from db.catalog.taxonomy import CATEGORIES, ProductTermRow, TermRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.coupon import AppliedCouponRow, CouponType, code_key
from db.commerce.customer import CustomerRow, email_key
from db.commerce.order import OrderRow, OrderStatus
from db.commerce.store import MONEY_FORMAT
from db.commerce.sums.discount import ELSEWHERE, Asked, DiscountedLine, alone, by_line, discounts, purchase, refused
from db.store.row import now, table
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.scalars import MOST_CENTS
from engine.values.viewer import either
from resolvers.commerce.amounts import amounts
from resolvers.commerce.coupon.input import CouponApplyInput, CouponCancelInput, CouponItemInput
from resolvers.commerce.coupon.listing import COUPON
from resolvers.commerce.coupon.using import sought
from resolvers.editing.locking import MOST_REFERENCED, key_of

MOST_CODES: Final = 20
WRITES_ORDERS: Final = either("orders/create", "orders/manage")
APPLIED: Final = table(AppliedCouponRow)
CUSTOMER: Final = table(CustomerRow)
ORDER: Final = table(OrderRow)
PRODUCT_TERM: Final = table(ProductTermRow)
TERM: Final = table(TermRow)
VARIANT: Final = table(VariantRow)

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Buyer:
    """`keys` of customers whose orders count as theirs; `order`: the one that is being written, which does not."""

    keys: Collection[int]
    email: str
    order: int | None = None


async def applied(
    unit: Unit,
    codes: Sequence[str],
    lines: Sequence[DiscountedLine],
    *,
    customer: Mapping[str, Any] | None,
    path: str,
    order: int | None = None,
) -> list[dict[str, Any]]:
    """The coupons of these codes, as they are asked for, locked until the transaction ends: whoever writes the order
    counts their use. Refuses at `path` and the place of each code that none has (NOT_FOUND) or that does not apply
    (BUSINESS_RULE), and leaves it out; settling is the caller's.

    `customer`: `id` (None of one whom the store does not know yet) and `email`. `order`: the one that is being changed,
    whose own use of a coupon is not in its way. Whoever knows a code may use it, with coupons/view or without."""
    email = (customer or {}).get("email") or ""
    found = (customer or {}).get("id")
    keys = await _known_by(unit.connection, email) if found is None else [found]
    places = [(path, str(index)) for index in range(len(codes))]
    return await _judged(unit, codes, places, lines, _Buyer(keys, email, order))


async def categories_of(connection: AsyncConnection, products: Collection[int]) -> dict[int, frozenset[int]]:
    """The categories of products by their keys; those without one are left out."""
    return by_product(await connection.execute(category_links(products))) if products else {}


def category_links(products: Collection[int]) -> Select[int, int]:
    """Products with the categories that they are in, by keys."""
    return (
        select(PRODUCT_TERM.c.product_id, PRODUCT_TERM.c.term_id)
        .join(TERM, TERM.c.id == PRODUCT_TERM.c.term_id)
        .where(PRODUCT_TERM.c.product_id.in_(products), TERM.c.taxonomy == CATEGORIES)
    )


def by_product(links: Iterable[Any]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for product, term in links:
        found.setdefault(product, set()).add(term)
    return {product: frozenset(terms) for product, terms in found.items()}


@mutation(permission=WRITES_ORDERS, rest="POST /coupons/apply")
async def coupon_apply(unit: Unit, input: CouponApplyInput) -> Keys:
    """Say what an order costs with one more coupon, beside those that it has. Nothing is written: a coupon is used by
    the order that is placed with it."""
    codes = [*input.applied_codes, input.code]
    places: list[Place] = [("appliedCodes", str(index)) for index in range(len(input.applied_codes))]
    return await _said(unit, input, codes, [*places, ("code",)])


@mutation(permission=WRITES_ORDERS, rest="POST /coupons/cancel")
async def coupon_cancel(unit: Unit, input: CouponCancelInput) -> Keys:
    """Say what an order costs without one of its coupons. Nothing is written: of an order that is placed, changing it
    takes a coupon away."""
    taken = code_key(input.code)
    left = [(index, code) for index, code in enumerate(input.applied_codes) if code_key(code) != taken]
    if len(left) == len(input.applied_codes):
        unit.refuse(ErrorCode.BUSINESS_RULE, "This coupon is not used", "code")
    places: list[Place] = [("appliedCodes", str(index)) for index, _ in left]
    return await _said(unit, input, [code for _, code in left], places)


async def _said(
    unit: Unit, input: CouponApplyInput | CouponCancelInput, codes: Sequence[str], places: Sequence[Place]
) -> Keys:
    if len(input.applied_codes) > MOST_CODES:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_CODES} of them", "appliedCodes")
    buyer = await _buyer(unit, input)
    lines = await _lines(unit, input.items)
    unit.settle()
    coupons = await _judged(unit, codes, places, lines, buyer)
    unit.settle()
    found = discounts(coupons, lines)
    lost = by_line(found)
    codes_of = {coupon["id"]: coupon["code"] for coupon in coupons}
    cents = amounts((await unit.connection.execute(select(MONEY_FORMAT))).scalar_one_or_none())
    subtotal, total = sum(line.subtotal for line in lines), sum(lost.values())
    return {
        "coupons": [
            {"coupon": key, "code": codes_of[key], "discount": cents(sum(taken.values()))}
            for key, taken in found.items()
        ],
        "lines": [
            {
                "index": line.key,
                "variant": line.variant_id,
                "quantity": line.quantity,
                "subtotal": cents(line.subtotal),
                "discount": cents(lost.get(line.key, 0)),
                "total": cents(line.subtotal - lost.get(line.key, 0)),
                "coupons": [
                    {"coupon": key, "code": codes_of[key], "discount": cents(taken[line.key])}
                    for key, taken in found.items()
                    if line.key in taken
                ],
            }
            for line in lines
        ],
        "subtotal": cents(subtotal),
        "total_discount": cents(total),
        "total": cents(subtotal - total),
        "free_shipping": any(coupon["type"] is CouponType.FREE_SHIPPING for coupon in coupons),
    }


async def _buyer(unit: Unit, input: CouponApplyInput | CouponCancelInput) -> _Buyer:
    email = (input.customer_email or "").strip()
    if input.customer_id is None:
        return _Buyer(await _known_by(unit.connection, email), email)
    statement = select(CUSTOMER.c.id, CUSTOMER.c.email).where(
        CUSTOMER.c.id == key_of(input.customer_id), visibility.customers(unit.viewer)
    )
    row = (await unit.connection.execute(statement)).first()
    if row is None:
        unit.refuse(ErrorCode.NOT_FOUND, "No such customer", "customerId")
        return _Buyer([], email)
    return _Buyer([row.id], email or row.email)


async def _known_by(connection: AsyncConnection, email: str) -> list[int]:
    """The customers with an address; of an imported store several may have it in another case."""
    key = email_key(email)
    if not key or "\0" in key:
        return []
    return list((await connection.execute(select(CUSTOMER.c.id).where(CUSTOMER.c.email_key == key))).scalars())


async def _lines(unit: Unit, items: Sequence[CouponItemInput]) -> list[DiscountedLine]:
    """The lines, numbered by their places, as far as they are ones."""
    if not 1 <= len(items) <= MOST_REFERENCED:
        unit.refuse(ErrorCode.VALIDATION, f"1 to {MOST_REFERENCED} lines", "items")
        return []
    keys = [key_of(item.variant_id) for item in items]
    statement = select(VARIANT.c.id, VARIANT.c.product_id, VARIANT.c.price).where(
        VARIANT.c.id.in_(keys), catalog.variants(unit.viewer)
    )
    variants = {row.id: row for row in await unit.connection.execute(statement)}
    categories = await categories_of(unit.connection, {row.product_id for row in variants.values()})
    lines, total = [], 0
    for index, (item, key) in enumerate(zip(items, keys, strict=True)):
        errors, variant = unit.at("items", str(index)), variants.get(key)
        price = item.unit_price if item.unit_price is not None else variant.price if variant is not None else 0
        if variant is None:
            errors.refuse(ErrorCode.NOT_FOUND, "No such variant", "variantId")
        if item.quantity < 1:
            errors.refuse(ErrorCode.VALIDATION, "At least 1", "quantity")
        if price < 0:
            errors.refuse(ErrorCode.VALIDATION, "Not below 0", "unitPrice")
        if variant is not None:
            of, total = variant.product_id, total + price * item.quantity
            terms = categories.get(of, frozenset())
            lines.append(DiscountedLine(index, of, key, terms, item.quantity, price, price * item.quantity))
    if total > MOST_CENTS:
        unit.refuse(ErrorCode.VALIDATION, "The lines are more than an amount can be", "items")
    return lines


async def _judged(
    unit: Unit, codes: Sequence[str], places: Sequence[Place], lines: Sequence[DiscountedLine], buyer: _Buyer
) -> list[dict[str, Any]]:
    keys = [code_key(code) for code in codes]
    found = await _locked(unit, codes)
    uses, own = await _uses(unit.connection, [row["id"] for row in found.values()], buyer)
    total = purchase(lines)
    who = Asked(now(), next(iter(buyer.keys), None), buyer.email, 0)
    kept: dict[int, tuple[dict[str, Any], Place]] = {}
    for key, place in zip(keys, places, strict=True):
        coupon = found.get(key)
        if coupon is None:
            unit.refuse(ErrorCode.NOT_FOUND, "No such coupon", *place)
            continue
        judged = {**coupon, "use_count": coupon["use_count"] - (coupon["id"] in own)}
        asked = who._replace(uses_by_customer=uses.get(coupon["id"], 0))
        if coupon["id"] in kept:
            unit.refuse(ErrorCode.BUSINESS_RULE, "This coupon is used already", *place)
        elif (sentence := refused(judged, lines, asked, total)) is not None:
            unit.refuse(ErrorCode.BUSINESS_RULE, sentence, *place)
        else:
            kept[coupon["id"]] = coupon, place
    for one in alone([coupon for coupon, _ in kept.values()]):
        unit.refuse(ErrorCode.BUSINESS_RULE, ELSEWHERE, *kept.pop(one)[1])
    return [coupon for coupon, _ in kept.values()]


async def _locked(unit: Unit, codes: Collection[str]) -> dict[str, dict[str, Any]]:
    """By the keys of codes, in the order of the coupons' own."""
    if not (keys := sought(codes)):
        return {}
    statement = select(COUPON).where(COUPON.c.code_key.in_(keys)).order_by(COUPON.c.id).with_for_update()
    return {row["code_key"]: dict(row) for row in (await unit.connection.execute(statement)).mappings()}


async def _uses(
    connection: AsyncConnection, coupons: Collection[int], buyer: _Buyer
) -> tuple[Mapping[int, int], Collection[int]]:
    """How many other orders of theirs that are not canceled have each of these coupons; and which of these the order
    that is being written has itself."""
    if not coupons:
        return {}, ()
    joined = select(APPLIED.c.coupon_id).join(ORDER, ORDER.c.id == APPLIED.c.order_id)
    standing = joined.where(APPLIED.c.coupon_id.in_(coupons), ORDER.c.status != OrderStatus.CANCELED)
    own: Collection[int] = ()
    if buyer.order is not None:
        own = set((await connection.execute(standing.where(ORDER.c.id == buyer.order))).scalars())
        standing = standing.where(ORDER.c.id != buyer.order)
    if not buyer.keys:
        return {}, own
    counted = standing.add_columns(func.count(func.distinct(ORDER.c.id)).label("uses")).group_by(APPLIED.c.coupon_id)
    rows = await connection.execute(counted.where(ORDER.c.customer_id.in_(buyer.keys)))
    return {row.coupon_id: row.uses for row in rows}, own
