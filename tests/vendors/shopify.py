"""Shopify's Admin REST API, as https://shopify.dev/docs/api/admin-rest documents it: what the shop holds is in
`products`, `orders`, `transactions`, `customers`, `fulfillment_orders`. Lists are walked by `since_id`, or by the
`Link` of each page."""

import time
from dataclasses import replace
from math import ceil
from typing import Any
from urllib.parse import urlencode

from tests.vendors.serving import Answered, Call, Vendor, answers

TOKEN = "shpat_7d3b"
VERSION = "2026-10"
LIMIT = 50  # unless said; 250 is the most


class Shopify(Vendor):
    public = "https://teashop.myshopify.example"

    def __init__(self) -> None:
        super().__init__()
        self.shop = {"id": 548380009, "name": "Teashop", "currency": "EUR", "weight_unit": "kg"}
        self.products: dict[int, dict[str, Any]] = {}
        self.orders: dict[int, dict[str, Any]] = {}
        self.transactions: dict[int, list[dict[str, Any]]] = {}
        self.customers: dict[int, dict[str, Any]] = {}
        self.fulfillment_orders: dict[int, list[dict[str, Any]]] = {}
        # Calls that it holds (None: it does not count), how many run out a second, and those that ran over.
        self.bucket: int | None = None
        self.leak = 2.0
        self.refusals = 0
        self._level, self._at = 0.0, 0.0

    def limited(self, call: Call) -> Answered | None:
        """A bucket that runs out while nobody looks."""
        if self.bucket is None:
            return None
        at = time.monotonic()
        self._level = max(0.0, self._level - (at - self._at) * self.leak)
        self._at = at
        if self._level + 1 > self.bucket:
            self.refusals += 1
            return self.crowded()
        self._level += 1
        return None

    async def _outcome(self, call: Call) -> Answered | None:
        answered = await super()._outcome(call)
        if answered is None or self.bucket is None:
            return answered
        level = {"X-Shopify-Shop-Api-Call-Limit": f"{ceil(self._level)}/{self.bucket}"}
        return replace(answered, headers={**answered.headers, **level})

    def fill(self, calls: int) -> None:
        """Somebody else has asked with the same app."""
        self._level, self._at = float(calls), time.monotonic()

    def refused(self, call: Call) -> Answered | None:
        if call.headers.get("x-shopify-access-token") == TOKEN:
            return None
        message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        return Answered(401, {"errors": message})

    def unknown(self, call: Call) -> Answered:
        return Answered(404, {"errors": "Not Found"})

    def crowded(self) -> Answered:
        message = "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
        return Answered(429, {"errors": message}, {"Retry-After": "2.0", "X-Shopify-Shop-Api-Call-Limit": "40/40"})

    @answers("GET", f"/admin/api/{VERSION}/shop.json")
    def show(self, call: Call) -> Answered:
        return Answered(body={"shop": self.shop})

    @answers("GET", f"/admin/api/{VERSION}/products.json")
    def list_products(self, call: Call) -> Answered:
        return self._page(call, "products", self.products)

    @answers("GET", f"/admin/api/{VERSION}/products/count.json")
    def count_products(self, call: Call) -> Answered:
        return Answered(body={"count": len(self.products)})

    @answers("GET", f"/admin/api/{VERSION}/products/{{number}}.json")
    def product(self, call: Call, number: str) -> Answered:
        return self._one(self.products, number, "product", call)

    @answers("GET", f"/admin/api/{VERSION}/orders.json")
    def list_orders(self, call: Call) -> Answered:
        query = call.query
        held = self.orders
        if query.get("status") != "any":  # closed ones are not told unless asked for
            held = {key: one for key, one in held.items() if one["closed_at"] is None and one["cancelled_at"] is None}
        if (since := query.get("updated_at_min")) is not None:
            held = {key: one for key, one in held.items() if one["updated_at"] >= since}
        return self._page(call, "orders", held)

    @answers("GET", f"/admin/api/{VERSION}/orders/{{number}}.json")
    def order(self, call: Call, number: str) -> Answered:
        return self._one(self.orders, number, "order", call)

    @answers("GET", f"/admin/api/{VERSION}/orders/{{number}}/transactions.json")
    def list_transactions(self, call: Call, number: str) -> Answered:
        if int(number) not in self.orders:
            return self.unknown(call)
        return Answered(body={"transactions": self.transactions.get(int(number), [])})

    @answers("GET", f"/admin/api/{VERSION}/orders/{{number}}/fulfillments.json")
    def list_fulfillments(self, call: Call, number: str) -> Answered:
        if int(number) not in self.orders:
            return self.unknown(call)
        return Answered(body={"fulfillments": self.orders[int(number)]["fulfillments"]})

    @answers("GET", f"/admin/api/{VERSION}/orders/{{number}}/fulfillment_orders.json")
    def list_fulfillment_orders(self, call: Call, number: str) -> Answered:
        if int(number) not in self.orders:
            return self.unknown(call)
        return Answered(body={"fulfillment_orders": self.fulfillment_orders.get(int(number), [])})

    @answers("POST", f"/admin/api/{VERSION}/fulfillments.json")
    def create_fulfillment(self, call: Call) -> Answered:
        """Of fulfillment orders of one order and one location, which are open."""
        asked = call.json["fulfillment"]
        named = {one["fulfillment_order_id"] for one in asked["line_items_by_fulfillment_order"]}
        known = [(order, one) for order, held in self.fulfillment_orders.items() for one in held if one["id"] in named]
        if len(known) != len(named) or not named:
            return Answered(422, {"errors": ["The fulfillment order could not be found."]})
        if len({(order, one["assigned_location_id"]) for order, one in known}) > 1:
            return Answered(422, {"errors": ["All fulfillment orders must be assigned to the same location."]})
        if any(one["status"] not in ("open", "in_progress") for _, one in known):
            return Answered(422, {"errors": ["Fulfillment order is not in a fulfillable state."]})
        order = self.orders[known[0][0]]
        for _, one in known:
            one["status"] = "closed"
        made = {"id": 255858046 + len(order["fulfillments"]), "order_id": order["id"], "status": "success"}
        made |= {"shipment_status": None, **self._tracked(asked.get("tracking_info", {}))}
        order["fulfillments"].append(made)
        all_closed = all(one["status"] == "closed" for one in self.fulfillment_orders[order["id"]])
        order |= {"fulfillment_status": "fulfilled" if all_closed else "partial"}
        return Answered(201, {"fulfillment": made})

    @answers("POST", f"/admin/api/{VERSION}/fulfillments/{{number}}/update_tracking.json")
    def update_tracking(self, call: Call, number: str) -> Answered:
        for order in self.orders.values():
            for one in order["fulfillments"]:
                if one["id"] == int(number):
                    one.update(self._tracked(call.json["fulfillment"]["tracking_info"]))
                    return Answered(body={"fulfillment": one})
        return self.unknown(call)

    @staticmethod
    def _tracked(info: dict[str, Any]) -> dict[str, Any]:
        """Of carriers that it knows Shopify makes the link itself."""
        company, number = info.get("company"), info.get("number")
        made = f"https://www.ups.com/WebTracking?trackNums={number}" if company == "UPS" else None
        return {"tracking_company": company, "tracking_number": number, "tracking_url": info.get("url", made)}

    @answers("GET", f"/admin/api/{VERSION}/customers/{{number}}.json")
    def customer(self, call: Call, number: str) -> Answered:
        return self._one(self.customers, number, "customer", call)

    def _one(self, held: dict[int, dict[str, Any]], number: str, name: str, call: Call) -> Answered:
        if number.isdecimal() and int(number) in held:
            return Answered(body={name: held[int(number)]})
        return self.unknown(call)

    def _page(self, call: Call, name: str, held: dict[int, dict[str, Any]]) -> Answered:
        """With `since_id` in the order of identifiers."""
        limit = int(call.query.get("limit", LIMIT))
        if not 1 <= limit <= 250:
            return Answered(400, {"errors": {"limit": "must be less than or equal to 250"}})
        after = int(call.query.get("since_id", 0))
        left = [held[key] for key in sorted(held) if key > after]
        headers = {}
        if len(left) > limit:
            rest = urlencode({"limit": limit, "page_info": f"after-{left[limit - 1]['id']}"})
            headers["Link"] = f'<{self.public}{call.path}?{rest}>; rel="next"'
        return Answered(body={name: left[:limit]}, headers=headers)


