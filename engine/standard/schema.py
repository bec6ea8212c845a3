"""A Strawberry schema whose roots are declared, and whose entities can be found by name."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLNamedType, GraphQLObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition

from engine.declared.connection import Connection
from engine.declared.conversion import made
from engine.declared.declaration import DeclaredField, priced
from engine.declared.entity import Entity, entity_of
from engine.values import identity
from engine.values.scalars import SCALARS

DEFINITION = "strawberry-definition"  # where Strawberry leaves its definitions on graphql-core's objects


class Schema(strawberry.Schema):
    """Refuses to load when a root field declares no permission, and when an entity was once called what another type is
    called now: ids of either would be the other's."""

    def __init__(self, query: type, mutation: type | None = None, **options: Any) -> None:
        super().__init__(query, mutation, config=StrawberryConfig(scalar_map=SCALARS), **options)
        for root in (self.core.query_type, self.core.mutation_type):
            for name, field in root.fields.items() if root else ():
                declared = field.extensions[DEFINITION]
                if not isinstance(declared, DeclaredField) or not declared.declaration.permission:
                    raise TypeError(f"{root}.{name} declares no permission")
        for entity in self._entities():
            for former in entity.formerly:
                if former in self.core.type_map:
                    raise TypeError(f"{entity.name} was called {former}, and that is another type now")
                identity.rename(former, entity.name)
        for type_ in self.core.type_map.values():
            if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
                for field in type_.fields.values():
                    said = (field.extensions or {}).get(DEFINITION)
                    if isinstance(said, DeclaredField) or (said is not None and not _is_page(type_)):
                        priced(said)
            if isinstance(type_, GraphQLInputObjectType):
                # Strawberry checks it when it converts, which is late and says no place; validation does both better.
                type_.is_one_of = type_.extensions[DEFINITION].is_one_of
                type_.extensions[DEFINITION].from_input = made

    @property
    def core(self) -> GraphQLSchema:
        """graphql-core's schema, which executes."""
        return self._schema

    def as_str(self) -> str:
        """The SDL, with what Strawberry leaves out: which types are the roots, and what `@oneOf` means."""
        roots = {"query": self.core.query_type, "mutation": self.core.mutation_type}
        told = "".join(f"  {operation}: {root.name}\n" for operation, root in roots.items() if root)
        definition = "directive @oneOf on INPUT_OBJECT"
        printed = super().as_str().replace(definition, f'"""Exactly one of the fields is given."""\n{definition}')
        return f"schema {{\n{told}}}\n\n{printed}"

    @cached_property
    def entities(self) -> Mapping[str, Entity]:
        return {entity.name: entity for entity in self._entities()}

    def _entities(self) -> Iterator[Entity]:
        for type_ in self.core.type_map.values():
            definition = (type_.extensions or {}).get(DEFINITION)
            if not isinstance(type_, GraphQLObjectType) or not isinstance(definition, StrawberryObjectDefinition):
                continue
            if hasattr(definition.origin, "__entity__"):
                yield entity_of(definition.origin)


def _is_page(type_: GraphQLNamedType) -> bool:
    """Whether its lists are as long as the arguments of the field around it say."""
    definition = (type_.extensions or {}).get(DEFINITION)
    generic = getattr(definition, "concrete_of", None)
    return generic is not None and generic.origin is Connection
