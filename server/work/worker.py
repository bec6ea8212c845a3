"""The worker: events become deliveries, deliveries are sent, jobs and sweeps are run, and what became of each is
written down. Any number of them work on one PostgreSQL; an embedded store has one.

A round looks whether there is anything to do, which changes nothing; dispatches events that have not become deliveries;
and ticks: one transaction that shows that the worker is alive, writes down what ended and takes what is due.
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery.claiming import Taken, claim
from connectors.delivery.dispatching import dispatch
from connectors.delivery.looking import look
from connectors.delivery.policy import SEND_SECONDS, Policy
from connectors.delivery.recording import Ended, Recorded, record
from connectors.delivery.sender import Sender
from connectors.delivery.sending import Sending
from db.store.database import Database
from db.store.outbox import number_events
from db.work import leases
from db.work.delivery import DeliveryState
from server.work.jobs import Failing
from server.work.running import PAUSE, TRIES, Beside, Kind, Periodic

log = structlog.get_logger("storegraph.work")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, and how many at once."""

    # Who is woken looks at once; this is for what nobody tells of: another process, a worker that died.
    poll: float = 1.0
    # The longest between two signs of life.
    beat: float = 10.0
    # Without one for so long a worker is taken for dead. Longer than any call: a receiver has answered the one before
    # when the next begins.
    dead: float = 60.0
    # Events of so many seconds become deliveries together: each time takes two transactions.
    gather: float = 0.03
    # After the first of several calls has ended the others get so long, to be written down with it.
    linger: float = 0.01
    # What could not be taken is tried again after so long, and twice as long each time.
    again: float = 0.02
    # Deliveries under way in one worker.
    capacity: int = 100
    # After a failure of the database; doubled with each that follows.
    pause: float = 0.5
    longest_pause: float = 10.0
    transaction: float = 30.0
    send: float = SEND_SECONDS


class Told(Protocol):
    """Who hears what a worker does: the metrics."""

    def attempted(self, kind: str, outcome: str, seconds: float) -> None: ...
    def job(self, name: str, failed: bool) -> None: ...


class Nobody:
    def attempted(self, kind: str, outcome: str, seconds: float) -> None:
        pass

    def job(self, name: str, failed: bool) -> None:
        pass


class _TakenForDead(Exception):
    pass


@dataclass(slots=True)
class _Lease:
    worker: int
    beaten: float  # on time.monotonic()'s clock, before the transaction that said so began
    looked_for_dead: float = field(default=0.0)


