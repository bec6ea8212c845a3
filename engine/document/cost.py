"""What a document costs, known before anything of it runs, in time linear in the document.

A field costs its weight and, as often as its list is long, what is selected below it; the `@cost` and `@listSize` of
the schema say both. A fragment is worked out once and counts wherever it is spread, so the cost is that of the document
as written: what execution merges counts each time. Numbers stop at MOST, however often fragments double them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from engine.declared.connection import FIRST
from engine.document.document import Document
from engine.document.prices import Price, Prices

MOST: Final = 2**53 - 1  # what a JSON number holds
LONGEST_NAME: Final = 50  # in a path that is told
MOST_DIGITS: Final = 11  # of a 32-bit integer, and its sign

# What is counted once, and what is counted for each item of the page around it (`nodes`, `edges`).
Pair = tuple[int, int]
# Whether to run, by `@skip` and `@include`: what a literal or a variable has to be.
Conditions = tuple[tuple[bool, bool | str], ...]


class Step:
    """One field as written."""

    __slots__ = ("name", "node", "price", "selection", "sizes", "when")

    def __init__(self, node: FieldNode, price: Price, selection: "Selection | None") -> None:
        self.node = node
        self.name = (node.alias or node.name).value
        self.price = price
        self.selection = selection
        self.when = _conditions(node.directives)
        self.sizes = tuple(_sizes(node, price.slicing)) if price.slicing else ()

    @property
    def varies(self) -> bool:
        return bool(self.when) or any(isinstance(s, str) for s in self.sizes)

    def length(self, variables: Mapping[str, Any] | None) -> int:
        """How long its list may be. Beyond a list's bounds a number is refused later, with a better message."""
        longest = None
        for size in self.sizes:
            value: Any = size
            if isinstance(size, str):
                value = 1 if variables is None else variables.get(size)
            if isinstance(value, list):
                value = len(value)
            if isinstance(value, int):
                longest = max(longest or 0, min(max(value, 0), self.price.longest))
        return self.price.assumed if longest is None else longest


@dataclass(slots=True, eq=False)
class Selection:
    """The fields of a selection set, those of inline fragments among them; fragments by their names."""

    steps: list[Step] = field(default_factory=list)
    spreads: list[tuple[str, Conditions]] = field(default_factory=list)
    known: Pair | None = None  # where no variable has a say


