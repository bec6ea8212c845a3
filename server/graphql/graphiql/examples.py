"""Documents to begin with, as GraphiQL's tabs. The numbers in them are those of the demo store."""

from typing import Final

from engine.values.identity import encode
from server.graphql.graphiql import Document
from server.graphql.graphiql.buying import BUYING

# With files to download.
_PRODUCT: Final = 8
# Of a product that the guide does not change.
_VARIANT: Final = encode("ProductVariant", 13)

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
    excerpt
    content
    categories { name }
    brands { name }
    downloads { title fileName fileSize url }
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
        "Create",
        """\
# A product with two variants, in one transaction.
# The key makes a repeat harmless: it answers the
# same and makes nothing twice. Change the key to
# make another.
mutation Create($input: ProductCreateInput!, $key: String) {
  productCreate(input: $input, idempotencyKey: $key) {
    product {
      id
      slug
      minPrice { formatted }
      maxPrice { formatted }
      variants { sku title price { formatted } }
    }
    userErrors { code message field }
  }
}
""",
        {
            "key": "my-first-product",
            "input": {
                "title": "Enamel Mug",
                "status": "PUBLISH",
                "fulfillmentType": "PHYSICAL",
                "variationType": "SIMPLE_VARIATIONS",
                "variants": [
                    {"title": "White", "sku": "MUG-WHITE", "price": 1400},
                    {"title": "Blue", "sku": "MUG-BLUE", "price": 1600},
                ],
            },
        },
    ),
    Document(
        "Conflict",
        """\
# Two people edit the same version. The first is
# in time; the second learns which fields changed
# meanwhile, and nothing of the other is lost.
mutation Conflict(
  $first: VariantUpdateInput!
  $second: VariantUpdateInput!
) {
  first: variantUpdate(input: $first) {
    ...Outcome
  }
  second: variantUpdate(input: $second) {
    ...Outcome
  }
}

fragment Outcome on VariantUpdatePayload {
  variant { version title description }
  userErrors { code message field }
}
""",
        {
            "first": {"id": _VARIANT, "expectedVersion": 1, "description": "With a bulb."},
            "second": {"id": _VARIANT, "expectedVersion": 1, "title": "Large"},
        },
    ),
    Document(
        "DryRun",
        """\
# What a new price would do. It is written
# when validateOnly is false.
mutation DryRun(
  $input: VariantUpdateInput!
  $validateOnly: Boolean!
) {
  variantUpdate(
    input: $input
    validateOnly: $validateOnly
  ) {
    variant { price { formatted } version }
    product { minPrice { formatted } }
    events { name changedFields }
    userErrors { code message field }
  }
}
""",
        {"input": {"id": _VARIANT, "price": 1999}, "validateOnly": True},
    ),
    Document(
        "Orders",
        """\
# Whose orders wait for payment, and what is in
# them. Other words find them by an invoice, an
# e-mail address or the title of a line.
query Orders($search: String) {
  orders(
    first: 5
    search: $search
    filter: { paymentStatus: { eq: PENDING } }
    sort: [{ field: TOTAL, direction: DESC }]
  ) {
    nodes {
      databaseId
      status
      total { formatted }
      customer { fullName email }
      items { productTitle quantity }
    }
    totalCount
  }
}
""",
        {"search": "poster"},
    ),
    *BUYING,
    Document(
        "Revenue",
        """\
# What orders came to, by months, beside those of
# the year before; and what sold best.
query Revenue($from: DateTime!, $to: DateTime!) {
  reportRevenue(
    startDate: $from
    endDate: $to
    groupKey: MONTHLY
    compareType: PREVIOUS_YEAR
  ) {
    points {
      key
      orderCount
      grossSales { formatted }
      netRevenue { formatted }
    }
    fluctuations { grossSales orderCount }
  }
  reportProducts(startDate: $from, endDate: $to) {
    bestSellers {
      product { title }
      unitsSold
      grossSales { formatted }
    }
  }
}
""",
        {"from": "2026-09-01T00:00:00Z", "to": "2026-11-30T23:59:59Z"},
    ),
    Document(
        "LivePrice",
        """\
# How a product stands, and how it stands after
# each change. Write a new price in another
# window: another tab of this one ends it.
subscription LivePrice($by: ProductBy!) {
  productChanged(by: $by) {
    position
    gone
    product {
      title
      minPrice { formatted }
      maxPrice { formatted }
      stockAvailability
    }
  }
}
""",
        {"by": {"databaseId": _PRODUCT}},
    ),
    Document(
        "Webhook",
        """\
# Tells another system of each change of a
# product, by a query of its own. Saved with its
# secret when validateOnly is false.
mutation Webhook(
  $input: WebhookCreateInput!
  $validateOnly: Boolean!
) {
  webhookCreate(
    input: $input
    validateOnly: $validateOnly
  ) {
    webhook { id target { disabled } }
    secret
    events { name }
    userErrors { code field message }
  }
}
""",
        {
            "input": {
                "name": "Warehouse",
                "url": "https://warehouse.example/store",
                "eventTriggers": ["product.created", "product.updated"],
                "body": "QUERY",
                "query": "query ($id: ID!) { product(by: {id: $id}) { title variants { sku available } } }",
            },
            "validateOnly": True,
        },
    ),
    Document(
        "Integrations",
        """\
# What feeds can be made for, what a provider
# has to be told, and the feeds that there are.
query Integrations($provider: String!) {
  integrationProviders {
    key
    title
    description
    enabled
  }
  integrationSettings(by: { key: $provider }) {
    valid
    form { key label component required help }
  }
  integrationFeeds(first: 5) {
    nodes {
      name
      enabled
      eventTriggers
      provider { title }
      product { title }
    }
    totalCount
  }
}
""",
        {"provider": "mailchimp"},
    ),
)
