"""Sample products (S5 POST /products/create-dummy): the sets are files in `samples`, a list of products each."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import strawberry
from strawberry.types.maybe import Some

from db.catalog.product import FulfillmentType, VariationType
from db.catalog.variant import BillingInterval, PaymentType
from db.store.row import now
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.catalog.product.draft import draft_new
from resolvers.catalog.product.input import CategoryInput, ProductBulkCreateItemInput, ProductVariantCreateInput
from resolvers.catalog.product.references import look_up
from resolvers.catalog.product.writing import CREATES, write_products

SAMPLES: Final = Path(__file__).parent / "samples"
NAMES: Final = tuple(sorted(path.stem for path in SAMPLES.glob("*.json")))
DEFAULT: Final = "clothing"
ENUMS: Final[Mapping[str, Any]] = {"payment_type": PaymentType, "interval": BillingInterval}


@strawberry.input(description="Which of the samples.")
class DummyProductsCreateInput:
    category: str = strawberry.field(default=DEFAULT, description=f"A set of samples: {', '.join(NAMES)}.")
    index: int = strawberry.field(default=0, description="Which product of the set, from 0.")


@mutation(permission="products/create", rest="POST /products/create-dummy", emits=CREATES, rate="bulk")
async def dummy_products_create(unit: Unit, input: DummyProductsCreateInput) -> Keys:
    """Make a sample product, to try things out with: a draft with variants in a category. Its SKUs are left to you."""
    if input.category not in NAMES:
        unit.refuse(ErrorCode.NOT_FOUND, f"No such samples; there are {', '.join(NAMES)}", "category")
        unit.settle()
    samples = _samples(input.category)
    if not 0 <= input.index < len(samples):
        unit.refuse(ErrorCode.NOT_FOUND, f"These samples are numbered 0 to {len(samples) - 1}", "index")
        unit.settle()
    draft = draft_new(unit.at(), 0, samples[input.index], now())
    await look_up(unit, [draft])
    unit.settle()
    await write_products(unit, [draft])
    return {"product": draft.key}


@cache
def _samples(name: str) -> list[ProductBulkCreateItemInput]:
    return [_product(sample) for sample in orjson.loads((SAMPLES / f"{name}.json").read_bytes())]


def _product(sample: Mapping[str, Any]) -> ProductBulkCreateItemInput:
    variants = [_variant(each) for each in sample["variants"]]
    several = VariationType.SIMPLE if len(variants) == 1 else VariationType.SIMPLE_VARIATIONS
    return ProductBulkCreateItemInput(
        title=sample["title"],
        fulfillment_type=FulfillmentType(sample["fulfillment_type"]),
        variation_type=Some(several),
        excerpt=Some(sample["excerpt"]),
        content=Some(sample["content"]),
        manage_stock=Some(sample.get("manage_stock", False)),
        categories=[CategoryInput(path=Some(sample["category"]))],
        variants=variants,
    )


def _variant(sample: Mapping[str, Any]) -> ProductVariantCreateInput:
    named = {name: Some(ENUMS[name](value) if name in ENUMS else value) for name, value in sample.items()}
    return ProductVariantCreateInput(**named)
