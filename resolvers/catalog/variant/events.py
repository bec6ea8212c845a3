"""What is told of variants, with the keys that subscribers look them up by."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from engine.unit.unit import Event, Unit
from resolvers.editing.updating import graphql_names

# A class is a column of the variant, and a relation of the graph; what it is found by is not in the graph at all.
_SHOWN_AS: Final = {"shipping_class_id": "shipping_class"}
_HIDDEN: Final = frozenset({"search_text"})
_STOCK: Final = frozenset({"manage_stock", "total_stock", "available", "committed", "on_hold", "stock_status"})
# What a mutation emits that may change anything of a variant.
VARIANT_CHANGES: Final = ("variant.updated", "inventory.changed")


def variant_created(row: Mapping[str, Any]) -> Event:
    return Event("variant.created", _entity(row), version=row["version"], payload=_payload(row))


def variant_updated(row: Mapping[str, Any], changes: Mapping[str, Any], also: Collection[str] = ()) -> Event:
    """Of a variant that is one version above this row by now. `also` are changed fields that are no columns."""
    return _changed("variant.updated", row, changes, also, {})


def emit_variant_changed(
    unit: Unit, row: Mapping[str, Any], changes: Mapping[str, Any], also: Collection[str] = ()
) -> None:
    """`variant.updated`; and where its stock changed, `inventory.changed` with the numbers, for those who watch nothing
    else."""
    unit.emit(variant_updated(row, changes, also))
    stock = {name: value for name, value in changes.items() if name in _STOCK}
    if stock:
        after = {**row, **changes}
        numbers = {"totalStock": after["total_stock"], "available": after["available"]}
        numbers |= {"manageStock": after["manage_stock"], "stockStatus": after["stock_status"]}
        unit.emit(_changed("inventory.changed", row, stock, (), {"sku": after["sku"], **numbers}))


def variant_deleted(row: Mapping[str, Any]) -> Event:
    return Event("variant.deleted", _entity(row), payload=_payload(row), before=row)


def _changed(
    name: str, row: Mapping[str, Any], changes: Mapping[str, Any], also: Collection[str], stock: Mapping[str, Any]
) -> Event:
    shown = [_SHOWN_AS.get(column, column) for column in changes if column not in _HIDDEN]
    return Event(
        name,
        _entity(row),
        version=row["version"] + 1,
        changed=graphql_names([*shown, *also]),
        payload={**_payload({**row, **changes}), **stock},
        before=row,
        after=changes,
    )


def _entity(row: Mapping[str, Any]) -> str:
    return f"ProductVariant:{row['id']}"


def _payload(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"variantId": row["id"], "productId": row["product_id"], "sku": row["sku"]}
