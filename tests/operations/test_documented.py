"""What of the documented operations is covered: printed, and never less than before."""

import re
import sys

import pytest
from graphql import GraphQLObjectType

from schema.root import schema
from tests.operations.documented import LEAST, folders, operations, summary

# "REST: GET /products, POST /products/{id}." in a field's description.
_REST = re.compile(r"REST: ((?:GET|POST|PUT|DELETE) \S+?(?:, (?:GET|POST|PUT|DELETE) \S+?)*)\.(?:\s|$)")


def test_the_covered_operations_have_their_folders(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{summary()}\n")
    named = {operation.folder for operation in operations().values() if operation.rest in implemented()}
    assert folders() >= named, "a field names a documented operation that has no document and answer: tests/operations"
    assert folders() <= named, "a folder of a documented operation that no field names"
    assert len(named) >= LEAST


def test_all_documented_operations_are_listed() -> None:
    rows = operations()
    assert list(rows) == list(range(1, 156))
    assert len({operation.rest for operation in rows.values()}) == 155
    assert len({operation.folder for operation in rows.values()}) == 155
    assert len({operation.name for operation in rows.values()}) == 155


def test_the_schema_names_documented_operations_only() -> None:
    documented = {operation.rest for operation in operations().values()}
    assert implemented() <= documented


def implemented() -> set[str]:
    """The documented operations that descriptions in the schema name."""
    types = (t for t in schema.core.type_map.values() if isinstance(t, GraphQLObjectType))
    sentences = (match[1] for t in types for f in t.fields.values() for match in _REST.finditer(f.description or ""))
    return {rest for sentence in sentences for rest in sentence.split(", ")}
