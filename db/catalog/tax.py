"""Tax classes: which rates apply to a product."""

from typing import Any

from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, SORTED_TEXT, VersionedRow


class TaxClassRow(VersionedRow, table=True):
    __tablename__ = "tax_class"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    title: str
    slug: str = Field(sa_type=SORTED_TEXT, unique=True)
    description: str = ""
    priority: int = 1
    categories: list[Any] = Field(default_factory=list, sa_type=DOCUMENT)  # term ids
