"""The values of an order's codes."""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import Any, Final, TypeAlias

from db.catalog.product import FulfillmentType
from db.commerce.customer import full_name, named_by
from db.commerce.entitlement import Entitlement, Verdict
from db.commerce.order import LineType
from db.integration.data.order import OrderData
from db.integration.data.record import Columns
from db.integration.data.store import StoreData
from db.integration.template.context import Context, Group, group, inside
from db.integration.template.value import Rich
from db.store.row import now

# A link for the customer of an order (its id) to a file (its identifier).
Link: TypeAlias = Callable[[int, str], str]

# Our columns that are amounts, by their documented names.
_ORDER_MONEY: Final = {
    **{name: name for name in ("subtotal", "discount_tax", "manual_discount_total", "coupon_discount_total")},
    **{name: name for name in ("shipping_tax", "shipping_total", "fee_total", "tax_total", "total_paid")},
    "total_refund": "total_refund",
    "total_amount": "total",
}


def order_context(data: OrderData, link: Link | None = None) -> Context:
    """`link` makes links to downloads; without one they have none."""
    downloads = partial(_downloads, data, link)
    groups = {"order": _order(data, downloads), "shipment": _shipment(data)}
    groups |= customer_groups(data.store, data.customer, data.primary)
    if data.transaction is not None:
        groups["transaction"] = _transaction(data, data.transaction)
    return Context(
        groups,
        {
            "item": lambda: [_item(data, row) for row in data.items],
            "download": downloads,
            "subscription": lambda: [_subscription(data, row) for row in _focused(data)],
        },
    )


def _money(data: OrderData, name: str, cents: int, currency: str | None = None) -> dict[str, Any]:
    amount = data.store.amount(cents, currency or data.row["currency"])
    return {name: lambda: amount.decimal, f"{name}_formatted": lambda: amount.formatted}


def _order(data: OrderData, downloads: Callable[[], Sequence[Group]]) -> Group:
    row = data.row
    discounts = row["manual_discount_total"] + row["coupon_discount_total"]
    values = {
        **row,
        "customer_dashboard_link": lambda: data.store.page_of(row["uuid"]),
        "item_count": len(data.items),
        "is_digital": row["fulfillment_type"] is FulfillmentType.DIGITAL,
        "payment_summary": lambda: _rich(_summary(data)),
        "payment_receipt": lambda: _rich([*_summary(data), *_more(data, downloads)]),
        "downloads": lambda: _linked(downloads()),
        **_money(data, "discount_total", discounts),
    }
    for name, column in _ORDER_MONEY.items():
        values |= _money(data, name, row[column])
    related: dict[str, Group | None] = {
        "billing": _address(data, data.billing),
        "shipping": _address(data, data.shipping),
        "customer": customer_groups(data.store, data.customer, data.primary).get("customer"),
        "transaction": None if data.transaction is None else _transaction(data, data.transaction),
        "subscription": None if data.subscription is None else _subscription(data, data.subscription),
    }
    own = group(values)

    def read(key: str) -> object:
        name, _, rest = key.partition(".")
        if rest and name in related:
            other = related[name]
            return None if other is None else other(rest)
        return own(key)

    return read


def _shipment(data: OrderData) -> Group:
    row = data.row
    parcel = {name: row[f"tracking_{name}"] for name in ("carrier", "number", "url")}
    return group({"status": row["shipping_status"], **parcel})


def _address(data: OrderData, row: Columns | None) -> Group | None:
    if row is None:
        return None
    first, last = named_by(row["name"])
    more = row["extra"]

    def said(*keys: str) -> object:
        """What was kept beside the columns; the documented system nests it."""
        return next((v for key in keys for v in (inside(more, key), inside(more, f"other_data.{key}")) if v), None)

    return group(
        {
            "first_name": said("first_name") or first,
            "last_name": said("last_name") or last,
            "full_name": row["name"],
            "email": said("email") or (data.customer or {}).get("email"),
            "phone": said("phone"),
            "company": said("company_name", "company"),
            "address_1": row["address1"],
            "address_2": row["address2"],
            **{name: row[name] for name in ("city", "state", "postcode", "country")},
            "meta": more,
        }
    )


def customer_groups(store: StoreData, row: Columns | None, primary: Columns | None) -> dict[str, Group]:
    """The groups `customer` and `user`; none of somebody unknown."""
    if row is None:
        return {}
    name = full_name(row["first_name"], row["last_name"])
    spent = store.amount(row["lifetime_value"])
    values = {
        **row,
        "full_name": name,
        "phone": (primary or {}).get("phone"),
        "ltv": lambda: spent.decimal,
        "ltv_formatted": lambda: spent.formatted,
        "first_purchase_date": row["first_purchase_at"],
        "last_purchase_date": row["last_purchase_at"],
    }
    # What the customer did not say of themselves, their address does.
    values |= {key: row[key] or (primary or {}).get(key) for key in ("country", "city", "state", "postcode")}
    user = {
        "ID": row["user_id"],
        "display_name": name,
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "user_email": row["email"],
        "user_login": row["email"],
    }
    return {"customer": group(values), "user": group(user)}


