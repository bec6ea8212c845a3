"""A list's statements have texts that are kept, whatever is asked of it: none hangs on the values of a request, for
then SQLAlchemy would have to run it each time."""

from collections.abc import Iterator
from typing import Any, Final, cast

import pytest
from graphql import GraphQLField, GraphQLObjectType, parse
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from db.events import KINDS
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.listing import Asked, Connected
from engine.declared.pages import count_statement, page_statement
from engine.unit.text import Text
from schema.root import schema
from tests.dialects import OURS
from tests.engine.test_filtering import samples
from tests.gateway import ANONYMOUS

# Of arguments that narrow one list.
NARROWING: Final = {
    "types": sorted(KINDS)[:3],
    "entityId": "UHJvZHVjdDox",  # Product:1
    "workflowId": "V29ya2Zsb3c6MQ",  # Workflow:1
    "entityType": "ORDER",
    "managed": True,
    "byCategories": False,
    "byBrands": False,
}
OF_ANY_LIST: Final = frozenset({"first", "after", "last", "before", "page", "filter", "sort", "search"})
SEARCHES: Final = ("mug", "a", "a_% mug", "mug mug", "ﬁ ß /")


def lists() -> Iterator[tuple[str, GraphQLField]]:
    """Of a noun that is listed in several places those with arguments of their own, and one."""
    known = set()
    for type_ in schema.core.type_map.values():
        for name, field in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            declared = (field.extensions or {}).get(DEFINITION)
            if not isinstance(declared, DeclaredField) or not isinstance(declared.declaration, Connected):
                continue
            kind = declared.declaration.listing, declared.declaration.narrowing
            if kind not in known:
                known.add(kind)
                yield f"{type_.name}.{name}", field


LISTS: Final = dict(lists())


def asks(field: GraphQLField) -> Iterator[dict[str, Any]]:
    """Arguments: each part of its filter, with one value and with several; each search, each narrowing."""
    for filter_ in samples(field.args["filter"].type, depth=2):
        yield {"filter": filter_}
        if (several := tripled(filter_)) != filter_:
            yield {"filter": several}
    if "search" in field.args:
        yield from ({"search": text} for text in SEARCHES)
    yield from ({name: NARROWING[name]} for name in field.args.keys() - OF_ANY_LIST)


def tripled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: tripled(inner) for name, inner in value.items()}
    return value * 3 if isinstance(value, list) else value


def asked(field: GraphQLField, given: dict[str, Any]) -> Asked:
    declared = ", ".join(f"${name}: {field.args[name].type}" for name in given)
    names = ", ".join(f"{name}: ${name}" for name in given)
    definition: Any = parse(f"query ({declared}) {{ list({names}) {{ totalCount }} }}").definitions[0]
    values = get_variable_values(schema.core, definition.variable_definitions, given)
    assert isinstance(values, VariableValues), values
    coerced = get_argument_values(field, definition.selection_set.selections[0], values)
    return cast(Asked, schema.taken(field.extensions[DEFINITION], coerced, ANONYMOUS))


@pytest.mark.parametrize("name", sorted(LISTS))
@pytest.mark.parametrize("dialect", sorted(OURS))
def test_whatever_a_list_is_asked_for_its_text_is_kept(name: str, dialect: str) -> None:
    without = []
    for given in asks(LISTS[name]):
        one = asked(LISTS[name], given)
        assert one.bound, given
        statements = [
            page_statement(one, (), ANONYMOUS, dialect),
            count_statement(one, limited=False, viewer=ANONYMOUS, dialect=dialect),
        ]
        without += [given for statement in statements if Text.of(statement, OURS[dialect]) is None]
    assert without == []