class Costs:
    """The structure of one document, valid or not, and from it the cost of its operations for given variables."""

    def __init__(self, schema: GraphQLSchema, prices: Prices, document: Document) -> None:
        self._schema = schema
        self._prices = prices
        self._roots: dict[str | None, tuple[list[FieldNode], bool]] = {}
        self.fields = 0
        self.aliases = 0
        self.directives = 0
        self.most_directives = 0  # at one place
        self._fragments = {
            name: self._selection(f.selection_set, self._type(f.type_condition.name.value), f.directives)
            for name, f in document.fragments.items()
        }
        self._operations = {
            name: self._selection(o.selection_set, schema.get_root_type(o.operation), o.directives)
            for name, o in document.operations.items()
        }
        self._order = list(self._inside_out())
        for fragment in self._order:
            self._fold(self._fragments[fragment])
        for operation in self._operations.values():
            self._fold(operation)

    def cost(self, name: str | None, variables: Mapping[str, Any] | None) -> int:
        """The cost of an operation. Without variables the least that it may be."""
        fixed, paged = self._pair(self._operations[name], variables, self._shared(variables))
        return min(fixed + paged * FIRST, MOST)

    @property
    def depth(self) -> int:
        """How deep fields nest, fragments opened."""
        known: dict[str, int] = {}

        def below(selection: Selection | None) -> int:
            if selection is None:
                return 0
            deepest = max((known.get(name, 0) for name, _ in selection.spreads), default=0)
            return max(deepest, max((1 + below(s.selection) for s in selection.steps), default=0))

        for name in self._order:
            known[name] = below(self._fragments[name])
        return max(map(below, self._operations.values()), default=0)

    def roots(self, name: str | None, variables: Mapping[str, Any] | None) -> Sequence[FieldNode]:
        """The root fields that an operation runs, fragments opened once each; without variables all that it may run."""
        known = self._roots.get(name)
        if known is None:
            operation = self._operations[name]
            every = [step.node for step in self._level(operation, None, every=True)]
            # Where nothing is left out whatever the variables are, there is one answer.
            known = self._roots[name] = every, len(every) == len([*self._level(operation, None)])
        every, always = known
        if always or variables is None:
            return every
        return [step.node for step in self._level(self._operations[name], variables)]

    @property
    def most_roots(self) -> int:
        return max((len(list(self._level(o, None, every=True))) for o in self._operations.values()), default=0)

    def heaviest(self, name: str | None, variables: Mapping[str, Any] | None) -> tuple[list[str], int]:
        """The path of the field that more than half of an operation's cost comes from, and that field's share of it
        (0 to 100); the root's, if there is no such field."""
        shared = self._shared(variables)
        selection: Selection | None = self._operations[name]
        total, share, times, page, path = self.cost(name, variables), 100, 1, FIRST, []
        while selection is not None:
            heaviest, most = None, 0
            for step in self._level(selection, variables, every=variables is None):
                fixed, paged = self._step(step, variables, shared)
                costs = min((fixed + paged * page) * times, MOST)
                if costs > most:
                    heaviest, most = step, costs
            if heaviest is None or most * 2 <= total:
                break
            path.append(heaviest.name[:LONGEST_NAME])
            share = most * 100 // total
            length = heaviest.length(variables)
            if heaviest.price.paged:
                times *= page
            elif not heaviest.price.pages:
                times *= length
            page = length if heaviest.price.pages else FIRST
            selection, times = heaviest.selection, min(times, MOST)
        return path, share

    def _selection(
        self, set_: SelectionSetNode, type_: GraphQLNamedType | None, directives: Sequence[DirectiveNode] | None
    ) -> Selection:
        self._directed(directives)
        found = Selection()
        stack: list[tuple[SelectionSetNode, GraphQLNamedType | None, Conditions]] = [(set_, type_, ())]
        while stack:
            set_, parent, when = stack.pop()
            for node in set_.selections:
                if isinstance(node, FieldNode):
                    found.steps.append(self._field(node, parent, when))
                    continue
                self._directed(node.directives)
                here = when + _conditions(node.directives)
                if isinstance(node, FragmentSpreadNode):
                    found.spreads.append((node.name.value, here))
                elif isinstance(node, InlineFragmentNode):
                    condition = node.type_condition
                    stack.append((node.selection_set, self._type(condition.name.value) if condition else parent, here))
        return found

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, when: Conditions) -> Step:
        self.fields += 1
        self.aliases += node.alias is not None
        price = self._prices.of(parent, node.name.value)
        below = None
        if node.selection_set is not None:
            below = self._selection(node.selection_set, price.inner, node.directives)
        else:
            self._directed(node.directives)
        step = Step(node, price, below)
        step.when += when
        return step

    def _directed(self, directives: Sequence[DirectiveNode] | None) -> None:
        directives = directives or ()
        self.directives += len(directives)
        self.most_directives = max(self.most_directives, len(directives))

    def _type(self, name: str) -> GraphQLNamedType | None:
        return self._schema.type_map.get(name)

    def _inside_out(self) -> Iterator[str]:
        """Fragments, each after those that it spreads. A cycle is cut somewhere: validation refuses it."""
        done: set[str] = set()
        for root in self._fragments:
            path = [(root, iter(self._spreads(root)))] if root not in done else []
            done.add(root)
            while path:
                name, spreads = path[-1]
                inner = next((s for s in spreads if s in self._fragments and s not in done), None)
                if inner is None:
                    path.pop()
                    yield name
                else:
                    done.add(inner)
                    path.append((inner, iter(self._spreads(inner))))

    def _spreads(self, name: str) -> Iterable[str]:
        stack = [self._fragments[name]]
        while stack:
            selection = stack.pop()
            yield from (spread for spread, _ in selection.spreads)
            stack.extend(s.selection for s in selection.steps if s.selection is not None)

    def _fold(self, selection: Selection) -> None:
        for step in selection.steps:
            if step.selection is not None:
                self._fold(step.selection)
        folded = {n: f.known for n, _ in selection.spreads if (f := self._fragments.get(n)) and f.known is not None}
        if any(when for _, when in selection.spreads) or len(folded) < len({n for n, _ in selection.spreads}):
            return
        if any(s.varies or (s.selection and s.selection.known is None) for s in selection.steps):
            return
        selection.known = self._pair(selection, {}, folded)

    def _shared(self, variables: Mapping[str, Any] | None) -> dict[str, Pair]:
        shared: dict[str, Pair] = {}
        for name in self._order:
            shared[name] = self._pair(self._fragments[name], variables, shared)
        return shared

    def _pair(self, selection: Selection, variables: Mapping[str, Any] | None, shared: Mapping[str, Pair]) -> Pair:
        if selection.known is not None:
            return selection.known
        fixed = paged = 0
        for step in selection.steps:
            if not step.when or _included(step.when, variables):
                once, each = self._step(step, variables, shared)
                fixed, paged = fixed + once, paged + each
        for name, when in selection.spreads:
            if name in shared and (not when or _included(when, variables)):
                fixed, paged = fixed + shared[name][0], paged + shared[name][1]
        return min(fixed, MOST), min(paged, MOST)

    def _step(self, step: Step, variables: Mapping[str, Any] | None, shared: Mapping[str, Pair]) -> Pair:
        price = step.price
        if step.selection is None:
            return price.weight, 0
        once, each = self._pair(step.selection, variables, shared)
        if price.pages:
            return min(price.weight + once + step.length(variables) * each, MOST), 0
        below = once + each * FIRST
        if price.paged:
            return price.weight, below
        return min(price.weight + step.length(variables) * below, MOST), 0

    def _level(
        self, selection: Selection, variables: Mapping[str, Any] | None, *, every: bool = False
    ) -> Iterator[Step]:
        """The fields that a selection answers, fragments opened once each; `every`: those left out, too."""
        seen: set[str] = set()
        stack = [selection]
        while stack:
            selection = stack.pop()
            yield from (s for s in selection.steps if every or _included(s.when, variables))
            for name, when in selection.spreads:
                if name not in seen and name in self._fragments and (every or _included(when, variables)):
                    seen.add(name)
                    stack.append(self._fragments[name])


