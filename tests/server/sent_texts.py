"""Texts that take long to fold, to match or to take to pieces, where any are taken: each is answered for little work,
whatever the answer. The sign that most of them are made of folds into eighteen letters."""

from typing import Any, Final

from db.integration.workflow.trigger import TRIGGERS
from tests.server.sent import CREATED, items

SIGN: Final = "\ufdfa"
MARKS: Final = "{{a|"


def dry(mutation: str, takes: str) -> str:
    return f"mutation ($v: {takes}!) {{ {mutation}(input: $v, validateOnly: true) {{ userErrors {{ code }} }} }}"


def again(root: str, of: str, times: int = 45) -> str:
    return f"query ($v: {of}) {{ {' '.join(f'a{n}: {root}' for n in range(times))} }}"


def webhook(**more: Any) -> dict[str, Any]:
    return {"name": "a", "url": "https://example.com/", "eventTriggers": ["product.updated"], **more}


REPEATED: Final = "{ products { nodes { " + "variants { id } " * 980 + "} } }"
WEBHOOK: Final = dry("webhookCreate", "WebhookCreateInput")
FIELDS: Final = [{"name": f"f{n}", "template": "{{product.title|a|b}}" * 24} for n in range(80)]
STEP: Final = {"type": "WEBHOOK", "url": "https://example.com/", "body": "QUERY"}
WORKFLOW: Final = {
    "name": "a",
    "entityType": "PRODUCT",
    "triggerId": TRIGGERS["product_updated"].guid,
    "steps": [{**STEP, "query": REPEATED.replace("id", f"a{n}: id")[:15_000]} for n in range(20)],
}
TEXTS: Final[dict[str, tuple[str, Any]]] = {
    "a SKU of 80 000 signs, looked for 45 times": (
        again("productVariant(by: { sku: $v }) { id }", "String!"),
        SIGN * 80_000,
    ),
    "a login of 80 000 signs, looked for 45 times": (again("user(by: { login: $v }) { id }", "String!"), SIGN * 80_000),
    "a title that contains 80 000 signs, 45 times": (
        again("products(filter: { title: { contains: $v } }) { totalCount }", "String!"),
        SIGN * 80_000,
    ),
    "100 titles of 150 signs, 4 times": (
        again("products(filter: { title: { in: $v } }) { totalCount }", "[String!]!", 4),
        [SIGN * 150 + str(n) for n in range(100)],
    ),
    "a filter of 45 titles of 1000 signs": (
        "query ($v: ProductFilter) { products(filter: $v) { totalCount } }",
        {"or": [{"title": {"contains": SIGN * 1000}}] * 45},
    ),
    "10 titles of 30 000 signs": (CREATED, items(title=SIGN * 30_000)),
    "10 titles of 30 000 syllables": (CREATED, items(title="\u0e01\u0e33 " * 10_000)),
    "paths of 400 000 levels": (CREATED, items(categories=[{"path": "a>" * 40_000}])),
    "1000 paths of 220 tags": (CREATED, items(categories=[{"path": "<b>&" * 220}] * 100)),
    "130 000 names": (
        dry("productTermsAdd", "ProductTermsAddInput"),
        {"taxonomy": "product-categories", "name": "a," * 130_000},
    ),
    "a category of 250 000 signs": (
        dry("termCreate", "TermCreateInput"),
        {"taxonomy": "product-categories", "name": SIGN * 150_000, "slug": SIGN * 150_000},
    ),
    "an attribute of 150 000 signs": (
        dry("attributeGroupCreate", "AttributeGroupCreateInput"),
        {"title": SIGN * 150_000, "slug": SIGN * 150_000},
    ),
    "a login and an address of 80 000 signs": (
        dry("userCreate", "UserCreateInput"),
        {"login": SIGN * 80_000, "email": SIGN * 80_000, "password": "x" * 200},
    ),
    "39 000 settings": (
        dry("storeSettingsUpdate", "StoreSettingsUpdateInput"),
        {"settings": {f"k{n}": "&" for n in range(39_000)}},
    ),
    "a URL of 60 000 marks": (WEBHOOK, webhook(url="https://example.com/" + MARKS * 60_000)),
    "4 headers of 60 000 marks": (
        WEBHOOK,
        webhook(headers=[{"name": f"X-{n}", "value": MARKS * 60_000} for n in range(4)]),
    ),
    "20 headers of 1000 marks": (
        WEBHOOK,
        webhook(headers=[{"name": f"X-{n}", "value": MARKS * 1000} for n in range(20)]),
    ),
    "a webhook's query that repeats its fields": (WEBHOOK, webhook(body="QUERY", query=REPEATED)),
    "38 000 codes that are none": (
        dry("workflowConfigure", "WorkflowConfigureInput"),
        {**WORKFLOW, "steps": [{**STEP, "body": "SELECTED_FIELDS", "fields": FIELDS} for _ in range(20)]},
    ),
    "18 000 users who are none": (
        dry("workflowConfigure", "WorkflowConfigureInput"),
        {**WORKFLOW, "steps": [{"type": "SEND_PUSH", "userIds": ["VXNlcjo5"] * 900, "title": "a"}] * 20},
    ),
    "20 queries of a workflow": (dry("workflowConfigure", "WorkflowConfigureInput"), WORKFLOW),
}
