"""Bundles of variants that go."""

from collections.abc import Mapping
from typing import Any

from db.catalog.events import VARIANT_UPDATED
from engine.unit.unit import Event


def bundle_shrunk(row: Mapping[str, Any]) -> Event:
    return VARIANT_UPDATED(row, {}, ("bundle_items",))
