"""Statements that follow from declarations, whoever runs them: an executor with loaders, or a compiled plan.

A statement depends on its shape, on the database's dialect and on what the viewer sees; what else differs between two
requests is a parameter. So few are made, and they are kept.
"""

from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, select

from engine.declared.declaration import Relation
from engine.declared.entity import Entity
from engine.values.columns import Needs, merged, seen_by, selected
from engine.values.statement import AnySelect, among
from engine.values.viewer import Viewer

PARENT: Final = "_parent"  # the label under which a row carries the key of the parent it belongs to
KEYS: Final = "keys"  # the parameter that holds the parents' keys
KEY: Final = "key"  # or that of one
MOST_KEPT: Final = 256


class Seen:
    """A viewer as far as visibility goes: equal where the same rows are seen, so that statements can be shared."""

    __slots__ = ("viewer",)

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def __hash__(self) -> int:
        return hash(self.viewer.visibility_key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seen) and self.viewer.visibility_key == other.viewer.visibility_key


@lru_cache(maxsize=MOST_KEPT)
def related_statement(
    relation: Relation, entity: Entity, needs: Needs, seen: Seen, dialect: str, *, one: bool = False
) -> AnySelect:
    """The statement behind a relation; its only parameter is KEYS, or KEY for `one` parent. PostgreSQL plans it anew
    for every list of keys that is shorter than it takes them to be, and once for one key."""
    statement = select(*selected(merged(needs), seen.viewer), relation.key.label(PARENT))
    statement = joined(statement, relation.key, relation.on, entity)
    sought = relation.key == bindparam(KEY, type_=relation.key.type) if one else among(relation.key, KEYS, dialect)
    statement = statement.where(sought, entity.visible(seen.viewer))
    if relation.where is not None:
        statement = statement.where(relation.where)
    order = (seen_by(column, seen.viewer) for column in relation.order)
    return statement.order_by(*order, entity.key)


def joined(statement: AnySelect, key: ColumnElement[Any], on: ColumnElement[bool] | None, entity: Entity) -> AnySelect:
    """FROM the entity's table, joined to the table of the key where that is another one."""
    if on is None:
        return statement.select_from(entity.table)
    return statement.select_from(entity.table.join(key.table, on))


@cache
def by_key(entity: Entity) -> Relation:
    return Relation(entity.key, entity.key)
