"""What each server is asked: the same leaves in its own words."""

import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_P6: Final = "id slug name status sku priceCents"
_P14: Final = f"{_P6} shortDescription description currency rating reviewCount isFeatured createdAt updatedAt"
_V8: Final = "id sku name priceCents currency stockQuantity isDefault licenseType"
_F5: Final = "id name url sizeBytes version"
_S14: Final = """id slug title status databaseId excerpt content minPrice { cents currency } version detailDatabaseId
  isBundle createdAt updatedAt"""
_SV8: Final = "id sku title price { cents currency } available downloadable paymentType"
_SF5: Final = "id title fileUrl fileSize version"

QUERIES: Final = ("Q0", "Q1", "Q2", "Q3", "M1")
NOTHING: Final = "{ __typename }"
PRICE: Final = "@price@"  # stands for one that the load draws for each request


@dataclass(frozen=True)
class Words:
    """What a server is asked, by the name of the question; `variables` draws those of a request. `list` is a field that
    lists products, with its arguments."""

    queries: Mapping[str, str]
    variables: Callable[[str, int, random.Random], dict[str, Any]]
    list: str


_HANDWRITTEN: Final = {
    "Q0": NOTHING,
    "Q1": f"query Q1($o: Int!) {{ products(limit: 10, offset: $o) {{ {_P6} }} }}",
    "Q2": f"""query Q2($o: Int!) {{ products(limit: 20, offset: $o) {{ {_P14}
      variants {{ {_V8} }} categories {{ id slug name }} files {{ {_F5} }} }} }}""",
    "Q3": f"query Q3($o: Int!) {{ product(id: $o) {{ {_P14} variants {{ {_V8} }} }} }}",
    "M1": """mutation M1($o: Int!, $p: Int!) {
      updateVariantPrice(id: $o, priceCents: $p) { id sku priceCents } }""",
}


def _rows(leaves: str) -> str:
    """PostGraphile's `id` is a global one; the column is `rowId`."""
    return leaves.replace("id ", "rowId ", 1)


_POSTGRAPHILE: Final = {
    "Q0": NOTHING,
    "Q1": f"query Q1($o: Int!) {{ allProductsList(first: 10, offset: $o) {{ {_rows(_P6)} }} }}",
    "Q2": f"""query Q2($o: Int!) {{ allProductsList(first: 20, offset: $o) {{ {_rows(_P14)}
      productVariantsByProductIdList {{ {_rows(_V8)} }}
      productCategoriesByProductIdList {{ categoryByCategoryId {{ rowId slug name }} }}
      downloadableFilesByProductIdList {{ {_rows(_F5)} }} }} }}""",
    "Q3": f"""query Q3($o: Int!) {{ productByRowId(rowId: $o) {{ {_rows(_P14)}
      productVariantsByProductIdList {{ {_rows(_V8)} }} }} }}""",
    "M1": """mutation M1($o: Int!, $p: Int!) {
      updateProductVariantByRowId(input: {rowId: $o, productVariantPatch: {priceCents: $p}}) {
        productVariant { rowId sku priceCents } } }""",
}
# Money is an object of its own here, pages lie under `nodes`, and ids are global ones.
_STOREGRAPH: Final = {
    "Q0": NOTHING,
    "Q1": """query Q1($o: String) { products(first: 10, after: $o) {
      nodes { id slug title status databaseId minPrice { cents } } } }""",
    "Q2": f"""query Q2($o: String) {{ products(first: 20, after: $o) {{ nodes {{ {_S14}
      variants {{ {_SV8} }} categories {{ id slug name }} downloads {{ {_SF5} }} }} }} }}""",
    "Q3": f"query Q3($o: ID!) {{ product(by: {{id: $o}}) {{ {_S14} variants {{ {_SV8} }} }} }}",
    "M1": """mutation M1($o: ID!, $p: Cents!) {
      variantUpdate(input: {id: $o, price: $p}) { variant { id sku price { cents } } userErrors { message } } }""",
}


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def of_handwritten(name: str, products: int, chance: random.Random) -> dict[str, Any]:
    place = chance.randint(1, products - 100)
    return {"o": 3 * place, "p": chance.randint(500, 50_000)} if name == "M1" else {"o": place}


def of_postgraphile(name: str, products: int, chance: random.Random) -> dict[str, Any]:
    """Its lists have no keyset: places stay at the beginning, to be fair to it."""
    if name in {"Q1", "Q2"}:
        return {"o": chance.randint(1, min(products - 100, 150))}
    return of_handwritten(name, products, chance)


def of_storegraph(name: str, products: int, chance: random.Random) -> dict[str, Any]:
    given = of_handwritten(name, products, chance)
    if name in {"Q1", "Q2"}:  # the greatest id first: the page ends where theirs begin
        return {"o": encoded(f'["ID-",{given["o"] + (10 if name == "Q1" else 20) + 1}]')}
    kind = "ProductVariant" if name == "M1" else "Product"
    return given | {"o": encoded(f"{kind}:{given['o']}")}


HANDWRITTEN: Final = Words(_HANDWRITTEN, of_handwritten, "products(limit: 1) { id slug }")
POSTGRAPHILE: Final = Words(_POSTGRAPHILE, of_postgraphile, "allProductsList(first: 1) { rowId slug }")
STOREGRAPH: Final = Words(_STOREGRAPH, of_storegraph, "products(first: 1) { nodes { id slug } }")


def dear(words: Words) -> str:
    """A document that every bound should refuse."""
    return f"{{ {' '.join(f'a{number}: {words.list}' for number in range(1200))} }}"


def leaves(value: Any) -> int:
    """How many values an answer holds."""
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    return sum(map(leaves, value)) if isinstance(value, list) else 1


# What is called otherwise in other words.
_NAMES: Final = {"title": "name", "minPrice": "priceCents", "price": "priceCents", "fileSize": "sizeBytes"}
_COMPARED: Final = ("slug", "sku", "name", "priceCents", "sizeBytes")


def gist(value: Any) -> list[tuple[Any, ...]]:
    """What an answer says in whatever words: of every product, variant, category and file what all of them tell."""
    found: list[tuple[Any, ...]] = []
    if isinstance(value, list):
        found = [row for item in value for row in gist(item)]
    elif isinstance(value, dict):
        named = {_NAMES.get(of, of): inner for of, inner in value.items()}
        own = {of: named[of] for of in _COMPARED if named.get(of) is not None}
        if "slug" in own:
            own.pop("sku", None)  # products of storegraph have none
        if isinstance(own.get("priceCents"), dict):
            own["priceCents"] = own["priceCents"]["cents"]
        inside = [row for of, inner in value.items() if isinstance(inner, dict | list) for row in gist(inner)]
        found = [tuple(own.items()), *inside] if own else inside
    return sorted(found, key=repr)
