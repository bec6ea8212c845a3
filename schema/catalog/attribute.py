"""Attributes that advanced variations are combined from."""

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
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.attribute import (
    attribute_group_create,
    attribute_group_delete,
    attribute_group_update,
    attribute_term_create,
    attribute_term_delete,
    attribute_term_update,
)
from resolvers.catalog.variant.listing import VARIANTS

if TYPE_CHECKING:
    from schema.catalog.variant import ProductVariant


@entity(AttributeGroupRow, visible=visibility.staff, description="A kind of difference: colour, size.")
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


@entity(AttributeTermRow, visible=visibility.staff, description="One choice of an attribute: red, large.")
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


@strawberry.type(description="The new group.")
class AttributeGroupCreatePayload(Payload):
    attribute_group: AttributeGroup | None = changed(AttributeGroupRow.id)


@strawberry.type(description="The group as it is now.")
class AttributeGroupUpdatePayload(Payload):
    attribute_group: AttributeGroup | None = changed(AttributeGroupRow.id)


@strawberry.type(description="What is gone: the group and its terms.")
class AttributeGroupDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("AttributeGroup")
    deleted_term_ids: list[strawberry.ID] = deleted("AttributeTerm")


@strawberry.type(description="The new term, and the group that has it.")
class AttributeTermCreatePayload(Payload):
    attribute_term: AttributeTerm | None = changed(AttributeTermRow.id)
    attribute_group: AttributeGroup | None = changed(AttributeGroupRow.id)


@strawberry.type(description="The term as it is now, and its group.")
class AttributeTermUpdatePayload(Payload):
    attribute_term: AttributeTerm | None = changed(AttributeTermRow.id)
    attribute_group: AttributeGroup | None = changed(AttributeGroupRow.id)


@strawberry.type(description="What is gone, and the group that had it.")
class AttributeTermDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("AttributeTerm")
    attribute_group: AttributeGroup | None = changed(AttributeGroupRow.id)


@strawberry.type
class AttributeMutations:
    attribute_group_create: AttributeGroupCreatePayload | None = performed(attribute_group_create)
    attribute_group_update: AttributeGroupUpdatePayload | None = performed(attribute_group_update)
    attribute_group_delete: AttributeGroupDeletePayload | None = performed(attribute_group_delete)
    attribute_term_create: AttributeTermCreatePayload | None = performed(attribute_term_create)
    attribute_term_update: AttributeTermUpdatePayload | None = performed(attribute_term_update)
    attribute_term_delete: AttributeTermDeletePayload | None = performed(attribute_term_delete)
