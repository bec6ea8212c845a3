"""The rules of a variant's fields: of one field, where it changes; between fields, for the result of the change."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from db.catalog.search import search_text
from db.catalog.stock import stock_status
from db.catalog.variant import PaymentType
from engine.errors import ErrorCode
from engine.naming import camel
from engine.unit import Refuses
from resolvers import text
from resolvers.editing import differences

Refuse: TypeAlias = Callable[[str, str], None]  # a column, what is wrong with it

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
# Null clears, and so does an empty text: this is stored where the column has no null.
CLEARED: Final = {
    "title": "",
    "description": "",
    "price": 0,
    "compare_price": 0,
    "cost": 0,
    "billing_times": 0,
    "trial_days": 0,
    "billing_summary": "",
}
# What a variant without a setup fee has of one, and a one-time variant of a subscription: nothing.
NO_SETUP_FEE: Final = {"setup_fee": None, "setup_fee_label": None, "setup_fee_per_item": False}
ONE_TIME: Final = {
    "interval": None,
    "billing_times": 0,
    "trial_days": 0,
    "billing_summary": "",
    "has_setup_fee": False,
    **NO_SETUP_FEE,
    "installment": False,
}
DERIVED: Final = frozenset({"stock_status", "search_text"})
LONGEST_TRIAL: Final = 365
FEWEST_INSTALLMENTS: Final = 2


def check_variant(errors: Refuses, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What to write to a row for what was asked of it: the columns that change, derived ones included; none when the
    caller changes nothing. Refuses broken rules on their fields."""

    def refuse(name: str, message: str) -> None:
        errors.refuse(ErrorCode.VALIDATION, message, camel(name))

    values = {name: _stored(name, value) for name, value in asked.items()}
    _check_alone(differences(row, values), refuse)
    result = {**row, **values}
    if result["manage_cost"] and "cost" in asked and asked["cost"] is None:
        refuse("cost", "A managed cost needs a cost")
    _check_together(result, refuse)

    if result["payment_type"] is PaymentType.ONETIME:
        values |= ONE_TIME
    elif not result["has_setup_fee"]:
        values |= NO_SETUP_FEE
    values["stock_status"] = stock_status(managed=result["manage_stock"], available=result["available"])
    values["search_text"] = search_text(result["title"], result["sku"])
    changes = differences(row, values)
    return changes if changes.keys() - DERIVED else {}


def _stored(name: str, value: Any) -> Any:
    if name in LONGEST and value is not None:
        value = (text.lines(value) if name == "description" else text.line(value)) or None
    return CLEARED.get(name) if value is None else value


def _check_alone(changes: Mapping[str, Any], refuse: Refuse) -> None:
    if changes.get("title") == "":
        refuse("title", "A title is required")
    for name, most in LONGEST.items():
        if len(changes.get(name) or "") > most:
            refuse(name, f"At most {most} characters")
    for name in NOT_NEGATIVE:
        if (changes.get(name) or 0) < 0:
            refuse(name, "Not below 0")
    if not 0 <= changes.get("trial_days", 0) <= LONGEST_TRIAL:
        refuse("trial_days", f"A trial has 0 to {LONGEST_TRIAL} days")


def _check_together(result: Mapping[str, Any], refuse: Refuse) -> None:
    if result["compare_price"] and 0 <= result["compare_price"] < result["price"]:
        refuse("compare_price", "Compare price must not be below the price")
    if result["payment_type"] is PaymentType.ONETIME:
        return
    if result["interval"] is None:
        refuse("interval", "A subscription needs an interval")
    if result["has_setup_fee"] and result["setup_fee"] is None:
        refuse("setup_fee", "A setup fee needs an amount")
    if result["has_setup_fee"] and not result["setup_fee_label"]:
        refuse("setup_fee_label", "A setup fee needs a label")
    if result["installment"] and 0 <= result["billing_times"] < FEWEST_INSTALLMENTS:
        refuse("billing_times", f"Installments need at least {FEWEST_INSTALLMENTS} billing times")
