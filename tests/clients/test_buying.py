"""A shop's page, written as its developers would: a visitor buys, and is told what is wrong where they can mend it."""

import json

from tests.clients.shop import Shop
from tests.clients.workspace import Workspace

NOT_ENOUGH = "There is not enough of it"


def test_a_visitor_buys(typescript: Workspace, selling: Shop) -> None:
    variant = selling.counted(4)
    typescript.tool("tsc", "--project", ".", "--outDir", "built-buying")

    given = {"STOREGRAPH_VARIANT": variant, "STOREGRAPH_LEFT": "4"}
    saw = json.loads(typescript.node("built-buying/web/buying/walk.js", **selling.environment(**given)))

    assert saw["worked"] == [{}] * 5
    assert saw["refused"] == {
        "tooMany": {"quantity": f"CONFLICT: {NOT_ENOUGH}"},
        "twice": {"bump": "BUSINESS_RULE: The cart has what is offered already"},
        "noCoupon": {"code": "NOT_FOUND: No such coupon"},
        "soldOut": {"items.0.quantity": "CONFLICT: There is not enough of it"},
    }
    assert {name: sorted(fields) for name, fields in saw["form"].items()} == {
        "nowhere": ["billing.city", "billing.postcode", "email"],
        "elsewhere": ["shippingMethodId"],
        "unpaid": ["paymentMethod"],
    }
    # Of what is sold out an offer beside it does not hold either.
    assert saw["problems"][0] == NOT_ENOUGH
    assert len(saw["problems"]) == 3
    assert saw["ways"] == [
        ["Collected at the shop in Portland", 0],
        ["Parcel", 490],
        ["Courier, by the piece", 1050],
        ["Air mail", 5700],
    ]
    assert len(set(saw["paid"])) == 1
    assert saw["order"] == {"status": "ON_HOLD", "items": [1]}
    assert saw["unknown"] is None
