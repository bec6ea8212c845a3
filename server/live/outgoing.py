"""What waits to be sent on one connection, in its order and within a bound."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

# Who catches up is read no further while so much of the bound is used.
FULL: Final = 4

Message = dict[str, Any]


class Outgoing:
    """`overflowed` is called once, when more waits than `most` bytes: nothing is taken any more then. `now` writes a
    text at once, where nothing waits before it and it need not wait itself; it says whether it has."""

    def __init__(
        self,
        send: Callable[[Message], Awaitable[None]],
        most: int,
        overflowed: Callable[[], None],
        now: Callable[[Sequence[bytes]], bool] | None = None,
    ) -> None:
        self._send = send
        self._most = most
        self._overflowed = overflowed
        self._now = now
        self._waiting: deque[tuple[Message, int]] = deque()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self.over = False

    def put(self, message: Message, size: int) -> None:
        if self.over:
            return
        # One message is sent whatever its size: it is not what a slow reader leaves.
        if self._bytes and self._bytes + size > self._most:
            self.over = True
            self._overflowed()
            return
        self._waiting.append((message, size))
        self._bytes += size
        if self._task is None:
            self._task = asyncio.create_task(self._sent(), name="sending")

    def say(self, parts: Sequence[bytes]) -> None:
        """A WebSocket's text."""
        if self._task is None and self._now is not None and not self.over and self._now(parts):
            return
        text = b"".join(parts)
        self.put({"type": "websocket.send", "text": text.decode()}, len(text))

    async def room(self) -> None:
        """When there is room for much more."""
        while not self.over and self._bytes * FULL > self._most:
            self._room = self._room or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    async def empty(self) -> None:
        """When all that waited is sent, or nobody takes it any more."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def stop(self) -> None:
        """Nothing more is sent."""
        self.over = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
        self._rest()

    async def _sent(self) -> None:
        try:
            while self._waiting:
                message, size = self._waiting[0]
                await self._send(message)
                if self._waiting:
                    self._waiting.popleft()
                self._bytes -= size
                if self._room is not None and self._bytes * FULL <= self._most:
                    self._rest()
        except Exception:  # noqa: BLE001  whoever received is gone, and the connection ends with it
            self.over = True
            self._waiting.clear()
        finally:
            self._task = None
            if self.over:
                self._rest()

    def _rest(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)
