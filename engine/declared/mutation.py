"""A mutation, declared once beside its function; everything around the function is derived from that declaration.

The function gets a unit of work and its input, and returns the keys of what it changed. It does not commit, does not
know HTTP and does not check permissions. `engine/unit/perform.py` carries it out.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar, cast, get_type_hints

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from engine.declared.declaration import Declaration, DeclaredField, declare
from engine.declared.directives import Emits, RequiresPermission
from engine.declared.input import check_ids
from engine.declared.payload import Keys
from engine.values.errors import BadUserInput
from engine.values.naming import camel
from engine.values.viewer import PUBLIC, SIGNED_IN, Viewer, alternatives, permits

In = TypeVar("In")
# The first argument is engine/unit's Unit, and of `outside` its Reach: they stand above declarations.
Function = Callable[[Any, In], Awaitable[Keys]]
# Gets what it may reach, the input and `validateOnly`; what it yields is the unit's `outside`.
Outside = Callable[[Any, In, bool], AbstractAsyncContextManager[Any]]
Prepare = Callable[[Any], Awaitable[None]]  # of the input

LONGEST_KEY: Final = 255
# A transaction takes as long as a hundred values of an answer at least; a bulk change is several of them.
TRANSACTION: Final = 100
MOST_AT_ONCE: Final = 10
STANDARD: Final = "standard"
# The rate of what tells whether a word that somebody made up is one: it is counted, and costs what any change does.
GUESSES: Final = "guesses"
_LIGHT: Final = (STANDARD, GUESSES)
# The permissions and the events whose mutations are audited without saying so.
_OVERSEEN: Final = "store/"
_GONE: Final = (".deleted", ".removed")
_KEY: Final = "Your own name for this change: a repeat within 24 hours answers the same and changes nothing."
_OPEN: Final = {PUBLIC: "Open to everyone.", SIGNED_IN: "Open to everyone who signed in."}


class EventKind(Protocol):
    """A declaration of events; the room `db` has them."""

    @property
    def name(self) -> str: ...
    @property
    def read_by(self) -> "Readers":
        """Who may read them."""


class Readers(Protocol):
    @property
    def permissions(self) -> tuple[str, ...]:
        """Any of them lets somebody read such events."""


@dataclass(frozen=True, slots=True, eq=False)
class Mutation(Generic[In]):
    function: Function[In]
    permission: str
    rest: str | None
    emits: tuple[str, ...]
    rate: str
    audited: bool | None  # None: as the schema's policy says
    ports: tuple[type[Any], ...]
    outside: Outside[In] | None = None
    each: str | None = None
    prepare: Prepare | None = None
    kinds: tuple[EventKind, ...] = ()
    held_by: str | None = None

    def tells(self, viewer: Viewer, event: str) -> bool:
        """Whether a dry run says that it would write an event of this name. What everybody may ask tells it to those
        alone who may read such events: others would learn by it who is a customer already."""
        if self.permission != PUBLIC:
            return True
        readers = (kind.read_by for kind in self.kinds if kind.name == event)
        return any(permits(viewer, permission) for one in readers for permission in one.permissions)

    @property
    def takes(self) -> type[In]:
        """The class of its input."""
        return cast("type[In]", get_type_hints(self.function)["input"])

    @property
    def description(self) -> str:
        doc = " ".join((self.function.__doc__ or "").split())
        needs = _OPEN.get(self.permission, f"Requires {self.permission}.")
        rest = f" REST: {self.rest}." if self.rest else ""
        emits = f" Emits {', '.join(self.emits)}." if self.emits else ""
        return f"{doc} {needs}{rest}{emits}"


def mutation(  # noqa: PLR0913  a declaration
    *,
    permission: str,
    rest: str | None,
    emits: tuple[EventKind, ...] = (),
    rate: str = STANDARD,
    audited: bool | None = None,
    ports: tuple[type[Any], ...] = (),
    outside: Outside[In] | None = None,
    each: str | None = None,
    prepare: Prepare | None = None,
    held_by: str | None = None,
) -> Callable[[Function[In]], Mutation[In]]:
    """Declare a mutation on its function. `permission` may be PUBLIC or SIGNED_IN, or INTERNAL for what no request may
    ask; `rest` names the documented operation, None where the documents have none; `emits` every event it may write,
    those of mutations that join its unit included; `rate` the budget that it is charged to beside the caller's;
    `audited` that each of its events is an entry of the audit log too: unless it says, the schema's policy does.
    `ports` are the types of what it reaches beside the database: the server does not start while one is missing.

    `each` names the list of the input whose items succeed or fail by themselves, coercion included: the function gets
    `Unread` in place of those that could not be read, and tells of them.

    `outside` does what must not wait inside a transaction (another system, a large file): it is entered before the
    transaction begins and left when it has ended. It raises nothing that its caller could mend: what it yields says
    that, and the function refuses. With `validateOnly` it changes nothing out there.

    `prepare` does to the input what takes long and needs nothing but it, before the transaction begins: others write
    meanwhile. It finds bad values too, for the function's rules come after it.

    `held_by` names the field of the input by which a visitor has what is changed: a secret of theirs, under which their
    idempotency keys are kept. Without one, or where the input does not say it, a visitor's key keeps nothing."""
    if not permission or rest == "":
        raise TypeError("a mutation names its permission and its documented operation")
    names = tuple(dict.fromkeys(kind.name for kind in emits))
    return lambda function: Mutation(
        function, permission, rest, names, rate, audited, ports, outside, each, prepare, emits, held_by
    )


