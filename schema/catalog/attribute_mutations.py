"""What can be done to attribute groups and their terms."""

import strawberry

from db.catalog.attribute import AttributeGroupRow, AttributeTermRow
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
from schema.catalog.attribute import AttributeGroup, AttributeTerm


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
