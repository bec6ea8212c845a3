"""Forms as they are stored beside a provider's row, and shown: whoever reads the graph needs no provider at hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from connectors.providers.forms import SIMPLE, Shape, concealed, shapes, unseal
from db.secrets.encrypted import Secret


def document(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    """The fields of a form as JSON."""
    return [] if model is None else [_field(shape) for shape in shapes(model)]


def settings(form: Sequence[Mapping[str, Any]], values: Mapping[str, Any], sealed: Secret | None) -> dict[str, Any]:
    """What people see of stored values: of a secret whether it is set, of what is not stored the default."""
    secrets = unseal(sealed) if any(field["secret"] for field in form) else {}
    found: dict[str, Any] = {}
    for field in form:
        if field["secret"]:
            found[field["key"]] = concealed(secrets.get(field["key"]))
        elif field["has_value"]:
            found[field["key"]] = values.get(field["key"], field["default"])
        for companion, default in zip(field["routing"], (SIMPLE, []), strict=False):
            found[companion] = values.get(companion, default)
    return found


def _field(shape: Shape) -> dict[str, Any]:
    declared = shape.declared
    return {
        "key": shape.key,
        "component": declared.component.value,
        "label": declared.label,
        "help": declared.help,
        "placeholder": declared.placeholder,
        "required": declared.required,
        "options": None if declared.options is None else [list(pair) for pair in declared.options.items()],
        "option_source": declared.option_source,
        "route": declared.route,
        "depends_on": list(declared.depends_on),
        "template": declared.template,
        "secret": shape.secret,
        "multiple": shape.multiple,
        "has_value": shape.has_value,
        "default": shape.default,
        "routing": list(shape.companions),
        "primary": [[one.key, one.label, one.required, one.emails] for one in declared.primary],
        "link": declared.link,
    }
