"""Functions that turn rows into their part of the answer, written as Python's text and compiled once.

Each value is read, worked out and put in GraphQL's words in one expression. Whatever is not plain (a value of another
type than it should be, null where none may be) raises, and the operation is the standard executor's, which says what
is wrong and where.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, NewType

from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLScalarType,
    Undefined,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_specified_scalar_type,
)
from sqlalchemy import Enum as EnumColumn
from sqlalchemy import TypeDecorator
from sqlalchemy.types import TypeEngine

from engine.plan.faults import Unusual
from engine.plan.selection import Uncompiled
from engine.plan.shape import Below, Constant, Shape, Value, Write
from engine.unit.text import Columns, Process
from engine.values.columns import label_of

# What is said as it is when it is of exactly this type. Int has bounds besides.
_PLAIN: Final = {"String": "str", "ID": "str", "Boolean": "bool"}
# Values that are kept of each kind, and kinds: some 20 MB at most.
MOST_VALUES: Final = 2048
MOST_KEPT: Final = 16
_INT: Final = "type({0}) is int and -2147483649 < {0} < 2147483648"


def writer(shape: Shape, columns: Columns | None) -> Write:
    """The function that writes a list of rows with these columns, or of values of Python. Raises Uncompiled."""
    return _Function(columns).made(shape)


def completer(type_: Any) -> Callable[[Any], Any]:
    """Puts a value in GraphQL's words: a leaf, or lists of leaves. Raises Uncompiled."""
    function = _Function(None)
    function.lines = ["def complete(v):", f"    return {function.completed(type_, 'v', None)}"]
    complete: Callable[[Any], Any] = function.compiled("complete", str(type_))
    return complete


class _Names(dict[Any, Any]):
    """The names of an enum's members, by what the driver says. Only members are kept."""

    def __init__(self, process: Process | None, complete: Callable[[Any], Any]) -> None:
        super().__init__()
        self._process = process
        self._complete = complete

    def __missing__(self, said: Any) -> Any:
        name = self[said] = self._complete(said if self._process is None else self._process(said))
        return name


