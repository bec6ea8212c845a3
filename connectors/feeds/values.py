"""A feed's form and the columns that keep it: what all feeds have in common has columns of its own, what the documents
name of lists too, and the rest is the provider's."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.providers import forms
from connectors.providers.forms import Kept

# Keys of forms that have columns; a feed that does not say so much leaves them empty.
_TEXTS: Final = ("list_id", "list_name")
_MAPPED: Final = "merge_fields"


def values_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a feed's form holds, without its secrets."""
    values = dict(row["settings"])
    values |= {name: row[name] for name in _TEXTS if row[name] is not None}
    if row["merge_fields"] or _MAPPED not in values:
        values[_MAPPED] = dict(row["merge_fields"])
    return values


def secrets_of(row: Mapping[str, Any]) -> dict[str, Kept]:
    """Raises NoSecretKey."""
    return forms.unseal(row["concealed"])


def columns_of(values: Mapping[str, Any], secrets: Mapping[str, Kept]) -> dict[str, Any]:
    """The columns that keep these values."""
    rest = dict(values)
    columns: dict[str, Any] = {}
    for name in _TEXTS:
        value = rest.pop(name, None)
        columns[name] = None if value in (None, "") else str(value)
    mapped = rest.get(_MAPPED)
    columns["merge_fields"] = dict(rest.pop(_MAPPED)) if isinstance(mapped, Mapping) else {}
    return {**columns, "settings": rest, "concealed": forms.seal(secrets)}
