"""Carts: what somebody is about to buy. A cart knows neither prices nor sums: they are what they are when one looks."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Index, UniqueConstraint, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, Row, VersionedRow, table, wire


class CartStage(StrEnum):
    DRAFT = "draft"
    COMPLETED = "completed"


class CartRow(VersionedRow, table=True):
    """Whoever has its token has the cart; a person has one open cart besides, wherever they sign in."""

    __tablename__ = "cart"
    __table_args__ = (
        Index(
            "uq_cart_user_id",
            "user_id",
            unique=True,
            postgresql_where=text("stage = 'draft'"),
            sqlite_where=text("stage = 'draft'"),
        ),
        Index("ix_cart_updated_at", "updated_at"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    token_hash: str = Field(unique=True)
    user_id: int | None = Field(default=None, foreign_key="access_user.id", ondelete="CASCADE", sa_type=KEY)
    order_id: int | None = Field(default=None, foreign_key="orders.id", ondelete="SET NULL", index=True, sa_type=KEY)
    stage: CartStage = Field(default=CartStage.DRAFT, sa_type=wire(CartStage))
    coupon_codes: list[Any] = Field(default_factory=list, sa_type=DOCUMENT)  # as the coupons have them
    completed_at: datetime | None = None


class CartItemRow(Row, table=True):
    __tablename__ = "cart_item"
    __table_args__ = (UniqueConstraint("cart_id", "variant_id"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    cart_id: int = Field(foreign_key="cart.id", ondelete="CASCADE", sa_type=KEY)
    variant_id: int = Field(foreign_key="product_variant.id", ondelete="CASCADE", index=True, sa_type=KEY)
    quantity: int = 1
    # The order bump that it was taken by. Of one that is deleted the key stays, and means that the offer is over.
    bump_id: int | None = Field(default=None, sa_type=KEY)


_AT_ONCE: Final = 1000
_CART: Final = table(CartRow)


async def forget_carts(connection: AsyncConnection, before: datetime) -> int:
    """Delete the carts that nobody has touched since, open ones and those that became orders: how many, which is less
    than a batch when there are no more. One that somebody is at, who may be at the checkout, stays."""
    untouched = _CART.c.updated_at < before
    old = select(_CART.c.id).where(untouched).order_by(_CART.c.updated_at).limit(_AT_ONCE)
    held = list((await connection.scalars(old.with_for_update(skip_locked=True))).all())
    if held:
        await connection.execute(delete(_CART).where(_CART.c.id.in_(held)))
    return len(held)
