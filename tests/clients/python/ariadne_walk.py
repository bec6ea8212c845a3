# mypy: disable-error-code="import-not-found"
"""Shops with the client that ariadne-codegen makes and prints what it saw; a test says what that has to be."""

import asyncio
import json
import os
import sys

from storefront import ErrorCode, ProductSort, ProductSortField, Storefront, VariantUpdateInput


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['STOREGRAPH_TOKEN']}"}
    async with Storefront(url=os.environ["STOREGRAPH_URL"], headers=headers) as storefront:
        shelf = (await storefront.product_list(first=3, sort=[ProductSort(field=ProductSortField.TITLE)])).products
        assert shelf is not None
        card = shelf.edges[0].node
        before = card.variants[0]

        # What is not given is not sent, and stays as it is.
        change = VariantUpdateInput(id=before.id, price=1, expectedVersion=before.version)
        changed = (await storefront.variant_update(change)).variant_update
        assert changed is not None
        assert changed.variant is not None
        assert changed.product is not None

        stale = (await storefront.variant_update(change)).variant_update
        assert stale is not None
        page = (await storefront.product_page(card.slug)).product
        assert page is not None

    saw = {
        "titles": [edge.node.title for edge in shelf.edges],
        "prices": [before.price.cents, changed.variant.price.cents, page.variants[0].price.cents],
        "min_prices": [card.min_price.cents, changed.product.min_price.cents, page.min_price.cents],
        "refused": [error.code for error in stale.user_errors],
        "conflict": stale.user_errors[0].code is ErrorCode.CONFLICT,
        "published": page.published_at.isoformat() if page.published_at else None,
    }
    sys.stdout.write(json.dumps(saw))


asyncio.run(main())
