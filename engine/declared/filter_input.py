"""A filter of a noun: an input whose fields say what they ask of a row, nested with `and`, `or` and `not`."""

from collections.abc import Callable
from typing import Any, Final, TypeVar, dataclass_transform

import strawberry
from strawberry.types.base import get_object_definition

from engine.values.filtering import COLUMN, COUNTED, HAS_ANY, counted, filters, has_any

T = TypeVar("T")

RECURSIVE: Final = ("and_", "or_", "not_")
ASKED: Final = frozenset({COLUMN, COUNTED, HAS_ANY})


@dataclass_transform(kw_only_default=True, field_specifiers=(filters, has_any, counted))
def filter_input(
    *, description: str = "Everything given must hold; `or` needs one of its parts, `not` none."
) -> Callable[[type[T]], type[T]]:
    """Declare a filter. Raises TypeError for a field that asks nothing (it is none of `filters`, `has_any`,
    `counted`), and for one that takes the place of `and`, `or` or `not`."""

    def declare(cls: type[T]) -> type[T]:
        taken = [name for name in RECURSIVE if name in cls.__annotations__]
        if taken:
            raise TypeError(f"{cls.__name__}.{taken[0]} is given to each filter: leave it out")
        itself: Any = cls
        types = {"and_": list[itself] | None, "or_": list[itself] | None, "not_": itself | None}
        cls.__annotations__ = {**cls.__annotations__, **types}
        for name in RECURSIVE:
            setattr(cls, name, strawberry.field(default=None, name=name.rstrip("_")))
        made = strawberry.input(cls, description=description)
        for field in get_object_definition(made, strict=True).fields:
            if field.python_name not in RECURSIVE and not ASKED & field.metadata.keys():
                raise TypeError(f"{cls.__name__}.{field.python_name} asks nothing: declare it with `filters`")
        return made

    return declare
