"""The calls that a worker has under way: prepared together, made one by one, kept until they are written down."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from connectors.delivery.claiming import Taken
from connectors.delivery.policy import SEND_SECONDS
from connectors.delivery.recording import Ended
from connectors.delivery.sender import Claimed, Outcome, Sender

log = structlog.get_logger("storegraph.delivery")

# With so many written down at once, waiting for more gains nothing.
MANY: Final = 50


class Sending:
    """`alive`: whether the worker may be sure of its leases. `stirred` is called when something ended."""

    def __init__(
        self,
        senders: Sequence[Sender],
        *,
        alive: Callable[[], bool],
        stirred: Callable[[], None],
        seconds: float = SEND_SECONDS,
    ) -> None:
        self._senders: Mapping[str, Sender] = {sender.kind: sender for sender in senders}
        self._alive = alive
        self._stirred = stirred
        self._seconds = seconds
        self._under_way: dict[int, int] = {}  # deliveries, with the leases that they are held by
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: list[Ended] = []
        self.left_lying = False  # something that the lease holds is not under way

    @property
    def kinds(self) -> Sequence[str]:
        return tuple(self._senders)

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    @property
    def known(self) -> list[int]:
        """Deliveries under way, and those that ended and have yet to be written down."""
        return [*self._under_way, *(ended.claimed.delivery_id for ended in self._ended)]

    @property
    def calm(self) -> bool:
        """Whether there is nothing to wait for before what ended is written down."""
        return not self._under_way or len(self._ended) >= MANY

    @property
    def ended(self) -> Sequence[Ended]:
        """What has yet to be written down, the first first."""
        return tuple(self._ended)

    def written(self, ended: Sequence[Ended]) -> None:
        """These were, and it is committed."""
        del self._ended[: len(ended)]

    def forget(self, lease: int) -> None:
        """What this lease held is somebody else's: nothing of it is written down. What has not been sent yet is not."""
        self._ended = [ended for ended in self._ended if ended.lease != lease]
        self._under_way = {delivery: held for delivery, held in self._under_way.items() if held != lease}

    def begin(self, taken: Sequence[Taken], lease: int) -> None:
        """Send these. They are committed as held by this lease."""
        by_kind: defaultdict[str, list[Claimed]] = defaultdict(list)
        for one in taken:
            by_kind[one.kind].append(one.claimed)
            self._under_way[one.claimed.delivery_id] = lease
        for kind, claimed in by_kind.items():
            self._task(self._prepared(self._senders[kind], claimed, lease))

    async def end(self, seconds: float) -> None:
        """Wait for what is under way, then break it off."""
        until = time.monotonic() + seconds
        while self._tasks and (left := until - time.monotonic()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._under_way.clear()

    def _task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _prepared(self, sender: Sender, claimed: Sequence[Claimed], lease: int) -> None:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                prepared: Mapping[int, Any] = await sender.prepare(claimed)
        except Exception as error:
            log.warning("deliveries could not be prepared", kind=sender.kind, count=len(claimed), exc_info=error)
            outcome = Outcome.retry(f"It could not be prepared: {type(error).__name__}")
            prepared = {one.delivery_id: outcome for one in claimed}
        for one in claimed:
            found = prepared.get(one.delivery_id, _LEFT_OUT)
            if isinstance(found, Outcome):
                self._over(Ended(sender.kind, one, lease, found, time.monotonic() - begun, called=False))
            else:
                self._task(self._sent(sender, one, found, lease))

    async def _sent(self, sender: Sender, claimed: Claimed, prepared: Any, lease: int) -> None:
        if self._under_way.get(claimed.delivery_id) != lease or not self._alive():
            # Somebody else may send it by now. If nobody does, it is still held here, by nothing that is under way.
            if self._under_way.get(claimed.delivery_id) == lease:
                del self._under_way[claimed.delivery_id]
            self.left_lying = True
            self._stirred()
            return
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                outcome = await sender.send(claimed, prepared)
        except TimeoutError:
            outcome = Outcome.retry(f"No answer in {self._seconds:g} s")
        except Exception as error:
            log.warning("a delivery failed", kind=sender.kind, delivery=claimed.delivery_id, exc_info=error)
            outcome = Outcome.retry(f"It could not be sent: {type(error).__name__}")
        self._over(Ended(sender.kind, claimed, lease, outcome, time.monotonic() - begun))

    def _over(self, ended: Ended) -> None:
        if self._under_way.get(ended.claimed.delivery_id) == ended.lease:
            del self._under_way[ended.claimed.delivery_id]
            self._ended.append(ended)
        self._stirred()


_LEFT_OUT: Final = Outcome.failed("Nothing was prepared to be sent")
