"""Python's names and GraphQL's."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def camel(name: str) -> str:
    """`min_price` → `minPrice`, as Strawberry's own converter does."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
