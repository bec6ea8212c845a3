"""Each relation and each nested list takes one statement, however many parents ask for it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from engine.declared.declaration import DeclaredField, Relation
from engine.declared.entity import Entity
from engine.declared.listing import Connected
from engine.values.identity import encode
from schema.root import schema
from tests.gateway import ADMIN, Gateway

MOST_PARENTS = 40


def _relations() -> Iterator[tuple[str, str]]:
    for entity in schema.entities.values():
        for name, field in entity.fields.items():
            if isinstance(field.declaration, Relation | Connected):
                yield entity.name, name


def _selection(field: DeclaredField) -> str:
    return "{ nodes { id } totalCount }" if isinstance(field.declaration, Connected) else "{ id }"


async def _ids(gateway: Gateway, entity: Entity) -> list[str]:
    # Of two types over one table each has its own rows.
    statement = select(entity.key).where(entity.visible(ADMIN)).order_by(entity.key).limit(MOST_PARENTS)
    async with gateway.database.read() as connection:
        return [encode(entity.name, key) for (key,) in await connection.execute(statement)]


@pytest.mark.parametrize(("entity_name", "name"), sorted(_relations()))
async def test_one_statement_for_all_parents(filled_store: Gateway, entity_name: str, name: str) -> None:
    entity = schema.entities[entity_name]
    field = entity.fields[name]
    ids = await _ids(filled_store, entity)
    assert ids, "a relation from no rows takes no statement: give the table a row in tests/schema/filled.py"
    document = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {entity_name} {{ {name} {_selection(field)} }} }} }}"
    # One for the parents; a list has one for its page and one for its count. Without any key there is nothing to load.
    most = 3 if isinstance(field.declaration, Connected) else 2
    with filled_store.counting() as statements:
        answer = await filled_store(document, {"ids": ids})
    assert len(statements) <= most
    assert len(statements) == most or not any(node[name] for node in answer["nodes"])
    if isinstance(field.declaration, Connected):
        assert len(statements) == most
