"""Variables and arguments as graphql-core coerces them, by functions that are made once for a document.

graphql-core looks up the type of a variable, and walks through the literals of the document and all fields of each
input type, at every request. What is plain is done here. For everything else these functions raise NotPlain: something
is wrong with it, or graphql-core knows something special of it; graphql-core does it then, and says what is wrong.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeAlias, cast

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

Coerce: TypeAlias = Callable[[Any], Any]  # a value that was sent
Literal: TypeAlias = Callable[[Mapping[str, Any]], Any]  # the coerced variables; Undefined for a variable without value
Arguments: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]
# Of an input type: name, out name, what coerces its value, and what stands for none.
_Field: TypeAlias = tuple[str, str, Coerce, Any]
_Given: TypeAlias = tuple[str, Literal, Any]  # out name, what the document says, and what stands for nothing

# What a value of exactly this type is coerced to is itself.
_SAME: Final[Mapping[str, type]] = {"String": str, "ID": str, "Boolean": bool}
_LEAST_INT, _MOST_INT = -(2**31), 2**31 - 1
# Nobody can change these, so that one serves all requests.
_FIXED: Final = (str, int, float, bool, type(None), Enum, Decimal, date)
_MISSING: Final = object()  # stands where something has to be given


class NotPlain(Exception):
    """graphql-core has to do it."""


class Coercion:
    """Of one schema's values."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: dict[str, Coerce] = {}  # by the name of an input type or a scalar

    def variables(self, operation: OperationDefinitionNode) -> Callable[[Mapping[str, Any]], VariableValues]:
        """What coerces the variables of an operation. It raises NotPlain."""
        known: list[tuple[str, GraphQLVariableSignature, Coerce, Coerce | None, bool]] = []
        for node in operation.variable_definitions or ():
            signature = get_variable_signature(self._schema, node)
            if isinstance(signature, GraphQLError):
                return _not_plain
            default: Coerce | None = None
            if node.default_value is not None:
                # graphql-core keeps what it coerced a default to beside the signature, which is kept here.
                fixed = not isinstance(node.default_value, ListValueNode | ObjectValueNode)
                default = cast(Coerce, coerce_default_value) if fixed else _not_plain
            nullable = not isinstance(signature.type, GraphQLNonNull)
            known.append((signature.name, signature, self._value(signature.type), default, nullable))

        def coerced(given: Mapping[str, Any]) -> VariableValues:
            sources: dict[str, VariableValueSource] = {}
            values: dict[str, Any] = {}
            try:
                for name, signature, coerce, default, nullable in known:
                    if name in given:
                        value = given[name]
                        sources[name] = VariableValueSource(signature, value)
                        values[name] = coerce(value)
                    elif default is not None:
                        sources[name] = VariableValueSource(signature)
                        values[name] = default(signature)
                    elif nullable:
                        sources[name] = VariableValueSource(signature)
                    else:
                        raise NotPlain
            except (RecursionError, TypeError):  # too deep; a default that does not fit
                raise NotPlain from None
            return VariableValues(sources, values)

        return coerced

    def arguments(self, field: GraphQLField, node: FieldNode) -> Arguments:
        """What makes the arguments of a field of the coerced variables. It raises NotPlain."""
        nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
        known: list[_Given] = []
        for name, declared in field.args.items():
            literal = self._literal(nodes[name], declared.type) if name in nodes else None
            known += _given(declared, name, literal)

        def coerced(variables: Mapping[str, Any]) -> dict[str, Any]:
            values: dict[str, Any] = {}
            _fill(values, known, variables)
            return values

        return coerced

    def _value(self, type_: Any) -> Coerce:
        if isinstance(type_, GraphQLNonNull):
            return _never_null(self._value(type_.of_type))
        if isinstance(type_, GraphQLList):
            return _each(self._value(type_.of_type))
        found = self._kept.get(type_.name)
        if found is None:
            made = self._object(type_) if isinstance(type_, GraphQLInputObjectType) else _leaf(type_)
            found = self._kept[type_.name] = made
        return found

    def _object(self, type_: GraphQLInputObjectType) -> Coerce:
        learnt: list[list[_Field]] = []

        def learn() -> list[_Field]:
            """When it is first asked: a type may hold itself. Threads ask, too: it is there as a whole, or not yet."""
            learnt.append(
                [
                    (name, field.out_name or name, self._value(field.type), _default(field))
                    for name, field in type_.fields.items()
                ]
            )
            return learnt[0]

        def coerced(value: Any) -> Any:
            if value is None:
                return None
            if type(value) is not dict:
                raise NotPlain
            values: dict[str, Any] = {}
            known = 0
            for name, out, coerce, default in learnt[0] if learnt else learn():
                if name in value:
                    values[out] = coerce(value[name])
                    known += 1
                elif default is _MISSING:
                    raise NotPlain
                elif default is not Undefined:
                    values[out] = default
            if known != len(value):
                raise NotPlain  # a field that there is not
            if type_.is_one_of and (len(values) != 1 or None in values.values()):
                raise NotPlain
            return type_.out_type(values)

        return coerced

    def _literal(self, node: ValueNode, type_: Any) -> Literal:
        if isinstance(node, VariableNode):
            return _variable(node.name.value, never_null=isinstance(type_, GraphQLNonNull))
        if isinstance(type_, GraphQLNonNull):
            return _not_plain if isinstance(node, NullValueNode) else self._literal(node, type_.of_type)
        if isinstance(node, NullValueNode):
            return _nothing
        if isinstance(type_, GraphQLList):
            nodes = node.values if isinstance(node, ListValueNode) else (node,)
            return _list([self._literal(each, type_.of_type) for each in nodes])
        if isinstance(type_, GraphQLInputObjectType):
            return self._object_literal(node, type_)
        value = Undefined if isinstance(node, ListValueNode | ObjectValueNode) else coerce_input_literal(node, type_)
        return (lambda _variables: value) if isinstance(value, _FIXED) else _not_plain

    def _object_literal(self, node: ValueNode, type_: GraphQLInputObjectType) -> Literal:
        nodes = {each.name.value: each.value for each in node.fields} if isinstance(node, ObjectValueNode) else None
        if nodes is None or nodes.keys() - type_.fields.keys():
            return _not_plain
        known: list[_Given] = []
        for name, field in type_.fields.items():
            literal = self._literal(nodes[name], field.type) if name in nodes else None
            known += _given(field, name, literal)
        one = len(nodes) if type_.is_one_of else None

        def coerced(variables: Mapping[str, Any]) -> Any:
            values: dict[str, Any] = {}
            _fill(values, known, variables)
            if one is not None and (one != 1 or len(values) != 1 or None in values.values()):
                raise NotPlain
            return type_.out_type(values)

        return coerced


