"""A Strawberry schema whose roots are declared, and whose entities can be found by name."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_non_null_type,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition

from engine.declared.conversion import arguments, made
from engine.declared.declaration import DEFINITION, DeclaredField, priced
from engine.declared.entity import Entity, entity_of
from engine.declared.mutation import Mutation
from engine.declared.wording import derive
from engine.standard import mutations
from engine.standard.lookups import ENTITIES
from engine.standard.mutations import Audited
from engine.standard.performing import MUTATIONS
from engine.standard.resolving import resolver
from engine.unit.perform import Performable
from engine.values import identity
from engine.values.scalars import SCALARS
from engine.values.viewer import Viewer


class Schema(strawberry.Schema):
    """Refuses to load when a root field declares no permission, when a field that may be refused is never null, when
    nothing resolves a declaration, and when an entity was once called what another is called now: ids of either
    would be the other's.

    `internal` are mutations that have no field: `mutations` has them by the names of their functions, for whoever acts
    inside this process. `audited` is the policy for mutations that do not say whether the audit log tells of them."""

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        internal: Sequence[Mutation[Any]] = (),
        audited: Audited = lambda _permission, _emits: False,
        **options: Any,
    ) -> None:
        super().__init__(query, mutation, subscription, config=StrawberryConfig(scalar_map=SCALARS), **options)
        for root in (self.core.query_type, self.core.mutation_type, self.core.subscription_type):
            for name, field in root.fields.items() if root else ():
                declared = field.extensions[DEFINITION]
                if not isinstance(declared, DeclaredField) or not declared.declaration.permission:
                    raise TypeError(f"{root}.{name} declares no permission")
        names = {entity.name for entity in self._entities()}
        for entity in self._entities():
            for former in entity.formerly:
                if former in names:
                    raise TypeError(f"{entity.name} was called {former}, and that is another type now")
                identity.rename(former, entity.name)
        for type_ in self.core.type_map.values():
            if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
                for name, field in type_.fields.items():
                    said = (field.extensions or {}).get(DEFINITION)
                    if said is not None:
                        priced(said)
                    if isinstance(said, DeclaredField):
                        if said.declaration.refusable and is_non_null_type(field.type):
                            raise TypeError(f"{type_}.{name} may be refused, and has to be nullable for that")
                        field.resolve = resolver(said, self.taken)
            if isinstance(type_, GraphQLInputObjectType):
                _prepare(type_)
        derive(self.core)
        self.core.extensions[ENTITIES] = self.entities
        self.mutations: Mapping[str, Performable[Any]] = dict(self._mutations(internal, audited))
        self.core.extensions[MUTATIONS] = self.mutations

    def _mutations(self, internal: Sequence[Mutation[Any]], audited: Audited) -> Iterator[tuple[str, Performable[Any]]]:
        root = self.core.mutation_type
        for name, field in root.fields.items() if root else ():
            declared: DeclaredField = field.extensions[DEFINITION]
            known = mutations.public(name, declared, get_named_type(field.args["input"].type), audited)
            field.description = declared.description = known.description
            yield name, known
        for mutation in internal:
            # Strawberry's converter knows the type from now on; the schema does not.
            type_ = self.schema_converter.from_input_object(mutation.takes)
            _prepare(type_)
            known = mutations.internal(mutation, type_, audited)
            yield known.name, known

    def taken(self, field: DeclaredField, given: dict[str, Any], viewer: Viewer) -> Any:
        """The arguments of a field as this viewer resolves it with them. Raises BadUserInput for those that make no
        sense."""
        converted = arguments(given, field)
        read = field.declaration.check(field, converted, viewer)
        return converted if read is None else read

    def needs(self) -> Iterator[tuple[str, type[Any]]]:
        """What reaches beyond the database: the name of a mutation or the place of a field, and a port that it
        needs."""
        for name, known in self.mutations.items():
            yield from ((name, port) for port in known.mutation.ports)
        for type_ in self.core.type_map.values():
            if not isinstance(type_, GraphQLObjectType) or type_ is self.core.mutation_type:
                continue
            for name, field in type_.fields.items():
                said = (field.extensions or {}).get(DEFINITION)
                if isinstance(said, DeclaredField):
                    yield from ((f"{type_.name}.{name}", port) for port in said.declaration.ports)

    @property
    def core(self) -> GraphQLSchema:
        """graphql-core's schema, which executes."""
        return self._schema

    def as_str(self) -> str:
        """The SDL, with what Strawberry leaves out: which types are the roots, and what `@oneOf` means."""
        core = self.core
        roots = {"query": core.query_type, "mutation": core.mutation_type, "subscription": core.subscription_type}
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


def _prepare(type_: GraphQLInputObjectType) -> None:
    # Strawberry checks it when it converts, which is late and says no place; validation does both better.
    type_.is_one_of = type_.extensions[DEFINITION].is_one_of
    type_.extensions[DEFINITION].from_input = made
    # What has a default takes null for it. Editors' linters call a field that must not be null missing when its default
    # is false, 0 or an empty text.
    for field in type_.fields.values():
        if is_non_null_type(field.type) and field.default_value is not Undefined:
            field.type = field.type.of_type
