"""What is done to the store's settings."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
import strawberry
from strawberry.scalars import JSON

from db.commerce import visibility
from db.commerce.events import STORE_UPDATED
from db.commerce.store import CurrencyPosition, DecimalSeparator, StoreRow
from db.commerce.store_option import GROUPS, TaxBasis, TaxInclusion, Text
from db.secrets.confidential import without_secrets
from db.store.row import table
from db.store.writing import edit
from db.text.portable import is_portable
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Event, Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from engine.values.scalars import URL, CurrencyCode
from resolvers.access.caller import require_all
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing import text
from resolvers.editing.editable import edited_version
from resolvers.editing.locking import locked
from resolvers.editing.updating import differences, named, refuse_outdated

STORE = table(StoreRow)
SENSITIVE: Final = "store/sensitive"  # what tax rates need
ONLY: Final = 1  # the key of the one row
LONGEST_NAME: Final = 200
LONGEST_ADDRESS: Final = 2048
LARGEST: Final = 65_536  # bytes of all settings without a column
MOST_AT_ONCE: Final = 1000  # of these, as items of a list elsewhere
DEEPEST: Final = 20  # levels of one setting
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
# What else answers for a key of `settings`: a column, or a field of one of the groups.
OWNED: Final[Mapping[str, str]] = {
    "store_name": "name",
    "store_logo": "logoUrl",
    "currency": "currency",
    "currency_position": "currencyPosition",
    "decimal_separator": "decimalSeparator",
} | {
    option.key: f"{camel(group)}.{camel(name)}" for group, options in GROUPS.items() for name, option in options.items()
}


@strawberry.input(description="What is named changes, null clears.")
class StoreButtonTextsInput:
    cart: strawberry.Maybe[str | None]
    view_cart: strawberry.Maybe[str | None]
    checkout: strawberry.Maybe[str | None]
    popup: strawberry.Maybe[str | None]
    out_of_stock: strawberry.Maybe[str | None]


@strawberry.input(description="What is named changes, null clears.")
class StoreCheckoutInput:
    method_style: strawberry.Maybe[str | None]
    modal: strawberry.Maybe[bool]
    sign_in_required: strawberry.Maybe[bool]
    terms_required: strawberry.Maybe[bool] = strawberry.field(
        default=None, description="Whether a checkout asks to accept the store's terms."
    )
    hide_coupon_field: strawberry.Maybe[bool]
    additional_address_field: strawberry.Maybe[bool]
    account_creation: strawberry.Maybe[str | None]
    account_creation_note: strawberry.Maybe[str | None]


@strawberry.input(description="What is named changes, null clears.")
class StoreAddressInput:
    address1: strawberry.Maybe[str | None]
    address2: strawberry.Maybe[str | None]
    city: strawberry.Maybe[str | None]
    state: strawberry.Maybe[str | None]
    postcode: strawberry.Maybe[str | None]
    country: strawberry.Maybe[str | None]


@strawberry.input(description="What is named changes. Needs store/sensitive besides.")
class StoreTaxInput:
    enabled: strawberry.Maybe[bool] = strawberry.field(
        default=None, description="Whether carts and new orders are taxed. Orders that are there stay as they are."
    )
    inclusion: strawberry.Maybe[TaxInclusion] = strawberry.field(
        default=None, description="Whether prices, and what shipping methods charge, hold their tax."
    )
    basis: strawberry.Maybe[TaxBasis] = strawberry.field(default=None, description="Whose address decides on rates.")


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class StoreSettingsUpdateInput:
    expected_version: int | None = edited_version()
    name: strawberry.Maybe[str]
    url: strawberry.Maybe[URL | None] = strawberry.field(default=None, description="The shop itself.")
    logo_url: strawberry.Maybe[URL | None]
    currency: strawberry.Maybe[CurrencyCode] = strawberry.field(
        default=None,
        description="Amounts keep their numbers of minor units, nothing is converted. Orders keep the currency that "
        "they were made in.",
    )
    currency_position: strawberry.Maybe[CurrencyPosition]
    decimal_separator: strawberry.Maybe[DecimalSeparator]
    button_texts: strawberry.Maybe[StoreButtonTextsInput]
    checkout: strawberry.Maybe[StoreCheckoutInput]
    address: strawberry.Maybe[StoreAddressInput]
    tax: strawberry.Maybe[StoreTaxInput]
    settings: strawberry.Maybe[JSON] = strawberry.field(
        default=None,
        description="Others, as the store names them: an object. What it names changes, null takes a setting away. "
        "Those with a field of their own are not written here, and neither are secrets. Numbers go up to 2^53.",
    )


@mutation(permission="store/settings", rest="POST /settings/store", emits=(STORE_UPDATED,))
async def store_settings_update(unit: Unit, input: StoreSettingsUpdateInput) -> Keys:
    """Change the store's settings; the others stay as they are. What is said of `tax` needs store/sensitive, too."""
    if input.tax is not None:
        require_all(unit.viewer, [SENSITIVE])
    row = (await locked(unit, STORE, [ONLY], visibility.stores(unit.viewer)))[ONLY]
    await refuse_outdated(unit, f"StoreSettings:{ONLY}", input.expected_version, row["version"])

    values = _checked(unit, named(input, leave=("expected_version", "settings", *GROUPS)))
    settings = _merged(unit, row["settings"], input)
    unit.settle()
    changes = differences(row, values | {"settings": settings})
    if changes:
        await edit(unit.connection, STORE, ONLY, row["version"], changes)
        unit.emit(_updated(row, changes))
    return {"store_settings": ONLY}


