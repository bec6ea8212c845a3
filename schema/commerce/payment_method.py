"""Payment methods, and what they are set to."""

import strawberry
from strawberry.scalars import JSON

from connectors.payments import METHODS, filling
from db.commerce import visibility
from db.commerce.payment_method import PaymentMethodRow
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.lookup import every, lookup
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from resolvers.commerce.payment_method import PaymentMethodBy, payment_method_settings_update
from schema.integration.form import ProviderField, shown


def _title(key: str) -> str:
    return METHODS[key].title if key in METHODS else key


def _description(key: str) -> str:
    return METHODS[key].description if key in METHODS else ""


@entity(
    PaymentMethodRow,
    visible=visibility.payment_methods,
    description="A way to pay that the store may offer, and what it is set to. Orders name methods by their keys; "
    "those that an import brought may have others.",
)
class PaymentMethod(Node):
    method: str = column(PaymentMethodRow.key, description="Its key, as orders name it: `stripe`, `offline_payment`.")
    title: str = computed(_title, PaymentMethodRow.key, description="What people see.")
    description: str = computed(_description, PaymentMethodRow.key, description="What it is good for, in a sentence.")
    active: bool = column(
        PaymentMethodRow.active, description="Whether customers may choose it; `is_active` of its settings."
    )
    complete: bool = computed(
        filling.complete,
        PaymentMethodRow.key,
        PaymentMethodRow.settings,
        PaymentMethodRow.concealed,
        description="Whether all that it needs is there, in the mode that is chosen. Nobody has asked the payment "
        "provider whether it is right.",
    )
    settings: JSON = computed(
        lambda key, values, sealed: JSON(filling.presented(key, values, sealed)),
        PaymentMethodRow.key,
        PaymentMethodRow.settings,
        PaymentMethodRow.concealed,
        description="Values by the keys of `form`; of a secret `{isSet, lastFour, updatedAt}`.",
    )
    form: list[ProviderField] = computed(
        lambda key, values: shown(filling.form(key, values)),
        PaymentMethodRow.key,
        PaymentMethodRow.settings,
        description="What can be set. `required` is what it needs while it is active, in the mode that is chosen.",
    )


@strawberry.type
class PaymentMethodQueries:
    payment_methods: list[PaymentMethod] | None = every(
        order=[PaymentMethodRow.key],
        permission="is_super_admin",
        description="All payment methods, active or not, by their keys.",
    )
    payment_method_settings: PaymentMethod | None = lookup(
        PaymentMethodBy,
        permission="is_super_admin",
        rest=["GET /settings/payment-methods"],
        description="One payment method with its settings; null when there is none of that key.",
    )


@strawberry.type(description="The method as it is set now, secrets masked.")
class PaymentMethodSettingsUpdatePayload(Payload):
    payment_method: PaymentMethod | None = changed(PaymentMethodRow.key)


@strawberry.type
class PaymentMethodMutations:
    payment_method_settings_update: PaymentMethodSettingsUpdatePayload | None = performed(
        payment_method_settings_update
    )
