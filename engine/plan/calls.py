"""Fields that a function of ours answers, for all parents at once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from engine.declared.batch import Batched, Queried
from engine.declared.declaration import Leaf
from engine.plan.faults import Fault, Unusual
from engine.plan.run import Run
from engine.plan.shape import Found, Shape
from engine.plan.steps import ROOT, Field
from engine.plan.writing import completer
from engine.values.columns import label_of
from engine.values.errors import CodedError

Says = Callable[[Run, Sequence[Any]], Awaitable[list[Any]]]  # values of Python, as the answer says them


class _Called(Field):
    def __init__(self, shape: Shape | None, *of: Any) -> None:
        super().__init__(*of)
        self._shape = shape
        self._complete = completer(self.type) if shape is None else None

    def _arguments(self, run: Run) -> Mapping[str, Any]:
        return self.taken(run) if self.declared.arguments else {}

    async def _said(self, run: Run, values: Sequence[Any]) -> list[Any]:
        """As the answer says them, in the same order. A function may return an error for one of several."""
        faults: dict[int, Fault] = {}
        for place, value in enumerate(values):
            if isinstance(value, CodedError):
                faults[place] = Fault(value, self.nodes, self.up)
                run.faulty = True
            elif isinstance(value, Exception):
                raise Unusual
        good = [value for place, value in enumerate(values) if place not in faults] if faults else values
        said = iter(await self._whole(run, good))
        return [faults[place] if place in faults else next(said) for place in range(len(values))]

    async def _whole(self, run: Run, values: Sequence[Any]) -> list[Any]:
        if self._complete is not None:
            return [self._complete(value) for value in values]
        assert self._shape is not None
        if not self.nullable and any(value is None for value in values):
            raise Unusual
        flat: list[Any] = []
        for value in values:
            if not self.listed:
                flat += () if value is None else (value,)
            elif value is not None:
                if type(value) not in (list, tuple):
                    raise Unusual
                flat += value
        written = iter(await run.written(self._shape, None, flat))
        return [
            None if value is None else [next(written) for _ in value] if self.listed else next(written)
            for value in values
        ]


class Batch(_Called):
    def __init__(self, batched: Batched, *of: Any) -> None:
        super().__init__(*of)
        self.parent = batched.parent
        self._function = batched.function

    async def load(self, run: Run, keys: list[Any]) -> Found:
        values = list(await self._function(run.context, keys, **self._arguments(run)))
        if len(values) != len(keys):
            raise Unusual
        return dict(zip(keys, await self._said(run, values), strict=True))


class Counts(Field):
    """The count of what was not read from the database, asked of the value itself, which is the key here."""

    def keys(self, values: Sequence[Any]) -> list[Any]:
        return list(values)

    async def load(self, run: Run, keys: list[Any]) -> Found:
        up_to = self.taken(run).get("up_to")
        return _ByIdentity({id(value): await value.count(up_to) for value in keys})


class _ByIdentity:
    def __init__(self, found: dict[int, Any]) -> None:
        self._found = found

    def get(self, key: Any) -> Any:
        return self._found.get(id(key))


class Part(_Called):
    """What a value of Python holds under a name, where something is looked up for it; the value is the key itself."""

    def __init__(self, name: str, shape: Shape | None, *of: Any) -> None:
        super().__init__(shape, *of)
        self._name = name

    def keys(self, values: Sequence[Any]) -> list[Any]:
        return list(values)

    async def load(self, run: Run, keys: list[Any]) -> Found:
        said = await self._said(run, [getattr(value, self._name) for value in keys])
        return _ByIdentity({id(value): each for value, each in zip(keys, said, strict=True)})


class Made(_Called):
    """What a function makes of the parent's column or, without one, of the whole value that the parent is, where
    something is looked up for it."""

    def __init__(self, leaf: Leaf, shape: Shape, *of: Any) -> None:
        super().__init__(shape, *of)
        self.parent = label_of(leaf.needs[0]) if leaf.needs else None
        self._function = leaf.function

    def keys(self, values: Sequence[Any]) -> list[Any]:
        return list(values)

    async def load(self, run: Run, keys: list[Any]) -> Found:
        held = keys if self.parent is not None else [key.row for key in keys]
        said = await self._said(run, held if self._function is None else [self._function(each) for each in held])
        if self.parent is None:
            return _ByIdentity({id(key): each for key, each in zip(keys, said, strict=True)})
        return _ByText({_text(key): each for key, each in zip(keys, said, strict=True)})


class _ByText:
    """A column may hold lists and objects: no dictionary takes them as keys, and each reader has its own."""

    def __init__(self, found: dict[Any, Any]) -> None:
        self._found = found

    def get(self, key: Any) -> Any:
        return self._found.get(_text(key))


def _text(value: Any) -> Any:
    return orjson.dumps(value) if isinstance(value, list | dict) else value


class Query(_Called):
    def __init__(self, queried: Queried, *of: Any) -> None:
        super().__init__(*of)
        self._function = queried.function

    async def load(self, run: Run, keys: list[Any]) -> Found:
        value = await self._function(run.context, **self._arguments(run))
        return {ROOT: (await self._said(run, [value]))[0]}


class Perform(_Called):
    """A mutation, and what its payload shows."""

    async def load(self, run: Run, keys: list[Any]) -> Found:
        run.read.clear()  # what another mutation's payload read before is stale
        payload = await run.context.performs(self.declared, self.nodes[0], self.taken(run))
        return {ROOT: (await self._said(run, [payload]))[0]}


class Said(_Called):
    """What a mutation's function said of itself, once for each payload; the payload's values are the keys."""

    def __init__(self, function: Callable[[Any], Any] | None, name: str, shape: Shape | None, *of: Any) -> None:
        super().__init__(shape, *of)
        self._function = function
        self._name = name

    def keys(self, values: Sequence[Any]) -> list[Any]:
        return list(values)

    async def load(self, run: Run, keys: list[Any]) -> Found:
        held = [getattr(value.row, self._name) for value in keys]
        function = self._function
        said = held if function is None else [None if value is None else function(value) for value in held]
        written = await self._said(run, said)
        return _ByIdentity({id(value): each for value, each in zip(keys, written, strict=True)})
