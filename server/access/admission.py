"""Who asks, and whether they may now: the same at every route that takes credentials and is charged for."""

from functools import partial

from starlette.datastructures import Headers
from starlette.types import Scope

from db.access.viewer import Viewer
from server.access.authentication import Authentication
from server.http.refusal import Refusal
from server.limits.limits import Turn


async def admitted(authentication: Authentication, turn: Turn, scope: Scope) -> Viewer:
    """The caller, charged for the request. Raises Refusal: 401, 429; and Unavailable."""
    headers = Headers(scope=scope)
    client = scope.get("client")
    address = client[0] if client else None
    try:
        viewer = await authentication.viewer(
            headers.getlist("authorization"),
            headers.getlist("x-api-key"),
            address,
            unknown=partial(turn.unknown, address),
        )
    except Refusal as refusal:
        if refusal.status == 401:
            await turn.turned_away(address)
        raise
    scope["state"]["viewer"] = viewer.id
    await turn.begin(viewer)
    return viewer
