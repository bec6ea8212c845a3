"""Suggestions for whoever edits products."""

from db.catalog.sku import stem, suggestion, taken_skus
from engine.standard.context import Context
from engine.values import identity
from engine.values.errors import CodedError, ErrorCode

MAX_EXCERPT_WORDS = 55  # WordPress's own default of excerpt_length


async def suggest_sku(
    context: Context, title: str, variant_title: str | None = None, exclude_id: str | None = None
) -> str:
    """A SKU that no other variant has. Raises VALIDATION when the titles hold no letter or digit to make one of."""
    base = stem(title, variant_title)
    if not base:
        message = "A title is required" if not title.strip() else "The title has no letters or digits to make a SKU of"
        raise CodedError(ErrorCode.VALIDATION, message)
    excluding = None if exclude_id is None else identity.number(identity.decode(exclude_id, "ProductVariant").key)
    rows = await context.rows(taken_skus(base, excluding=excluding))
    return suggestion(base, {row[0] for row in rows})


async def max_excerpt_word_count(context: Context) -> int:
    return MAX_EXCERPT_WORDS
