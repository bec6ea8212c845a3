"""Bundles of variants that go."""

from collections.abc import Mapping
from typing import Any

from engine.unit.unit import Event
from resolvers.catalog.variant.events import variant_updated


def bundle_shrunk(row: Mapping[str, Any]) -> Event:
    return variant_updated(row, {}, ("bundleItems",))