class _Values(dict[Any, Any]):
    """What values of a type of several parts (an amount of money, say) are in the answer, by the columns that they are
    made of. Who answers never changes them."""

    def __init__(self, make: Callable[..., Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: tuple[Any, ...]) -> Any:
        if len(self) >= MOST_VALUES:
            self.clear()
        said = self[key] = self._make(*key)
        return said


_KEPT: Final[OrderedDict[Any, _Values]] = OrderedDict()


def _kept(field: Value) -> _Values:
    """One for all plans that ask the same of such values: there may be many plans."""
    key = _signature(field)
    found = _KEPT.get(key)
    if found is None:
        while len(_KEPT) >= MOST_KEPT:
            _KEPT.popitem(last=False)
        found = _KEPT[key] = _Values(_Function(None).maker(field))
    else:
        _KEPT.move_to_end(key)
    return found


def _signature(field: Constant | Value | Below) -> Any:
    if not isinstance(field, Value):
        return field.value if isinstance(field, Constant) else field.step
    below = field.below
    inner = None if below is None else tuple((name, _signature(each)) for name, each in below.fields.items())
    return field.type, field.function, tuple(map(label_of, field.needs)), field.attribute, inner


def _same_when_equal(type_: TypeEngine[Any]) -> bool:
    """Whether equal values of a column are the same to everyone, and can be looked up."""
    # SQLModel decorates its types; a decorator does not know Python's type, what it decorates does.
    plain = type_.impl_instance if isinstance(type_, TypeDecorator) else type_
    try:
        return plain.python_type in (int, str, bool)
    except NotImplementedError:
        return False


class _Function:
    def __init__(self, columns: Columns | None) -> None:
        self.columns = columns
        self.names: dict[str, Any] = {"Unusual": Unusual, "unusual": _unusual}
        self.lines: list[str] = []
        self.objects: list[str] = []
        self._count = 0
        self._processed: dict[int, str] = {}

    def made(self, shape: Shape) -> Write:
        gets = "".join(f", g{n}" for n in range(len(shape.steps)))
        body: list[str] = []
        if self.columns is None:
            each = "x"
            body.append("if x is None: raise Unusual")
            entries = self._of_value(shape, body)
        else:
            entries = self._of_row(shape, body)
            each = "".join(f"c{n}, " for n in range(len(self.columns.names)))
        read = [f"{name} = p{place}(c{place})" for place, name in self._processed.items()]
        self.lines = [
            f"def write(rows{gets}):",
            "    out = []",
            f"    for {each} in rows:",
            *(f"        {line}" for line in (*read, *body)),
            f"        out.append({{{entries}}})",
            "    return out",
        ]
        write: Write = self.compiled("write", shape.type.name)
        return write

    def compiled(self, name: str, of: str) -> Any:
        code = compile("\n".join((*self.objects, *self.lines)), f"<plan of {of}>", "exec")
        exec(code, self.names)  # noqa: S102  text of ours: of a document only names that are quoted
        return self.names[name]

    def maker(self, field: Value) -> Callable[..., Any]:
        """The function from the columns of a value to what the answer says of it."""
        arguments = ", ".join(f"c{n}" for n in range(len(field.needs)))
        body = [f"    v = {self._bound(field.function)}({arguments})"]
        said = self.completed(field.type, "v", field.below)
        self.lines = [f"def make({arguments}):", *body, f"    return {said}"]
        make: Callable[..., Any] = self.compiled("make", str(field.type))
        return make

    def _bound(self, value: Any) -> str:
        self._count += 1
        name = f"n{self._count}"
        self.names[name] = value
        return name

    def _of_row(self, shape: Shape, body: list[str]) -> str:
        entries = []
        for name, field in shape.fields.items():
            if isinstance(field, Constant):
                said = self._bound(field.value)
            elif isinstance(field, Below):
                step = shape.steps[field.step]
                assert step.parent is not None
                said = self._below(field.step, step, self._column(step.parent), body)
            else:
                said = self._value(field, body)
            entries.append(f"{name!r}: {said}")
        return ", ".join(entries)

    def _of_value(self, shape: Shape, body: list[str], steps: bool = True) -> str:
        entries = []
        for name, field in shape.fields.items():
            if isinstance(field, Constant):
                said = self._bound(field.value)
            elif isinstance(field, Below):
                if not steps:
                    raise Uncompiled(f"what is looked up for {shape.type.name} inside another value")
                step = shape.steps[field.step]
                said = self._below(field.step, step, "x" if step.parent is None else f"x.row.{step.parent}", body)
            else:
                if field.attribute is not None:
                    read = f"x.{field.attribute}"
                elif not field.needs:
                    read = f"{self._bound(field.function)}(x.row)"
                else:
                    arguments = ", ".join(f"x.row.{label_of(need)}" for need in field.needs)
                    read = arguments if field.function is None else f"{self._bound(field.function)}({arguments})"
                said = self.completed(field.type, self._assigned(read, body), field.below)
            entries.append(f"{name!r}: {said}")
        return ", ".join(entries)

    def _assigned(self, expression: str, body: list[str]) -> str:
        self._count += 1
        body.append(f"v{self._count} = {expression}")
        return f"v{self._count}"

    def _below(self, number: int, step: Any, key: str, body: list[str]) -> str:
        got = f"g{number}({key})"
        if step.many:
            return f"({got} or [])"
        if step.nullable:
            return got
        found = self._assigned(got, body)
        return f"({found} if {found} is not None else unusual())"

    def _column(self, name: str) -> str:
        """The variable that holds a column as Python's value."""
        assert self.columns is not None
        place, process = self.columns.place(name)
        if process is None:
            return f"c{place}"
        self.names[f"p{place}"] = process
        return self._processed.setdefault(place, f"x{place}")

    def _value(self, field: Value, body: list[str]) -> str:
        assert self.columns is not None
        if field.parts is not None:
            entries = self._of_row(field.parts, body)
            return self._unless_null(field.type, self._column(label_of(field.needs[0])), f"{{{entries}}}")
        function = field.function
        type_ = get_nullable_type(field.type)
        if function is None and isinstance(type_, GraphQLEnumType) and isinstance(field.needs[0].type, EnumColumn):
            place, process = self.columns.place(label_of(field.needs[0]))
            names = self._bound(_Names(process, strict(type_.coerce_output_value)))
            return self._unless_null(field.type, f"c{place}", f"{names}[c{place}]")
        arguments = ", ".join(self._column(label_of(need)) for need in field.needs)
        if function is None or (isinstance(function, NewType) and len(field.needs) == 1):
            return self.completed(field.type, arguments, field.below)
        if field.below is not None and all(_same_when_equal(need.type) for need in field.needs):
            return f"{self._bound(_kept(field))}[{arguments},]"
        return self.completed(field.type, self._assigned(f"{self._bound(function)}({arguments})", body), field.below)

    @staticmethod
    def _unless_null(type_: Any, value: str, said: str) -> str:
        return f"({said})" if is_non_null_type(type_) else f"(None if {value} is None else {said})"

    def completed(self, type_: Any, value: str, below: Shape | None) -> str:
        """An expression that says a variable's value in GraphQL's words."""
        inner: Any = get_nullable_type(type_)
        if is_list_type(inner):
            self._count += 1
            item = f"i{self._count}"
            each = self.completed(inner.of_type, item, below)
            said = f"[{each} for {item} in {value}] if type({value}) in (list, tuple) else unusual()"
        elif isinstance(inner, GraphQLEnumType):
            said = f"{self._bound(_Names(None, strict(inner.coerce_output_value)))}[{value}]"
        elif isinstance(inner, GraphQLScalarType):
            said = self._scalar(inner, value)
        elif isinstance(inner, GraphQLObjectType) and below is not None:
            said = f"{self._object(below)}({value})"
        else:
            raise Uncompiled(f"a value of {type_}")
        return self._unless_null(type_, value, said)

    def _scalar(self, type_: GraphQLScalarType, value: str) -> str:
        slow = f"{self._bound(strict(type_.coerce_output_value))}({value})"
        if is_specified_scalar_type(type_):
            plain = _PLAIN.get(type_.name)
            test = _INT.format(value) if type_.name == "Int" else f"type({value}) is {plain}" if plain else None
        else:
            same = type_.coerce_output_value
            test = f"type({value}) is {same.__name__}" if same is str or same is int else None
        return slow if test is None else f"{value} if {test} else {slow}"

    def _object(self, shape: Shape) -> str:
        """A function that writes one value of Python."""
        self._count += 1
        name = f"o{self._count}"
        body: list[str] = ["if x is None: raise Unusual"]
        entries = self._of_value(shape, body, steps=False)
        self.objects += [f"def {name}(x):", *(f"    {line}" for line in body), f"    return {{{entries}}}"]
        return name


def strict(complete: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As graphql-core completes a leaf that is not null."""

    def completed(value: Any) -> Any:
        if value is None:
            raise Unusual
        said = complete(value)
        if said is None or said is Undefined:
            raise Unusual
        return said

    return completed


def _unusual() -> Any:
    raise Unusual
