"""New lines of an order, written with what they keep of the stock."""

from collections.abc import Mapping, Sequence
from typing import Any

from db.commerce.order import OrderItemRow
from db.commerce.sums.stock import Move, kept
from db.store.primary_keys import new_keys
from db.store.writing import add_values
from engine.unit.unit import Unit
from resolvers.commerce.order.lines import Choice
from resolvers.commerce.order.stock import Shelf
from resolvers.commerce.order.writing import ITEM


class Placed:
    """Lines that are about to be written, each with its key and its place in the input; `moves`: what they keep."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.places: dict[int, tuple[str, ...]] = {}
        self.moves: list[Move] = []

    async def number(self, unit: Unit, choices: Sequence[Choice], order: int, after: int = 0) -> None:
        """The lines of what was chosen, behind the position `after`: of a bundle its own and those of its parts."""
        count = sum(1 + len(choice.parts) for choice in choices)
        keys = iter((await new_keys(unit.connection, {ITEM: count}))[ITEM])
        for choice in choices:
            own = next(keys)
            made = [(own, choice.line(), None), *((next(keys), part, own) for part in choice.part_lines())]
            for key, line, parent in made:
                after += 1
                meta = None if parent is None else {"parent_item_id": parent}
                row = OrderItemRow(**line, id=key, order_id=order, position=after, line_meta=meta)
                self.lines.append(row.model_dump())
                self.places[key] = choice.place

    def keep(self, order: Mapping[str, Any], shelf: Shelf) -> None:
        """What each keeps of its variant's stock, by the state of the order."""
        for line in self.lines:
            if line["variant_id"] in shelf.managed:
                move = Move({**line}, kept(order, line, line["quantity"]))
                self.moves.append(move)
                line |= {"on_hold": move.after.on_hold, "committed": move.after.committed}

    def reckoned(self, sums: Sequence[Mapping[str, int]]) -> None:
        for line, own in zip(self.lines, sums, strict=True):
            line.update(own)

    async def write(self, unit: Unit) -> None:
        await add_values(unit.connection, ITEM, self.lines)
