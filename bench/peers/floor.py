"""What uvicorn and asyncpg take by themselves: the questions of asked.py with statements and answers written by hand.

    DATABASE_URL=postgresql://… PORT=9309 python bench/peers/floor.py

It knows no GraphQL: which question it is, the first words of the document tell. No server of this kind takes less; what
lies between it and storegraph is storegraph's own.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import orjson
import uvicorn

_ROW: Final = 'id, slug, name, status, sku, price_cents AS "priceCents"'
_PRODUCT: Final = f"""{_ROW}, short_description AS "shortDescription", description, currency, rating,
  review_count AS "reviewCount", is_featured AS "isFeatured",
  created_at::text AS "createdAt", updated_at::text AS "updatedAt" """
_VARIANT: Final = """product_id AS parent, id, sku, name, price_cents AS "priceCents", currency,
  stock_quantity AS "stockQuantity", is_default AS "isDefault", license_type AS "licenseType" """
LIST: Final = f"SELECT {_ROW} FROM product WHERE id > $1 ORDER BY id LIMIT 10"
PAGE: Final = f"SELECT {_PRODUCT} FROM product WHERE id > $1 ORDER BY id LIMIT 20"
ONE: Final = f"SELECT {_PRODUCT} FROM product WHERE id = $1"
VARIANTS: Final = f"SELECT {_VARIANT} FROM product_variant WHERE product_id = $1 ORDER BY position"
BELOW: Final = {
    "variants": f"SELECT {_VARIANT} FROM product_variant WHERE product_id = ANY($1) ORDER BY product_id, position",
    "categories": """SELECT l.product_id AS parent, c.id, c.slug, c.name FROM product_category l
      JOIN category c ON c.id = l.category_id WHERE l.product_id = ANY($1) ORDER BY l.product_id, l.position""",
    "files": """SELECT product_id AS parent, id, name, url, size_bytes AS "sizeBytes", version
      FROM downloadable_file WHERE product_id = ANY($1) ORDER BY id""",
}
CHANGE: Final = """UPDATE product_variant SET price_cents = $2 WHERE id = $1
  RETURNING id, sku, price_cents AS "priceCents" """

# PostgreSQL lets in 100 together, of which each of the others takes 16.
MOST: Final = 8
_IDLE: Final[asyncio.LifoQueue[Any]] = asyncio.LifoQueue()
_OPENED: Final[list[bool]] = []


async def _connection() -> Any:
    if _IDLE.empty() and len(_OPENED) < MOST:
        _OPENED.append(True)
        return await asyncpg.connect(os.environ["DATABASE_URL"])
    return await _IDLE.get()


async def _answered(asked: dict[str, Any]) -> dict[str, Any]:
    given, kind = asked.get("variables") or {}, asked["query"].split("(")[0].split()[-1]
    if kind not in {"Q1", "Q2", "Q3", "M1"}:
        return {"__typename": "Query"}
    connection = await _connection()
    try:
        if kind == "Q1":
            return {"products": [dict(row) for row in await connection.fetch(LIST, given["o"])]}
        if kind == "Q2":
            return {"products": await _page(connection, given["o"])}
        if kind == "Q3":
            (product,) = await connection.fetch(ONE, given["o"])
            variants = [_without_parent(row) for row in await connection.fetch(VARIANTS, given["o"])]
            return {"product": {**dict(product), "variants": variants}}
        (changed,) = await connection.fetch(CHANGE, given["o"], given["p"])
        return {"updateVariantPrice": dict(changed)}
    finally:
        _IDLE.put_nowait(connection)


async def _page(connection: Any, after: int) -> Sequence[dict[str, Any]]:
    found = {row["id"]: dict(row) for row in await connection.fetch(PAGE, after)}
    for name, statement in BELOW.items():
        for product in found.values():
            product[name] = []
        for row in await connection.fetch(statement, list(found)):
            found[row["parent"]][name].append(_without_parent(row))
    return list(found.values())


def _without_parent(row: Any) -> dict[str, Any]:
    made = dict(row)
    del made["parent"]
    return made


async def application(scope: Any, receive: Any, send: Any) -> None:
    del scope
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    content = orjson.dumps({"data": await _answered(orjson.loads(body))})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


if __name__ == "__main__":
    quiet: dict[str, Any] = {"lifespan": "off", "access_log": False, "server_header": False, "log_level": "warning"}
    uvicorn.run(application, host="127.0.0.1", port=int(os.environ["PORT"]), ws="none", **quiet)
