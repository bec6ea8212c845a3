"""What a save asks for: the typed fields of its input, and the same in the documented words within `settings`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from strawberry.types.maybe import Some

from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from resolvers.editing.locking import key_of

# The documented names of what all feeds have, and the fields of the input that they are.
_DOCUMENTED: Final[Mapping[str, str]] = {
    "name": "name",
    "enabled": "enabled",
    "event_trigger": "event_triggers",
    "watch_on_access_revoke": "watch_on_access_revoke",
    "conditionals": "conditionals",
    "conditional_variation_ids": "variants",
}
_WORDS: Final[Mapping[str, bool]] = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
LONGEST: Final = 64 * 1024


@dataclass(slots=True)
class Asked:
    """`common` holds what was said of what all feeds have, `paths` where it was; `settings` is the provider's form."""

    common: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def path(self, name: str, otherwise: str) -> tuple[str, ...]:
        return self.paths.get(name, (otherwise,))


def read(input: Any, errors: Refuses) -> Asked:
    """Refuses what cannot be read; never raises."""
    asked = Asked()
    given = _settings(input, errors)
    for documented, name in _DOCUMENTED.items():
        if documented in given:
            value = given.pop(documented)
            path = ("settings", documented)
            if name in ("enabled", "watch_on_access_revoke"):
                value = _truth(value, errors, path)
            elif name == "event_triggers":
                value = _texts(value, errors, path)
            elif name == "variants":
                value = _numbers(value, errors, path)
            elif name == "name" and not isinstance(value, str):
                errors.refuse(ErrorCode.VALIDATION, "The name is a text", *path)
                continue
            if value is not None or name == "conditionals":
                asked.common[name], asked.paths[name] = value, path
    for attribute, name, camel in _TYPED:
        value = getattr(input, attribute, None)
        if isinstance(value, Some):
            asked.common[name], asked.paths[name] = value.value, (camel,)
            if name == "variants":
                asked.common[name] = [key_of(one) for one in value.value]
    asked.settings = given
    return asked


_TYPED: Final = (
    ("name", "name", "name"),
    ("enabled", "enabled", "enabled"),
    ("event_triggers", "event_triggers", "eventTriggers"),
    ("watch_on_access_revoke", "watch_on_access_revoke", "watchOnAccessRevoke"),
    ("conditionals", "conditionals", "conditionals"),
    ("conditional_variant_ids", "variants", "conditionalVariantIds"),
)


def _settings(input: Any, errors: Refuses) -> dict[str, Any]:
    """The form; of a text, the object that it says."""
    given = getattr(input, "settings", None)
    value = given.value if isinstance(given, Some) else None
    if isinstance(value, str) and len(value) <= LONGEST:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            errors.refuse(ErrorCode.VALIDATION, "The settings are an object, or the text of one", "settings")
            return {}
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        errors.refuse(ErrorCode.VALIDATION, "The settings are an object, or the text of one", "settings")
        return {}
    form = {str(key): part for key, part in value.items()}
    # The documented nesting: {name, enabled, settings: {…}}.
    nested = form.pop("settings", None)
    return {**form, **nested} if isinstance(nested, Mapping) else form


def _truth(value: Any, errors: Refuses, path: tuple[str, ...]) -> bool | None:
    if isinstance(value, bool):
        return value
    word = _WORDS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if word is None:
        errors.refuse(ErrorCode.VALIDATION, "It is yes or no", *path)
    return word


def _texts(value: Any, errors: Refuses, path: tuple[str, ...]) -> list[str] | None:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    errors.refuse(ErrorCode.VALIDATION, "The events are a list of names", *path)
    return None


def _numbers(value: Any, errors: Refuses, path: tuple[str, ...]) -> list[int] | None:
    found = [_number(one) for one in value] if isinstance(value, list) else [None]
    whole = [one for one in found if one is not None]
    if len(whole) == len(found):
        return whole
    errors.refuse(ErrorCode.VALIDATION, "The variants are a list of their numbers", *path)
    return None


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 2**63 else None
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= 18 else None