def check_idempotency_key(key: str | None) -> None:
    """Raises BadUserInput for what is no idempotency key."""
    if key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        raise BadUserInput(f"`idempotencyKey` has 1 to {LONGEST_KEY} characters, none of them a control character")


@dataclass(frozen=True, eq=False)
class Performed(Declaration):
    """The root field of a mutation."""

    mutation: Mutation[Any]

    @property
    def permission(self) -> str:  # type: ignore[override]
        return self.mutation.permission

    @property
    def ports(self) -> tuple[type[Any], ...]:  # type: ignore[override]
        return self.mutation.ports

    @property
    def weight(self) -> int:  # type: ignore[override]
        return TRANSACTION * (MOST_AT_ONCE if self.mutation.rate not in _LIGHT else 1)

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        check_ids(arguments["input"])
        check_idempotency_key(arguments.get("idempotency_key"))


def _visitors(mutation: Mutation[Any]) -> str:
    """What becomes of their keys."""
    if mutation.permission != PUBLIC:
        return ""
    if mutation.held_by is None:
        return " One of a visitor keeps nothing."
    if mutation.held_by not in get_type_hints(mutation.takes):
        raise TypeError(f"{mutation.takes.__name__} has no {mutation.held_by}, by which visitors have what is changed")
    return f" One of a visitor is of what `{camel(mutation.held_by)}` names, and keeps nothing without it."


def performed(mutation: Mutation[Any]) -> Any:
    """The root field of a mutation, annotated `XxxPayload | None`: one field's failure never hides another's result."""
    directives: list[object] = [Emits(events=list(mutation.emits))]
    if mutation.permission != PUBLIC:
        directives.insert(0, RequiresPermission(any=alternatives(mutation.permission)))
    field = declare(Performed(mutation), rest=[mutation.rest] if mutation.rest else [], directives=directives)
    field.description = mutation.description
    field.arguments = [
        StrawberryArgument("input", None, StrawberryAnnotation(mutation.takes)),
        StrawberryArgument(
            "idempotency_key",
            None,
            StrawberryAnnotation(str | None),
            description=_KEY + _visitors(mutation),
        ),
        StrawberryArgument(
            "validate_only",
            None,
            StrawberryAnnotation(bool),
            default=False,
            description="Run everything, write nothing, and say what would happen.",
        ),
    ]
    return field
