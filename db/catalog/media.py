"""Pictures of a product's gallery (the first is its featured image) and of its variants."""

from typing import cast

from sqlalchemy import CheckConstraint, select
from sqlmodel import Field

from db.store.row import KEY, VersionedRow, table
from engine.values.columns import element


class MediaRow(VersionedRow, table=True):
    """One picture of one owner, in the owner's order."""

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("(product_id IS NULL) <> (variant_id IS NULL)", name="owner"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    product_id: int | None = Field(default=None, foreign_key="product.id", ondelete="CASCADE", index=True, sa_type=KEY)
    variant_id: int | None = Field(
        default=None, foreign_key="product_variant.id", ondelete="CASCADE", index=True, sa_type=KEY
    )
    position: int = 1
    attachment_id: int = Field(default=0, sa_type=KEY)  # 0: a picture that lives elsewhere
    url: str
    title: str = ""


def first_url(owner: object, key: object) -> str | None:
    """The first picture's URL, read like a column of its owner: `first_url(MediaRow.product_id, ProductRow.id)`."""
    media, owned = table(MediaRow).c, element(key)
    statement = (
        select(media.url)
        .where(element(owner) == owned)
        .order_by(media.position, media.id)
        .limit(1)
        .correlate(owned.table)
        .scalar_subquery()
    )
    return cast("str | None", statement.label("thumbnail_url"))