class Worker:
    """Works while `going_on`. `wake` may be called from anywhere in its loop, as often as one likes."""

    def __init__(
        self,
        database: Database,
        senders: Sequence[Sender] = (),
        kinds: Sequence[Kind] = (),
        periodics: Sequence[Periodic] = (),
        *,
        policy: Policy | None = None,
        pace: Pace | None = None,
        told: Told | None = None,
    ) -> None:
        self._database = database
        self._policy = policy or Policy()
        self._pace = pace = pace or Pace()
        self._told = told = told or Nobody()
        self._stirred = asyncio.Event()
        self._calm = asyncio.Event()
        self._ending = asyncio.Event()
        self._lease: _Lease | None = None
        self._doubtful = False  # whether the last transaction was committed is not known
        self._due: float | None = 0.0  # seconds from the last look until something is
        self._again = False
        self._gathered = 0.0  # when events became deliveries last, on time.monotonic()'s clock
        self._fruitless = 0  # ticks in a row that something was due for, and that took nothing
        self._failing: Failing | None = None
        self._sending = Sending(senders, alive=self._alive, stirred=self._stir, seconds=pace.send)
        self._beside = Beside(database, kinds, periodics, stirred=self._stir, told=told.job)

    @property
    def failing(self) -> list[Failing]:
        """Itself, while it cannot work."""
        return [] if self._failing is None else [self._failing]

    @property
    def id(self) -> int | None:
        """Under which its leases are held; another one after it was taken for dead."""
        return None if self._lease is None else self._lease.worker

    def wake(self) -> None:
        """There may be something to do."""
        self._stirred.set()

    @asynccontextmanager
    async def going_on(self, end_seconds: float = 10.0) -> AsyncIterator[None]:
        """Until the block ends; what is under way then gets so long."""
        task = asyncio.create_task(self._kept_up(), name="worker")
        try:
            yield
        finally:
            self._ending.set()
            self._stirred.set()
            await self._ended(task, end_seconds)

    async def _ended(self, task: "asyncio.Task[None]", seconds: float) -> None:
        """Nothing more is claimed. What ends in time is written down as it ends, the rest is another's to repeat."""
        await asyncio.gather(self._sending.end(seconds), self._beside.end(seconds))
        _, late = await asyncio.wait({task}, timeout=self._pace.transaction)
        for one in late:
            one.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _kept_up(self) -> None:
        pause = self._pace.pause
        while not self._over:
            try:
                await self._round()
            except _TakenForDead:
                self._forget()
            except Exception as error:  # noqa: BLE001  no failure ends a worker
                self._doubtful = True
                self._failed(error)
                if self._ending.is_set() and self._failing is not None and self._failing.rounds > 2:
                    return
                await self._rest(pause)
                pause = min(pause * 2, self._pace.longest_pause)
            else:
                pause = self._pace.pause
                self._worked()
                await self._wait()
        try:
            await self._leave()
        except Exception as error:
            log.warning("a worker left without a word: others wait for it", exc_info=error)

    @property
    def _over(self) -> bool:
        return self._ending.is_set() and not (self._sending.under_way or self._sending.ended or self._beside.busy)

    # A round

    async def _round(self) -> None:
        self._stirred.clear()
        self._calm.clear()
        self._again = False
        if self._lease is None:
            await self._begin()
        seen = await self._database.ask(self._look, seconds=self._pace.transaction)
        later: float | None = None
        if seen.events and not self._ending.is_set():
            later = self._gathered + self._pace.gather - time.monotonic()
            if later <= 0:
                later = None
                await self._dispatch()
                seen = await self._database.ask(self._look, seconds=self._pace.transaction)
        self._due = None if seen.due is None else max(0.0, (seen.due - seen.at) / 1000)
        if self._ticks():
            # Jobs and sweeps are claimed when one is due: what becomes so in this moment is met by the next look.
            await self._tick(beside=seen.beside is not None and seen.beside <= seen.at)
        if later is not None:
            self._due = later if self._due is None else min(self._due, later)

    async def _dispatch(self) -> None:
        self._gathered = time.monotonic()
        await number_events(self._database)
        dispatched = await self._database.tell(dispatch, seconds=self._pace.transaction)
        self._again = dispatched.more
        if dispatched.more:
            self._gathered = 0.0

    async def _look(self, connection: AsyncConnection) -> Any:
        return await look(connection, self._sending.kinds, self._beside.names, self._beside.sweeps)

    def _ticks(self) -> bool:
        assert self._lease is not None
        wanted = self._due == 0.0 and not self._ending.is_set()
        over = bool(self._sending.ended) or self._beside.waits or self._sending.left_lying or self._doubtful
        return wanted or over or time.monotonic() - self._lease.beaten >= self._pace.beat

    async def _begin(self) -> None:
        begun = time.monotonic()

        async def begin(connection: AsyncConnection) -> int:
            await self._beside.register(connection)
            return await leases.begin(connection, f"{socket.gethostname()}:{os.getpid()}")

        self._lease = _Lease(await self._database.tell(begin, seconds=self._pace.transaction), begun)
        log.info("a worker begins", worker=self._lease.worker)

    async def _tick(self, *, beside: bool) -> None:
        assert self._lease is not None
        begun = time.monotonic()
        ended = self._sending.ended
        tick = _Tick(self, self._lease, ended, beside)
        await self._database.tell(tick, seconds=self._pace.transaction)
        # Committed: from here on it is so, whatever happens to this process.
        self._lease.beaten = begun
        if tick.looked_for_dead:
            self._lease.looked_for_dead = begun
        self._sending.written(ended)
        if tick.picked_up:
            self._doubtful = self._sending.left_lying = False
        for result in tick.recorded:
            outcome = "failed" if result.state is DeliveryState.FAILED else result.ended.outcome.verdict.value
            self._told.attempted(result.ended.kind, outcome, result.ended.seconds)
        self._sending.begin(tick.taken, self._lease.worker)
        tick.beside()
        self._fruitless = 0 if tick.taken or ended else self._fruitless + 1

    def _alive(self) -> bool:
        """Whether nobody can have taken this worker for dead: a stopped process that goes on learns it here."""
        return self._lease is not None and time.monotonic() - self._lease.beaten < self._pace.dead / 2

    def _forget(self) -> None:
        assert self._lease is not None
        log.warning("this worker was taken for dead; it begins again", worker=self._lease.worker)
        self._sending.forget(self._lease.worker)
        self._beside.forget(self._lease.worker)
        self._lease = None
        self._stirred.set()

    async def _leave(self) -> None:
        if self._lease is None:
            return
        worker = self._lease.worker

        async def leave(connection: AsyncConnection) -> None:
            at = await leases.beat(connection, worker)
            if at is not None:
                await self._released(connection, [worker], at, pause=0)
                await leases.leave(connection, worker)

        await self._database.tell(leave, seconds=self._pace.transaction)
        log.info("a worker ends", worker=worker)

    async def _released(self, connection: AsyncConnection, workers: Sequence[int], at: int, pause: int) -> None:
        attempts = self._policy.attempts
        await leases.release(connection, workers, at, attempts=attempts, pause=pause)
        await leases.release_others(connection, workers, at, attempts=TRIES, pause=min(pause, PAUSE))

    # Between rounds

    def _stir(self) -> None:
        if self._sending.calm:
            self._calm.set()
        self._stirred.set()

    async def _wait(self) -> None:
        """Until there may be something to do. Calls that end together are written down together."""
        if self._over:
            return
        if not self._again:
            await _either(self._stirred, min(self._pace.poll, self._until_due))
        if self._sending.ended and not self._sending.calm:
            await _either(self._calm, self._pace.linger)

    @property
    def _until_due(self) -> float:
        """Seconds. What is due already and was not taken waits for another worker, who claims for the same target at
        this moment, or for a credential's other calls."""
        if self._due == 0.0 and self._sending.under_way < self._pace.capacity:
            return self._pace.again * 2.0 ** min(self._fruitless, 20)
        return self._due or self._pace.poll

    async def _rest(self, seconds: float) -> None:
        if self._ending.is_set():
            await asyncio.sleep(min(seconds, self._pace.pause))
        else:
            await _either(self._ending, seconds)

    def _failed(self, error: BaseException) -> None:
        if self._failing is None:
            self._failing = Failing("work")
        self._failing.rounds += 1
        log.warning("the worker could not work", rounds=self._failing.rounds, exc_info=error)
        self._told.job("work", True)

    def _worked(self) -> None:
        if self._failing is not None:
            log.info("the worker goes on", after=self._failing.rounds)
            self._told.job("work", False)
        self._failing = None


