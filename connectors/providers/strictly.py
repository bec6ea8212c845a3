"""Forms of the store itself, whose callers are told of names that are none: of providers' forms they are dropped."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from connectors.providers import forms
from connectors.providers.forms import Filled, Kept, Problem

# Of a name that no field has, as much as an answer repeats.
_LONGEST_NAME: Final = 64


def read(
    model: type[BaseModel],
    given: Mapping[str, Any],
    *,
    stored: Mapping[str, Any],
    secrets: Mapping[str, Kept],
    now: datetime,
) -> tuple[Filled, bool]:
    """What a form holds after somebody sent `given`: what is left out stays, null is the default, a secret that comes
    back as it was shown stays, a name of no field is a problem. And whether the values are what the model says, so that
    more can be asked of them."""
    known = {shape.key for shape in forms.shapes(model)}
    strangers = tuple(
        Problem((key[:_LONGEST_NAME],), "No such field; `form` lists them") for key in given if key not in known
    )
    defaults = forms.defaults(model)
    named = {key: defaults.get(key) if value is None else value for key, value in given.items() if key in known}
    found = forms.read(model, named, stored=stored, secrets=secrets, complete=False, now=now)
    return replace(found, problems=(*strangers, *found.problems)), not found.problems


def labels(model: type[BaseModel]) -> dict[str, str]:
    """What people see the fields called, by their keys."""
    return {shape.key: shape.declared.label for shape in forms.shapes(model)}


def has(found: Filled, key: str) -> bool:
    return bool(found.values.get(key)) or key in found.secrets
