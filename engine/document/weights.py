"""How much work it is to make sense of an operation's values, known before any of it is done.

A value weighs 1. An input object weighs as much more as its type has fields, whatever it names: each of them is looked
for, each has its default, and `{}` forty thousand times is no small request. A variable weighs that once for being
coerced, and once more wherever an argument holds it, which converts it anew; a literal both at its one place.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    type_from_ast,
)

from engine.document.bounds import MOST_CHARACTERS, MOST_ITEMS
from engine.document.document import Document
from engine.document.request import RequestErrors
from engine.values.errors import ErrorCode

# Ten products with a hundred variants each and all their fields, the most that one mutation takes, weigh less.
MOST: Final = 170_000
# What weighs more is made sense of in a thread. Of filters, whose values are the dearest, this takes ten milliseconds.
LIGHT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Weight:
    """Of one operation. `literals` is what stands in the document; `variables` are those that it declares, each with
    its type and what its default weighs, `uses` how often arguments hold them."""

    literals: int
    variables: Mapping[str, tuple[Any, int]]
    uses: Mapping[str, int]

    def with_(self, given: Mapping[str, Any]) -> int:
        """With these variables. Beyond MOST it is not worked out to the end."""
        found = self.literals
        for name, (type_, default) in self.variables.items():
            if found > MOST:
                break
            each = of_value(given[name], type_) if name in given else default
            found += each * (1 + self.uses.get(name, 0))
        return found


def check_weight(weight: int) -> None:
    """Raises RequestErrors."""
    if weight > MOST:
        message = f"The values of the request are too many to be read at once: they weigh more than {MOST}"
        raise RequestErrors.of(ErrorCode.BAD_USER_INPUT, f"{message}; send fewer at a time")


def of_value(value: Any, type_: Any) -> int:
    """Of a variable's value, given for a variable of this type. Beyond MOST it is not worked out to the end."""
    found = 1
    stack = [(value, type_)]
    while stack and found <= MOST:
        value, type_ = stack.pop()
        if isinstance(value, list):
            inner = _item(type_)
            found += len(value)
            stack.extend((item, inner) for item in value if isinstance(item, dict | list))
        elif isinstance(value, dict):
            fields = _fields(type_)
            found += len(fields) + len(value)
            stack.extend((v, fields.get(name)) for name, v in value.items() if isinstance(v, dict | list))
    return found


def weighed(schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> Weight:
    """Of an operation of a valid document. Raises RequestErrors for lists and texts in the document that are longer
    than any argument takes."""
    uses: Counter[str] = Counter()
    literals = sum(_literal(node, type_, uses) for node, type_ in _arguments(schema, document, operation))
    variables = {}
    for definition in operation.variable_definitions or ():
        type_: Any = type_from_ast(schema, definition.type)
        default = 0 if definition.default_value is None else _literal(definition.default_value, type_, Counter())
        variables[definition.variable.name.value] = type_, default
    return Weight(2 * literals, variables, dict(uses))


def _literal(node: ValueNode, type_: Any, uses: Counter[str]) -> int:
    found = 0
    stack = [(node, type_)]
    while stack:
        node, type_ = stack.pop()
        found += 1
        if isinstance(node, VariableNode):
            uses[node.name.value] += 1
        elif isinstance(node, StringValueNode):
            if len(node.value) > MOST_CHARACTERS:
                raise _too_long(f"a text of {len(node.value)} characters", MOST_CHARACTERS)
        elif isinstance(node, ListValueNode):
            if len(node.values) > MOST_ITEMS:
                raise _too_long(f"a list of {len(node.values)} items", MOST_ITEMS)
            inner = _item(type_)
            stack.extend((item, inner) for item in node.values)
        elif isinstance(node, ObjectValueNode):
            fields = _fields(type_)
            found += len(fields)
            stack.extend((field.value, fields.get(field.name.value)) for field in node.fields)
    return found


def _too_long(what: str, most: int) -> RequestErrors:
    return RequestErrors.of(ErrorCode.BAD_USER_INPUT, f"The document holds {what}; at most {most}")


def _arguments(
    schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode
) -> Iterator[tuple[ValueNode, Any]]:
    """What each argument of a field is given, with its type; of a fragment once, however often it is spread."""
    seen: set[str] = set()
    root: Any = schema.get_root_type(operation.operation)
    stack: list[tuple[SelectionSetNode, Any]] = [(operation.selection_set, root)]
    while stack:
        set_, parent = stack.pop()
        for node in set_.selections:
            if isinstance(node, FieldNode):
                field = getattr(parent, "fields", {}).get(node.name.value)
                for argument in node.arguments or ():
                    taken = field.args.get(argument.name.value) if field is not None else None
                    yield argument.value, taken.type if taken is not None else None
                if node.selection_set is not None:
                    stack.append((node.selection_set, get_named_type(field.type) if field is not None else None))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                stack.append((node.selection_set, schema.type_map[condition.name.value] if condition else parent))
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = document.fragments[node.name.value]
                stack.append((fragment.selection_set, schema.type_map[fragment.type_condition.name.value]))


def _item(type_: Any) -> Any:
    """The type of a list's items; where one item may stand for a list, its own."""
    while isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    return type_.of_type if isinstance(type_, GraphQLList) else type_


def _fields(type_: Any) -> Mapping[str, Any]:
    """The types of an input object's fields by their names; none for what is no input object."""
    while isinstance(type_, GraphQLNonNull | GraphQLList):
        type_ = type_.of_type
    return _types(type_) if isinstance(type_, GraphQLInputObjectType) else {}


@cache
def _types(type_: GraphQLInputObjectType) -> Mapping[str, Any]:
    return {name: field.type for name, field in type_.fields.items()}