def _default(declared: GraphQLArgument | GraphQLInputField) -> Any:
    """What stands for nothing: _MISSING where something has to be given, Undefined where nothing does."""
    if isinstance(declared, GraphQLArgument):
        required = is_required_argument(declared)
    else:
        required = is_required_input_field(declared)
    return _MISSING if required else coerce_default_value(declared)


def _given(declared: GraphQLArgument | GraphQLInputField, name: str, literal: Literal | None) -> list[_Given]:
    """Nothing where nothing is said, and nothing stands for that."""
    default = _default(declared)
    if literal is None and default is Undefined:
        return []
    return [(declared.out_name or name, literal or _unsaid, default)]


def _fill(values: dict[str, Any], known: list[_Given], variables: Mapping[str, Any]) -> None:
    """What is given, or else the default, by the names that whoever takes them knows."""
    for out, literal, default in known:
        value = literal(variables)
        if value is Undefined:
            if default is _MISSING:
                raise NotPlain
            if default is Undefined:
                continue
            value = default
        values[out] = value


def _never_null(coerce: Coerce) -> Coerce:
    def coerced(value: Any) -> Any:
        if value is None:
            raise NotPlain
        return coerce(value)

    return coerced


def _each(coerce: Coerce) -> Coerce:
    def coerced(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not list:
            raise NotPlain
        return [coerce(item) for item in value]

    return coerced


def _leaf(type_: Any) -> Coerce:
    same = _SAME.get(type_.name) if is_specified_scalar_type(type_) else None
    number = type_.name == "Int" and is_specified_scalar_type(type_)

    def coerced(value: Any) -> Any:
        if value is None or type(value) is same or (number and type(value) is int and _LEAST_INT <= value <= _MOST_INT):
            return value
        try:
            said = type_.coerce_input_value(value)
        except Exception:  # noqa: BLE001  graphql-core says what is wrong
            raise NotPlain from None
        if said is Undefined:
            raise NotPlain
        return said

    return coerced


def _variable(name: str, *, never_null: bool) -> Literal:
    def coerced(variables: Mapping[str, Any]) -> Any:
        value = variables.get(name, Undefined)
        if value is None and never_null:
            raise NotPlain
        return value

    return coerced


def _list(literals: list[Literal]) -> Literal:
    def coerced(variables: Mapping[str, Any]) -> Any:
        values = [literal(variables) for literal in literals]
        if any(value is Undefined for value in values):
            raise NotPlain
        return values

    return coerced


def _nothing(_variables: Mapping[str, Any]) -> None:
    return None


def _unsaid(_variables: Mapping[str, Any]) -> Any:
    return Undefined


def _not_plain(_given: Any) -> Any:
    raise NotPlain
