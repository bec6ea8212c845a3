"""WooCommerce's REST API v3 on a WordPress of its own, as https://woocommerce.github.io/woocommerce-rest-api-docs/
documents it: what it holds is in `products`, `variations`, `orders`, `refunds`, `customers`, `parcels`."""

from typing import Any

from tests.vendors.serving import Answered, Call, Vendor, answers

KEY = "ck_4f1a"
SECRET = "cs_9c2e"
PER_PAGE = 10  # unless said; 100 is the most
PARCELS = "/wp-json/wc-shipment-tracking/v3"
CARRIERS = {
    "Global": {"Aramex": "https://www.aramex.com/track/track-results-new?ShipmentNumber=%1$s"},
    "United States": {"USPS": "https://tools.usps.com/tracking/%1$s"},
}


def problem(status: int, code: str, message: str) -> Answered:
    """As WordPress says that something is wrong."""
    return Answered(status, {"code": code, "message": message, "data": {"status": status}})


class WooCommerce(Vendor):
    public = "https://woo.example"

    def __init__(self) -> None:
        super().__init__()
        self.settings = {("general", "woocommerce_currency"): "EUR", ("products", "woocommerce_weight_unit"): "kg"}
        self.products: dict[int, dict[str, Any]] = {}
        self.variations: dict[int, list[dict[str, Any]]] = {}
        self.orders: dict[int, dict[str, Any]] = {}
        self.refunds: dict[int, list[dict[str, Any]]] = {}
        self.customers: dict[int, dict[str, Any]] = {}
        # By orders; None: the shop has no such extension.
        self.parcels: dict[int, list[dict[str, Any]]] | None = None

    def refused(self, call: Call) -> Answered | None:
        if call.basic == (KEY, SECRET):
            return None
        return problem(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

    def unknown(self, call: Call) -> Answered:
        return problem(404, "rest_no_route", "No route was found matching the URL and request method.")

    @answers("GET", "/wp-json/wc/v3/settings/{group}/{name}")
    def setting(self, call: Call, group: str, name: str) -> Answered:
        if (group, name) not in self.settings:
            return problem(404, "rest_setting_setting_invalid", "Invalid setting.")
        return Answered(body={"id": name, "value": self.settings[group, name], "group_id": group})

    @answers("GET", "/wp-json/wc/v3/products")
    def list_products(self, call: Call) -> Answered:
        return self._page(call, list(self.products.values()))

    @answers("GET", "/wp-json/wc/v3/products/{number}")
    def product(self, call: Call, number: str) -> Answered:
        return self._one(self.products, number, "product")

    @answers("GET", "/wp-json/wc/v3/products/{number}/variations")
    def list_variations(self, call: Call, number: str) -> Answered:
        if int(number) not in self.products:
            return problem(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return self._page(call, self.variations.get(int(number), []))

    @answers("GET", "/wp-json/wc/v3/orders")
    def list_orders(self, call: Call) -> Answered:
        return self._page(call, list(self.orders.values()))

    @answers("GET", "/wp-json/wc/v3/orders/{number}")
    def order(self, call: Call, number: str) -> Answered:
        return self._one(self.orders, number, "shop_order")

    @answers("GET", "/wp-json/wc/v3/orders/{number}/refunds")
    def list_refunds(self, call: Call, number: str) -> Answered:
        return self._page(call, self.refunds.get(int(number), []))

    @answers("GET", "/wp-json/wc/v3/customers/{number}")
    def customer(self, call: Call, number: str) -> Answered:
        return self._one(self.customers, number, "user")

    # The extension Shipment Tracking, where the shop has it (https://woocommerce.com/document/shipment-tracking/)

    @answers("GET", f"{PARCELS}/shipment-trackings/providers")
    def list_carriers(self, call: Call) -> Answered:
        return Answered(body=CARRIERS) if self.parcels is not None else self.unknown(call)

    @answers("GET", f"{PARCELS}/orders/{{number}}/shipment-trackings")
    def list_parcels(self, call: Call, number: str) -> Answered:
        if self.parcels is None:
            return self.unknown(call)
        if int(number) not in self.orders:
            return problem(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
        return Answered(body=[self._shown(one) for one in self.parcels.get(int(number), [])])

    @answers("POST", f"{PARCELS}/orders/{{number}}/shipment-trackings")
    def create_parcel(self, call: Call, number: str) -> Answered:
        """An item beside those that are there. A carrier that is not listed needs its name and a link."""
        if self.parcels is None:
            return self.unknown(call)
        asked = call.json
        known = asked.get("tracking_provider") in {name for region in CARRIERS.values() for name in region}
        own = asked.get("custom_tracking_provider") and asked.get("custom_tracking_link")
        if not asked.get("tracking_number") or not (known or own):
            return problem(400, "rest_missing_callback_param", "Missing parameter(s)")
        held = self.parcels.setdefault(int(number), [])
        given = ("tracking_provider", "custom_tracking_provider", "custom_tracking_link", "tracking_number")
        made = {name: asked.get(name, "") for name in given}
        made |= {"date_shipped": "1796040000", "tracking_id": f"{len(held) + 1:032x}"}
        held.append(made)
        self._said(int(number))
        return Answered(201, self._shown(made), {"Location": f"{call.path}/{made['tracking_id']}"})

    @answers("DELETE", f"{PARCELS}/orders/{{number}}/shipment-trackings/{{one}}")
    def delete_parcel(self, call: Call, number: str, one: str) -> Answered:
        held = [] if self.parcels is None else self.parcels.get(int(number), [])
        for item in held:
            if item["tracking_id"] == one:
                held.remove(item)
                self._said(int(number))
                return Answered(body=self._shown(item))
        return problem(404, "woocommerce_rest_shipment_tracking_invalid_id", "Invalid shipment tracking ID.")

    def _said(self, number: int) -> None:
        """What the order says of it: the extension's own field."""
        assert self.parcels is not None
        meta = {"id": 9, "key": "_wc_shipment_tracking_items", "value": self.parcels[number]}
        self.orders[number]["meta_data"] = [meta]

    @staticmethod
    def _shown(item: dict[str, Any]) -> dict[str, Any]:
        number, carrier = item["tracking_number"], item["tracking_provider"]
        links = {name: link for region in CARRIERS.values() for name, link in region.items()}
        return {
            "tracking_id": item["tracking_id"],
            "tracking_provider": carrier or item["custom_tracking_provider"],
            "tracking_link": (links.get(carrier) or item["custom_tracking_link"]).replace("%1$s", number),
            "tracking_number": number,
            "date_shipped": "2026-11-30",
        }

    def _one(self, held: dict[int, dict[str, Any]], number: str, kind: str) -> Answered:
        if number.isdecimal() and int(number) in held:
            return Answered(body=held[int(number)])
        return problem(404, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")

    def _page(self, call: Call, records: list[dict[str, Any]]) -> Answered:
        """By number, one page; how many there are in all is told in headers."""
        query = call.query
        per_page, page = int(query.get("per_page", PER_PAGE)), int(query.get("page", 1))
        if not 1 <= per_page <= 100:
            return problem(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        if (since := query.get("modified_after")) is not None:
            assert query.get("dates_are_gmt") == "true", "dates are the site's own unless said"
            records = [one for one in records if one["date_modified_gmt"] > since]
        if query.get("orderby") == "id":
            records = sorted(records, key=lambda one: int(one["id"]), reverse=query.get("order", "desc") == "desc")
        last = -(-len(records) // per_page)
        headers = {"X-WP-Total": str(len(records)), "X-WP-TotalPages": str(last)}
        return Answered(body=records[(page - 1) * per_page : page * per_page], headers=headers)


def product(number: int, **values: Any) -> dict[str, Any]:
    """A simple one, with the fields of the reference that say something."""
    return {
        "id": number,
        "name": f"Mug {number}",
        "slug": f"mug-{number}",
        "permalink": f"https://woo.example/product/mug-{number}/",
        "date_created_gmt": "2026-03-01T10:00:00",
        "date_modified_gmt": "2026-03-02T10:00:00",
        "type": "simple",
        "status": "publish",
        "description": "<p>Holds <b>coffee</b>.</p>\n",
        "short_description": "<p>A mug</p>\n",
        "sku": f"MUG-{number}",
        "price": "21.99",
        "regular_price": "21.99",
        "sale_price": "",
        "on_sale": False,
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "backorders": "no",
        "sold_individually": False,
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "reviews_allowed": True,
        "parent_id": 0,
        "categories": [],
        "tags": [],
        "images": [],
        "attributes": [],
        "variations": [],
        "grouped_products": [],
        "menu_order": 0,
        "meta_data": [],
        **values,
    }


def variation(number: int, *options: str, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "date_created_gmt": "2026-03-01T10:00:00",
        "date_modified_gmt": "2026-03-02T10:00:00",
        "description": "",
        "sku": f"V-{number}",
        "price": "5.00",
        "regular_price": "5.00",
        "sale_price": "",
        "on_sale": False,
        "status": "publish",
        "virtual": False,
        "downloadable": False,
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "backorders": "no",
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "image": None,
        "attributes": [{"id": place, "name": f"A{place}", "option": one} for place, one in enumerate(options)],
        "menu_order": 0,
        **values,
    }


def order(number: int, **values: Any) -> dict[str, Any]:
    """Two mugs with tax, sent for 5."""
    return {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "order_key": f"wc_order_{number}",
        "status": "processing",
        "currency": "EUR",
        "date_created_gmt": "2026-11-20T10:00:00",
        "date_modified_gmt": "2026-11-20T10:05:00",
        "date_paid_gmt": "2026-11-20T10:01:00",
        "date_completed_gmt": None,
        "discount_total": "4.00",
        "discount_tax": "0.76",
        "shipping_total": "5.00",
        "shipping_tax": "0.95",
        "cart_tax": "7.60",
        "total": "53.55",
        "total_tax": "8.55",
        "prices_include_tax": False,
        "customer_id": 26,
        "customer_ip_address": "203.0.113.9",
        "customer_note": "Ring twice",
        "billing": ADA | {"email": "ada@example.com", "phone": "+49 30 1"},
        "shipping": ADA,
        "payment_method": "stripe",
        "payment_method_title": "Credit card",
        "transaction_id": "ch_1",
        "line_items": [
            {
                "id": number * 10,
                "name": "Mug 12",
                "product_id": 12,
                "variation_id": 0,
                "quantity": 2,
                "subtotal": "44.00",
                "subtotal_tax": "8.36",
                "total": "40.00",
                "total_tax": "7.60",
                "sku": "MUG-12",
                "price": 20,
            }
        ],
        "shipping_lines": [{"id": number * 10 + 1, "method_title": "Parcel", "total": "5.00"}],
        "fee_lines": [],
        "coupon_lines": [{"id": number * 10 + 2, "code": "four", "discount": "4.00"}],
        "meta_data": [],
        "refunds": [],
        **values,
    }


ADA = {
    "first_name": "Ada",
    "last_name": "Byron",
    "company": "",
    "address_1": "Lindenstr. 9",
    "address_2": "",
    "city": "Berlin",
    "state": "BE",
    "postcode": "10969",
    "country": "DE",
}


def customer(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": number,
        "date_created_gmt": "2026-01-05T08:00:00",
        "date_modified_gmt": "2026-01-06T08:00:00",
        "email": "Ada@example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "role": "customer",
        "username": "ada",
        "billing": ADA | {"email": "ada@example.com", "phone": "+49 30 1"},
        "shipping": dict.fromkeys(ADA, ""),
        "is_paying_customer": True,
        **values,
    }
