"""What a method is set to, on its way in and out. Nothing here calls anybody or reads a database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.payments.methods import ACTIVE, METHODS, PaymentMethod
from connectors.providers import forms, shown
from connectors.providers.forms import Filled, Kept, Problem
from db.secrets.encrypted import Secret
from db.store.row import now

# Of a name that no field has, as much as an answer repeats.
_LONGEST_NAME = 64


def filled(
    method: PaymentMethod,
    given: Mapping[str, Any],
    *,
    stored: Mapping[str, Any],
    secrets: Mapping[str, Kept],
    at: datetime,
) -> Filled:
    """What is to be stored after somebody sent `given`: what is left out stays, null clears, a secret that comes back
    as it was shown stays. A name that is none of its fields is a problem, and so is what is missing while the method is
    active."""
    known = {shape.key for shape in forms.shapes(method.settings)}
    strangers = [
        Problem((key[:_LONGEST_NAME],), "No such field; `form` lists them") for key in given if key not in known
    ]
    defaults = forms.defaults(method.settings)
    named = {key: defaults.get(key) if value is None else value for key, value in given.items() if key in known}
    found = forms.read(method.settings, named, stored=stored, secrets=secrets, complete=False, now=at)
    problems = [*strangers, *found.problems]
    if not found.problems and found.values[ACTIVE]:
        problems += [Problem((key,), f"{label} is required") for key, label in _missing(method, found)]
    return replace(found, problems=tuple(problems))


def complete(key: str, settings: Mapping[str, Any], sealed: Secret | None) -> bool:
    """Whether all is there that the method needs in its mode."""
    method, kept = METHODS.get(key), forms.unseal(sealed)
    if method is None:
        return False
    found = forms.read(method.settings, {}, stored=settings, secrets=kept, complete=False, now=now())
    return not found.problems and not _missing(method, found)


def presented(key: str, settings: Mapping[str, Any], sealed: Secret | None) -> dict[str, Any]:
    """What people see of it: of a secret `{isSet, lastFour, updatedAt}`, of what is not stored its default."""
    method = METHODS.get(key)
    if method is None:
        return {}
    return forms.presented(method.settings, settings, forms.unseal(sealed))


def form(key: str, settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Its fields as JSON; `required` is what its mode needs."""
    method = METHODS.get(key)
    if method is None:
        return []
    needs = method.needs(settings)
    return [
        field | {"required": field["required"] or field["key"] in needs} for field in shown.document(method.settings)
    ]


def _missing(method: PaymentMethod, found: Filled) -> list[tuple[str, str]]:
    """Key and label of each field that has to be filled and is not."""
    needs = method.needs(found.values)
    return [
        (shape.key, shape.declared.label)
        for shape in forms.shapes(method.settings)
        if (shape.declared.required or shape.key in needs)
        and not (shape.key in found.secrets if shape.secret else found.values.get(shape.key))
    ]
