"""What a shipping method may be."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from db.commerce.shipping_method import ShippingMethodType
from db.commerce.sums.share import WHOLE
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.postal import A_COUNTRY, is_country
from resolvers.commerce.shipping.input import ShippingWeightTierInput
from resolvers.editing import text

MOST_TIERS: Final = 50
MOST_COUNTRIES: Final = 300  # there are 249
MOST_STATES: Final = 200
LONGEST_STATE: Final = 100


async def own(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The values as they are stored. What a type needs, and states, are judged by the row with the new values."""
    if "weight_tiers" in values:
        values["weight_tiers"] = _tiers(unit, values["weight_tiers"] or ())
    if "countries" in values:
        values["countries"] = _countries(unit, values["countries"] or ())
    if "states" in values:
        values["states"] = _states(unit, values["states"] or ())
    result = {"amount": 0, "weight_tiers": [], "countries": [], "states": [], **row, **values}
    if result["type"] is ShippingMethodType.PER_PRICE and result["amount"] > WHOLE:
        unit.refuse(ErrorCode.VALIDATION, f"A percentage is at most 100 ({WHOLE} hundredths)", "amount")
    if result["type"] is ShippingMethodType.PER_WEIGHT and not result["weight_tiers"]:
        unit.refuse(ErrorCode.VALIDATION, "What is charged by weight needs a tier", "weightTiers")
    if result["states"] and len(result["countries"]) != 1:
        unit.refuse(ErrorCode.VALIDATION, "States need one country, and no other", "states")
    return values


def _tiers(unit: Unit, asked: Sequence[ShippingWeightTierInput]) -> list[dict[str, Any]]:
    if len(asked) > MOST_TIERS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_TIERS} of them", "weightTiers")
        return []
    for index, tier in enumerate(asked):
        errors = unit.at("weightTiers", str(index))
        before = asked[index - 1].max if index else 0.0
        if tier.min < 0:
            errors.refuse(ErrorCode.VALIDATION, "Not below 0", "min")
        elif index and (before is None or tier.min < before):
            errors.refuse(ErrorCode.VALIDATION, "It begins where the one before it ends, or behind that", "min")
        if tier.max is not None and tier.max < tier.min:
            errors.refuse(ErrorCode.VALIDATION, "Not below `min`", "max")
        if tier.cost < 0:
            errors.refuse(ErrorCode.VALIDATION, "Not below 0", "cost")
    return [{"min": tier.min, "max": tier.max, "cost": tier.cost} for tier in asked]


def _countries(unit: Unit, asked: Sequence[str]) -> list[str]:
    codes = [country.strip().upper() for country in asked[: MOST_COUNTRIES + 1]]
    if len(codes) > MOST_COUNTRIES:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_COUNTRIES} of them", "countries")
        return []
    for index, code in enumerate(codes):
        if not is_country(code):
            unit.refuse(ErrorCode.VALIDATION, A_COUNTRY, "countries", str(index))
    return list(dict.fromkeys(codes))


def _states(unit: Unit, asked: Sequence[str]) -> list[str]:
    codes = [text.line(state[: 2 * LONGEST_STATE]).upper() for state in asked[: MOST_STATES + 1]]
    if len(codes) > MOST_STATES:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_STATES} of them", "states")
        return []
    for index, code in enumerate(codes):
        _bounded(unit, code, "states", str(index))
    return list(dict.fromkeys(codes))


def _bounded(errors: Refuses, code: str, *path: str) -> None:
    if not code:
        errors.refuse(ErrorCode.VALIDATION, "A state is required", *path)
    elif len(code) > LONGEST_STATE:
        errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_STATE} characters", *path)
