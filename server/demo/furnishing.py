"""What the recording of a store lacks to be a shop: descriptions, categories that fit, brands with products, and the
files of its downloads. Written once, behind the import and before anybody reads."""

import asyncio
import re
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.download import DownloadRow
from db.catalog.product import ProductRow
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow, TermRow
from db.store.row import table
from server.demo.words import content_of, excerpt_of, kind_of

PRODUCT: Final = table(ProductRow)
TERM: Final = table(TermRow)
LINK: Final = table(ProductTermRow)
DOWNLOAD: Final = table(DownloadRow)
# The recorded store sells nothing of these two.
_FREE_BRANDS: Final = ("Acme", "Drift")
# As the recording calls its files; what anybody uploads has another name.
_RECORDED: Final = re.compile(r"f\d+-\d\.zip")
# Every archive is the same to the byte, whenever it is made.
_MOMENT: Final = (2026, 11, 20, 12, 0, 0)


async def furnish(connection: AsyncConnection) -> bool:
    """In the caller's transaction; False where it was done before."""
    free = select(TERM.c.id).where(TERM.c.taxonomy == BRANDS, TERM.c.name.in_(_FREE_BRANDS))
    if (await connection.execute(select(exists(select(LINK).where(LINK.c.term_id.in_(free)))))).scalar_one():
        return False
    products = (await connection.execute(select(PRODUCT.c.id, PRODUCT.c.title).order_by(PRODUCT.c.id))).all()
    titles = {row.id: row.title for row in products}
    await _describe(connection, titles)
    await _sort(connection, titles)
    sizes = [{"key": key, "size": len(content)} for key, _, content in await _archives(connection)]
    if sizes:
        statement = update(DOWNLOAD).where(DOWNLOAD.c.id == bindparam("key")).values(file_size=bindparam("size"))
        await connection.execute(statement, sizes)
    return True


async def put_files(connection: AsyncConnection, folder: Path) -> None:
    """The files of all downloads where the driver `local` looks for them; those that are there stay."""
    await asyncio.to_thread(_put, folder, [(path, content) for _, path, content in await _archives(connection)])


def _put(folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, content in files:
        if not (folder / path).exists():
            (folder / path).write_bytes(content)


async def _describe(connection: AsyncConnection, titles: Mapping[int, str]) -> None:
    """What has a description of its own keeps it."""
    statement = (
        update(PRODUCT)
        .where(PRODUCT.c.id == bindparam("key"), PRODUCT.c.content == "")
        .values(content=bindparam("page"), excerpt=bindparam("line"))
    )
    rows = [{"key": key, "page": content_of(title), "line": excerpt_of(title)} for key, title in titles.items()]
    if described := [row for row in rows if row["page"]]:
        await connection.execute(statement, described)


async def _sort(connection: AsyncConnection, titles: Mapping[int, str]) -> None:
    """Products of a known kind stand in its categories alone; products without a brand get one."""
    terms = (await connection.execute(select(TERM.c.id, TERM.c.taxonomy, TERM.c.name))).all()
    categories = {row.name: row.id for row in terms if row.taxonomy == CATEGORIES}
    brands = {row.name: row.id for row in terms if row.taxonomy == BRANDS}
    sorted_: dict[int, Sequence[str]] = {}
    for key, title in titles.items():
        if (kind := kind_of(title)) and categories.keys() >= set(kind.categories):
            sorted_[key] = kind.categories
    await connection.execute(
        delete(LINK).where(LINK.c.term_id.in_(categories.values()), LINK.c.product_id.in_(sorted_))
    )
    links = [(key, categories[name]) for key, names in sorted_.items() for name in names]

    branded = select(LINK.c.product_id).where(LINK.c.term_id.in_(brands.values()))
    known = set((await connection.execute(branded)).scalars())
    free = [brands[name] for name in _FREE_BRANDS if name in brands]
    if free:
        unbranded = [key for key in titles if key not in known]
        links += [(key, free[number % len(free)]) for number, key in enumerate(unbranded)]
    if links:
        await connection.execute(insert(LINK), [{"product_id": key, "term_id": term} for key, term in links])


async def _archives(connection: AsyncConnection) -> list[tuple[int, str, bytes]]:
    """Of each download that the store keeps itself its key, its file's name, and what is in it."""
    statement = (
        select(DOWNLOAD.c.id, DOWNLOAD.c.title, DOWNLOAD.c.file_path, PRODUCT.c.title.label("product"))
        .join(PRODUCT, PRODUCT.c.id == DOWNLOAD.c.product_id)
        .where(DOWNLOAD.c.driver == "local")
    )
    rows = (await connection.execute(statement)).all()
    return [
        (row.id, row.file_path, archive(row.title, row.product))
        for row in rows
        if _RECORDED.fullmatch(row.file_path or "")
    ]


def archive(title: str, product: str) -> bytes:
    """A zip of a text and of the page of its product."""
    files = {"README.txt": f"{title}\n\nFrom the demo store. Yours to do with as you like.\n"}
    if page := content_of(product):
        files["index.html"] = f"<!doctype html>\n<title>{escape(title)}</title>\n{page}\n"
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(zipfile.ZipInfo(name, _MOMENT), text)
    return made.getvalue()