def variant(number: int, title: str = "Default Title", **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "price": "3.50",
        "sku": f"TEA-{number}",
        "position": 1,
        "inventory_policy": "deny",
        "compare_at_price": None,
        "inventory_management": None,
        "inventory_quantity": 0,
        "requires_shipping": True,
        "taxable": True,
        "weight": 0.0,
        "weight_unit": "kg",
        "created_at": "2026-03-01T11:00:00+01:00",
        "updated_at": "2026-03-02T11:00:00+01:00",
        **values,
    }


def product(number: int, *variants: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": f"Tea {number}",
        "body_html": "<p>Leaves</p>",
        "vendor": "Acme",
        "product_type": "Green tea",
        "created_at": "2026-03-01T11:00:00+01:00",
        "handle": f"tea-{number}",
        "updated_at": "2026-03-02T11:00:00+01:00",
        "published_at": "2026-03-01T12:00:00+01:00",
        "status": "active",
        "tags": "",
        "variants": list(variants) or [variant(number * 10)],
        "images": [],
        **values,
    }


ADA = {
    "first_name": "Ada",
    "last_name": "Byron",
    "address1": "Lindenstr. 9",
    "address2": None,
    "phone": "+49 30 1",
    "city": "Berlin",
    "zip": "10969",
    "province": "Berlin",
    "province_code": "BE",
    "country": "Germany",
    "country_code": "DE",
}


