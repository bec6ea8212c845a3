"""Conditions: whether something is done with an order, and with which tags (documented as conditional logic).

A condition is `{field, operator, value}`, its field a path with dots in what is known of the order: `customer.email`,
`order_items.0.quantity`; `order_items.*.product_id` are the values of all lines. Equality is loose, for a form sends
texts: 5 is "5" and "5.0", true is "yes", "true" and "1", nothing is the empty text and the empty list. An order of two
values is that of numbers where both are numbers, else that of texts; nothing is neither above nor below anything.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from db.integration.template.failure import TemplateError
from db.integration.template.value import shown
from db.text.portable import is_portable
from engine.values.errors import ErrorCode, Errors

MOST_CONDITIONS: Final = 50
MOST_VALUES: Final = 100
LONGEST_FIELD: Final = 192
LONGEST_VALUE: Final = 1000
# A number of more digits is a text: nobody counts so far, and arithmetic with it takes its time.
_LONGEST_NUMBER: Final = 40
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off", ""})

Data = Mapping[str, Any]
_Test = Callable[[Any, Any], bool]


def _shown(value: Any) -> str:
    """As templates show it. What they cannot write down, such as an integer of more than 64 bits inside an object, is
    like itself alone."""
    try:
        return shown(value)
    except TemplateError:
        return repr(value)


def _number(value: Any) -> Decimal | None:
    """Of a number, or of a text that is one; of nothing else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    text = str(value).strip()
    if not text or len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    # `1e999999` is a number that takes a megabyte to write down.
    return number if number.is_finite() and abs(number.adjusted()) <= _LONGEST_NUMBER else None


def _truth(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return bool(value)
    word = _shown(value).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return _truth(one) is not None and _truth(one) == _truth(other)
    if _nothing(one) or _nothing(other):
        return _nothing(one) and _nothing(other)
    numbers = _number(one), _number(other)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return _shown(one) == _shown(other)


def _equal(actual: Any, wanted: Any) -> bool:
    """One of the wanted ones where there are several; of a list, that it holds one."""
    if isinstance(wanted, list | tuple) and wanted:
        return any(_equal(actual, each) for each in wanted)
    if isinstance(actual, list | tuple) and actual:
        return any(_same(each, wanted) for each in actual)
    return _same(actual, wanted)


def _ordered(holds: Callable[[Any, Any], bool]) -> _Test:
    def test(actual: Any, wanted: Any) -> bool:
        if any(_nothing(value) or isinstance(value, bool | list | tuple | dict) for value in (actual, wanted)):
            return False
        one, other = _number(actual), _number(wanted)
        if one is not None and other is not None:
            return holds(one, other)
        # Moments are such texts. A number and a word have no order.
        return one is None and other is None and holds(_shown(actual), _shown(wanted))

    return test


def _part(holds: Callable[[str, str], bool]) -> _Test:
    """Of texts; an empty text is no part of anything."""

    def test(actual: Any, wanted: Any) -> bool:
        return (
            not isinstance(actual, list | tuple | dict)
            and _shown(wanted) != ""
            and holds(_shown(actual), _shown(wanted))
        )

    return test


_within: Final = _part(lambda text, part: part in text)


def _contains(actual: Any, wanted: Any) -> bool:
    return _equal(actual, wanted) if isinstance(actual, list | tuple) else _within(actual, wanted)


def _length(holds: Callable[[int, Decimal], bool]) -> _Test:
    """Of a list how many it holds, of a text how many characters it has; nothing has none."""

    def test(actual: Any, wanted: Any) -> bool:
        number = _number(wanted)
        held = actual if isinstance(actual, list | tuple | dict) else _shown(actual)
        return number is not None and holds(len(held), number)

    return test


OPERATORS: Final[Mapping[str, _Test]] = MappingProxyType(
    {
        "=": _equal,
        "!=": lambda actual, wanted: not _equal(actual, wanted),
        ">": _ordered(lambda one, other: bool(one > other)),
        "<": _ordered(lambda one, other: bool(one < other)),
        ">=": _ordered(lambda one, other: bool(one >= other)),
        "<=": _ordered(lambda one, other: bool(one <= other)),
        "startsWith": _part(str.startswith),
        "endsWith": _part(str.endswith),
        "contains": _contains,
        "doNotContains": lambda actual, wanted: not _contains(actual, wanted),
        "length_equal": _length(lambda length, wanted: length == wanted),
        "length_less_than": _length(lambda length, wanted: length < wanted),
        "length_greater_than": _length(lambda length, wanted: length > wanted),
    }
)
DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "=": "The value is the wanted one, or one of those wanted; of a list, that it holds one.",
        "!=": "`=` does not.",
        ">": "The value is above.",
        "<": "The value is below.",
        ">=": "The value is the same or above.",
        "<=": "The value is the same or below.",
        "startsWith": "The text begins so.",
        "endsWith": "The text ends so.",
        "contains": "The text has it somewhere; the list holds it.",
        "doNotContains": "`contains` does not.",
        "length_equal": "So many entries of a list, or characters of a text.",
        "length_less_than": "Fewer of them.",
        "length_greater_than": "More of them.",
    }
)


