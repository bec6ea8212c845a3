"""What of the documented operations is covered: printed, and never less than before."""

import re
import sys

import pytest
from graphql import GraphQLObjectType

from schema.root import schema
from tests.operations.documented import COVERED, folders, operations, summary

# "REST: GET /products, POST /products/{id}." in a field's description.
_REST = re.compile(r"REST: ((?:GET|POST|PUT|DELETE) \S+?(?:, (?:GET|POST|PUT|DELETE) \S+?)*)\.(?:\s|$)")


def test_the_covered_operations_have_their_folders(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{summary()}\n")
    named = {operations()[number].folder for number in COVERED}
    assert folders() >= named, "a covered operation lost its folder"
    assert folders() <= named, "a new folder names a documented operation, which then is covered: COVERED"


def test_all_documented_operations_are_listed() -> None:
    rows = operations()
    assert list(rows) == list(range(1, 156))
    assert len({operation.rest for operation in rows.values()}) == 155
    assert len({operation.folder for operation in rows.values()}) == 155
    assert len({operation.name for operation in rows.values()}) == 155


def test_the_schema_names_documented_operations_only() -> None:
    documented = {operation.rest for operation in operations().values()}
    assert implemented() <= documented


@pytest.mark.parametrize("number", sorted(COVERED))
def test_a_covered_operation_is_named_in_the_schema(number: int) -> None:
    assert operations()[number].rest in implemented()


def implemented() -> set[str]:
    """The documented operations that descriptions in the schema name."""
    types = (t for t in schema.core.type_map.values() if isinstance(t, GraphQLObjectType))
    sentences = (match[1] for t in types for f in t.fields.values() for match in _REST.finditer(f.description or ""))
    return {rest for sentence in sentences for rest in sentence.split(", ")}
