"""The fields that an operation executes."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution.values import get_directive_values

from engine.document.document import Document
from engine.standard.schema import Schema


def fields(
    schema: Schema,
    document: Document,
    selections: SelectionSetNode,
    parent: Any,
    variables: Any,
) -> Iterator[tuple[FieldNode, GraphQLField]]:
    """Each field that will be executed, once; linear in the document, however often fragments spread each other."""
    seen: set[tuple[str, str]] = set()
    stack: list[tuple[SelectionSetNode, Any]] = [(selections, parent)]
    while stack:
        set_, type_ = stack.pop()
        for node in set_.selections:
            if not _included(node, variables):
                continue
            if isinstance(node, FieldNode):
                field_ = type_.fields.get(node.name.value) if hasattr(type_, "fields") else None
                if field_ is None:  # __typename and introspection
                    continue
                yield node, field_
                inner = get_named_type(field_.type)
                if node.selection_set is not None:
                    stack.append((node.selection_set, inner))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                stack.append((node.selection_set, schema.core.type_map[condition.name.value] if condition else type_))
            elif isinstance(node, FragmentSpreadNode):
                fragment = document.fragments[node.name.value]
                name = fragment.type_condition.name.value
                if (node.name.value, name) not in seen:
                    seen.add((node.name.value, name))
                    stack.append((fragment.selection_set, schema.core.type_map[name]))


def _included(node: Any, variables: Any) -> bool:
    if not node.directives:
        return True
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and not (include and not include["if"])