def found(data: object, field: str) -> Any:
    """What is at a path; None where it ends before. A key of a list's entries, or `*`, is asked of each of them."""
    at = data
    for step in field.split("."):
        if isinstance(at, Mapping):
            at = at.get(step)
        elif isinstance(at, list | tuple):
            if step.isascii() and step.isdigit():
                at = at[int(step[:9])] if int(step[:9]) < len(at) else None
            elif step != "*":
                at = [each[step] for each in at if isinstance(each, Mapping) and step in each]
        else:
            return None
    return at


def is_on(conditionals: Any) -> bool:
    """Whether conditions are asked for at all."""
    return isinstance(conditionals, Mapping) and _truth(conditionals.get("status")) is True


def holds(conditionals: Any, data: Data) -> bool:
    """Whether what is known of an order fulfils them: `type` any, at least one; else every one. With `status` false, or
    without conditionals, it does. Whatever is stored: what no condition can be made of is one that does not hold."""
    if not is_on(conditionals):
        return True
    conditions = conditionals.get("conditions")
    results = (condition_holds(one, data) for one in (conditions if isinstance(conditions, list | tuple) else ()))
    return any(results) if conditionals.get("type") == "any" else all(results)


def condition_holds(condition: Any, data: Data) -> bool:
    if not isinstance(condition, Mapping):
        return False
    field, operator = condition.get("field"), condition.get("operator")
    if not isinstance(field, str) or not field or not isinstance(operator, str) or operator not in OPERATORS:
        return False
    return OPERATORS[operator](found(data, field), condition.get("value"))


def routed(settings: Mapping[str, Any], data: Data, *, tags: str = "tag_ids") -> list[Any]:
    """The tags that an order gets: with `<tags>_selection_type` simple those of `tags`, with routing those of each
    router that holds; each once, in their order."""
    if settings.get(f"{tags}_selection_type") != "routing":
        return _once(_listed(settings.get(tags)))
    routers = [one for one in _listed(settings.get("tag_routers")) if isinstance(one, Mapping)]
    chosen = [_listed(one.get("input_value")) for one in routers if condition_holds(one, data)]
    return _once(tag for several in chosen for tag in several)


def _listed(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        return value
    return () if _nothing(value) else (value,)


def _once(tags: Iterable[Any]) -> list[Any]:
    kept: dict[str, Any] = {}
    for tag in tags:
        if isinstance(tag, str | int) and not isinstance(tag, bool) and tag != "":
            kept.setdefault(str(tag), tag)
    return list(kept.values())


def validate(conditionals: Any, errors: Errors) -> None:
    """Refuses what cannot be meant, each at its path."""
    if conditionals is None:
        return
    if not isinstance(conditionals, Mapping):
        errors.refuse(ErrorCode.VALIDATION, "Conditions are an object of status, type and conditions")
        return
    for name in conditionals.keys() - {"status", "type", "conditions"}:
        errors.refuse(ErrorCode.VALIDATION, "Conditions have a status, a type and conditions, nothing else", str(name))
    if _truth(conditionals.get("status")) is None:
        errors.refuse(ErrorCode.VALIDATION, "The status is true or false", "status")
    if conditionals.get("type", "all") not in ("all", "any"):
        errors.refuse(ErrorCode.VALIDATION, "The type is all or any", "type")
    validate_list(conditionals.get("conditions", []), errors.at("conditions"))


def validate_list(conditions: Any, errors: Errors) -> None:
    """The same for the conditions alone, or for routers."""
    if not isinstance(conditions, list | tuple):
        errors.refuse(ErrorCode.VALIDATION, "Conditions are a list")
        return
    if len(conditions) > MOST_CONDITIONS:
        errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_CONDITIONS} conditions")
        return
    for place, one in enumerate(conditions):
        _validate(one, errors.at(str(place)))


def _validate(condition: Any, errors: Errors) -> None:
    if not isinstance(condition, Mapping):
        errors.refuse(ErrorCode.VALIDATION, "A condition is an object of field, operator and value")
        return
    field, operator = condition.get("field"), condition.get("operator")
    if not isinstance(field, str) or not field.strip():
        errors.refuse(ErrorCode.VALIDATION, "A condition needs a field", "field")
    elif len(field) > LONGEST_FIELD or not is_portable(field):
        errors.refuse(
            ErrorCode.VALIDATION, f"A field has at most {LONGEST_FIELD} characters, none of them null", "field"
        )
    if not isinstance(operator, str) or operator not in OPERATORS:
        errors.refuse(ErrorCode.VALIDATION, f"The operator is one of {', '.join(OPERATORS)}", "operator")
        return
    value = condition.get("value")
    values = value if isinstance(value, list | tuple) else [value]
    if len(values) > MOST_VALUES:
        errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_VALUES} values", "value")
    elif any(not isinstance(one, str | int | float | bool | None) for one in values):
        errors.refuse(ErrorCode.VALIDATION, "A value is a text, a number or a truth, or a list of them", "value")
    elif any(len(one) > LONGEST_VALUE for one in values if isinstance(one, str)):
        errors.refuse(ErrorCode.VALIDATION, f"A value has at most {LONGEST_VALUE} characters", "value")
    elif not is_portable(list(values)):
        errors.refuse(ErrorCode.VALIDATION, "A value holds a null character, or is a number beyond 2^53", "value")
    elif operator.startswith("length_") and (isinstance(value, list | tuple) or _number(value) is None):
        errors.refuse(ErrorCode.VALIDATION, "A length is compared with a number", "value")
