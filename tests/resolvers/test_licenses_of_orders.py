"""Paid orders bring licences: how many, whose, until when, and what stops them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.access.viewer import ANONYMOUS, Viewer
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.license import LicenseStatus
from db.commerce.order import LineType, OrderStatus, OrderType, PaymentStatus
from db.commerce.subscription import CollectionMethod, SubscriptionStatus
from db.commerce.sums.plan import months_later
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import dump, events
from tests.resolvers.test_carts import begun
from tests.resolvers.test_checkout import HOME, buy, till
from tests.resolvers.test_orders import gid, go, of, shop, taken, wrong
from tests.resolvers.test_renewals import renew, subscribed

__all__ = ["shop", "till"]

SINGLE, AGENCY, SUITE, GIFT, PLAN = 20, 21, 22, 23, 24
READ = """{ licenses(first: 100, sort: [{field: ID}]) { nodes {
  databaseId key status returned limit activationCount expiresAt version
  variant { databaseId } product { databaseId } order { databaseId } customer { databaseId }
  subscription { databaseId } } } }"""
MADE = "order { databaseId } licenses { databaseId key status } missing"
RECEIPT = """query Of($uuid: String!) { checkoutReceipt(uuid: $uuid) { orderNumber
  licenses { key status limit activationCount expiresAt productTitle title } } }"""
PAST = datetime(2024, 11, 2, 8, tzinfo=UTC)
MANAGER = Viewer("token:manager", "manager", frozenset({"licenses/view", "licenses/manage"}))
READER = Viewer("token:reader", "reader", frozenset({"orders/view"}))


@pytest.fixture
async def software(till: Gateway) -> Gateway:
    """20: one site, a year. 21: any number, for life. 22: a set of 20 and a poster. 23: one site, for nothing."""
    await factories.store_rows(
        till,
        [
            factories.product(20, title="Editor"),
            factories.variant(
                SINGLE, 20, title="Single", price=5000, licensed=True, license_limit=1, license_months=12
            ),
            factories.variant(AGENCY, 20, title="Agency", price=9000, position=2, licensed=True),
            factories.variant(GIFT, 20, title="Gift", price=0, position=3, licensed=True, license_limit=1),
            factories.product(21, title="Suites", is_bundle=True),
            factories.variant(SUITE, 21, title="Suite", price=6000),
            factories.bundle_item(SUITE, SINGLE, 1),
            factories.bundle_item(SUITE, 4, 2),
        ],
    )
    return till


async def licenses(gateway: Gateway, order: int | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await gateway(READ))["licenses"]["nodes"]
    return [one for one in found if order is None or (one["order"] or {}).get("databaseId") == order]


async def statuses(gateway: Gateway) -> list[str]:
    return [one["status"] for one in await licenses(gateway)]


async def pay(gateway: Gateway, order: Any) -> Any:
    paid = await go(gateway, "orderMarkAsPaid", id=order["id"])
    assert paid["userErrors"] == []
    return paid["order"]


async def bought(gateway: Gateway, *items: dict[str, Any]) -> Any:
    return await pay(gateway, await taken(gateway, *items))


async def give_back(gateway: Gateway, order: Any, amount: int, **restock: int) -> None:
    """`restock`: by the title of a line how many pieces of it come back."""
    items = {line["title"]: gid("OrderItem", line["databaseId"]) for line in order["items"]}
    payment = gid("OrderTransaction", order["transactions"][0]["databaseId"])
    back = [{"itemId": items[title], "quantity": quantity} for title, quantity in restock.items()]
    said = {"id": order["id"], "transactionId": payment, "amount": amount, "restock": back}
    assert (await go(gateway, "orderRefund", **said))["userErrors"] == []


async def generate(gateway: Gateway, order: int, **how: Any) -> Any:
    return await done(gateway, "licensesGenerate", {"orderId": gid("Order", order)}, MADE, **how)


async def places_of_keys(gateway: Gateway) -> set[str]:
    """The tables that hold keys beside that of licences: events, the audit log, answers that are kept."""
    keys = [one["key"] for one in await licenses(gateway)]
    assert keys
    tables = (await dump(gateway)).items()
    return {name for name, rows in tables if name != "license" and any(key in str(rows) for key in keys)}


def until(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def near(shown: str, expected: datetime | None) -> bool:
    return expected is not None and abs(until(shown) - expected) < timedelta(minutes=5)


# What brings them


async def test_each_piece_that_is_paid_brings_one(software: Gateway) -> None:
    order = await taken(software, of(SINGLE, 2), of(AGENCY), of(4))
    assert await licenses(software) == []
    await pay(software, order)
    found = await licenses(software)
    of_all = {"status": "ACTIVE", "activationCount": 0, "version": 1, "subscription": None}
    of_all |= {"order": {"databaseId": order["databaseId"]}, "customer": {"databaseId": 1}}
    of_all |= {"product": {"databaseId": 20}}
    assert [(one["variant"]["databaseId"], one["limit"]) for one in found] == [(SINGLE, 1), (SINGLE, 1), (AGENCY, 0)]
    assert all(one.items() >= of_all.items() for one in found)
    year = months_later(12, datetime.now(UTC))
    assert all(near(one["expiresAt"], year) for one in found[:2])
    assert found[2]["expiresAt"] is None
    assert len({one["key"] for one in found}) == 3
    assert {len(one["key"]) for one in found} == {32}
    told = await events(software, "license.created")
    assert [one["payload"]["licenseId"] for one in told] == [one["databaseId"] for one in found]
    assert not await places_of_keys(software)
    assert wrong(await go(software, "orderMarkAsPaid", id=order["id"])) == [("CONFLICT", "id")]
    assert len(await licenses(software)) == 3


async def test_what_is_paid_at_once_brings_them_at_once(software: Gateway) -> None:
    by_staff = await taken(software, of(SINGLE), paymentStatus="PAID")
    document = """mutation Go($input: CheckoutProcessInput!, $key: String!) {
      checkoutProcess(input: $input, idempotencyKey: $key) { receipt { orderNumber } } }"""
    asked = {"token": await begun(software, GIFT, 3), "email": "grace@example.org", "billing": HOME}
    asked |= {"paymentMethod": "offline_payment"}
    free = (await software(document, {"input": asked, "key": "once"}))["checkoutProcess"]
    numbers = [by_staff["databaseId"], *[free["receipt"]["orderNumber"]] * 3]
    assert [one["order"]["databaseId"] for one in await licenses(software)] == numbers
    assert not await places_of_keys(software)


async def test_parts_of_bundles_bring_theirs(software: Gateway) -> None:
    order = await bought(software, of(SUITE, 2), of(SINGLE))
    assert [one["variant"]["databaseId"] for one in await licenses(software)] == [SINGLE] * 3
    await give_back(software, order, 6000, Suite=1)
    assert sorted(await statuses(software)) == ["ACTIVE", "ACTIVE", "DISABLED"]


async def test_more_lines_take_no_more_statements(software: Gateway) -> None:
    counts = []
    for lines in ([of(SINGLE)], [of(SINGLE), of(AGENCY, 5), of(GIFT, 2), of(SUITE), of(SINGLE, 3)]):
        order = await taken(software, *lines, of(1))
        with software.counting() as statements:
            await pay(software, order)
        counts.append(len(statements))
    assert counts[1] <= counts[0] + 1
    plain = await taken(software, of(4), of(1))
    with software.counting() as statements:
        await pay(software, plain)
    assert len(statements) <= counts[0] - 3  # what is not licensed asks for none


async def test_a_dry_run_brings_none(software: Gateway) -> None:
    order = await taken(software, of(SINGLE, 2))
    before = await dump(software)
    payload = await perform(software, "orderMarkAsPaid", {"id": order["id"]}, dry=True)
    assert [one["name"] for one in payload["events"]].count("license.created") == 2
    assert await dump(software) == before


async def test_whoever_pays_at_once_brings_them_once(software: Gateway) -> None:
    """Two who say that it is paid, and two who make what is missing."""
    order = await taken(software, of(SINGLE, 3))
    asked = {"orderId": order["id"]}
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(
            *(go(software, "orderMarkAsPaid", id=order["id"]) for _ in range(2)),
            *(perform(software, "licensesGenerate", asked, MADE) for _ in range(3)),
        )
    assert len(await licenses(software)) == 3
    assert len(await events(software, "license.created")) == 3


# What is edited


async def test_an_edited_order_has_what_it_is_of(software: Gateway) -> None:
    """Of one that is sent, so that it goes on once it is paid."""
    order = await bought(software, of(1), of(SINGLE, 2))
    single = next(line for line in order["items"] if line["title"] == "Single")
    line = gid("OrderItem", single["databaseId"])
    await go(software, "orderUpdate", id=order["id"], items=[{"id": line, "quantity": 1}])
    assert sorted(await statuses(software)) == ["ACTIVE", "DISABLED"]
    more = await go(software, "orderUpdate", id=order["id"], items=[of(GIFT)])
    assert more["order"]["paymentStatus"] == "PAID"
    assert sorted(await statuses(software)) == ["ACTIVE", "ACTIVE", "DISABLED"]
    more = await go(software, "orderUpdate", id=order["id"], items=[{"id": line, "quantity": 3}])
    assert more["order"]["paymentStatus"] == "PARTIALLY_PAID"
    assert len(await licenses(software)) == 3
    await pay(software, order)
    assert sorted(await statuses(software)) == [*["ACTIVE"] * 4, "DISABLED"]
    assert all(one["customer"] == {"databaseId": 1} for one in await licenses(software))
    await go(software, "orderUpdate", id=order["id"], customerId=gid("Customer", 2))
    assert all(one["customer"] == {"databaseId": 2} for one in await licenses(software))


async def test_one_that_is_paid_by_costing_less(software: Gateway) -> None:
    """As an import has brought it: nothing was issued then."""
    part = {"customer_id": 1, "status": OrderStatus.ON_HOLD, "payment_status": PaymentStatus.PARTIALLY_PAID}
    line = {"product_id": 20, "variant_id": SINGLE, "unit_price": 5000, "subtotal": 5000, "line_total": 5000}
    rows = [
        factories.order(70, **part, subtotal=10_000, total=10_000, total_paid=5000),
        *(factories.order_item(key, 70, position=key, quantity=1, **line) for key in (70, 71)),
    ]
    await factories.store_rows(software, rows)
    await go(software, "orderUpdate", id=gid("Order", 70), deletedItemIds=[gid("OrderItem", 71)])
    assert [one["variant"]["databaseId"] for one in await licenses(software, 70)] == [SINGLE]


# What stops them


async def test_a_canceled_order_takes_them_back(software: Gateway) -> None:
    order = await bought(software, of(1), of(SINGLE, 2))
    other = await bought(software, of(SINGLE))
    await go(software, "orderStatusesUpdate", id=order["id"], status="CANCELED")
    found = await licenses(software)
    assert [(one["status"], one["version"]) for one in found] == [("DISABLED", 2), ("DISABLED", 2), ("ACTIVE", 1)]
    told = await events(software, "license.updated")
    assert [(one["changed"], one["payload"]["orderId"]) for one in told] == [(["status"], order["databaseId"])] * 2
    assert await refused(software, "licensesGenerate", {"orderId": order["id"]}) == [("BUSINESS_RULE", "orderId")]
    assert other["databaseId"] == found[2]["order"]["databaseId"]


async def test_a_deleted_order_takes_them_back(software: Gateway) -> None:
    """Of one that cost nothing: any other has to be canceled first."""
    order = await taken(software, of(GIFT))
    await go(software, "orderStatusesUpdate", id=order["id"], status="ON_HOLD")
    await done(software, "orderDelete", {"id": order["id"]})
    assert [(one["status"], one["order"]) for one in await licenses(software)] == [("DISABLED", None)]


async def test_a_refund_in_full_takes_them_back(software: Gateway) -> None:
    order = await bought(software, of(SINGLE, 2), of(AGENCY))
    await give_back(software, order, 9000)
    assert await statuses(software) == ["ACTIVE"] * 3  # money alone says of no piece that it came back
    await give_back(software, order, 10_000)
    assert await statuses(software) == ["DISABLED"] * 3
    assert await refused(software, "licensesGenerate", {"orderId": order["id"]}) == [("BUSINESS_RULE", "orderId")]


async def test_as_many_stop_as_pieces_come_back(software: Gateway) -> None:
    """Those that are activated on the fewest sites before others, the newest first."""
    order = await bought(software, of(SINGLE, 4), of(AGENCY))
    first, second, third, fourth, agency = await licenses(software)
    for one, url in ((first, "one.example"), (fourth, "four.example")):
        await done(software, "licenseActivate", {"id": gid("License", one["databaseId"]), "url": url})
    await give_back(software, order, 100, Single=1)
    stopped = [one["databaseId"] for one in await licenses(software) if one["status"] == "DISABLED"]
    assert stopped == [third["databaseId"]]
    await give_back(software, order, 100, Single=2)
    stopped = [one["databaseId"] for one in await licenses(software) if one["returned"]]
    assert stopped == [one["databaseId"] for one in (second, third, fourth)]
    assert agency["databaseId"] not in stopped
    assert (await generate(software, order["databaseId"]))["licenses"] == []


async def test_what_the_staff_took_back_takes_the_place_of_a_piece(software: Gateway) -> None:
    order = await bought(software, of(SINGLE, 2))
    first, _ = await licenses(software)
    await done(software, "licenseUpdate", {"id": gid("License", first["databaseId"]), "status": "DISABLED"})
    assert (await generate(software, order["databaseId"]))["licenses"] == []
    await give_back(software, order, 100, Single=1)
    assert await statuses(software) == ["DISABLED", "ACTIVE"]


# With a subscription


async def test_they_last_with_their_subscription(software: Gateway) -> None:
    """A week longer than what is paid, for a bill may be late; and for life once all is paid."""
    first, key = await subscribed(software, 20, licensed=True, license_limit=3, license_months=1)
    (one,) = await licenses(software)
    assert (one["limit"], one["order"], one["subscription"]) == (3, {"databaseId": first}, {"databaseId": key})
    due = await next_bill(software)
    assert until(one["expiresAt"]) == due + timedelta(days=7)
    await renew(software, key, "ch_2")
    assert await next_bill(software) > due
    (one,) = await licenses(software)
    assert until(one["expiresAt"]) == await next_bill(software) + timedelta(days=7)
    assert [event["version"] for event in await events(software, "license.renewed")] == [2]
    sooner = (due - timedelta(days=1)).isoformat()
    await done(software, "subscriptionUpdate", {"id": gid("CustomerSubscription", key), "nextBillingAt": sooner})
    assert await licenses(software) == [one]
    later = until(one["expiresAt"]) + timedelta(days=30)
    asked = {"id": gid("CustomerSubscription", key), "nextBillingAt": later.isoformat()}
    await done(software, "subscriptionUpdate", asked)
    assert until((await licenses(software))[0]["expiresAt"]) == later + timedelta(days=7)
    await renew(software, key, "ch_3")
    assert (await licenses(software))[0]["expiresAt"] is None


async def next_bill(gateway: Gateway) -> datetime:
    found = await gateway("{ subscriptions { nodes { nextBillingAt } } }")
    return until(found["subscriptions"]["nodes"][0]["nextBillingAt"])


async def test_a_renewal_puts_them_in_force_again(software: Gateway) -> None:
    """Those that ran out; not those that were taken back."""
    _, key = await subscribed(software, 20, licensed=True)
    rows = [
        factories.licence(70, subscription_id=key, status=LicenseStatus.EXPIRED, expires_at=PAST),
        factories.licence(71, subscription_id=key, status=LicenseStatus.DISABLED, expires_at=PAST),
        factories.licence(72, subscription_id=key),
        factories.licence(73, status=LicenseStatus.EXPIRED, expires_at=PAST),
    ]
    await factories.store_rows(software, rows)
    await renew(software, key, "ch_2")
    found = {one["databaseId"]: one for one in await licenses(software)}
    end = found[min(found)]["expiresAt"]
    said = {number: (found[number]["status"], found[number]["expiresAt"]) for number in (70, 71, 72, 73)}
    ended = PAST.isoformat().replace("+00:00", "Z")
    assert said == {70: ("ACTIVE", end), 71: ("DISABLED", end), 72: ("ACTIVE", None), 73: ("EXPIRED", ended)}
    assert len(await licenses(software)) == 5  # and none is new


async def test_one_of_a_provider_lasts_by_its_terms(software: Gateway) -> None:
    """Of a subscription that nobody here begins, and of one that no import has told of."""
    plan = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.WEEKLY, "licensed": True}
    pending = {"status": SubscriptionStatus.PENDING, "collection_method": CollectionMethod.AUTOMATIC}
    sold = {"customer_id": 1, "type": OrderType.SUBSCRIPTION, "status": OrderStatus.ON_HOLD, "total": 700}
    line = {"product_id": 20, "variant_id": PLAN, "payment_type": LineType.SUBSCRIPTION}
    rows = [
        factories.variant(PLAN, 20, **plan),
        *(row for key in (70, 71) for row in (factories.order(key, **sold), factories.order_item(key, key, **line))),
        factories.subscription(70, order_id=70, variant_id=PLAN, interval="weekly", trial_days=10, **pending),
    ]
    await factories.store_rows(software, rows)
    for key in (70, 71):
        await pay(software, {"id": gid("Order", key)})
    now = datetime.now(UTC)
    (trial,), (plain,) = await licenses(software, 70), await licenses(software, 71)
    assert near(trial["expiresAt"], now + timedelta(days=10 + 3))
    assert near(plain["expiresAt"], now + timedelta(days=7 + 3))
    assert [one["subscription"] for one in (trial, plain)] == [{"databaseId": 70}, None]


# What is missing


@pytest.fixture
async def before(software: Gateway) -> Gateway:
    """Orders that were paid before their variants were licensed: 80 of three pieces, one of which came back, and of one
    for life; 81 is not paid, 82 canceled, 83 a renewal, 84 of too many."""
    paid = {"customer_id": 1, "status": OrderStatus.COMPLETED, "payment_status": PaymentStatus.PAID}
    one = {"product_id": 20, "variant_id": SINGLE}
    await factories.store_rows(
        software,
        [
            factories.order(80, **paid),
            factories.order_item(80, 80, position=1, quantity=3, restocked_quantity=1, **one),
            factories.order_item(81, 80, position=2, quantity=1, product_id=20, variant_id=AGENCY),
            factories.order_item(82, 80, position=3, quantity=1, product_id=None, variant_id=None),
            factories.order(81, **{**paid, "payment_status": PaymentStatus.PENDING}),
            factories.order_item(83, 81, **one),
            factories.order(82, **{**paid, "status": OrderStatus.CANCELED}),
            factories.order_item(84, 82, **one),
            factories.order(83, type=OrderType.RENEWAL, parent_id=80, **paid),
            factories.order_item(85, 83, **one),
            factories.order(84, **paid),
            factories.order_item(86, 84, quantity=1001, **one),
        ],
    )
    return software


async def test_what_is_missing_is_made(before: Gateway) -> None:
    made = await generate(before, 80)
    assert (made["order"], made["missing"], len(made["licenses"])) == ({"databaseId": 80}, 0, 3)
    found = await licenses(before)
    assert [one["variant"]["databaseId"] for one in found] == [SINGLE, SINGLE, AGENCY]
    assert near(found[0]["expiresAt"], months_later(12, datetime.now(UTC)))  # from now on
    again = await generate(before, 80)
    assert (again["missing"], again["licenses"]) == (0, [])
    assert len(await events(before, "license.created")) == 3


async def test_one_key_makes_them_once(before: Gateway) -> None:
    first = await generate(before, 80, key="once")
    assert await generate(before, 80, key="once") == first
    assert len(await licenses(before)) == 3
    assert not await places_of_keys(before)


async def test_those_that_are_there_are_not_made_again(before: Gateway) -> None:
    """Also what was made by hand, and what ran out."""
    rows = [factories.licence(90, order_id=80, variant_id=SINGLE, status=LicenseStatus.EXPIRED, expires_at=PAST)]
    await factories.store_rows(before, rows)
    await generate(before, 80)
    assert [one["variant"]["databaseId"] for one in await licenses(before, 80)] == [SINGLE, SINGLE, AGENCY]


async def test_many_are_made_some_at_a_time(before: Gateway) -> None:
    first = await generate(before, 84)
    assert (len(first["licenses"]), first["missing"]) == (1000, 1)
    second = await generate(before, 84)
    assert (len(second["licenses"]), second["missing"]) == (1, 0)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (81, "BUSINESS_RULE"),
        (82, "BUSINESS_RULE"),
        (83, "BUSINESS_RULE"),
        (404, "NOT_FOUND"),
    ],
)
async def test_what_brings_none_is_refused(before: Gateway, order: int, expected: str) -> None:
    found = await refused(before, "licensesGenerate", {"orderId": gid("Order", order)})
    assert found == [(expected, "orderId")]
    assert await licenses(before) == []


async def test_who_sees_no_orders_makes_none(before: Gateway) -> None:
    asked = {"orderId": gid("Order", 80)}
    assert await refused(before, "licensesGenerate", asked, viewer=MANAGER) == [("NOT_FOUND", "orderId")]
    document = "mutation Go($input: LicensesGenerateInput!) { licensesGenerate(input: $input) { missing } }"
    for viewer in (ANONYMOUS, READER):
        answer = await before.answer(document, {"input": asked}, viewer=viewer)
        code = "UNAUTHENTICATED" if viewer is ANONYMOUS else "FORBIDDEN"
        assert [error["extensions"]["code"] for error in answer.body["errors"]] == [code]
    assert await licenses(before) == []


# Who reads them


async def test_a_receipt_has_its_keys_and_no_others(software: Gateway) -> None:
    mine = await buy(software, await begun(software, SINGLE, 2), email="ada@example.org")
    document = """mutation Go($input: CheckoutProcessInput!) { checkoutProcess(input: $input) {
      receipt { uuid licenses { key } } userErrors { code } } }"""
    asked: dict[str, Any] = {
        "token": await begun(software, GIFT),
        "email": "otto@example.org",
        "paymentMethod": "offline_payment",
    }
    asked |= {"billing": {"name": "Otto", "address1": "1", "city": "Graz", "postcode": "8010", "country": "AT"}}
    theirs = (await software(document, {"input": asked}, viewer=ANONYMOUS))["checkoutProcess"]
    assert (theirs["userErrors"], theirs["receipt"]["licenses"]) == ([], None)  # its answer may be kept
    number = mine["receipt"]["orderNumber"]
    uuid = (await software(f"{{ order(by: {{databaseId: {number}}}) {{ uuid }} }}"))["order"]["uuid"]
    found = (await software(RECEIPT, {"uuid": uuid}, viewer=ANONYMOUS))["checkoutReceipt"]
    assert found == {"orderNumber": number, "licenses": []}
    await pay(software, {"id": gid("Order", number)})
    found = (await software(RECEIPT, {"uuid": uuid}, viewer=ANONYMOUS))["checkoutReceipt"]["licenses"]
    stored = {one["key"]: one for one in await licenses(software)}
    assert [one.pop("expiresAt") for one in found] == [stored[one["key"]]["expiresAt"] for one in found]
    assert [stored[one.pop("key")]["order"] for one in found] == [{"databaseId": number}] * 2
    said = {"status": "ACTIVE", "limit": 1, "activationCount": 0, "productTitle": "Editor", "title": "Single"}
    assert found == [said] * 2
    other = (await software(RECEIPT, {"uuid": theirs["receipt"]["uuid"]}, viewer=ANONYMOUS))["checkoutReceipt"]
    assert [stored[one["key"]]["variant"]["databaseId"] for one in other["licenses"]] == [GIFT]


async def test_a_hash_that_anybody_can_work_out_shows_no_key(software: Gateway) -> None:
    guessable = "6fa459ea-ee8a-5ca4-894e-db77e160355e"
    rows = [
        factories.order(70, uuid=guessable, customer_id=1, payment_status=PaymentStatus.PAID),
        factories.order_item(70, 70, product_id=20, variant_id=SINGLE),
        factories.licence(70, order_id=70, variant_id=SINGLE, status=LicenseStatus.ACTIVE, expires_at=PAST),
    ]
    await factories.store_rows(software, rows)
    assert (await software(RECEIPT, {"uuid": guessable}, viewer=ANONYMOUS))["checkoutReceipt"] is None
    reader = (await software(RECEIPT, {"uuid": guessable}, viewer=READER))["checkoutReceipt"]
    assert reader == {"orderNumber": 70, "licenses": None}
    staff = (await software(RECEIPT, {"uuid": guessable}, viewer=ADMIN))["checkoutReceipt"]
    assert [(one["key"], one["status"]) for one in staff["licenses"]] == [(f"{70:032x}", "EXPIRED")]


async def test_visitors_know_what_comes_with_a_licence(software: Gateway) -> None:
    asked = f'{{ productVariant(by: {{ id: "{identity.encode("ProductVariant", SINGLE)}" }}) '
    asked += "{ licensed licenseLimit licenseMonths } licenses { totalCount } }"
    answer = await software.answer(asked, viewer=ANONYMOUS)
    said = answer.body["data"]["productVariant"]
    assert said == {"licensed": True, "licenseLimit": 1, "licenseMonths": 12}
    assert answer.body["data"]["licenses"] is None
