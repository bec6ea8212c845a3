"""What is asked, what is answered, and errors as an answer shows them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLError

from engine.values.errors import ErrorCode

# graphql-core quotes what it refuses; of a number with 5000 digits that is more than anybody reads.
LONGEST_MESSAGE: Final = 500
# What GraphQL's messages end with: the value as it was sent, a whole object. Its beginning tells which it is.
_REPEATED: Final = re.compile(r"((?:[Ff]ound|cannot represent [a-z -]*value): .{60}).{20,}\Z", re.DOTALL)
# What Python says of such a number, with advice on how to change Python.
_PYTHONS_HINT: Final = re.compile(r"Exceeds the limit \(\d+ digits\) for integer string conversion.*", re.DOTALL)


@dataclass(slots=True)  # each request makes one, and a frozen one takes three times as long to make
class Request:
    query: str
    variables: dict[str, Any]
    operation_name: str | None = None
    extensions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Openness:
    """What a caller is told of the schema itself: its types, and the names that a mistyped one may have meant."""

    introspection: bool = True
    suggestions: bool = True


OPEN: Final = Openness()


@dataclass(slots=True)  # as above
class Answer:
    """`executed` is False for a request error: nothing ran. `retry_after`: in so many seconds the same request may be
    answered, this one was not."""

    body: dict[str, Any]
    executed: bool
    retry_after: int | None = None


class RequestErrors(Exception):
    """The request makes no sense, or asks too much; nothing has run."""

    def __init__(self, *errors: dict[str, Any]) -> None:
        self.errors = list(errors)

    @classmethod
    def of(cls, code: ErrorCode, message: str, **extensions: Any) -> "RequestErrors":
        return cls({"message": message, "extensions": {"code": code.value, **extensions}})


def request_error(error: GraphQLError) -> dict[str, Any]:
    message = _REPEATED.sub(r"\1…", _PYTHONS_HINT.sub("It has too many digits.", error.message))
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]}…"
    return formatted(error, message, error.extensions or {"code": ErrorCode.BAD_USER_INPUT.value})


def unexpected(request_id: str) -> dict[str, Any]:
    """What a caller is told of what nobody expected."""
    details = {"code": ErrorCode.INTERNAL.value, "requestId": request_id}
    return {"message": "Something went wrong on our side; the requestId finds it in the log", "extensions": details}


def formatted(error: GraphQLError, message: str, extensions: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        shown["path"] = error.path
    shown["extensions"] = dict(extensions)
    return shown
