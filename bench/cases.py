"""What is measured of lists: every documented sort, filter and search of products, with the number it has to keep."""

from dataclasses import dataclass
from typing import Final

from bench.stores import COMMON_WORD, NOW, RARE_CATEGORY, RARE_WORD
from resolvers.catalog.product.listing import PRODUCTS

LIST, SEARCH = 1.5, 3.0


@dataclass(frozen=True)
class Case:
    """`arguments` of `products`, beside those of its window. Without a `target` the ratio is only stated."""

    group: str
    name: str
    arguments: str
    target: float | None


def _sorts() -> list[Case]:
    return [
        Case("sort", f"{field.name} {direction}", f"sort: [{{field: {field.name}, direction: {direction}}}]", LIST)
        for field in PRODUCTS.sorting.columns
        for direction in ("ASC", "DESC")
    ]


def _filter(name: str, filter_: str, group: str = "filter", target: float | None = LIST, more: str = "") -> Case:
    return Case(group, name, f"filter: {{{filter_}}}{more}", target)


def _search(text: str, said: str) -> Case:
    name = f"“{text}”, {said}"
    return Case("search", name, f'search: "{text}"', SEARCH if len(text) >= 3 else None)


def _date(days_ago: int) -> str:
    return NOW.replace(year=NOW.year - days_ago // 365).isoformat().replace("+00:00", "Z")


_TITLE = ", sort: [{field: TITLE, direction: ASC}]"

CASES: Final = [
    *_sorts(),
    _filter("status = publish (85%)", "status: {eq: PUBLISH}"),
    _filter("status = draft (8%)", "status: {eq: DRAFT}"),
    _filter("status = trash (1%)", "status: {eq: TRASH}"),
    _filter("fulfillmentType = physical (60%)", "fulfillmentType: {eq: PHYSICAL}"),
    _filter("variationType = advanced (15%)", "variationType: {eq: ADVANCED_VARIATIONS}"),
    _filter("stockAvailability = out of stock (10%)", "stockAvailability: {eq: OUT_OF_STOCK}"),
    _filter("isBundle (3%)", "isBundle: true"),
    _filter("hasSubscription (12%)", "hasSubscription: true"),
    _filter("hasSubscription: false (88%)", "hasSubscription: false"),
    _filter("minPrice 20.00 to 40.00 (30%)", "minPrice: {gte: 2000, lt: 4000}"),
    _filter("minPrice over 250.00 (1%)", "minPrice: {gt: 25000}"),
    _filter("publishedAt in a year (18%)", f'publishedAt: {{gte: "{_date(730)}", lt: "{_date(365)}"}}'),
    _filter("publishedAt in a week (0.3%)", 'publishedAt: {gte: "2024-03-01T00:00:00Z", lt: "2024-03-08T00:00:00Z"}'),
    _filter("modifiedAt since a year ago (20%)", f'modifiedAt: {{gte: "{_date(365)}"}}'),
    _filter("category by id (a third)", "terms: {databaseId: {eq: 1}}"),
    _filter("category by slug (1%)", 'terms: {taxonomy: {eq: "product-categories"}, slug: {eq: "term-45"}}'),
    _filter("category of 12 products, by id", f"terms: {{databaseId: {{eq: {RARE_CATEGORY}}}}}"),
    _filter("category of 12 products, by slug", f'terms: {{slug: {{eq: "term-{RARE_CATEGORY}"}}}}'),
    _filter("not in a category (two thirds)", "not: {terms: {databaseId: {eq: 1}}}"),
    _filter("variants.sku = one", 'variants: {sku: {eq: "SKU-0000500-1"}}'),
    _filter("variants.sku starts with (9 variants)", 'variants: {sku: {startsWith: "SKU-000050"}}'),
    _filter("variants.price under 10.00 (half)", "variants: {price: {lt: 1000}}"),
    _filter("variants.onSale (a fifth)", "variants: {onSale: true}"),
    _filter("variantCount = 3 (all)", "variantCount: {eq: 3}"),
    _filter("orderCount ≥ 10 (5%)", "orderCount: {gte: 10}"),
    _filter("availableQuantity ≥ 200 (70%)", "availableQuantity: {gte: 200}"),
    _filter("availableQuantity < 50 (2%)", "availableQuantity: {lt: 50}"),
    _filter("databaseId in four", "databaseId: {in: [7, 70, 700, 999]}"),
    _filter("title contains “käse” (2%)", 'title: {contains: "käse"}'),
    # Nobody promised these: a filter and another sort meet in no index of two columns.
    _filter("status = publish, by title", "status: {eq: PUBLISH}", "filter and sort", None, _TITLE),
    _filter("status = trash, by title", "status: {eq: TRASH}", "filter and sort", None, _TITLE),
    _filter("category by id (a third), by title", "terms: {databaseId: {eq: 1}}", "filter and sort", None, _TITLE),
    _filter(
        "category of 12, by title", f"terms: {{databaseId: {{eq: {RARE_CATEGORY}}}}}", "filter and sort", None, _TITLE
    ),
    _filter("onSale, by price", "variants: {onSale: true}", "filter and sort", None, ", sort: [{field: MIN_PRICE}]"),
    _search(COMMON_WORD.casefold(), "a twentieth"),
    _search("mug", "2%"),
    _search("großer", "4%, folded"),
    _search("包丁 by", "2%"),
    _search("süß", "4%, three letters"),
    _search(RARE_WORD, "12 products"),
    _search("sku-0000500-1", "one SKU"),
    _search("größe l", "a variant title: all"),
    _search("sku", "all"),
    _search("absent from all", "none"),
    _search("ug", "two letters"),
    _search("k", "one letter"),
    _search("包丁", "two letters"),
]
COUNTS: Final = [
    Case("totalCount", "all", "", SEARCH),
    _filter("status = publish (85%)", "status: {eq: PUBLISH}", "totalCount", SEARCH),
    _filter("status = draft (8%)", "status: {eq: DRAFT}", "totalCount", SEARCH),
    _filter("fulfillmentType = physical (60%)", "fulfillmentType: {eq: PHYSICAL}", "totalCount", SEARCH),
    _filter("isBundle (3%)", "isBundle: true", "totalCount", SEARCH),
    _filter("minPrice 20.00 to 40.00 (30%)", "minPrice: {gte: 2000, lt: 4000}", "totalCount", SEARCH),
    _filter(
        "publishedAt in a year (18%)", f'publishedAt: {{gte: "{_date(730)}", lt: "{_date(365)}"}}', "totalCount", SEARCH
    ),
    Case(
        "totalCount", f"search “{COMMON_WORD.casefold()}” (a twentieth)", f'search: "{COMMON_WORD.casefold()}"', SEARCH
    ),
]
