"""Requests answered without an execution: a status, and a GraphQL-shaped body that says what to send instead."""

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from starlette.responses import Response

from engine.values.errors import Busy, CodedError, ErrorCode, Unavailable
from server.http.reply import Reply

log = structlog.get_logger("storegraph.server")


class Refusal(CodedError):
    """The whole request is refused: nothing of it has run."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BAD_REQUEST,
        headers: Mapping[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(code, message, **details)
        self.status = status
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: CodedError) -> "Refusal":
        """The answer to a request that ended with this: where no room below found a place for it in its own answer."""
        if isinstance(error, Refusal):
            return error
        if isinstance(error, Unavailable):
            headers = {"Retry-After": str(error.retry_after)}
            return cls(503, error.message, code=error.code, headers=headers, **error.details)
        raise TypeError(f"{type(error).__name__} is no answer to a whole request")

    @property
    def body(self) -> dict[str, Any]:
        return {"errors": [{"message": self.message, "extensions": self.extensions}]}

    def response(self, media_type: str = "application/json") -> Response:
        # The media types of GraphQL are UTF-8 by definition, but older clients guess without being told.
        return Response(orjson.dumps(self.body), self.status, self.headers, media_type=f"{media_type}; charset=utf-8")

    def reply(self, media_type: str = "application/json") -> Reply:
        return Reply.of(self.response(media_type))


def noted(refusal: Refusal, cause: CodedError) -> None:
    """Tells the log what is no fault of the caller's."""
    if refusal.status < 500:
        return
    if isinstance(cause, Busy):
        log.warning("refused", status=refusal.status, reason=refusal.message)
    else:
        log.error("refused", status=refusal.status, reason=refusal.message, exc_info=cause)


def internal(
    request_id: str, status: int = 500, message: str = "Something went wrong here; nothing is wrong with the request"
) -> Refusal:
    """An unexpected failure: the log holds the cause under the same id."""
    return Refusal(status, message, code=ErrorCode.INTERNAL, requestId=request_id)