class _Tick:
    """One transaction: alive, written down, taken."""

    def __init__(self, worker: Worker, lease: _Lease, ended: Sequence[Ended], beside: bool) -> None:
        self._worker = worker
        self._lease = lease
        self._ended = ended
        self._beside = beside
        self.recorded: Sequence[Recorded] = ()
        self.taken: Sequence[Taken] = ()
        self.beside: Callable[[], None] = lambda: None
        self.looked_for_dead = False
        self.picked_up = False

    async def __call__(self, connection: AsyncConnection) -> None:
        worker, lease = self._worker, self._lease
        at = await leases.beat(connection, lease.worker)
        if at is None:
            raise _TakenForDead
        sending, pace, policy = worker._sending, worker._pace, worker._policy
        ending = worker._ending.is_set()
        if worker._doubtful or sending.left_lying:
            # What a transaction whose commit was not answered has taken, and what was never sent.
            await leases.release(connection, [lease.worker], at, attempts=policy.attempts, pause=0, but=sending.known)
            self.picked_up = True
        self.recorded = await record(connection, at, self._ended, policy)
        if time.monotonic() - lease.looked_for_dead >= pace.beat:
            await self._bury(connection, at)
            self.looked_for_dead = True
        room = pace.capacity - sending.under_way
        if room > 0 and not ending:
            self.taken = await claim(connection, lease.worker, at, sending.kinds, room)
        self.beside = await worker._beside.tick(connection, lease.worker, at, claims=self._beside and not ending)

    async def _bury(self, connection: AsyncConnection, at: int) -> None:
        worker = self._worker
        dead = await leases.bury(connection, at - int(worker._pace.dead * 1000))
        if dead:
            log.warning("workers were silent for too long: what they held is taken up", workers=sorted(dead))
            await worker._released(connection, dead, at, pause=int(worker._policy.recovery * 1000))


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, and at most so long."""
    if event.is_set() or seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