def _updated(row: Mapping[str, Any], changes: Mapping[str, Any]) -> Event:
    keys = row["settings"].keys() | changes.get("settings", {}).keys()
    changed = [
        key for key in keys if "settings" in changes and row["settings"].get(key) != changes["settings"].get(key)
    ]
    fields = {OWNED[key].split(".")[0] if key in OWNED else "settings" for key in changed}
    return STORE_UPDATED(row, changes, fields, changed_settings=sorted(changed))


def _checked(errors: Refuses, asked: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(asked)
    if "name" in values:
        values["name"] = text.line(values["name"])
        if not values["name"]:
            errors.refuse(ErrorCode.VALIDATION, "A name is required", "name")
        elif len(values["name"]) > LONGEST_NAME:
            errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_NAME} characters", "name")
    for name in ("url", "logo_url"):
        address = values.get(name)
        if address is not None and not (text.is_web_address(address) and len(address) <= LONGEST_ADDRESS):
            message = f"An http or https URL of at most {LONGEST_ADDRESS} characters"
            errors.refuse(ErrorCode.VALIDATION, message, camel(name))
    return values


def _merged(unit: Unit, settings: Mapping[str, Any], input: StoreSettingsUpdateInput) -> dict[str, Any]:
    """All settings without a column, with those that were asked for."""
    merged = dict(settings)
    for group, options in GROUPS.items():
        given = getattr(input, group)
        if given is None:
            continue
        for name, asked in named(given.value, leave=()).items():
            option, value = options[name], asked
            if isinstance(option, Text):
                value = (text.lines if option.several_lines else text.line)(asked or "")
                if len(value) > option.longest:
                    unit.refuse(ErrorCode.VALIDATION, f"At most {option.longest} characters", camel(group), camel(name))
            if value != option.read(settings):
                merged[option.key] = option.written(value)
    if input.settings is not None:
        _merge_others(unit.at("settings"), merged, input.settings.value)
    if len(orjson.dumps(merged)) > LARGEST:
        unit.refuse(ErrorCode.VALIDATION, f"All settings together take at most {LARGEST} bytes", "settings")
    return merged


def _merge_others(errors: Refuses, merged: dict[str, Any], given: Any) -> None:
    if not isinstance(given, dict):
        errors.refuse(ErrorCode.VALIDATION, "An object of settings by their names")
        return
    if len(given) > MOST_AT_ONCE:
        errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_AT_ONCE} settings at once")
        return
    for key, value in given.items():
        if key in OWNED:
            errors.refuse(ErrorCode.VALIDATION, f"This is the field `{OWNED[key]}`", key)
        elif not _KEY.fullmatch(key):
            errors.refuse(ErrorCode.VALIDATION, "Names have up to 64 of a-z, 0-9 and _, a letter first", key[:64])
        elif without_secrets({key: value}) != {key: value}:
            errors.refuse(ErrorCode.VALIDATION, "Secrets are not kept among the settings", key)
        elif not is_portable(value, DEEPEST):
            errors.refuse(
                ErrorCode.VALIDATION, f"Nested beyond {DEEPEST} levels, a null character, or a number beyond 2^53", key
            )
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
