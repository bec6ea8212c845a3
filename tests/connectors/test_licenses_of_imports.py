"""An import issues no licences: those of its orders are its shop's. What was issued here lasts while that is paid."""

from datetime import timedelta
from pathlib import Path

from connectors.importers.fluentcart import import_store
from tests import factories
from tests.connectors.fluentcart_store import Exchanges, in_process, rows, source
from tests.connectors.test_import_orders import moment, subscription, subscriptions
from tests.connectors.test_kept import by_id, change, gid
from tests.gateway import Gateway
from tests.resolvers.shelf import events

SOON, LATER, SOONER = "2099-01-02 00:00:00", "2099-02-02 00:00:00", "2098-01-02 00:00:00"


async def test_an_import_issues_none_and_lets_them_last(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> None:
    subscriptions(sold).append(subscription(1, next_billing_date=SOON, billing_interval="monthly"))

    async def imported() -> None:
        await import_store(gateway.database, source(in_process(sold, tmp_path)))

    await imported()
    variants = await by_id(gateway, "product_variant")
    assert {(one["licensed"], one["license_limit"], one["license_months"]) for one in variants.values()} == {
        (False, 0, None)
    }
    for key in variants:
        await change(gateway, "variantUpdate", id=gid("ProductVariant", key), licensed=True, licenseLimit=2)
    await imported()
    kept = await by_id(gateway, "product_variant")
    assert {(one["licensed"], one["license_limit"]) for one in kept.values()} == {(True, 2)}
    assert await rows(gateway.database, "license") == []

    orders = await by_id(gateway, "orders")
    sells = {row["order_id"] for row in await rows(gateway.database, "order_item") if row["variant_id"] in variants}
    paid = min(k for k in sells if orders[k]["payment_status"] == "paid" and orders[k]["status"] != "canceled")
    await change(gateway, "licensesGenerate", orderId=gid("Order", paid))
    made = await by_id(gateway, "license")
    assert made
    assert {(one["order_id"], one["activation_limit"], one["expires_at"]) for one in made.values()} == {(paid, 2, None)}

    await factories.store_rows(
        gateway, [factories.licence(900, subscription_id=1, expires_at=moment(SOON), product_id=None)]
    )
    await imported()
    week = timedelta(days=7)
    assert (await by_id(gateway, "license"))[900]["expires_at"] == moment(SOON) + week  # type: ignore[operator]
    subscriptions(sold)[-1]["next_billing_date"] = LATER
    await imported()
    last = (await by_id(gateway, "license"))[900]
    assert last["expires_at"] == moment(LATER) + week  # type: ignore[operator]
    told = len(await events(gateway, "license.renewed"))
    subscriptions(sold)[-1]["next_billing_date"] = SOONER
    await imported()
    assert (await by_id(gateway, "license"))[900] == last
    assert len(await events(gateway, "license.renewed")) == told
    assert {key: one["version"] for key, one in (await by_id(gateway, "license")).items() if key != 900} == (
        dict.fromkeys(made, 1)
    )
