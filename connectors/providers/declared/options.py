"""Values that a vendor knows: lists, tags, groups, and the fields of a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# A provider pages to the end of what its vendor has, or to so many; people choose by searching.
MOST_OPTIONS: Final = 5000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which values are asked for.

    `key`      the `option_source` or the `route` of a field
    `search`   what somebody typed; whoever asks filters titles by it too, so that a provider may leave it alone
    `parent`   the value that these hang on: the id of the list, of the category
    `values`   what the form holds so far
    """

    key: str
    search: str = ""
    parent: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class MergeField:
    """A field of a list that values may be mapped to. `type` is the vendor's word; `options` the values that it takes,
    where they are few."""

    key: str
    label: str
    type: str = "text"
    required: bool = False
    options: tuple[str, ...] = ()
