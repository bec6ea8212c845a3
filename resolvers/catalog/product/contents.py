"""Contents of products, cleaned beside the loop before the rules look at them."""

from collections.abc import Sequence
from typing import Protocol

from strawberry.types.maybe import Some

from db.catalog.html import cleaned
from engine.declared.bulk import Unread
from engine.values.scalars import HTML
from resolvers.catalog.product.input import MOST_PRODUCTS, ProductContents


class _Several(Protocol):
    @property
    def products(self) -> Sequence[ProductContents | Unread]: ...


async def clean(product: ProductContents) -> None:
    """Its content. Done before the transaction: a text of the greatest length may take a second."""
    if product.content is not None and product.content.value is not None:
        product.content = Some(HTML(await cleaned(product.content.value)))


async def clean_all(input: _Several) -> None:
    """One after the other. Those beyond what a request may have are refused as they are."""
    for product in input.products[:MOST_PRODUCTS]:
        if not isinstance(product, Unread):
            await clean(product)