def _transaction(data: OrderData, row: Columns) -> Group:
    return group(
        {
            **row,
            **_money(data, "total", row["total"], row["currency"]),
            **_money(data, "refund_amount", row["total"], row["currency"]),
            "card_last_4": row["card_last4"],
            "transaction_type": row["type"],
        }
    )


def _focused(data: OrderData) -> Sequence[Columns]:
    """The subscription that something happened to first: outside a loop codes speak of the first."""
    if data.subscription is None:
        return data.subscriptions
    return [data.subscription, *(one for one in data.subscriptions if one["id"] != data.subscription["id"])]


def _subscription(data: OrderData, row: Columns) -> Group:
    return group(
        {
            **row,
            **_money(data, "recurring_amount", row["recurring_amount"]),
            **_money(data, "recurring_total", row["recurring_total"]),
            **_money(data, "signup_fee", row["setup_fee"]),
            "billing_interval": row["interval"],
            "payment_info": lambda: _terms(data, row["recurring_total"], row["interval"], row["bill_times"]),
            "next_billing_date": row["next_billing_at"],
            "bill_times": row["bill_times"] or None,
        }
    )


def _terms(data: OrderData, cents: int, interval: str, times: object) -> str:
    price = data.store.amount(cents, data.row["currency"]).formatted
    return f"{price} {interval}{f', {times} times' if times else ''}".strip()


def _item(data: OrderData, row: Columns) -> Group:
    def terms() -> str:
        if row["payment_type"] is not LineType.SUBSCRIPTION:
            return ""
        interval, times = inside(row["other_info"], "repeat_interval"), inside(row["other_info"], "times")
        return _terms(data, row["unit_price"], str(interval or ""), times if times not in ("0", "") else None)

    return group(
        {
            **row,
            **_money(data, "unit_price", row["unit_price"]),
            **_money(data, "price", row["line_total"]),
            **_money(data, "subtotal", row["subtotal"]),
            "name": row["product_title"] or row["title"],
            "variant": row["title"],
            "payment_info": terms,
        }
    )


def _downloads(data: OrderData, link: Link | None) -> Sequence[Group]:
    at = now()

    def url(one: Entitlement) -> str:
        if link is None or (one.verdict(at) is not Verdict.GRANTED and not one.resumable(at)):
            return ""
        return link(one.order_id, one.download["identifier"])

    titles = {item["product_id"]: item["product_title"] for item in data.items}
    return [
        group(
            {
                "title": one.download["title"],
                "product_name": titles.get(one.download["product_id"]),
                "url": partial(url, one),
                "file_name": one.download["file_name"],
                "file_size": size(one.download["file_size"]),
            }
        )
        for one in data.downloads
    ]


def size(count: int | None) -> str:
    """Of a file, as people read it."""
    if count is None:
        return ""
    amount, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


_Line: TypeAlias = tuple[str, str]


def _summary(data: OrderData) -> list[_Line]:
    """What was ordered and what it comes to, two texts a line."""
    row = data.row

    def amount(cents: int) -> str:
        return data.store.amount(cents, row["currency"]).formatted

    lines = []
    for item in data.items:
        variant = f" — {item['title']}" if item["title"] not in ("", item["product_title"]) else ""
        name = f"{item['product_title']}{variant}" if item["product_title"] else item["title"]
        lines.append((f"{item['quantity']} × {name}", amount(item["subtotal"])))
    discounts = row["manual_discount_total"] + row["coupon_discount_total"]
    sums = [
        ("Subtotal", row["subtotal"], True),
        ("Discount", -discounts, discounts != 0),
        ("Fees", row["fee_total"], row["fee_total"] != 0),
        ("Shipping", row["shipping_total"], row["shipping_total"] != 0),
        ("Tax", row["tax_total"] + row["shipping_tax"], row["tax_total"] + row["shipping_tax"] != 0),
        ("Total", row["total"], True),
        ("Refunded", -row["total_refund"], row["total_refund"] != 0),
    ]
    return [*lines, *((name, amount(cents)) for name, cents, shown in sums if shown)]


def _more(data: OrderData, downloads: Callable[[], Sequence[Group]]) -> list[_Line]:
    lines = [
        (one["item_name"], _terms(data, one["recurring_total"], one["interval"], one["bill_times"]))
        for one in data.subscriptions
    ]
    lines += [(str(file("title")), str(file("url"))) for file in downloads()]
    for name, address in (("Bill to", data.billing), ("Ship to", data.shipping)):
        if address is not None:
            parts = [address[key] for key in ("name", "address1", "address2", "postcode", "city", "state", "country")]
            lines.append((name, ", ".join(part for part in parts if part)))
    return lines


def _rich(lines: Sequence[_Line]) -> Rich:
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in lines)
    return Rich("\n".join(f"{name}: {value}" for name, value in lines), f"<table>{rows}</table>")


def _linked(files: Sequence[Group]) -> Rich:
    """Each file with its link; of one without a link its title."""
    pairs = [(str(file("title")), str(file("url"))) for file in files]
    text = "\n".join(f"{title}: {url}" if url else title for title, url in pairs)
    entries = (f'<a href="{escape(url)}">{escape(title)}</a>' if url else escape(title) for title, url in pairs)
    return Rich(text, f"<ul>{''.join(f'<li>{entry}</li>' for entry in entries)}</ul>" if pairs else "")
