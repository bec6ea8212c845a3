"""How fields are resolved that a function of ours answers."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from engine.declared.batch import Batched, Queried
from engine.declared.declaration import DeclaredField
from engine.standard.context import Context, Info
from engine.standard.loader import Loader


async def resolve_batched(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    batched = cast(Batched, field.declaration)
    context = info.context
    place = (batched, tuple(map(id, info.field_nodes)))
    loader = context.loaders.get(place)
    if loader is None:
        loader = context.loaders[place] = Loader(partial(_load, batched, context, arguments), context.pace)
    return await loader.load(getattr(source.row, batched.parent))


async def _load(batched: Batched, context: Context, arguments: Mapping[str, Any], keys: Sequence[Any]) -> list[Any]:
    return list(await batched.function(context, keys, **arguments))


async def resolve_queried(field: DeclaredField, source: Any, info: Info, arguments: dict[str, Any]) -> Any:
    return await cast(Queried, field.declaration).function(info.context, **arguments)
