"""Who gets a value that no two rows may share, when rows of a source meet rows already stored."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from connectors.importers.mapping import Columns, Mapped
from connectors.importers.reconcile import StoredRows, holders, load, park
from connectors.importers.work import Work


def only(value: Any) -> Iterator[Any]:
    """A value without alternatives."""
    yield value


async def settle(  # noqa: PLR0913  what one decision takes
    work: Work,
    mapped: Mapped,
    column: str,
    incoming: Iterable[Columns],
    stored: StoredRows,
    *,
    owner: str,
    confirmed: Callable[[int], bool],
    alternatives: Callable[[Any], Iterator[Any]] = only,
) -> dict[int, str]:
    """Gives each incoming row its value of a unique column, or the first free of its alternatives; answers with a
    reason for each row that gets none.

    The lowest key comes first, behind those whose value was given here. A stored row holds its value against others
    only if it was given here, or if this run has `confirmed` its `owner`, the value of that column. Any other holder is
    outdated or comes later in this very run; the value is taken from it (`park`), and `stored` is told so.
    """
    told = mapped.table.c[column].info.get("folds", column)
    merging = work.merging(mapped)

    def turn(row: Columns) -> tuple[bool, int]:
        return told not in merging.kept.get(row[mapped.key], ()), int(row[mapped.key])

    rows = sorted((row for row in incoming if row[column] is not None), key=turn)
    coming = {row[mapped.key] for row in rows}
    held: dict[Any, tuple[int, bool]] = {}
    looked: set[Any] = set()
    settled: dict[Any, int] = {}
    refused: dict[int, str] = {}

    async def look(values: set[Any]) -> None:
        found = await holders(work.connection, mapped, column, values - looked, owner)
        strangers = [key for value, key, owned in found if key not in coming and not confirmed(owned)]
        there = await load(work.connection, mapped, mapped.key, strangers)
        own = await merging.own(told, {key: row[told] for key, row in there.items()})
        for value, key, owned in found:
            held[value] = (key, confirmed(owned) or key in own)
        looked.update(values)

    await look({row[column] for row in rows})
    for row in rows:
        key = row[mapped.key]
        wanted, rival = row[column], None
        for value in alternatives(wanted):
            await look({value})
            holder = held.get(value)
            if value in settled:
                rival = rival or settled[value]
            elif holder is not None and holder[0] != key and holder[1]:
                rival = rival or holder[0]
            else:
                settled[value] = key
                row[column] = value
                break
        else:
            refused[key] = f"{row[told]!r} is that of {rival} already"
    taken = {holder[0]: value for value, holder in held.items() if value in settled and settled[value] != holder[0]}
    parked = await park(work.connection, mapped, column, taken)
    await merging.wrote(told, parked)
    for key, value in parked.items():
        if key in stored:
            stored[key] |= {told: value, column: value}
    work.ledger.touched(mapped, parked.keys() - coming, told)
    return refused
