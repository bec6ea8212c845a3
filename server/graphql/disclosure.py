"""Who is told of the schema itself: introspection, the SDL, the names that a mistyped one may have meant."""

import re
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers

from db.access.viewer import ViewerKind
from engine.document.request import Openness
from engine.values.errors import ErrorCode
from engine.values.viewer import Viewer
from server.http.refusal import Refusal
from server.settings.settings import Settings, Switch

_AT_HOME: Final = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_FORWARDED_HOST: Final = re.compile(r"host=\"?([^\s\",;]*)", re.IGNORECASE)


def openness(settings: Settings) -> Callable[[Viewer], Openness]:
    """By the settings: everyone, nobody, or who has signed in. A token that is public, in the pages of a shop, is a
    stranger's too."""

    def told(switch: Switch, *, known: bool) -> bool:
        return switch is Switch.ON or (switch is Switch.AUTO and (known or settings.at_home))

    each = {
        known: Openness(told(settings.introspection, known=known), told(settings.suggestions, known=known))
        for known in (True, False)
    }

    return lambda viewer: each[viewer.id is not None and viewer.kind != ViewerKind.STOREFRONT]


def asked_at_home(headers: Headers) -> bool:
    """Whether a request was made to this machine under a name of its own, by every header that says to whom."""
    forwarded = [part for value in headers.getlist("forwarded") for part in _FORWARDED_HOST.findall(value)]
    names = [*headers.getlist("host"), *headers.getlist("x-forwarded-host"), *forwarded]
    return bool(names) and all(_AT_HOME.fullmatch(name.strip()) for name in names)


def hidden(*, anonymous: bool) -> Refusal:
    """What who may not see the schema is told instead of it."""
    if not anonymous:
        return Refusal(403, "Here the schema is not shown to this caller", code=ErrorCode.FORBIDDEN)
    challenge = {"WWW-Authenticate": 'Bearer realm="storegraph"'}
    message = "Sign in first: here the schema is not shown to everyone"
    return Refusal(401, message, code=ErrorCode.UNAUTHENTICATED, headers=challenge)
