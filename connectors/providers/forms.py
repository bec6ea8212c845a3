"""From a model to a form and back: what its fields are, what may be stored of what somebody sent, what is shown again.

Nothing here calls anybody or reads a database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from secrets import token_hex
from typing import Any, Final, TypeVar, get_args, get_origin

import orjson
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connectors.providers.declared.failing import Rejected
from connectors.providers.declared.form import Component, FormField
from db.secrets.confidential import MASK
from db.secrets.encrypted import Secret
from db.text.portable import is_portable

M = TypeVar("M", bound=BaseModel)

SIMPLE: Final = "simple"
ROUTING: Final = "routing"
# What one form may hold, as JSON: long notes and a hundred mapped fields.
LONGEST: Final = 64 * 1024
MOST_ROUTERS: Final = 100
_MASKS: Final = frozenset("*\u2022")
_NO_VALUE: Final = frozenset({Component.LINK, Component.HTML_INFO, Component.AUTHENTICATE_BUTTON})


@dataclass(frozen=True, slots=True)
class Shape:
    """A field of a form. `key` is what its value is stored under; `name` the model's attribute; `multiple` whether the
    value is a list; `default` is JSON, None of a secret."""

    key: str
    name: str
    declared: FormField
    multiple: bool
    secret: bool
    default: Any

    @property
    def has_value(self) -> bool:
        return self.declared.component not in _NO_VALUE

    @property
    def companions(self) -> tuple[str, ...]:
        """Keys that are stored beside its own."""
        return self.declared.routing or ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret of a form, and when it was given. `mark` tells one that was given from the one before, and nothing of
    either."""

    value: str = field(repr=False)
    at: datetime
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule: `path` begins with the field's key."""

    path: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What is to be stored of a form that somebody sent. `values` is JSON without the secrets. `problems` are all that
    is wrong; with any of them nothing is stored."""

    values: dict[str, Any]
    secrets: dict[str, Kept]
    problems: tuple[Problem, ...]


def shapes(model: type[BaseModel]) -> tuple[Shape, ...]:
    """The fields in their order. Raises TypeError for a model that is no form: a field without a label or a default."""
    return _shapes(model)


@lru_cache(maxsize=256)
def _shapes(model: Any) -> tuple[Shape, ...]:
    found = []
    for name, info in model.model_fields.items():
        declared = next((one for one in info.metadata if isinstance(one, FormField)), None)
        if declared is None:
            raise TypeError(f"{model.__name__}.{name} does not say how it is shown: Annotated[…, form(…)]")
        if info.is_required():
            raise TypeError(f"{model.__name__}.{name} has no default: what must be filled is `required`")
        if (declared.component is Component.SELECTION_ROUTING) != (declared.routing is not None):
            raise TypeError(f"{model.__name__}.{name}: SELECTION_ROUTING and `routing` belong together")
        secret = declared.secret or info.annotation is SecretStr
        key = info.alias or name
        found.append(
            Shape(key, name, declared, _multiple(info), secret, None if secret else _default(model, key, info))
        )
    return tuple(found)


def defaults(model: type[BaseModel]) -> dict[str, Any]:
    """What a new form holds, without its secrets."""
    values: dict[str, Any] = {}
    for shape in shapes(model):
        if shape.has_value and not shape.secret:
            values[shape.key] = shape.default
        if shape.companions:
            values |= dict(zip(shape.companions, (SIMPLE, []), strict=True))
    return values


def read(
    model: type[BaseModel],
    given: Mapping[str, Any],
    *,
    stored: Mapping[str, Any],
    secrets: Mapping[str, Kept],
    complete: bool,
    now: datetime,
) -> Filled:
    """What a form holds after somebody sent `given`: names that it does not have are dropped, what is left out is as
    stored, and so is a secret that comes back as it was shown. An empty or null secret takes it away. `complete` asks
    for all that is required."""
    values = {**defaults(model), **{key: stored[key] for key in defaults(model).keys() & stored.keys()}}
    kept = {shape.key: secrets[shape.key] for shape in shapes(model) if shape.secret and shape.key in secrets}
    problems: list[Problem] = []
    for shape in shapes(model):
        if shape.secret:
            _take_secret(shape, given, kept, problems, now)
            continue
        for key in (shape.key, *shape.companions):
            if shape.has_value and key in given:
                values[key] = given[key]
    unfit = _unfit(values)
    problems += unfit
    if not unfit:
        values, wrong = _validated(model, values, kept)
        problems += wrong
        refused = {problem.path[:1] for problem in problems}
        for shape in shapes(model):
            if (shape.key,) not in refused:
                problems += _rules(shape, values, kept, complete=complete)
    return Filled(values, kept, tuple(problems))


def made(model: type[M], values: Mapping[str, Any], secrets: Mapping[str, Kept]) -> M:
    """The model of what is stored. Raises Rejected where its rules have changed since and it must be saved again."""
    try:
        return model.model_validate(_raw(model, values, secrets))
    except ValidationError as error:
        problem = _problems(model, error)[0]
        raise Rejected(f"{problem.message}: save it again", "".join(problem.path[:1]) or None) from None


def ready(
    model: type[M],
    values: Mapping[str, Any],
    secrets: Mapping[str, Kept],
    *,
    render: Callable[[str], str],
    holds: Callable[[Mapping[str, Any]], bool],
) -> M:
    """The model of a feed for one run: templates filled in by `render`, routers followed as far as `holds` says so.
    Raises Rejected where the values do not fit then."""
    filled = {**defaults(model), **values}
    for shape in shapes(model):
        if shape.secret or not shape.has_value:
            continue
        value = filled[shape.key]
        if shape.companions and filled.get(shape.companions[0]) == ROUTING:
            routers = filled.get(shape.companions[1])
            value = routed([one for one in routers or () if isinstance(one, Mapping) and holds(one)])
        filled[shape.key] = _rendered(value, render, labels=False) if shape.declared.template else value
    return made(model, filled, secrets)


def routed(routers: Sequence[Mapping[str, Any]]) -> list[str]:
    """What these routers contribute, each once."""
    found: dict[str, None] = {}
    for router in routers:
        value = router.get("input_value")
        for one in value if isinstance(value, list) else [value]:
            if one not in (None, ""):
                found[str(one)] = None
    return list(found)


def presented(model: type[BaseModel], values: Mapping[str, Any], secrets: Mapping[str, Kept]) -> dict[str, Any]:
    """What people see of stored values: a secret as `{isSet, lastFour, updatedAt}`, what is not stored as its
    default."""
    known = defaults(model)
    shown = {**known, **{key: values[key] for key in known.keys() & values.keys()}}
    for shape in shapes(model):
        if shape.secret:
            shown[shape.key] = concealed(secrets.get(shape.key))
    return shown


def concealed(kept: Kept | None) -> dict[str, Any]:
    """A secret in a JSON document, as `Secret` shows one elsewhere."""
    if kept is None:
        return {"isSet": False, "lastFour": None, "updatedAt": None}
    return {"isSet": True, "lastFour": Secret(kept.value).last_four, "updatedAt": kept.at.isoformat()}


def seal(secrets: Mapping[str, Kept]) -> Secret | None:
    """The secrets of a form as one column holds them."""
    if not secrets:
        return None
    kept = {key: [one.value, one.at.isoformat(), one.mark] for key, one in secrets.items()}
    return Secret(orjson.dumps(kept).decode())


def unseal(sealed: Secret | None) -> dict[str, Kept]:
    if sealed is None:
        return {}
    stored = orjson.loads(sealed.reveal())
    return {key: Kept(value, datetime.fromisoformat(at), *mark) for key, (value, at, *mark) in stored.items()}


def _take_secret(
    shape: Shape, given: Mapping[str, Any], kept: dict[str, Kept], problems: list[Problem], now: datetime
) -> None:
    if shape.key not in given:
        return
    value = given[shape.key]
    if isinstance(value, Mapping) or (isinstance(value, str) and _masked(value, kept.get(shape.key))):
        return
    if value is None or (isinstance(value, str) and not value.strip()):
        kept.pop(shape.key, None)
    elif not isinstance(value, str):
        problems.append(Problem((shape.key,), f"{shape.declared.label} is a text"))
    elif not is_portable(value) or len(value) > LONGEST:
        problems.append(Problem((shape.key,), f"{shape.declared.label} is too long, or holds what is no text"))
    elif shape.key not in kept or kept[shape.key].value != value.strip():
        kept[shape.key] = Kept(value.strip(), now, token_hex(8))


def _masked(value: str, kept: Kept | None) -> bool:
    """Whether a secret came back as it was shown: asterisks or bullets, perhaps with the last four of what is kept."""
    text = value.strip()
    if not text or text[0] not in _MASKS:
        return False
    rest = text.lstrip("".join(_MASKS))
    return text == MASK or not rest or (kept is not None and len(rest) <= 4 and kept.value.endswith(rest))


def _unfit(values: Mapping[str, Any]) -> list[Problem]:
    """What no database takes."""
    try:
        encoded = orjson.dumps(values)
    except (TypeError, ValueError):
        return [Problem((), "The values are no JSON")]
    if len(encoded) > LONGEST:
        return [Problem((), f"The values are longer than {LONGEST} bytes")]
    return [
        Problem((key,), "The value holds what is no text") for key, value in values.items() if not is_portable(value)
    ]


def _validated(
    model: type[BaseModel], values: dict[str, Any], secrets: Mapping[str, Kept]
) -> tuple[dict[str, Any], list[Problem]]:
    """The values as the model writes them, or what is wrong with them."""
    try:
        instance = model.model_validate(_raw(model, values, secrets))
    except ValidationError as error:
        return values, _problems(model, error)
    plain = {shape.name: shape for shape in shapes(model) if shape.has_value and not shape.secret}
    written = instance.model_dump(mode="json", include=set(plain))
    return {**values, **{plain[name].key: value for name, value in written.items()}}, []


def _raw(model: type[BaseModel], values: Mapping[str, Any], secrets: Mapping[str, Kept]) -> dict[str, Any]:
    known = {shape.key for shape in shapes(model) if shape.has_value}
    return {key: value for key, value in values.items() if key in known} | {
        key: one.value for key, one in secrets.items() if key in known
    }


def _problems(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    labels = {shape.key: shape.declared.label for shape in shapes(model)} | {
        shape.name: shape.declared.label for shape in shapes(model)
    }
    keys = {shape.name: shape.key for shape in shapes(model)}
    found = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        first = str(one["loc"][0]) if one["loc"] else ""
        message = one["msg"].removeprefix("Value error, ")
        path = (keys.get(first, first), *(str(part) for part in one["loc"][1:])) if first else ()
        found.append(Problem(path, f"{labels[first]}: {message}" if first in labels else message))
    return found


def _rules(shape: Shape, values: Mapping[str, Any], secrets: Mapping[str, Kept], *, complete: bool) -> list[Problem]:
    """What the form asks beside the model."""
    declared, value = shape.declared, values.get(shape.key)
    found: list[Problem] = []
    routing = False
    if shape.companions:
        selection, routers = (values.get(key) for key in shape.companions)
        routing = selection == ROUTING
        if selection not in (SIMPLE, ROUTING):
            found.append(Problem((shape.companions[0],), f"{declared.label} is chosen by {SIMPLE} or {ROUTING}"))
        if not isinstance(routers, list) or not all(isinstance(one, Mapping) for one in routers):
            found.append(Problem((shape.companions[1],), "Routers are a list of {field, operator, value, input_value}"))
        elif len(routers) > MOST_ROUTERS:
            found.append(Problem((shape.companions[1],), f"At most {MOST_ROUTERS} routers"))
        elif routing:
            value = routers
    if complete and declared.required and not declared.primary:
        filled = shape.key in secrets if shape.secret else not _empty(value)
        if not filled:
            found.append(Problem((shape.key,), f"{declared.label} is required"))
    if complete:
        mapping = value if isinstance(value, Mapping) else {}
        found += [
            Problem((shape.key, one.key), f"{one.label} is required")
            for one in declared.primary
            if one.required and _empty(mapping.get(one.key))
        ]
    if declared.options is not None and not routing and not declared.template:
        chosen = value if isinstance(value, list) else [value]
        found += [
            Problem((shape.key,), f"{declared.label} is one of {', '.join(declared.options)}")
            for one in chosen
            if not _empty(one) and str(one) not in declared.options
        ][:1]
    return found


def _rendered(value: Any, render: Callable[[str], str], *, labels: bool) -> Any:
    """The value with its texts filled in; of {label, item_value} only the second."""
    if isinstance(value, str):
        return value if labels else render(value)
    if isinstance(value, Mapping):
        return {key: _rendered(part, render, labels=key == "label") for key, part in value.items()}
    return [_rendered(part, render, labels=False) for part in value] if isinstance(value, list) else value


def _empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list | Mapping) and not value)


def _multiple(info: FieldInfo) -> bool:
    kinds = (list, tuple, set, frozenset)
    parts = (info.annotation, *get_args(info.annotation))
    return info.annotation in kinds or any(get_origin(part) in kinds for part in parts)


def _default(model: type[BaseModel], key: str, info: FieldInfo) -> Any:
    """As JSON, through the model: a default may be an enum or a nested model."""
    value = info.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        raise TypeError(f"{model.__name__}.{key} has no default")
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return orjson.loads(orjson.dumps(value, default=_listed))


def _listed(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{value!r} is no default of a form")
