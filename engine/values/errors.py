"""Errors as callers meet them: a code, a sentence, a path. One enum for all, one exception per way of refusing."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import strawberry

from engine.values.words import worded


class ErrorCode(Enum):
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    VALIDATION = "VALIDATION"
    BAD_REQUEST = "BAD_REQUEST"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    CONFLICT = "CONFLICT"
    GONE = "GONE"
    CONFIGURATION_ERROR = "CONFIGURATION_ERROR"
    INVALID_INTEGRATION = "INVALID_INTEGRATION"
    PROVIDER_ERROR = "PROVIDER_ERROR"
    RATE_LIMITED = "RATE_LIMITED"
    BUSINESS_RULE = "BUSINESS_RULE"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    UNTRUSTED_DOCUMENT = "UNTRUSTED_DOCUMENT"
    INTERNAL = "INTERNAL"


worded(
    ErrorCode,
    "What kind of error it is. `docs/errors.md` tells the cause and the cure of each.",
    {
        ErrorCode.UNAUTHENTICATED: "Nobody showed who they are, or the credential is none any more: sign in.",
        ErrorCode.FORBIDDEN: "The caller lacks the permission that `permission` names.",
        ErrorCode.NOT_FOUND: "What is to be changed is not there, or hidden from the caller; a query answers null.",
        ErrorCode.VALIDATION: "A value of the input breaks a rule; correct the field that it names, and send again.",
        ErrorCode.BAD_REQUEST: "The request is no GraphQL request, or asks for what its caller cannot mean.",
        ErrorCode.BAD_USER_INPUT: "The document or an argument makes no sense: a mistake of the program. Nothing ran.",
        ErrorCode.CONFLICT: "Somebody was faster: the version is outdated, the value taken, the key used otherwise.",
        ErrorCode.GONE: "What came behind that position is kept no longer: read anew, and go on from `position`.",
        ErrorCode.CONFIGURATION_ERROR: "The operator has to give the server a key, or a provider's credentials.",
        ErrorCode.INVALID_INTEGRATION: "The provider is not enabled, or not for feeds of this scope.",
        ErrorCode.PROVIDER_ERROR: "Another system refused or was silent; `retryable` says whether to try again.",
        ErrorCode.RATE_LIMITED: "Too much was asked: wait the seconds of `retryAfter`.",
        ErrorCode.BUSINESS_RULE: "The values are fine; the state of the store does not allow the change.",
        ErrorCode.QUERY_TOO_COMPLEX: "The document costs too much, or ran into the deadline: ask for less at a time.",
        ErrorCode.PERSISTED_QUERY_NOT_FOUND: "The server does not know the document's id or hash: send its text.",
        ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED: "Automatic persisted queries are off here: send whole documents.",
        ErrorCode.UNTRUSTED_DOCUMENT: "This server runs registered documents only: have this one registered.",
        ErrorCode.INTERNAL: "A fault of the server; its operator finds the cause by the `requestId`.",
    },
)


class CodedError(Exception):
    """An error meant for the caller: its message and details are shown as they are."""

    def __init__(self, code: ErrorCode, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    @property
    def extensions(self) -> dict[str, Any]:
        return {"code": self.code.value, **self.details}


class BadUserInput(CodedError):
    """An argument that no execution could make sense of; nothing has run. `place` is where in the checked value."""

    def __init__(self, message: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(ErrorCode.BAD_USER_INPUT, message)
        self.place = place


class Forbidden(CodedError):
    """The caller lacks a permission; the answer names it."""

    def __init__(self, permission: str, *, anonymous: bool) -> None:
        if anonymous:
            super().__init__(
                ErrorCode.UNAUTHENTICATED, f"Sign in first: this needs {permission}", permission=permission
            )
        else:
            super().__init__(ErrorCode.FORBIDDEN, f"This needs the permission {permission}", permission=permission)


class TimedOut(CodedError):
    """The request ran into its deadline: what had not been answered by then is not."""

    def __init__(self, seconds: float) -> None:
        message = f"This was not done in {seconds:g} s: ask for less at a time"
        super().__init__(ErrorCode.QUERY_TOO_COMPLEX, message, seconds=seconds)


class Unavailable(CodedError):
    """What an answer needs cannot be had now, and may be in `retry_after` seconds: the database does not answer.
    Nothing was written, unless the message says that nobody knows."""

    def __init__(self, message: str, *, retry_after: int, code: ErrorCode = ErrorCode.INTERNAL) -> None:
        super().__init__(code, message, retryAfter=retry_after)
        self.retry_after = retry_after

    @property
    def reason(self) -> str:
        """What was met, in a line: for the log, and for whoever starts the server."""
        cause = getattr(self.__cause__, "orig", None) or self.__cause__ or self
        return (str(cause).strip() or type(cause).__name__).splitlines()[0]


class Busy(Unavailable):
    """Others have their turn: at a connection, at the one writer, at the processor."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message, retry_after=retry_after, code=ErrorCode.RATE_LIMITED)


@strawberry.type(description="What the caller can mend in its input.")
class UserError:
    code: ErrorCode = strawberry.field(description="For programs: it says what to do about it.")
    message: str = strawberry.field(description="For people: a sentence in English, whose wording may change.")
    field: list[str] | None = strawberry.field(
        default=None, description='The path of the input field, list indexes included: `["variants", "0", "price"]`.'
    )


# Of one input; a form shows some dozens.
MOST_TOLD: Final = 1000


class Errors:
    """Broken rules of one part of an input: of an item among several, or of a nested object. Paths given to `refuse`
    are relative to that part."""

    def __init__(self, *path: str) -> None:
        self._path = path
        self.found: list[UserError] = []

    def refuse(self, code: ErrorCode, message: str, *path: str) -> None:
        if len(self.found) >= MOST_TOLD:
            return  # whoever mends these asks again
        self.found.append(UserError(code=code, message=message, field=[*self._path, *path] or None))

    def at(self, *path: str) -> "Errors":
        """The same collection, deeper in the input."""
        inner = Errors(*self._path, *path)
        inner.found = self.found
        return inner

    def __bool__(self) -> bool:
        return bool(self.found)


class Refused(Exception):
    """A mutation's function found broken rules: nothing is written, the payload carries them all. `keys` is what else
    the payload says: the result of each item."""

    def __init__(self, errors: Sequence[UserError], keys: Mapping[str, Any] | None = None) -> None:
        super().__init__("; ".join(e.message for e in errors))
        self.errors = list(errors)
        self.keys = keys
