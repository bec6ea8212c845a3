"""Slugs for many products at once, each free, whoever else is writing."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.product import ProductRow
from db.catalog.slug import LONGEST, numbered
from db.store.row import table

PRODUCT: Final = table(ProductRow)
# A title is rarely given twice; whoever gives it a thousand times is not to wait for a thousand statements.
_FIRST, _GROWTH, _MOST = 16, 16, 8192


class Wanted(NamedTuple):
    slug: str
    product: int | None  # whose slug it is to be: its present one is free for it


def family(slug: str) -> str:
    """What a slug has in common with all its numbered forms, and with theirs, cut or not: to be claimed before
    `free_slugs` looks."""
    stem = re.sub(r"(?:-\d+)+$", "", slug)
    return f"product slug {stem[: LONGEST // 2]}"


async def free_slugs(connection: AsyncConnection, wanted: Sequence[Wanted]) -> list[str]:
    """Each slug, or its first numbered form (`mug-2`) that no other product and no other of `wanted` has; in one
    statement unless some are taken. Their families are claimed already."""
    given: set[str] = set()
    found: dict[int, str] = {}
    forms = [numbered(w.slug, LONGEST) for w in wanted]
    window = 1
    while len(found) < len(wanted):
        candidates = {i: list(islice(forms[i], window)) for i in range(len(wanted)) if i not in found}
        owners = await _owners(connection, {c for each in candidates.values() for c in each})
        for i, slugs in candidates.items():
            mine = wanted[i].product
            slug = next((s for s in slugs if s not in given and owners.get(s, mine) == mine), None)
            if slug is not None:
                found[i] = slug
                given.add(slug)
        window = _FIRST if window == 1 else min(window * _GROWTH, _MOST)
    return [found[i] for i in range(len(wanted))]


async def _owners(connection: AsyncConnection, slugs: Iterable[str]) -> dict[str, int]:
    statement = select(PRODUCT.c.slug, PRODUCT.c.id).where(PRODUCT.c.slug.in_(slugs))
    return {row.slug: row.id for row in await connection.execute(statement)}