def customer(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "created_at": "2026-01-05T09:00:00+01:00",
        "updated_at": "2026-01-06T09:00:00+01:00",
        "default_address": ADA,
        "orders_count": 5,
        "total_spent": "61.50",
        **values,
    }


BOUGHT = ("orders_count", "total_spent")


def order(number: int, **values: Any) -> dict[str, Any]:
    """Three packets of tea, one of them free, sent for 5."""
    return {
        "id": number,
        "name": "#1001",
        "order_number": 1001,
        "email": "ada@example.com",
        "created_at": "2026-11-20T11:00:00+01:00",
        "updated_at": "2026-11-20T11:05:00+01:00",
        "cancelled_at": None,
        "closed_at": None,
        "currency": "EUR",
        "total_line_items_price": "10.50",
        "total_discounts": "3.50",
        "total_shipping_price_set": {"shop_money": {"amount": "5.00", "currency_code": "EUR"}},
        "total_price": "12.00",
        "total_tax": "1.92",
        "taxes_included": True,
        "financial_status": "paid",
        "fulfillment_status": None,
        "note": "Ring twice",
        "browser_ip": "203.0.113.9",
        "test": False,
        "payment_gateway_names": ["shopify_payments"],
        # What they bought, their own record says alone (since 2022-04).
        "customer": {name: value for name, value in customer(706405506954).items() if name not in BOUGHT},
        "billing_address": ADA,
        "shipping_address": ADA,
        "line_items": [
            {
                "id": number * 10,
                "product_id": 632910392123,
                "variant_id": 6329103921230,
                "title": "Tea 632910392123",
                "variant_title": None,
                "quantity": 3,
                "price": "3.50",
                "sku": "TEA-6329103921230",
                "fulfillable_quantity": 3,
                "fulfillment_status": None,
                "requires_shipping": True,
                "tax_lines": [{"title": "VAT", "price": "1.12", "rate": 0.19}],
                "discount_allocations": [{"amount": "3.50", "discount_application_index": 0}],
            }
        ],
        "refunds": [],
        "fulfillments": [],
        **values,
    }


def fulfillment_order(number: int, status: str = "open", location: int = 24826418) -> dict[str, Any]:
    return {"id": number, "status": status, "assigned_location_id": location, "request_status": "unsubmitted"}


def transaction(number: int, kind: str, amount: str, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "kind": kind,
        "status": "success",
        "amount": amount,
        "currency": "EUR",
        "gateway": "shopify_payments",
        "authorization": f"auth_{number}",
        "parent_id": None,
        "created_at": "2026-11-20T11:01:00+01:00",
        "processed_at": "2026-11-20T11:01:00+01:00",
        **values,
    }
