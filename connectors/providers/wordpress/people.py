"""Users of a WordPress site. `vendor` leads to its `wp/v2`."""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from connectors.providers import Reply, Vendor, VendorFailed
from connectors.providers.buyer import Buyer
from connectors.providers.calling import Query
from connectors.providers.wordpress.site import refused
from db.secrets.confidential import MASK

# One address is in few others; a page holds them.
_PAGE: Final = 100
_TITLE: Final = "WordPress"
# Networks of sites take small letters and digits alone, four at least.
_SHORTEST: Final = 4
# Somebody was made in the meantime, or has the name already.
_TAKEN: Final = frozenset({"existing_user_login", "rest_user_invalid_username", "user_name"})
_KNOWN: Final = frozenset({"existing_user_email", "user_email"})


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    email: str
    username: str = ""
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    roles: tuple[str, ...] = ()
    made: bool = False  # just now


async def find(vendor: Vendor, email: str, example: Collection[Mapping[str, Any]] = ()) -> Person | None:
    """The user with exactly this address."""
    query: Query = {"search": email, "context": "edit", "per_page": _PAGE}
    reply = await vendor.get("/users", query=query, example=list(example))
    for record in reply.records():
        if str(record.get("email", "")).strip().lower() == email:
            return _person(record)
    return None


async def ensure(vendor: Vendor, buyer: Buyer, roles: Collection[str] = ()) -> Person:
    """The user with the buyer's address, made if there is none: then with these roles, or with the site's own where
    none are given. Raises VendorFailed."""
    found = await find(vendor, buyer.email)
    return found or await _make(vendor, buyer, roles)


async def change(vendor: Vendor, person: Person, **values: Any) -> None:
    """Roles that are given replace all that somebody has."""
    await vendor.post(f"/users/{person.id}", json=values, example={"id": person.id, "email": person.email, **values})


async def _make(vendor: Vendor, buyer: Buyer, roles: Collection[str]) -> Person:
    given: dict[str, Any] = {
        "email": buyer.email,
        # Nobody is told it: who wants to sign in asks for a link.
        "password": MASK if vendor.dry else secrets.token_urlsafe(24),
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
    }
    if roles:
        given["roles"] = list(roles)
    reply = None
    for username in _usernames(buyer.email):
        example = {"id": 1, "username": username, "email": buyer.email, "roles": list(roles)}
        # A site that is not of a network answers 500 to whom it knows.
        reply = await vendor.post("/users", json={**given, "username": username}, accepts={400, 500}, example=example)
        if reply.ok:
            return _person(reply.record, made=True)
        codes = _codes(reply)
        if codes & _KNOWN:
            break
        if not codes & _TAKEN:
            raise refused(_TITLE, reply)
    assert reply is not None
    # Made since, by another run for the same buyer.
    if (found := await find(vendor, buyer.email)) is not None:
        return found
    raise VendorFailed(reply.status, f"{_TITLE} does not make the user: {', '.join(sorted(_codes(reply)))}")


def _usernames(email: str) -> Iterator[str]:
    """What is before the @, and when somebody has that, with a few letters that are always the same for an address."""
    name = re.sub(r"[^a-z0-9]", "", email.partition("@")[0])[:40]
    digest = sha256(email.encode()).hexdigest()
    if len(name) >= _SHORTEST:
        yield name
    yield f"{name}{digest[:6]}"


def _codes(reply: Reply) -> frozenset[str]:
    """The names of what is wrong; of several the others stand beside the first."""
    record = reply.json if isinstance(reply.json, dict) else {}
    others = record.get("additional_errors")
    errors = [record, *(others if isinstance(others, list) else [])]
    return frozenset(str(one.get("code")) for one in errors if isinstance(one, dict) and one.get("code"))


def _person(record: Mapping[str, Any], *, made: bool = False) -> Person:
    number = record.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise VendorFailed(None, f"{_TITLE} gives a user without an id")
    roles = record.get("roles")
    texts = {name: str(record.get(name) or "") for name in ("username", "name", "first_name", "last_name")}
    return Person(
        id=number,
        email=str(record.get("email") or "").strip().lower(),
        roles=tuple(map(str, roles)) if isinstance(roles, list) else (),
        made=made,
        **texts,
    )
