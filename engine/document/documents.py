"""Documents made ready to run: parsed, bounded, validated, and kept for the next request that sends the same text."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    parse,
    print_ast,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from engine.document.bounds import Allowance, Bounds, too_complex
from engine.document.cost import Costs
from engine.document.document import Document
from engine.document.kept import Kept
from engine.document.prices import Prices
from engine.document.request import LONGEST_MESSAGE, OPEN, Openness, RequestErrors, request_error
from engine.document.turns import Turns
from engine.document.weights import Weight, check_weight, weighed

# After that many a validation error says no more that helps.
MOST_ERRORS: Final = 20
# What graphql-core spends at most on finding fields that cannot be merged: its one rule whose time is not linear. The
# largest document of this project's tests needs a twentieth of it.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 25_000
# Longer texts are made ready in a thread, so that others are served meanwhile; shorter ones take some ten milliseconds.
LONG: Final = 1000
# A token with its node takes about as much memory; a text itself takes little beside.
BYTES_OF_A_TOKEN: Final = 600
# A request asks for its document when it is looked at, which makes it, and when it is run; the next one asks again.
ASKS: Final = 2
# A request that makes no sense asks for its document twice: what it is, and what is wrong with it. With a few more,
# those of a front end that was shipped broken are found as well.
MOST_REFUSED: Final = 100
_TOO_MANY_TOKENS: Final = "tokens. Parsing aborted."  # graphql-core's words, a syntax error to it
_SCHEMA: Final = frozenset({"__schema", "__type"})


def _quoted(node: Node) -> str:
    """As it was sent, on one line."""
    if node.loc is None:
        return print_ast(node)
    sent = node.loc.source.body[node.loc.start : node.loc.end]
    return " ".join(sent[:LONGEST_MESSAGE].split())


# Around each mistake in a literal it quotes the whole of it, and prints it anew each time.
vars(import_module("graphql.utilities.validate_input_value"))["print_for_error"] = _quoted


class Ready(Document):
    """A document that can be run: bounded, validated, and with its costs."""

    def __init__(self, ast: DocumentNode, schema: GraphQLSchema, prices: Prices) -> None:
        super().__init__(ast)
        self.costs = Costs(schema, prices, self)
        self._schema = schema
        self._weights: dict[str | None, Weight] = {}
        self._about_schema: dict[str | None, tuple[bool, bool]] = {}

    def weight(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Of what its arguments are given. Raises RequestErrors for literals that are longer than any argument takes,
        and for more than anybody may give."""
        name = self.name(operation)
        if name not in self._weights:
            self._weights[name] = weighed(self._schema, self, operation)
        weight = self._weights[name].with_(variables)
        check_weight(weight)
        return weight

    def shows_schema(self, operation: OperationDefinitionNode) -> bool:
        """Whether it asks about the schema, whatever else it asks."""
        return self._schemas(operation)[0]

    def introspects(self, operation: OperationDefinitionNode) -> bool:
        """Whether it asks about the schema, and about nothing else."""
        return self._schemas(operation)[1]

    def _schemas(self, operation: OperationDefinitionNode) -> tuple[bool, bool]:
        name = self.name(operation)
        known = self._about_schema.get(name)
        if known is None:
            names = {node.name.value for node in self.costs.roots(name, None)}
            shows = bool(names & _SCHEMA)
            known = self._about_schema[name] = shows, shows and all(name.startswith("__") for name in names)
        return known


class Documents:
    """Some leave when there are too many, or when they take too much memory together: see `Kept`."""

    def __init__(self, schema: GraphQLSchema, bounds: Bounds, *, most: int, most_bytes: int) -> None:
        self._schema = schema
        self._prices = Prices(schema)
        self._bounds = bounds
        self._kept: Kept[str, Ready] = Kept(most, most_bytes, often=ASKS)
        self._refused: OrderedDict[tuple[bytes, bool], list[dict[str, Any]]] = OrderedDict()
        self._turns = Turns(1)  # one thread: more would share the same processor

    async def ready(self, text: str, openness: Openness = OPEN, allowance: Allowance | None = None) -> Ready:
        """The prepared document. Raises RequestErrors for what does not parse or validate, or exceeds a bound; Busy,
        when a caller of this allowance does not get a turn in its seconds."""
        known = self.known(text)
        if known is not None:
            return known
        self._bounds.check_text(text)
        async with self._turns.taken(*((allowance.of, allowance.seconds) if allowance else ())):
            if len(text) > LONG:
                return self._kept.get(text) or self._keep(text, await asyncio.to_thread(self._made, text, openness))
            # The turn is kept until everybody else had theirs at the loop: of many that come at once, each holds it up
            # for one document, and another class of callers comes in between.
            await asyncio.sleep(0)
            return self.now(text, openness)

    def known(self, text: str) -> Ready | None:
        """The same, if it is prepared."""
        return self._kept.get(text)

    def now(self, text: str, openness: Openness = OPEN) -> Ready:
        """The same, holding up whoever else is to be served."""
        return self._kept.get(text) or self._keep(text, self._made(text, openness))

    def cost_of(self, text: str) -> int:
        """The least that the operations of a document cost together."""
        document = Ready(parse(text), self._schema, self._prices)
        return sum(document.costs.cost(name, None) for name in document.operations)

    def _keep(self, text: str, document: Ready) -> Ready:
        known = self._kept.get(text)  # another made it meanwhile
        if known is not None:
            return known
        document.mark = hash(text)
        self._kept.put(text, document, document.size, document.mark)
        return document

    def _made(self, text: str, openness: Openness) -> Ready:
        """Raises RequestErrors, the same as before for a text that was refused."""
        place = sha256(text.encode(errors="surrogatepass")).digest(), openness.suggestions
        known = self._refused.get(place)
        if known is not None:
            raise RequestErrors(*known)
        try:
            return self._validated(text, openness)
        except RequestErrors as refused:
            self._refused[place] = refused.errors
            while len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)
            raise

    def _validated(self, text: str, openness: Openness) -> Ready:
        self._bounds.check_text(text)
        try:
            ast = parse(text, max_lexical_tokens=self._bounds.tokens)
            document = Ready(ast, self._schema, self._prices)
            document.size = len(text) + _parted(ast) * BYTES_OF_A_TOKEN
            self._bounds.check(document, document.costs)
            hidden = not openness.suggestions
            errors = validate(self._schema, document.ast, max_errors=MOST_ERRORS, hide_suggestions=hidden)
        except GraphQLError as error:
            if error.message.endswith(_TOO_MANY_TOKENS):
                raise too_complex(f"The document has more than {self._bounds.tokens} tokens") from None
            raise RequestErrors(request_error(error)) from None
        except RecursionError:
            raise too_complex("The document is nested too deeply") from None
        if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= MOST_ERRORS:
            # Not for too many errors: for too much work, or the end of the stack.
            raise too_complex("The document repeats too many fields, or nests its fragments too deeply")
        if errors:
            raise RequestErrors(*map(request_error, errors))
        return document


def _parted(ast: DocumentNode) -> int:
    """How many tokens it has, none of which knows those beside it from here on: nobody asks for these any more, and
    what a document takes is free again as soon as it leaves, not when somebody looks for garbage."""
    found, token = 0, None if ast.loc is None else ast.loc.start_token
    while token is not None:
        following = token.next
        token.prev = token.next = None
        found, token = found + 1, following
    return found
