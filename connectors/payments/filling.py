"""What a method is set to, on its way in and out. Nothing here calls anybody or reads a database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.payments.methods import ACTIVE, METHODS, PaymentMethod
from connectors.providers import forms, shown, strictly
from connectors.providers.forms import Filled, Kept, Problem
from db.secrets.encrypted import Secret
from db.store.row import now


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
    found, sound = strictly.read(method.settings, given, stored=stored, secrets=secrets, now=at)
    missing = _missing(method, found) if sound and found.values[ACTIVE] else []
    return replace(found, problems=(*found.problems, *missing))


def complete(key: str, settings: Mapping[str, Any], sealed: Secret | None) -> bool:
    """Whether all is there that the method needs in its mode."""
    method, kept = METHODS.get(key), forms.unseal(sealed)
    if method is None:
        return False
    found, sound = strictly.read(method.settings, {}, stored=settings, secrets=kept, now=now())
    return sound and not _missing(method, found)


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


def _missing(method: PaymentMethod, found: Filled) -> list[Problem]:
    labels = strictly.labels(method.settings)
    required = [shape.key for shape in forms.shapes(method.settings) if shape.declared.required]
    needed = (key for key in (*required, *method.needs(found.values)) if not strictly.has(found, key))
    return [Problem((key,), f"{labels[key]} is required") for key in needed]
