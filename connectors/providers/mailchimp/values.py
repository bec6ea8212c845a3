"""Values of merge fields as their types want them. One that is none of its type costs the member nothing else: it is
left out, and that is logged, without the value, which may be personal."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from connectors.providers import MergeField

# The parts of an address, which is mapped part by part: `ADDRESS.city`. Mailchimp takes no address without the first
# four of them.
PARTS: Final = {
    "addr1": "street",
    "city": "city",
    "state": "state",
    "zip": "postcode",
    "addr2": "second line",
    "country": "country",
}
_NEEDED: Final = ("addr1", "city", "state", "zip")
# Those that every audience begins with: texts, of which nothing has to be known.
KNOWN: Final = frozenset({"FNAME", "LNAME"})

_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
_SLASHED_DAY: Final = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
_BIRTHDAY: Final = re.compile(r"\d{1,2}/\d{1,2}")
_ZIP: Final = re.compile(r"\d{5}(-\d{4})?")
_AMERICAN: Final = re.compile(r"(?:\+?1)?\d{10}")


def described(fields: Iterable[Mapping[str, Any]]) -> list[MergeField]:
    """The fields of an audience for whoever maps them, an address as its parts."""
    found: list[MergeField] = []
    for field in fields:
        tag, name, needed = str(field.get("tag", "")), str(field.get("name", "")), bool(field.get("required"))
        if not tag:
            continue
        kind = str(field.get("type", "text"))
        if kind == "address":
            found += [
                MergeField(f"{tag}.{part}", f"{name}: {said}", "text", needed and part in _NEEDED)
                for part, said in PARTS.items()
            ]
        else:
            found.append(MergeField(tag, name, kind, needed, _choices(field)))
    return found


def _choices(field: Mapping[str, Any]) -> tuple[str, ...]:
    options = field.get("options")
    choices = options.get("choices") if isinstance(options, Mapping) else None
    return tuple(map(str, choices)) if isinstance(choices, list) else ()


def shaped(
    mapped: Mapping[str, str], fields: Iterable[Mapping[str, Any]], log: Callable[[str], None]
) -> dict[str, Any]:
    """What is sent as `merge_fields`. Fields that nobody told the type of are sent as they are."""
    known = {str(field.get("tag")): field for field in fields}
    values: dict[str, Any] = {}
    addresses: dict[str, dict[str, str]] = {}
    for key, given in mapped.items():
        value = given.strip()
        if not value:
            continue
        tag, _, part = key.partition(".")
        if part:
            if part in PARTS:
                addresses.setdefault(tag, {})[part] = value
            continue
        field = known.get(tag)
        if field is None:
            if known and tag not in KNOWN:
                log(f"Left out {tag}: the audience has no such field")
            else:
                values[tag] = value
            continue
        made = _as(field, value)
        if made is None:
            log(f"Left out {tag}: the value is none of a field of the type {field.get('type')}")
        else:
            values[tag] = made
    for tag, address in addresses.items():
        if all(address.get(part) for part in _NEEDED):
            values[tag] = address
        else:
            log(f"Left out {tag}: an address has a street, a city, a state and a postcode")
    return values


def _as(field: Mapping[str, Any], value: str) -> Any:
    """None: it is no value of the field."""
    match field.get("type"):
        case "number":
            return _number(value)
        case "date":
            day = _DAY.fullmatch(value)
            return "-".join(day.groups()) if day else value if _SLASHED_DAY.fullmatch(value) else None
        case "birthday":
            day = _DAY.fullmatch(value)
            return f"{day[2]}/{day[3]}" if day else value if _BIRTHDAY.fullmatch(value) else None
        case "zip":
            return value if _ZIP.fullmatch(value) else None
        case "url" | "imageurl":
            return value if value.startswith(("http://", "https://")) else None
        case "radio" | "dropdown":
            return next((choice for choice in _choices(field) if choice.lower() == value.lower()), None)
        case "address":
            return None  # as one text it is nobody's
        case "phone":
            options = field.get("options")
            american = isinstance(options, Mapping) and options.get("phone_format") == "US"
            return value if not american or _AMERICAN.fullmatch(re.sub(r"[\s().-]", "", value)) else None
    return value


def _number(value: str) -> int | float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() else number
