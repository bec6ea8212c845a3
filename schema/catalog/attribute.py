"""Attributes that advanced variations are combined from."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col

from db.catalog import visibility
from db.catalog.attribute import AttributeGroupRow, AttributeTermRow, VariantAttributeRow
from db.catalog.variant import VariantRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from resolvers.catalog.variant.listing import VARIANTS

if TYPE_CHECKING:
    from schema.catalog.variant import ProductVariant


@entity(AttributeGroupRow, visible=visibility.attributes, description="A kind of difference: colour, size.")
class AttributeGroup(Node):
    database_id: int = column(AttributeGroupRow.id)
    title: str = column(
        AttributeGroupRow.title,
        description="What shoppers choose by (`Colour`): 1 to 192 characters, unique among groups.",
    )
    slug: str = column(
        AttributeGroupRow.slug,
        description="Its name for programs, unique among groups, up to 192 characters: `colour`.",
    )
    terms: list["AttributeTerm"] = related(
        AttributeTermRow.group_id,
        to=AttributeGroupRow.id,
        order=[AttributeTermRow.position],
        description="Its choices, by their position.",
    )
    version: int = column(AttributeGroupRow.version)
    created_at: datetime | None = column(AttributeGroupRow.created_at)
    updated_at: datetime | None = column(AttributeGroupRow.updated_at)


@entity(AttributeTermRow, visible=visibility.attributes, description="One choice of an attribute: red, large.")
class AttributeTerm(Node):
    database_id: int = column(AttributeTermRow.id)
    title: str = column(
        AttributeTermRow.title,
        description="The choice as shoppers see it (`Red`): 1 to 192 characters, unique in its group.",
    )
    slug: str = column(
        AttributeTermRow.slug, description="Its name for programs, unique in its group, up to 192 characters: `red`."
    )
    position: int = column(AttributeTermRow.position, description="Order of display in its group, ascending.")
    group: AttributeGroup | None = related(
        AttributeGroupRow.id, to=AttributeTermRow.group_id, description="What it is a choice of, which never changes."
    )
    variants: Connection[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = connected(
        VARIANTS,
        key=VariantAttributeRow.term_id,
        to=AttributeTermRow.id,
        on=col(VariantAttributeRow.variant_id) == VariantRow.id,
        description="The variants that are told apart by it; while there are any, it cannot be deleted.",
    )
    version: int = column(AttributeTermRow.version)
    created_at: datetime | None = column(AttributeTermRow.created_at)
    updated_at: datetime | None = column(AttributeTermRow.updated_at)
