"""What the stores of files are set to. It is tried with the real store before it is kept, and used from then on by all
processes: each reads it when it needs a bucket (`connectors.storage.setting`)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import strawberry
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.scalars import JSON

from connectors.providers import forms
from connectors.providers.forms import Filled, Problem
from connectors.storage import Storage, UnknownDriver
from connectors.storage.drivers import LOCAL, S3
from connectors.storage.setting import BUCKETS, DRIVER, DRIVERS, as_set, buckets_of, filled, presented
from db.commerce.events import STORAGE_DRIVER_UPDATED
from db.commerce.storage_driver import StorageSource
from db.store.row import now
from db.store.writing import edit
from engine.declared.input import confidential
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.standard.context import Context
from engine.unit.perform import Reach
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations of its type need the enums
from resolvers.editing.locking import not_found
from resolvers.editing.updating import differences, refuse_outdated
from resolvers.files.file import DOWNLOAD

# Between words of a path that no upload is given: it is there for a moment.
_TRIAL: Final = "storegraph-trial.txt"
_BY_THE_SERVER: Final = "The server's environment says what this driver is set to: change it there"
_NO_OBJECT: Final = "The settings are an object of values by their keys"


@dataclass(frozen=True, slots=True)
class Configured:
    """A driver as it is now. `problem` is why its first bucket that fails cannot be used, None where all answer."""

    source: StorageSource
    buckets: tuple[str, ...]
    answers: bool = False
    problem: str | None = None


async def configured(context: Context, keys: Sequence[str]) -> list[Configured]:
    """Of each driver who says what it is set to, and its buckets. No store is asked."""
    storage = await as_set(context.rows, context.database.port(Storage))
    return [_configured(storage, key) for key in keys]


async def checked(context: Context, keys: Sequence[str]) -> list[Configured]:
    """The same, and whether its store answers: each bucket is asked for the names of its files."""
    storage = await as_set(context.rows, context.database.port(Storage))
    return list(await asyncio.gather(*(_asked(storage, key) for key in keys)))


async def shown_settings(context: Context, keys: Sequence[str]) -> list[JSON]:
    """What each is set to, secrets masked."""
    storage = context.database.port(Storage)
    rows = await context.rows(select(DRIVER.c.key, DRIVER.c.settings, DRIVER.c.concealed).where(DRIVER.c.key.in_(keys)))
    found = {row.key: row for row in rows}
    return [JSON(_shown(storage, key, found.get(key))) for key in keys]


def _shown(storage: Storage, key: str, row: Any) -> Mapping[str, Any]:
    if key != S3:
        return {}
    return storage.said if storage.fixed else presented(row.settings, row.concealed)


def _configured(storage: Storage, key: str) -> Configured:
    try:
        buckets = storage.buckets(key)
    except UnknownDriver:
        return Configured(StorageSource.NOBODY, ())
    by_the_server = key == LOCAL or storage.fixed
    return Configured(StorageSource.SERVER if by_the_server else StorageSource.STORE, buckets)


async def _asked(storage: Storage, key: str) -> Configured:
    known = _configured(storage, key)
    if known.source is StorageSource.NOBODY:
        return Configured(known.source, (), problem="It is not set up")
    names: tuple[str | None, ...] = known.buckets or (None,)
    problems = await asyncio.gather(*(storage.of(key, name).problem() for name in names))
    told = [_sentence(name, why) for name, why in zip(names, problems, strict=True) if why is not None]
    return Configured(known.source, known.buckets, not told, told[0] if told else None)


def _sentence(bucket: str | None, why: str) -> str:
    return f"{why[:1].upper()}{why[1:]}" if bucket is None else f"{bucket}: {why}"


@strawberry.input(description="What a store of files is set to from now on.")
class StorageDriverSettingsUpdateInput:
    driver: str = strawberry.field(description="`s3`. What `local` is set to is the server's alone.")
    settings: JSON = confidential(
        description="An object of values by the keys of `StorageDriver.form`. What is left out stays, and so does the "
        "secret that is sent as it was shown; null clears. Without a bucket there is no such driver any more."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse with CONFLICT unless the driver is still at this version."
    )


@dataclass(frozen=True, slots=True)
class _Tried:
    """`version` is that of the row that `filled` was made from; `problems` are of the form, `failures` are what the
    stores say."""

    version: int
    filled: Filled
    problems: tuple[Problem, ...] = ()
    failures: tuple[Problem, ...] = ()


@asynccontextmanager
async def _tried(reach: Reach, input: Any, dry: bool) -> AsyncIterator[_Tried | None]:
    """Fills the form and tries each bucket with what is in it, before the transaction: its files are listed, and unless
    it is a dry run one is written and taken out again. None where there is no such driver, or it is not set here."""
    storage = reach.port(Storage)
    if input.driver != S3 or storage.fixed:
        yield None
        return
    async with reach.read() as connection:
        row = (await connection.execute(select(DRIVER).where(DRIVER.c.key == S3))).mappings().one()
    if not isinstance(input.settings, Mapping):
        yield _Tried(row["version"], Filled({}, {}, ()), (Problem((), _NO_OBJECT),))
        return
    secrets = forms.unseal(row["concealed"])
    found = filled(input.settings, stored=row["settings"], secrets=secrets, at=now(), reach=storage.door.reach)
    failures: list[Problem] = []
    if not found.problems and found.values[BUCKETS]:
        buckets = await buckets_of(storage, found)
        trial = None if dry else storage.unique(_TRIAL)
        problems = await asyncio.gather(*(bucket.problem(trial=trial) for bucket in buckets.values()))
        told = zip(buckets, problems, strict=True)
        failures += [Problem((BUCKETS,), _sentence(name, why)) for name, why in told if why is not None]
    yield _Tried(row["version"], found, found.problems, tuple(failures))


@mutation(
    permission="is_super_admin",
    rest="POST /settings/storage-drivers",
    emits=(STORAGE_DRIVER_UPDATED,),
    audited=True,
    ports=(Storage,),
    outside=_tried,
)
async def storage_driver_settings_update(unit: Unit, input: StorageDriverSettingsUpdateInput) -> Keys:
    """Set up a store of files, once a file was written there and taken out again. All uploads and downloads use it from
    then on; files that are elsewhere stay there. CONFIGURATION_ERROR: the store does not answer or does not take a
    file, or the server's environment says what the driver is set to. CONFLICT: downloads still name a bucket that would
    go."""
    if input.driver not in DRIVERS:
        not_found(unit, "driver; `storageDriverSettings` lists them", "driver")
    tried: _Tried | None = unit.outside
    if tried is None:
        unit.refuse(ErrorCode.CONFIGURATION_ERROR, _BY_THE_SERVER, "driver")
        unit.settle()
        raise AssertionError("settle raises")
    statement = select(DRIVER).where(DRIVER.c.key == input.driver).with_for_update()
    row = dict((await unit.connection.execute(statement)).mappings().one())
    await refuse_outdated(unit, f"StorageDriver:{input.driver}", input.expected_version, row["version"])
    for problem in tried.problems:
        unit.refuse(ErrorCode.VALIDATION, problem.message, "settings", *problem.path)
    for problem in tried.failures:
        unit.refuse(ErrorCode.CONFIGURATION_ERROR, problem.message, "settings", *problem.path)
    if row["version"] != tried.version:
        unit.refuse(ErrorCode.CONFLICT, "Somebody saved these settings just now: send yours again", "driver")
    unit.settle()
    found = tried.filled
    await _refuse_lost(unit, row["settings"].get(BUCKETS) or [], found.values[BUCKETS])
    values: dict[str, Any] = {}
    if {**presented({}, None), **row["settings"]} != {**presented({}, None), **found.values}:
        values["settings"] = found.values
    if found.secrets != forms.unseal(row["concealed"]):  # sealed again, equal secrets are another text
        values["concealed"] = forms.seal(found.secrets)
    if changes := differences(row, values):
        changes |= differences(row, {"verified_at": now() if found.values[BUCKETS] else None})
        await edit(unit.connection, DRIVER, input.driver, row["version"], changes)
        unit.emit(STORAGE_DRIVER_UPDATED(row, changes))
    return {"driver": input.driver}


async def _refuse_lost(unit: Unit, before: Sequence[str], after: Sequence[str]) -> None:
    """Files are found by their bucket, or by the first one where a download names none."""
    gone = [name for name in before if name not in after]
    other = bool(before) and before[0] not in after[:1]
    users = await _users(unit.connection, gone, default=other) if gone or other else 0
    if users:
        told = "1 download still names" if users == 1 else f"{users} downloads still name"
        message = f"{told} a bucket that would go, or the first one; delete or change them first"
        unit.refuse(ErrorCode.CONFLICT, message, "settings", BUCKETS)
        unit.settle()


async def _users(connection: AsyncConnection, buckets: Sequence[str], *, default: bool) -> int:
    named = [DOWNLOAD.c.bucket.in_(buckets)]
    if default:
        named.append(DOWNLOAD.c.bucket.is_(None))
    statement = select(func.count()).select_from(DOWNLOAD).where(DOWNLOAD.c.driver == S3, or_(*named))
    return int((await connection.execute(statement)).scalar_one())
