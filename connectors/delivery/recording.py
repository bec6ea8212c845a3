"""What became of attempts, written down: the delivery's next state, the attempt, and what it says of the target."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, Select, Update, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery.excerpts import cut, excerpt
from connectors.delivery.policy import LONGEST_AFTER, Policy
from connectors.delivery.sender import Claimed, Outcome, Verdict
from db.store.outbox import EVENT
from db.store.row import now, table
from db.work.delivery import AttemptOutcome, AttemptRow, DeliveryRow, DeliveryState
from db.work.events import TARGET_DISABLED
from db.work.functions import among, moment, numbers
from db.work.target import FAILING, GONE, TargetRow

CAUSE: Final = "sweep:delivery"
# Lines of one attempt's log.
MOST_LINES: Final = 50
_DELIVERY: Final = table(DeliveryRow)
_ATTEMPT: Final = table(AttemptRow)
_TARGET: Final = table(TargetRow)


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that was made by the worker `lease`. `called`: something was sent. `request` and `response` are what
    is kept of them, made before the transaction in which they are written down begins."""

    kind: str
    claimed: Claimed
    lease: int
    outcome: Outcome
    seconds: float
    called: bool = True
    request: str | None = field(init=False)
    response: str | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "request", excerpt(self.outcome.exchange.request))
        object.__setattr__(self, "response", excerpt(self.outcome.exchange.response))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What an attempt made of its delivery."""

    ended: Ended
    state: DeliveryState
    due: int | None  # milliseconds


def judged(ended: Ended, at: int, policy: Policy) -> Recorded:
    verdict = ended.outcome.verdict
    if verdict is Verdict.DELIVERED:
        return Recorded(ended, DeliveryState.DELIVERED, None)
    if verdict is Verdict.RETRY:
        pause = policy.pause(ended.claimed.attempt, ended.outcome.after)
        if pause is not None:
            return Recorded(ended, DeliveryState.WAITING, at + int(pause * 1000))
    if verdict is Verdict.HELD:
        # Its target is disabled. Should that be over already, nobody is to spin on it.
        return Recorded(ended, DeliveryState.WAITING, at + int(policy.pauses[0] * 1000))
    return Recorded(ended, DeliveryState.FAILED, None)


async def record(connection: AsyncConnection, at: int, all_ended: Sequence[Ended], policy: Policy) -> list[Recorded]:
    """Write down what became of these. What was taken from its worker meanwhile is not touched: it is another's, and
    the attempt's outcome stays unknown. `at` is the database's time."""
    if not all_ended:
        return []
    results = [judged(ended, at, policy) for ended in all_ended]
    dialect = connection.dialect.name
    delivered: defaultdict[int, list[int]] = defaultdict(list)
    others = []
    for result in results:
        if result.state is DeliveryState.DELIVERED and result.ended.outcome.reason is None:
            delivered[result.ended.lease].append(result.ended.claimed.delivery_id)
        else:
            others.append(_values(result, at))
    over = moment(at).replace(microsecond=0)
    for lease, ids in delivered.items():
        await connection.execute(_delivered(dialect), {"ids": numbers(dialect, ids), "holder": lease, "over": over})
    if others:
        await connection.execute(_OTHERS, others)
    tried = [ended for ended in all_ended if ended.outcome.verdict is not Verdict.HELD]
    if tried:
        await connection.execute(_ATTEMPTS, [_attempt(ended) for ended in tried])
    if len(tried) < len(all_ended):
        held = [_place(ended) for ended in all_ended if ended.outcome.verdict is Verdict.HELD]
        await connection.execute(_NOT_MADE, held)
    await _targets(connection, at, all_ended, policy)
    return results


@cache
def _delivered(dialect: str) -> Update:
    return (
        update(_DELIVERY)
        .where(among(dialect, _DELIVERY.c.id, "ids"), _DELIVERY.c.lease == bindparam("holder", type_=BigInteger))
        .values(state=DeliveryState.DELIVERED, lease=None, reason=None, ended_at=bindparam("over"))
    )


_OTHERS: Final = (
    update(_DELIVERY)
    .where(
        _DELIVERY.c.id == bindparam("delivery", type_=BigInteger),
        _DELIVERY.c.lease == bindparam("holder", type_=BigInteger),
    )
    .values(
        {name: bindparam(f"new_{name}") for name in ("state", "due", "reason", "ended_at")}
        | {"lease": None, "attempts": _DELIVERY.c.attempts - bindparam("not_made", type_=Integer)}
    )
)
_OF_ATTEMPTS: Final = ("duration", "outcome", "status", "request", "response", "error", "log")
_UNDER_WAY: Final = (
    _ATTEMPT.c.delivery_id == bindparam("delivery", type_=BigInteger),
    _ATTEMPT.c.number == bindparam("attempt"),
    _ATTEMPT.c.outcome.is_(None),
)
_NOT_MADE: Final = delete(_ATTEMPT).where(*_UNDER_WAY)
_ATTEMPTS: Final = (
    update(_ATTEMPT)
    .where(*_UNDER_WAY)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("duration", "outcome", "status", "request", "response", "error", "log")
        }
    )
)


def _values(result: Recorded, at: int) -> dict[str, Any]:
    reason = result.ended.outcome.reason
    return {
        "delivery": result.ended.claimed.delivery_id,
        "holder": result.ended.lease,
        "new_state": result.state,
        "new_due": result.due,
        "new_reason": None if reason is None else cut(reason),
        "new_ended_at": moment(at).replace(microsecond=0) if result.due is None else None,
        "not_made": int(result.ended.outcome.verdict is Verdict.HELD),
    }


def _place(ended: Ended) -> dict[str, Any]:
    return {"delivery": ended.claimed.delivery_id, "attempt": ended.claimed.attempt}


def _attempt(ended: Ended) -> dict[str, Any]:
    outcome = ended.outcome
    verdict = outcome.verdict
    return _place(ended) | {
        "new_duration": int(ended.seconds * 1000),
        "new_outcome": AttemptOutcome(verdict.value),
        "new_status": outcome.exchange.status,
        "new_request": ended.request,
        "new_response": ended.response,
        "new_error": None if outcome.reason is None or verdict is Verdict.DELIVERED else cut(outcome.reason),
        "new_log": [cut(line) for line in outcome.log[:MOST_LINES]] or None,
    }


@dataclass(frozen=True, slots=True)
class _Said:
    """What the attempts of one moment say of a target."""

    succeeded: bool = False
    failed: bool = False
    gone: bool = False
    after: float = 0.0  # seconds that it wants to be left alone


def _said(all_ended: Iterable[Ended]) -> Mapping[int, _Said]:
    found: dict[int, _Said] = {}
    for ended in all_ended:
        if not ended.called:
            continue
        target, outcome = ended.claimed.target_id, ended.outcome
        said = found.get(target, _Said())
        found[target] = replace(
            said,
            succeeded=said.succeeded or outcome.verdict is Verdict.DELIVERED,
            failed=said.failed or outcome.verdict is not Verdict.DELIVERED,
            gone=said.gone or outcome.verdict is Verdict.GONE,
            after=said.after if outcome.alone else max(said.after, outcome.after or 0.0),
        )
    return found


async def _targets(connection: AsyncConnection, at: int, all_ended: Sequence[Ended], policy: Policy) -> None:
    said = _said(all_ended)
    dialect = connection.dialect.name
    well = sorted(target for target, one in said.items() if one.succeeded and not one.gone)
    ill = sorted(target for target, one in said.items() if one.gone or one.after or (one.failed and not one.succeeded))
    if well:
        found = (await connection.execute(_failed(dialect), {"ids": numbers(dialect, well)})).scalars().all()
        if found:
            again = update(_TARGET).where(among(dialect, _TARGET.c.id, "ids")).values(failing_since=None)
            await connection.execute(again, {"ids": numbers(dialect, found)})
    if ill:
        rows = select(_TARGET).where(among(dialect, _TARGET.c.id, "ids")).order_by(_TARGET.c.id)
        locked = rows.with_for_update(key_share=True)
        for row in (await connection.execute(locked, {"ids": numbers(dialect, ill)})).all():
            await _failing(connection, row, said[row.id], at, policy)


@cache
def _failed(dialect: str) -> Select[Any]:
    """Those of some targets that have failed; locked in the order of their ids, as those that fail: two workers do not
    wait for each other."""
    mended = among(dialect, _TARGET.c.id, "ids") & _TARGET.c.failing_since.is_not(None)
    return select(_TARGET.c.id).where(mended).order_by(_TARGET.c.id).with_for_update(key_share=True)


async def _failing(connection: AsyncConnection, row: Any, said: _Said, at: int, policy: Policy) -> None:
    moment_ = moment(at).replace(microsecond=0)
    values: dict[str, Any] = {}
    if said.after:
        values["free_at"] = max(row.free_at, at + int(min(said.after, LONGEST_AFTER) * 1000))
    since: datetime | None = row.failing_since
    if not said.succeeded and since is None:
        values["failing_since"] = since = moment_
    if row.disabled is None:
        reason = GONE if said.gone else None
        if not said.succeeded and since is not None and moment_ - since >= policy.patience:
            reason = reason or FAILING
        if reason is not None:
            values |= {"disabled": reason, "disabled_at": moment_}
            event = TARGET_DISABLED({**row._mapping, "disabled": reason})
            told = {"name": event.name, "entity": event.entity, "payload": event.payload, "changed": []}
            await connection.execute(insert(EVENT).values(**told, caller="system", cause=CAUSE, occurred_at=now()))
    if values:
        await connection.execute(update(_TARGET).where(_TARGET.c.id == row.id).values(values))
