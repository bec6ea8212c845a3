"""What is done to shipping methods."""

from typing import Final

import strawberry

from db.commerce import visibility
from db.commerce.events import SHIPPING_METHOD_CREATED, SHIPPING_METHOD_DELETED, SHIPPING_METHOD_UPDATED
from db.commerce.shipping_method import ShippingMethodRow
from resolvers.commerce.shipping.input import AMOUNT, COUNTRIES, FREE_FROM, STATES, TIERS, ShippingMethodCreateInput
from resolvers.commerce.shipping.rules import own
from resolvers.editing.editable import Text
from resolvers.editing.simple import SimpleNoun

# Whoever makes the classes makes what charges by them.
SHIPPING_METHODS: Final = SimpleNoun(
    ShippingMethodRow,
    visibility.shipping_methods,
    *(SHIPPING_METHOD_CREATED, SHIPPING_METHOD_UPDATED, SHIPPING_METHOD_DELETED),
    texts={"title": Text(192, required="A title is required")},
    not_negative=("amount", "free_from", "position"),
    permission="store/settings",
    creates=ShippingMethodCreateInput,
    cleared=("free_from",),
    otherwise={
        "amount": strawberry.field(default=None, description=AMOUNT),
        "weight_tiers": strawberry.field(default=None, description=TIERS),
        "countries": strawberry.field(default=None, description=COUNTRIES),
        "states": strawberry.field(default=None, description=STATES),
        "free_from": strawberry.field(default=None, description=FREE_FROM),
    },
    own=own,
    gone="Orders keep what was paid for it.",
)
