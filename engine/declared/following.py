"""Root fields of subscriptions: what somebody follows, and what they are told of it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from sqlalchemy import ColumnElement

from engine.declared.batch import Argument, identified, identifying
from engine.declared.declaration import LOOKED_UP, Declaration, DeclaredField, declare
from engine.values.errors import BadUserInput
from engine.values.viewer import PUBLIC, Viewer

# The argument that says from where on, of every such field.
AFTER: Final = "after"


class Placed(Protocol):
    """Something that has its place among all events: what happened, or what is told of it."""

    @property
    def position(self) -> int: ...


class Follower(ABC):
    """What those follow who ask the same and see the same. `topics`: of what happens, that which has one of these
    concerns it; `condition` is what the database can say of that, over events. `standing`: before anything else it
    tells how things stand."""

    topics: frozenset[Hashable]
    condition: ColumnElement[bool] | None = None
    standing: ClassVar[bool] = False

    @abstractmethod
    async def told(self, context: Any, events: Sequence[Any]) -> Sequence[Placed]:
        """What is told of these events, by rising positions. Raises CodedError where nothing can be told any more."""

    async def stands(self, context: Any, position: int) -> Sequence[Placed]:
        """How things stand at a position, or later."""
        return ()


# Gets the request's context, and the arguments but for `after`. Raises CodedError for what nobody can follow.
Begin = Callable[..., Awaitable[Follower]]


@dataclass(frozen=True, eq=False)
class Followed(Declaration):
    """A field of the subscriptions' root. Its type is an entity, found by the `key` of what is told, or a type of what
    is told itself."""

    begin: Begin
    permission: str = field()
    identifying: Mapping[str, str]
    weight = LOOKED_UP

    def check(self, field: DeclaredField, arguments: dict[str, Any], viewer: Viewer) -> None:
        after = arguments.get(AFTER)
        if after is not None and after < 0:
            raise BadUserInput("`after` is a position that you were told, or 0")
        identified({name: value for name, value in arguments.items() if name != AFTER}, self.identifying)


def followed(begin: Begin, *arguments: Argument, permission: str = PUBLIC, description: str) -> Any:
    """A field that follows what `begin` says. It is null where it may be refused."""
    own = Argument(
        AFTER,
        int | None,
        "A position that you were told: you get what came behind it, then what comes. Without one you begin now. "
        "GONE where not all of it is kept still.",
        default=None,
    )
    field = declare(Followed(begin, permission, identifying(arguments)), description=description)
    field.arguments = [a.declared() for a in (*arguments, own)]
    return field
