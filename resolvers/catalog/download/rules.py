"""The rules of a download's fields. How long a text may be is documented for each operation apart (C24)."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.storage import Storage, UnknownDriver, UnsafePath, safe
from connectors.storage.path import shown
from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from resolvers.editing import text

LONGEST_NEW: Final = {
    "title": 160,
    "type": 100,
    "driver": 60,
    "file_name": 185,
    "file_path": 185,
    "file_url": 200,
    "bucket": 100,
}
# `file_path`, `file_url` and `bucket` are not documented here: as when it was made.
LONGEST_CHANGED: Final = LONGEST_NEW | {"title": 100, "driver": 100, "file_name": 100}
_REQUIRED: Final = ("title", "type", "driver", "file_name")
_DEFAULTED: Final = ("file_path", "file_url")
# Past the hundredth year nobody counts.
_MOST_DAYS: Final = 36_500
_MOST: Final = 2**31 - 1
_MOST_BYTES: Final = 2**53 - 1


def check_download(
    errors: Refuses, storage: Storage, row: Mapping[str, Any], asked: Mapping[str, Any], longest: Mapping[str, int]
) -> dict[str, Any]:
    """The asked values as they are stored. `row` is the download as it is, empty for a new one. Rules hold for what is
    asked: what an import brought may break them until it is changed."""
    values = dict(asked)
    long = {name for name in longest if len(values.get(name) or "") > longest[name]}
    for name in (n for n in longest if values.get(n) is not None):
        values[name] = text.line(values[name]) or None
        if name in long:
            errors.refuse(ErrorCode.VALIDATION, f"At most {longest[name]} characters", camel(name))
    for name in _REQUIRED:
        if name in values and not values[name]:
            errors.refuse(ErrorCode.VALIDATION, "Required", camel(name))
    given = values.get("file_name")
    # Another file is meant by another name: where it is follows, unless it is said too.
    replaced = bool(given and shown(given) != row.get("file_name"))
    for default in _DEFAULTED:
        if values.get(default) is None and (default in values or replaced):
            values[default] = given or row.get("file_name")
    if given:
        values["file_name"] = shown(given)
    path = "file_path" if asked.get("file_path") else "file_name"
    if values.get("file_path") and path not in long:
        _check_path(errors, values["file_path"], camel(path))
    if not {"driver", "bucket"} & long:
        _check_place(errors, storage, row, values)
    _check_numbers(errors, values)
    return values


def _check_path(errors: Refuses, path: str, field: str) -> None:
    try:
        safe(path)
    except UnsafePath as error:
        errors.refuse(ErrorCode.VALIDATION, str(error), field)


def _check_place(errors: Refuses, storage: Storage, row: Mapping[str, Any], values: dict[str, Any]) -> None:
    """A driver and a bucket that are configured; the bucket that is meant is named from then on."""
    if not {"driver", "bucket"} & values.keys():
        return
    driver = values.get("driver") or row.get("driver")
    if not driver:
        return
    try:
        # Another driver has buckets of its own.
        kept = row.get("bucket") if driver == row.get("driver") else None
        storage.buckets(driver)
        values["bucket"] = _bucket(errors, storage, driver, values.get("bucket", kept))
    except UnknownDriver as error:
        errors.refuse(ErrorCode.VALIDATION, str(error), "driver")


def _bucket(errors: Refuses, storage: Storage, driver: str, named: str | None) -> str | None:
    try:
        return storage.bucket(driver, named)
    except UnknownDriver as error:
        errors.refuse(ErrorCode.VALIDATION, str(error), "bucket")
        return None


def _check_numbers(errors: Refuses, values: dict[str, Any]) -> None:
    for name, most in (("download_limit", _MOST), ("download_expiry_days", _MOST_DAYS)):
        if values.get(name) is not None:
            if not 0 <= values[name] <= most:
                errors.refuse(ErrorCode.VALIDATION, f"From 0 to {most}", camel(name))
            values[name] = values[name] or None  # as documented, nothing and 0 set no limit
    size = values.get("file_size")
    if size is not None:
        if not 0 <= size <= _MOST_BYTES or size != int(size):
            errors.refuse(ErrorCode.VALIDATION, "A whole number of bytes, not below 0", "fileSize")
        else:
            values["file_size"] = int(size)
