"""What payment methods are set to."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import select
from strawberry.scalars import JSON

from connectors.payments import METHODS
from connectors.payments.filling import filled
from connectors.payments.methods import ACTIVE
from connectors.providers import forms
from db.commerce.events import PAYMENT_METHOD_UPDATED
from db.commerce.payment_method import PaymentMethodRow
from db.store.row import now, table
from db.store.writing import edit
from engine.declared.input import confidential, finds
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing.locking import not_found
from resolvers.editing.updating import differences, refuse_outdated

METHOD: Final = table(PaymentMethodRow)


@strawberry.input(one_of=True, description="Exactly one of these.")
class PaymentMethodBy:
    id: strawberry.Maybe[strawberry.ID] = finds(PaymentMethodRow.key, identifies="PaymentMethod")
    method: strawberry.Maybe[str] = finds(PaymentMethodRow.key, description="Its key: `stripe`, `offline_payment`.")


@strawberry.input(description="What a payment method is set to from now on.")
class PaymentMethodSettingsUpdateInput:
    method: str = strawberry.field(description="Its key: `stripe`, `offline_payment`.")
    settings: JSON = confidential(
        description="An object of values by the keys of `PaymentMethod.form`. What is left out stays, and so does a "
        "secret that is sent as it was shown; null clears. `is_active` offers the method to customers: what `form` "
        "requires has to be there then."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse with CONFLICT unless the method is still at this version."
    )


@mutation(
    permission="is_super_admin",
    rest="POST /settings/payment-methods",
    emits=(PAYMENT_METHOD_UPDATED,),
    audited=True,
)
async def payment_method_settings_update(unit: Unit, input: PaymentMethodSettingsUpdateInput) -> Keys:
    """Change what a payment method is set to; the rest stays as it is. The payment provider is not asked. NOT_FOUND: no
    such method; `paymentMethods` lists them."""
    row, method = await _locked(unit, input.method), METHODS[input.method]
    await refuse_outdated(unit, f"PaymentMethod:{input.method}", input.expected_version, row["version"])
    given = input.settings
    if not isinstance(given, Mapping):
        unit.refuse(ErrorCode.VALIDATION, "The settings are an object of values by their keys", "settings")
        unit.settle()
        return {}
    stored, secrets = row["settings"], forms.unseal(row["concealed"])
    found = filled(method, given, stored=stored, secrets=secrets, at=now())
    for problem in found.problems:
        unit.refuse(ErrorCode.VALIDATION, problem.message, "settings", *problem.path)
    unit.settle()
    values: dict[str, Any] = {"active": found.values[ACTIVE]}
    # What was never set is as its default says: whoever sends that alone changes nothing.
    if {**forms.defaults(method.settings), **stored} != found.values:
        values["settings"] = found.values
    if found.secrets != secrets:  # sealed again, equal secrets are another text
        values["concealed"] = forms.seal(found.secrets)
    if changes := differences(row, values):
        await edit(unit.connection, METHOD, input.method, row["version"], changes)
        unit.emit(PAYMENT_METHOD_UPDATED(row, changes))
    return {"payment_method": input.method}


async def _locked(unit: Unit, key: str) -> dict[str, Any]:
    if key not in METHODS:
        not_found(unit, "payment method; `paymentMethods` lists them", "method")
    statement = select(METHOD).where(METHOD.c.key == key).with_for_update()
    row = (await unit.connection.execute(statement)).mappings().one_or_none()
    return not_found(unit, "payment method here", "method") if row is None else dict(row)
