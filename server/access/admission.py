"""Who asks, and whether they may now: the same at every route that takes credentials and is charged for."""

from functools import partial

from server.access.authentication import Authentication
from server.http.call import Call
from server.http.refusal import Refusal


async def admit(call: Call, authentication: Authentication) -> None:
    """Finds the caller out, and charges the request to them. Raises Refusal: 401, 429; and Unavailable."""
    address, turn = call.address, call.turn
    try:
        call.viewer = await authentication.viewer(
            call.header_values(b"authorization"),
            call.header_values(b"x-api-key"),
            address,
            unknown=partial(turn.unknown, address),
        )
    except Refusal as refusal:
        if refusal.status == 401:
            await turn.turned_away(address)
        raise
    await turn.begin(call.viewer)
