"""The rules of a product's own fields: of one field, where it changes; between fields, for the result of the change."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import orjson

from db.catalog.html import safe
from db.catalog.product import FulfillmentType, ProductRow, ProductStatus, VariationType, sort_key
from db.catalog.slug import derived
from db.text.portable import is_portable
from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from resolvers.catalog.product.suggestion import MAX_EXCERPT_WORDS
from resolvers.editing import text
from resolvers.editing.updating import differences

Refuse: TypeAlias = Callable[[str, str], None]  # a column, what is wrong with it

LONGEST: Final = {"title": 200, "comment_status": 100, "active_editor": 100}
LARGEST_METADATA: Final = 16 * 1024  # bytes of JSON
# What a caller may write; a product that came in with another status keeps it until it gets one of these.
STATUSES: Final = (ProductStatus.DRAFT, ProductStatus.PUBLISH, ProductStatus.FUTURE)
IN_BULK: Final = STATUSES[:2]
LINES: Final = ("title", "comment_status", "active_editor")
NAMED_AS: Final = {"extra": "metadata"}  # and in inputs
_BLANK: Final = ProductRow(
    title="", title_key="", slug="", fulfillment_type=FulfillmentType.DIGITAL, active_editor="wp-editor"
).model_dump(exclude={"id"})


def blank_product(now: datetime) -> dict[str, Any]:
    """A product of which nothing has been said."""
    return _BLANK | {"created_at": now, "updated_at": now, "modified_at": now}


def check_product(
    errors: Refuses, row: Mapping[str, Any], asked: Mapping[str, Any], now: datetime, *, bulk: bool = False
) -> dict[str, Any]:
    """What to write to a row for what was asked of it: the columns that change; none when the caller changes nothing.
    A slug is wished for: it may be taken. Refuses broken rules on their fields. In bulk nothing is scheduled, and
    excerpts are as long as they like."""

    def refuse(name: str, message: str) -> None:
        errors.refuse(ErrorCode.VALIDATION, message, camel(NAMED_AS.get(name, name)))

    values = {name: _stored(row, name, value) for name, value in asked.items()}
    if values.get("slug") == "":
        values["slug"] = slug_of(values.get("title", row["title"]))
    changes = differences(row, values)
    if "extra" in values and _written(values["extra"]) != _written(row["extra"]):  # to Python `true` is 1
        changes["extra"] = values["extra"]
    _check_alone(changes, refuse, bulk)
    if "extra" in changes:
        _check_metadata(changes["extra"], refuse)
    _check_status(row, changes, refuse, now, IN_BULK if bulk else STATUSES)
    if changes:
        changes["modified_at"] = now
    if "title" in changes:
        changes["title_key"] = sort_key(changes["title"])
    return changes


def slug_of(title: str) -> str:
    return derived(title) or "product"


def _stored(row: Mapping[str, Any], name: str, value: Any) -> Any:
    if name in LINES:
        line = text.bounded(text.line(value or ""), LONGEST[name], row[name])
        return line if name == "title" else line or None
    if name == "excerpt":
        return text.lines(value or "")
    if name == "content":
        # What is stored is safe, and stays as it is when it is sent back; whatever else there is becomes so.
        return safe(value or "")
    if name == "slug":
        return value if value == row[name] else derived(text.line(value or ""))
    return value


def _check_alone(changes: Mapping[str, Any], refuse: Refuse, bulk: bool) -> None:
    if changes.get("title") == "":
        refuse("title", "A title is required")
    for name, most in LONGEST.items():
        if len(changes.get(name) or "") > most:
            refuse(name, f"{'Title is longer than' if name == 'title' else 'At most'} {most} characters")
    if not bulk and len(changes.get("excerpt", "").split()) > MAX_EXCERPT_WORDS:
        refuse("excerpt", f"Excerpt is longer than {MAX_EXCERPT_WORDS} words")
    if changes.get("variation_type") is VariationType.ADVANCED_VARIATIONS:
        refuse("variation_type", "Advanced variations are made of attributes, by productVariantOptionsSync")


def _check_status(
    row: Mapping[str, Any],
    changes: dict[str, Any],
    refuse: Refuse,
    now: datetime,
    statuses: Sequence[ProductStatus],
) -> None:
    """A date to come belongs to FUTURE alone, and FUTURE needs one. In other statuses publishing says when it was."""
    status = changes.get("status", row["status"])
    cleared = changes.get("published_at", now) is None
    asked = changes.pop("published_at", None) or row["published_at"]
    if "status" in changes and status not in statuses:
        refuse("status", f"Unknown status: {', '.join(s.name for s in statuses)} can be written")
    elif status is ProductStatus.FUTURE:
        new = "status" in changes or asked != row["published_at"]
        if cleared or asked is None or (new and asked <= now):
            refuse("published_at", "A scheduled product needs a future date")
        elif asked != row["published_at"]:
            changes["published_at"] = asked
    elif asked != row["published_at"] or (cleared and "id" in row and "status" not in changes):
        refuse("published_at", "Only a scheduled product has a date to be set: its status is FUTURE")
    elif "status" in changes and (
        status is ProductStatus.PUBLISH or row["published_at"] is None or row["published_at"] > now
    ):
        changes["published_at"] = now


def _check_metadata(value: Any, refuse: Refuse) -> None:
    if len(_written(value)) > LARGEST_METADATA:
        refuse("extra", "Metadata is larger than 16 kB")
    elif not is_portable(value):
        refuse("extra", "Metadata holds a null character or a number beyond 2^53")


def _written(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
