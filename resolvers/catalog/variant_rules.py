"""The rules of a variant's fields. They hold for the result of a change, not for the change alone."""

from collections.abc import Mapping
from typing import Any, Final

from db.catalog.stock import stock_status
from db.catalog.variant import PaymentType
from engine.errors import ErrorCode
from engine.naming import camel
from engine.unit import Unit

LONGEST: Final = {
    "title": 200,
    "sku": 30,
    "description": 255,
    "billing_summary": 255,
    "setup_fee_label": 100,
    "package_slug": 100,
    "weight_unit": 10,
}
NOT_NEGATIVE: Final = (
    "price",
    "compare_price",
    "cost",
    "total_stock",
    "available",
    "committed",
    "on_hold",
    "billing_times",
    "setup_fee",
    "weight",
    "length",
    "width",
    "height",
)
# Null clears: the value that means nothing is stored where the column has no null.
CLEARED: Final = {
    "description": "",
    "price": 0,
    "compare_price": 0,
    "cost": 0,
    "billing_times": 0,
    "trial_days": 0,
    "billing_summary": "",
}
# What a one-time variant has of a subscription: nothing.
ONE_TIME: Final = {
    "interval": None,
    "billing_times": 0,
    "trial_days": 0,
    "billing_summary": "",
    "has_setup_fee": False,
    "setup_fee": None,
    "setup_fee_label": None,
    "setup_fee_per_item": False,
    "installment": False,
}
LONGEST_TRIAL: Final = 365
FEWEST_INSTALLMENTS: Final = 2


def check_variant(unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The columns to write for what was asked of a row, derived ones included. Refuses broken rules on their fields."""
    values = {name: CLEARED.get(name) if value is None else value for name, value in asked.items()}
    for name, value in values.items():
        if isinstance(value, str) and name in LONGEST:
            values[name] = " ".join(value.split()) if name in ("title", "sku") else value.strip()
    if values.get("sku") == "":
        values["sku"] = None  # an empty SKU is none; it would be taken by the first who has it
    result = {**row, **values}

    def refuse(name: str, message: str) -> None:
        unit.refuse(ErrorCode.VALIDATION, message, camel(name))

    if not result["title"]:
        refuse("title", "A title is required")
    for name, most in LONGEST.items():
        if len(result[name] or "") > most:
            refuse(name, f"At most {most} characters")
        if "\0" in (result[name] or ""):
            refuse(name, "NUL is not a character of a text")
    for name in NOT_NEGATIVE:
        if (result[name] or 0) < 0:
            refuse(name, "Not below 0")
    if result["compare_price"] and result["compare_price"] < result["price"]:
        refuse("compare_price", "Compare price must not be below the price")
    if result["manage_cost"] and asked.get("cost", row["cost"]) is None:
        refuse("cost", "A managed cost needs a cost")

    if result["payment_type"] is PaymentType.ONETIME:
        values |= ONE_TIME
    else:
        _check_subscription(result, refuse)
    if not result["has_setup_fee"]:
        values |= {"setup_fee": None, "setup_fee_label": None, "setup_fee_per_item": False}
    values["stock_status"] = stock_status(managed=result["manage_stock"], available=result["available"])
    return values


def _check_subscription(result: Mapping[str, Any], refuse: Any) -> None:
    if result["interval"] is None:
        refuse("interval", "A subscription needs an interval")
    if not 0 <= result["trial_days"] <= LONGEST_TRIAL:
        refuse("trial_days", f"A trial has 0 to {LONGEST_TRIAL} days")
    if result["has_setup_fee"]:
        if result["setup_fee"] is None:
            refuse("setup_fee", "A setup fee needs an amount")
        if not result["setup_fee_label"]:
            refuse("setup_fee_label", "A setup fee needs a label")
    if result["installment"] and result["billing_times"] < FEWEST_INSTALLMENTS:
        refuse("billing_times", f"Installments need at least {FEWEST_INSTALLMENTS} billing times")
