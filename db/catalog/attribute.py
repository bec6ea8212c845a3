"""Attribute groups (Colour) and their terms (Red): what advanced variations are combined from."""

from typing import Any, Final

from sqlalchemy import Index, text
from sqlmodel import Field

from db.store.row import KEY, SORTED_TEXT, Row, VersionedRow

# What a title is told apart by: db.catalog.product.sort_key of it.
UNTITLED: Final[dict[str, Any]] = {"server_default": text("''")}


class AttributeGroupRow(VersionedRow, table=True):
    __tablename__ = "attribute_group"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    title: str = Field(unique=True)
    title_key: str = Field(default="", sa_type=SORTED_TEXT, index=True, sa_column_kwargs=UNTITLED)
    slug: str = Field(unique=True, sa_type=SORTED_TEXT)


class AttributeTermRow(VersionedRow, table=True):
    __tablename__ = "attribute_term"
    __table_args__ = (
        Index(None, "group_id", "title_key"),
        Index(None, "group_id", "slug"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    group_id: int = Field(foreign_key="attribute_group.id", ondelete="CASCADE", sa_type=KEY)
    title: str
    title_key: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs=UNTITLED)
    slug: str = Field(sa_type=SORTED_TEXT)
    position: int = 1


class VariantAttributeRow(Row, table=True):
    __tablename__ = "variant_attribute"

    variant_id: int = Field(foreign_key="product_variant.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    term_id: int = Field(foreign_key="attribute_term.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY)
