"""Taxonomies (product-categories, product-brands) and their trees of terms."""

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from db.store.row import KEY, SORTED_TEXT, Row, VersionedRow

CATEGORIES = "product-categories"
BRANDS = "product-brands"
# Every store has these two. What shops call each, several of its terms, and one.
LABELS = {
    CATEGORIES: ("Product Categories", "Categories", "Category"),
    BRANDS: ("Product Brands", "Brands", "Brand"),
}


class TaxonomyRow(Row, table=True):
    __tablename__ = "taxonomy"

    name: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    label: str
    plural_label: str
    singular_label: str


class TermRow(VersionedRow, table=True):
    __tablename__ = "term"
    __table_args__ = (
        UniqueConstraint("taxonomy", "slug"),
        UniqueConstraint("taxonomy", "id"),  # what a parent's foreign key points at
        # A parent is a term of the same taxonomy. Deleting a parent is decided by its mutation, not by the database.
        ForeignKeyConstraint(["taxonomy", "parent_id"], ["term.taxonomy", "term.id"], name="fk_term_parent_id"),
        Index(None, "parent_id", "name_key"),  # a path is found name by name
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    taxonomy: str = Field(foreign_key="taxonomy.name", sa_type=SORTED_TEXT)
    parent_id: int | None = Field(default=None, sa_type=KEY)
    name: str
    name_key: str = Field(sa_type=SORTED_TEXT)  # db.catalog.product.sort_key of the name
    slug: str = Field(sa_type=SORTED_TEXT)
    description: str = ""


class ProductTermRow(Row, table=True):
    __tablename__ = "product_term"

    product_id: int = Field(foreign_key="product.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    term_id: int = Field(foreign_key="term.id", ondelete="CASCADE", primary_key=True, index=True, sa_type=KEY)
