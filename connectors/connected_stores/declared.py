"""What a kind of shop says of itself: what it takes to ask it, and how it is asked whether that is right."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from connectors.providers.declared.provider import Caps


class ProviderType(StrEnum):
    ECOMMERCE = "ecommerce"


@dataclass(frozen=True, slots=True)
class Credentials:
    """`store_url` is the shop's address without a slash at its end."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    store_url: str


@dataclass(frozen=True, slots=True)
class CredentialField:
    """As a form shows it. `name` is the documented one."""

    name: str
    label: str
    help: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class StoreKind:
    """`guid` is the documented id, `key` the word for programs.

    `greeting`  what is asked to see whether the credentials are right, below the shop's address
    `answers`   whether a JSON answer to it is one of such a shop
    `headers`   by which the shop knows who asks
    `signs`     with `apiSecret`: what the shop signs its calls with; else a secret of the connection's own
    `caps`      what all calls with its credentials are held to
    `parcels`   whether it can be told of its orders' parcels
    """

    guid: str
    key: str
    title: str
    description: str
    fields: Sequence[CredentialField]
    greeting: str
    answers: Callable[[Any], bool]
    headers: Callable[[Credentials], Sequence[tuple[str, str]]]
    caps: Caps
    signs: bool = False
    parcels: bool = True
    type: ProviderType = ProviderType.ECOMMERCE


def basic(credentials: Credentials) -> Sequence[tuple[str, str]]:
    pair = base64.b64encode(f"{credentials.api_key}:{credentials.api_secret}".encode()).decode()
    return (("Accept", "application/json"), ("Authorization", f"Basic {pair}"))


# A WordPress of somebody's, which says nothing of limits: as one busy visitor.
WORDPRESS: Final = Caps(at_once=4, per_second=5.0, burst=10)
STORE_URL = CredentialField("storeUrl", "Store URL", "The shop's address, with https://.")
