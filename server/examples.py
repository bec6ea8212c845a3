"""Documents to begin with, as GraphiQL's tabs. The numbers in them are those of the demo store."""

from typing import Final

from engine.identity import encode
from server.graphiql import Document

_PRODUCT: Final = 5
_VARIANT: Final = encode("ProductVariant", 2)

DOCUMENTS: Final = (
    Document(
        "Products",
        """\
# A page of products and what hangs on them.
query Products($first: Int!, $after: String) {
  products(first: $first, after: $after, sort: [{ field: TITLE }]) {
    nodes {
      title
      status
      minPrice { formatted }
      categories { name }
      variants {
        sku
        price { cents formatted }
        stockStatus
      }
    }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
""",
        {"first": 5},
    ),
    Document(
        "OneProduct",
        """\
# One product, found by its number; by id or slug as well.
query OneProduct($by: ProductBy!) {
  product(by: $by) {
    id
    title
    slug
    brands { name }
    gallery { url }
    downloads { title fileName }
    variants {
      id
      title
      available
      product { title }
    }
  }
}
""",
        {"by": {"databaseId": _PRODUCT}},
    ),
    Document(
        "ChangePrice",
        """\
# What a new price would do. It is written
# when validateOnly is false.
mutation ChangePrice(
  $input: VariantUpdateInput!
  $validateOnly: Boolean!
) {
  variantUpdate(
    input: $input
    validateOnly: $validateOnly
  ) {
    variant { price { formatted } version }
    product { minPrice { formatted } }
    events { name }
    userErrors { code message field }
  }
}
""",
        {"input": {"id": _VARIANT, "price": 1999}, "validateOnly": True},
    ),
)
