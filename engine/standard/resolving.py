"""A declaration becomes the resolver that graphql-core calls: made once for each field, when the schema is loaded.

It stands on graphql-core's field in place of Strawberry's, which would look up arguments, annotations and extensions of
the field again for each value.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, TypeAlias

from engine.declared.batch import Batched, Queried
from engine.declared.connection import Counted, OfPage
from engine.declared.declaration import Declaration, DeclaredField, Leaf, Relation
from engine.declared.following import Followed
from engine.declared.listing import Connected
from engine.declared.lookup import Every, Fixed, Lookup, Nodes, Picked, Pointed
from engine.declared.mutation import Performed
from engine.declared.payload import Changed, Deleted, Said
from engine.standard import batches, lists, lookups, performing
from engine.standard.context import Info
from engine.standard.loader import load_related
from engine.values.viewer import Viewer

# Checks the arguments that graphql-core coerced, and makes of them what a field is resolved with, by a viewer.
Take: TypeAlias = Callable[[DeclaredField, dict[str, Any], Viewer], Any]
# Resolves a field: as it was declared, by what its parent was resolved to, with its arguments as they were taken.
Resolve: TypeAlias = Callable[[DeclaredField, Any, Info, Any], Any]
# What graphql-core calls: the parent, its info, and the arguments as it coerced them by their names in the graph.
Resolver: TypeAlias = Callable[..., Any]

# A subclass is resolved as its nearest ancestor here.
RESOLVES: Final[Mapping[type[Declaration], Resolve]] = {
    Relation: load_related,
    Batched: batches.resolve_batched,
    Queried: batches.resolve_queried,
    Connected: lists.resolve_connected,
    Counted: lists.resolve_counted,
    Lookup: lookups.resolve_lookup,
    Nodes: lookups.resolve_nodes,
    Pointed: lookups.resolve_pointed,
    Every: lookups.resolve_every,
    Fixed: lookups.resolve_fixed,
    Picked: lookups.resolve_picked,
    Performed: performing.resolve_performed,
    Said: performing.resolve_said,
    Deleted: performing.resolve_deleted,
    Changed: performing.resolve_changed,
    Followed: lookups.resolve_followed,
}


def resolver(field: DeclaredField, take: Take) -> Resolver:
    """Raises TypeError for a declaration that nothing here resolves."""
    declaration = field.declaration
    if isinstance(declaration, Leaf):
        return _of_row(declaration)
    if isinstance(declaration, OfPage):
        read = attrgetter(declaration.name)
        return lambda source, _info: read(source)
    resolve = next((RESOLVES[kind] for kind in type(declaration).__mro__ if kind in RESOLVES), None)
    if resolve is None:
        raise TypeError(f"{type(declaration).__name__} is declared, but nothing resolves it")
    return _with_arguments(field, resolve, take) if field.arguments else _alone(field, resolve)


def reader(leaf: Leaf) -> Callable[[Any], Any]:
    """Gets what a leaf's parent was resolved to: something with a `row`."""
    function, names = leaf.function, [f"row.{need.key}" for need in leaf.needs]
    if not names:
        assert function is not None
        return lambda source: function(source.row)
    values = attrgetter(*names)
    if function is None:
        return values
    if len(names) == 1:
        return lambda source: function(values(source))
    return lambda source: function(*values(source))


def _of_row(leaf: Leaf) -> Resolver:
    read, permission = reader(leaf), leaf.permission
    if permission is None:
        return lambda source, _info: read(source)

    def resolve(source: Any, info: Info) -> Any:
        info.context.require(permission)
        return read(source)

    return resolve


def _alone(field: DeclaredField, resolve: Resolve) -> Resolver:
    permission = field.declaration.permission

    def resolved(source: Any, info: Info) -> Any:
        if permission is not None:
            info.context.require(permission)
        return resolve(field, source, info, {})

    return resolved


def _with_arguments(field: DeclaredField, resolve: Resolve, take: Take) -> Resolver:
    permission = field.declaration.permission

    def resolved(source: Any, info: Info, /, **given: Any) -> Any:
        if permission is not None:
            info.context.require(permission)
        # Checked before anything ran, and kept: but for what is selected of an interface, whose fields are others.
        arguments = info.context.arguments.get((id(info.field_nodes[0]), field))
        if arguments is None:
            arguments = take(field, given, info.context.viewer)
        return resolve(field, source, info, arguments)

    return resolved
