"""What a visitor asks from a cart to an order, as GraphiQL's tabs: what one answers is put into the next."""

from typing import Final

from engine.values.identity import encode
from server.graphql.graphiql import Document

# Of a product that the guide does not change.
_VARIANT: Final = encode("ProductVariant", 13)
_PARCEL: Final = encode("ShippingMethod", 1)
# They are other ones each time, and stand in the answer before.
YOUR_CART: Final = "sg_cart_yours"
YOUR_HASH: Final = "hash_of_yours"

BUYING: Final = (
    Document(
        "Cart",
        """\
# Buying, 1 of 4: a visitor's cart, which needs no
# permission. Each run without a token makes another
# one; with the token of the answer it adds to this.
mutation Cart($token: String, $variant: ID!) {
  cartAdd(
    input: {
      token: $token
      variantId: $variant
      quantity: 2
    }
  ) {
    token
    cart {
      items {
        quantity
        unitPrice { formatted }
        total { formatted }
        problem
        variant { title product { title } }
      }
      bumps {
        hash
        title
        price { formatted }
        discountedPrice { formatted }
      }
      total { formatted }
      requiresShipping
    }
    userErrors { code message field }
  }
}
""",
        {"token": None, "variant": _VARIANT},
    ),
    Document(
        "Lower",
        """\
# Buying, 2 of 4: what the cart is offered, and a
# coupon. Put the token and the hash of the answer
# before under Variables.
mutation Lower(
  $token: String!
  $bump: String!
  $code: String!
) {
  cartAddBump(input: { token: $token, bump: $bump }) {
    userErrors { code message field }
  }
  cartApplyCoupon(
    input: { token: $token, code: $code }
  ) {
    cart {
      items {
        quantity
        unitPrice { formatted }
        discount { formatted }
        total { formatted }
        bump { title }
        variant { product { title } }
      }
      coupons { code discount { formatted } }
      total { formatted }
      paymentMethods { method title }
    }
    userErrors { code message field }
  }
}
""",
        {"token": YOUR_CART, "bump": YOUR_HASH, "code": "WELCOME10"},
    ),
    Document(
        "Checkout",
        """\
# Buying, 3 of 4: the order. Put the token under
# Variables; Cart.shippingMethods says how else it
# could be sent. With validateOnly: true, `preview`
# is what it would come to. What is wrong stands in
# userErrors, and the cart stays open.
mutation Checkout($input: CheckoutProcessInput!) {
  checkoutProcess(input: $input) {
    receipt {
      uuid
      orderNumber
      status
      paymentInstructions
      subtotal { formatted }
      couponDiscount { formatted }
      shipping { formatted }
      total { formatted }
    }
    userErrors { code message field }
  }
}
""",
        {
            "input": {
                "token": YOUR_CART,
                "email": "grace@example.org",
                "billing": {
                    "name": "Grace Hopper",
                    "address1": "1 Main Street",
                    "city": "Portland",
                    "state": "OR",
                    "postcode": "97201",
                    "country": "US",
                },
                "paymentMethod": "offline_payment",
                "shippingMethodId": _PARCEL,
            }
        },
    ),
    Document(
        "Receipt",
        """\
# Buying, 4 of 4: how the order stands, for whoever
# has the uuid of its receipt.
query Receipt($uuid: String!) {
  checkoutReceipt(uuid: $uuid) {
    orderNumber
    status
    paymentStatus
    shippingStatus
    items {
      productTitle
      title
      quantity
      unitPrice { formatted }
      lineTotal { formatted }
    }
    total { formatted }
  }
}
""",
        {"uuid": YOUR_HASH},
    ),
)
