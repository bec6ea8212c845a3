"""How large a document, its variables and its cost may be. What exceeds a bound is refused before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.document.cost import Costs
from engine.document.document import Document
from engine.document.request import RequestErrors
from engine.values.errors import ErrorCode

# Values of all variables together, those in lists and objects each: ten products with a hundred variants and all their
# fields have fewer.
MOST_VALUES: Final = 40_000
# Items of one list that a caller sends. The longest that the documents allow is 100 ids.
MOST_ITEMS: Final = 1000
# Characters of one text that a caller sends: a long description with its HTML has a few thousand.
MOST_CHARACTERS: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of every document, whoever sends it."""

    # Comments and spaces are no tokens, and take time as well. GraphiQL's introspection has 2000 characters.
    characters: int = 64 * 1024
    tokens: int = 4000  # a hand-written page of a front end has a few hundred, introspection about as many
    depth: int = 20  # introspection has 13
    aliases: int = 500  # a front end that asks for a hundred things at once has a hundred
    roots: int = 50
    # What generators of documents write stays far below these.
    fragments: int = 200
    operations: int = 50
    variables: int = 200
    directives: int = 500
    directives_at_a_place: int = 5

    def check_text(self, text: str) -> None:
        """Raises RequestErrors. Runs before parsing."""
        if len(text) > self.characters:
            message = f"The document has {len(text)} characters; at most {self.characters}"
            raise too_complex(f"{message}: send long texts as variables")

    def check(self, document: Document, costs: Costs) -> None:
        """Raises RequestErrors. Runs before validation, whose time grows faster than the document."""
        variables = max((len(o.variable_definitions or ()) for o in document.operations.values()), default=0)
        for found, most, what in (
            (costs.depth, self.depth, "levels of fields"),
            (costs.aliases, self.aliases, "aliases"),
            (costs.most_roots, self.roots, "root fields"),
            (document.fragment_definitions, self.fragments, "fragments"),
            (document.operation_definitions, self.operations, "operations"),
            (variables, self.variables, "variables"),
            (costs.directives, self.directives, "directives"),
            (costs.most_directives, self.directives_at_a_place, "directives at one place"),
        ):
            if found > most:
                raise too_complex(f"The document has {found} {what}; at most {most}")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one document of one caller may cost, and the seconds that it may take (None: as many as it takes). Callers
    `of` one class share its turns at what only a few may do at a time."""

    cost: int = 50_000
    seconds: float | None = None
    of: str = ""


def too_complex(message: str, **details: Any) -> RequestErrors:
    return RequestErrors.of(ErrorCode.QUERY_TOO_COMPLEX, message, **details)


def check_variables(variables: Mapping[str, Any]) -> None:
    """Raises RequestErrors for lists and texts that are longer than any argument takes, and for more values than any
    operation takes; linear in what was sent, up to these bounds."""
    stack: list[tuple[str, Any]] = list(variables.items())
    found = len(stack)
    while stack:
        if found > MOST_VALUES:
            message = f"The variables hold more than {MOST_VALUES} values: send fewer at a time"
            raise RequestErrors.of(ErrorCode.BAD_USER_INPUT, message)
        name, value = stack.pop()
        if isinstance(value, str):
            if len(value) > MOST_CHARACTERS:
                message = f"The variable {shortened(name)} holds a text of {len(value)} characters"
                raise RequestErrors.of(ErrorCode.BAD_USER_INPUT, f"{message}; at most {MOST_CHARACTERS}")
        elif isinstance(value, list):
            if len(value) > MOST_ITEMS:
                message = f"The variable {shortened(name)} holds a list of {len(value)} items; at most {MOST_ITEMS}"
                raise RequestErrors.of(ErrorCode.BAD_USER_INPUT, message)
            found += len(value)
            stack.extend((name, item) for item in value)
        elif isinstance(value, dict):
            found += len(value)
            stack.extend((name, item) for item in value.values())


def shortened(name: str) -> str:
    """A name out of a request, fit for a message."""
    return repr(name if len(name) <= 100 else f"{name[:100]}…")
