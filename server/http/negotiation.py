"""Which media type to answer with (RFC 9110 §12.5.1, and the GraphQL-over-HTTP specification on top of it)."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
HTML: Final = "text/html"
EVENTS: Final = "text/event-stream"

# A client sends the same few headers all the time; a stranger's inventions push them out at worst.
_KEPT: Final = 256


@lru_cache(maxsize=_KEPT)
def negotiated(accept: str, *, page: bool = False, events: bool = False) -> str | None:
    """The media type for an Accept header; None when none of ours is acceptable. `page`: HTML is on offer too;
    `events`: so is a stream of events.

    Between types that are equally welcome one that is named beats one behind a wildcard, and the newer GraphQL type
    beats JSON. Where only a wildcard speaks for both it is JSON, as the specification asks for `*/*`.
    """
    ranges = tuple(_ranges(accept)) or (("*/*", 1.0),)
    # In the order that decides between equals.
    offered = (*((HTML,) if page else ()), GRAPHQL, JSON, *((EVENTS,) if events else ()))
    best, best_rank = None, (0.0, 0)
    for media_type in offered:
        quality, specificity = _quality(media_type, ranges)
        if quality > 0 and (quality, specificity) > best_rank:
            best, best_rank = media_type, (quality, specificity)
    if best is None or best_rank[1] == _EXACT:
        return best
    # Only a wildcard: plain JSON, unless the header is against it.
    return JSON if _quality(JSON, ranges) == best_rank else best


_EXACT: Final = 2


def _quality(media_type: str, ranges: tuple[tuple[str, float], ...]) -> tuple[float, int]:
    """The quality that the most specific matching range gives, and how specific it is."""
    kind = media_type.partition("/")[0]
    for specificity, wanted in ((_EXACT, media_type), (1, f"{kind}/*"), (0, "*/*")):
        qualities = [quality for name, quality in ranges if name == wanted]
        if qualities:
            return max(qualities), specificity
    return 0.0, 0


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Media ranges with their qualities; what is malformed is left out, parameters other than q are ignored."""
    for element in accept.lower().split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        if name.count("/") != 1:
            continue
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _weight(value.strip())
        yield name, quality


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
