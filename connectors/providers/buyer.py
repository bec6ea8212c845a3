"""Whom a feed is about: the e-mail address that a vendor knows people by, and what an order says of who paid it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.providers.declared.failing import Skipped
from connectors.providers.declared.run import Run

# One @, something on both sides of it, a dot in the domain: whether it exists only a letter to it can tell.
_EMAIL: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?:[^\s@.<>,;:\"()\[\]\\]+\.)+[^\s@.<>,;:\"()\[\]\\]{2,}")
_LONGEST: Final = 254


def address(text: str | None) -> str:
    """An e-mail address as vendors compare them: without blanks around it, in small letters. Raises Skipped where there
    is none, or something else."""
    found = (text or "").strip().lower()
    if not found:
        raise Skipped("There is no e-mail address")
    if len(found) > _LONGEST or _EMAIL.fullmatch(found) is None:
        raise Skipped("The e-mail address is not valid")
    return found


@dataclass(frozen=True, slots=True)
class Buyer:
    """Texts, empty where nothing is known. `email` as `address` gives it."""

    email: str
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    address_1: str = ""
    address_2: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    timezone: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


def buyer(run: Run[Any]) -> Buyer:
    """Of the customer and the order's billing address, which says what is true of this order. Raises Skipped where
    there is no valid e-mail address."""
    billing = _inside(run.order, "billing") or _inside(run.order, "billing_address")
    customer = run.customer

    def said(*keys: str, of: tuple[Mapping[str, Any], ...] = (billing, customer)) -> str:
        return next((text for source in of for key in keys if (text := text_of(source.get(key)))), "")

    first, last = said("first_name"), said("last_name")
    if not first and not last:
        first, _, last = said("full_name", "name").partition(" ")
    return Buyer(
        email=address(said("email", of=(customer, billing))),
        first_name=first,
        last_name=last.strip(),
        phone=said("phone"),
        address_1=said("address_1"),
        address_2=said("address_2"),
        city=said("city"),
        state=said("state"),
        postcode=said("postcode"),
        country=said("country"),
        timezone=text_of(_inside(run.order, "config").get("user_tz")),
    )


def _inside(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def text_of(value: Any) -> str:
    """What a JSON value says in words: a text or a whole number; empty for all else."""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
