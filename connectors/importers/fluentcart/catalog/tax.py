"""`GET /tax/classes`."""

from typing import Any, Final

from connectors.importers.fluentcart.catalog.slugs import decoded
from connectors.importers.fluentcart.values import branch, entries, key, moment, paragraphs, plain, text, whole
from connectors.importers.mapping import Columns, Field, Mapped, Tells, Unreadable
from db.catalog.events import TAX_CLASS_CREATED, TAX_CLASS_DELETED, TAX_CLASS_UPDATED
from db.catalog.slug import derived
from db.catalog.tax import TaxClassRow


def _terms(value: Any) -> list[int]:
    return [key(entry) for entry in entries(value)]


TAX_CLASS: Final = Mapped(
    "tax classes",
    TaxClassRow,
    {
        "id": Field("id", key),
        "title": Field("title", plain()),
        "slug": Field("slug", text("")),
        "description": Field("description", paragraphs("")),
        "priority": Field("meta.priority", whole(1)),
        "categories": Field("meta.categories", _terms, otherwise="categories"),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    unique=("slug",),
    tells=Tells(TAX_CLASS_CREATED, TAX_CLASS_UPDATED, TAX_CLASS_DELETED),
)


def read_tax_class(entry: Any) -> Columns:
    """Raises Unreadable."""
    row = TAX_CLASS.read(branch(entry))
    if not row["title"].strip():
        raise Unreadable("is missing", "title")
    row["slug"] = decoded(row["slug"]) or derived(row["title"]) or f"tax-class-{row['id']}"
    return row
