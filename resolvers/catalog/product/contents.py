"""Contents of products, cleaned beside the loop before the rules look at them."""

from collections.abc import Iterable

from strawberry.types.maybe import Some

from db.catalog.html import cleaned
from engine.values.scalars import HTML
from resolvers.catalog.product.input import ProductContents


async def clean(products: Iterable[ProductContents]) -> None:
    """Of each its content, one after the other. Done before a product is locked: a text of the greatest length may take
    a second."""
    for product in products:
        if product.content is not None and product.content.value is not None:
            product.content = Some(HTML(await cleaned(product.content.value)))
