"""Where what is in a cart is taxed, as far as somebody has said so: a cart keeps no address."""

from typing import Any, Final, Protocol

from engine.unit.unit import Refuses, Unit
from engine.values.errors import CodedError, ErrorCode, Errors
from resolvers.commerce.cart.input import CartAddressInput
from resolvers.commerce.postal import A_COUNTRY, is_country
from resolvers.editing import text

_LONGEST: Final = 255


class Addressed(Protocol):
    """An input that may say where a cart is taxed."""

    address: CartAddressInput | None


def told_destination(unit: Unit, input: Addressed) -> dict[str, Any] | None:
    """`destination` of an input. Raises Refused with all that was wrong."""
    to = destination(unit.at("address"), input.address)
    unit.settle()
    return to


def asked_destination(input: CartAddressInput | None) -> dict[str, Any] | None:
    """`destination` of an argument. Raises CodedError: VALIDATION for the first thing that is wrong with it."""
    errors = Errors("address")
    to = destination(errors, input)
    if errors.found:
        first = errors.found[0]
        raise CodedError(first.code, f"`{'.'.join(first.field or ())}`: {first.message}")
    return to


def destination(errors: Refuses, input: CartAddressInput | None) -> dict[str, Any] | None:
    """The columns of an address that tax rates go by. Refuses a country that there is not, and what is longer than an
    address has it."""
    if input is None:
        return None
    found = {"country": input.country[:3].strip().upper()}
    if not is_country(found["country"]):
        errors.refuse(ErrorCode.VALIDATION, A_COUNTRY, "country")
    for name in ("state", "city", "postcode"):
        said = getattr(input, name) or ""
        if len(said) > _LONGEST:
            errors.refuse(ErrorCode.VALIDATION, f"At most {_LONGEST} characters", name)
        found[name] = text.line(said[:_LONGEST])
    return found
