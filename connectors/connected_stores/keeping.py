"""A connection's secrets as they are kept, and as they are used."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

import orjson

from connectors.connected_stores import CATALOGUE
from connectors.connected_stores.asking import Shop
from connectors.connected_stores.declared import Credentials
from db.secrets.encrypted import Secret


def kept(credentials: Credentials) -> Secret:
    return Secret(orjson.dumps({"apiKey": credentials.api_key, "apiSecret": credentials.api_secret}).decode())


def shop_of(row: Mapping[str, Any]) -> Shop:
    """The shop of a row of `provider_connection` that has its credentials. Raises NoSecretKey."""
    secrets = orjson.loads(row["credentials"].reveal())
    return Shop(CATALOGUE[row["provider"]], Credentials(secrets["apiKey"], secrets["apiSecret"], row["store_url"]))


def new_secret() -> str:
    """For a shop to sign its calls with: 32 bytes."""
    return token_hex(32)