def _included(when: Conditions, variables: Mapping[str, Any] | None) -> bool:
    for wanted, value in when:
        if isinstance(value, str) and variables is None:
            return False
        if (bool((variables or {}).get(value)) if isinstance(value, str) else value) is not wanted:
            return False
    return True


def _conditions(directives: Sequence[DirectiveNode] | None) -> Conditions:
    found: list[tuple[bool, bool | str]] = []
    for directive in directives or ():
        if directive.name.value in {"skip", "include"} and directive.arguments:
            value: Any = directive.arguments[0].value
            condition = value.name.value if isinstance(value, VariableNode) else getattr(value, "value", None)
            if isinstance(condition, bool | str):
                found.append((directive.name.value == "include", condition))
    return tuple(found)


def _sizes(node: FieldNode, slicing: frozenset[str]) -> Iterator[int | str]:
    for argument in node.arguments or ():
        if argument.name.value in slicing:
            size = _size(argument.value)
            if size is not None:
                yield size


def _size(value: ValueNode) -> int | str | None:
    """A number, the name of a variable, or nothing that says a size."""
    if isinstance(value, VariableNode):
        return value.name.value
    if isinstance(value, ListValueNode):
        return len(value.values)
    if isinstance(value, IntValueNode):
        text = value.value
        # Only so long as GraphQL's integers are: Python's take long to read.
        return int(text) if len(text) <= MOST_DIGITS else 0 if text.startswith("-") else MOST
    return None
