"""What people set of the driver `s3`, where the server's settings say nothing of it: its form, and the stores as they
are set now. Each process reads the row when it needs a bucket, so that all use what was saved last."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final

import structlog
from pydantic import SecretStr, field_validator
from sqlalchemy import Executable, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.outbound.reach import PUBLIC, Reach
from connectors.outbound.url import BadUrl, checked_url
from connectors.providers import NO_SECRET, Form, form, forms, strictly
from connectors.providers.forms import Filled, Kept, Problem
from connectors.storage.driver import Driver
from connectors.storage.drivers import LOCAL, S3, Storage, s3_buckets
from db.commerce.storage_driver import StorageDriverRow
from db.secrets.encrypted import NoSecretKey, Secret
from db.store.row import table

log = structlog.get_logger("storegraph.connectors")

DRIVER: Final = table(StorageDriverRow)
BUCKETS: Final = "buckets"
MOST_BUCKETS: Final = 10
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_KEY: Final = re.compile(r"[!-~]{1,250}")
# What it takes beside a bucket.
_NEEDED: Final = ("region", "access_key", "secret_key")

Rows = Callable[[Executable], Awaitable[Sequence[Any]]]


class S3Settings(Form):
    buckets: Annotated[
        list[str],
        form("text", label="Buckets", help="The default first. None: there is no such driver.", placeholder="files"),
    ] = []  # noqa: RUF012  pydantic copies it
    endpoint: Annotated[
        str,
        form(
            "url",
            label="Endpoint",
            help="The service that speaks S3, by https; empty is Amazon's.",
            placeholder="https://s3.example",
        ),
    ] = ""
    region: Annotated[str, form("text", label="Region", help="The region of the buckets.")] = "us-east-1"
    access_key: Annotated[str, form("text", label="Access key", help="It may list, read, write and delete files.")] = ""
    secret_key: Annotated[SecretStr, form("password", label="Secret key", help="Of the access key.")] = NO_SECRET

    @field_validator("buckets", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [name for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("buckets")
    @classmethod
    def _named(cls, value: list[str]) -> list[str]:
        if len(value) > MOST_BUCKETS:
            raise ValueError(f"at most {MOST_BUCKETS}")
        for name in value:
            if not _BUCKET.fullmatch(name):
                raise ValueError("names have 3 to 63 of a-z, 0-9, dots and hyphens")
        return list(dict.fromkeys(value))

    @field_validator("region", "access_key")
    @classmethod
    def _written(cls, value: str) -> str:
        if value and not _KEY.fullmatch(value):
            raise ValueError("up to 250 characters without blanks")
        return value

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        if value and not _REGION.fullmatch(value):
            raise ValueError("up to 64 letters, digits and hyphens")
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _KEY.fullmatch(value.get_secret_value()):
            raise ValueError("up to 250 characters without blanks")
        return value


@dataclass(frozen=True, slots=True)
class StorageDriver:
    """`settings` is what people may set of it; None where the server's settings alone say it."""

    key: str
    title: str
    settings: type[Form] | None


DRIVERS: Final[Mapping[str, StorageDriver]] = {
    LOCAL: StorageDriver(LOCAL, "A folder of the server", None),
    S3: StorageDriver(S3, "Buckets that speak S3", S3Settings),
}


def by(connection: AsyncConnection) -> Rows:
    """What `as_set` reads with."""

    async def rows(statement: Executable) -> Sequence[Any]:
        return (await connection.execute(statement)).all()

    return rows


async def as_set(rows: Rows, storage: Storage, *drivers: str | None, hold: bool = False) -> Storage:
    """The stores as they are now: one statement, and none where the server's settings say it all or all `drivers` that
    are meant are `local`. `hold`: nobody sets them anew until the transaction ends."""
    if storage.fixed or (drivers and all(driver in (None, LOCAL) for driver in drivers)):
        return storage
    statement = select(DRIVER.c.version, DRIVER.c.settings, DRIVER.c.concealed).where(DRIVER.c.key == S3)
    if hold:
        statement = statement.with_for_update(read=True)
    found = await rows(statement)
    if not found or not found[0].settings.get(BUCKETS):
        return storage
    row = found[0]
    try:
        return storage.at(row.version) or storage.keep(row.version, await _made(storage, row.settings, row.concealed))
    except NoSecretKey as error:
        # `local` is as good as it was.
        log.error("the settings of the driver s3 do not open", reason=str(error))
        return storage


async def _made(storage: Storage, settings: Mapping[str, Any], sealed: Secret | None) -> dict[str, Driver]:
    return await buckets_of(storage, Filled(dict(settings), forms.unseal(sealed), ()))


async def buckets_of(storage: Storage, filled: Filled) -> dict[str, Driver]:
    """Drivers of what a form holds, which go through the door."""
    values, secret = filled.values, filled.secrets.get("secret_key")
    return s3_buckets(
        values[BUCKETS],
        endpoint=values["endpoint"] or None,
        region=values["region"],
        access_key=values["access_key"],
        secret_key="" if secret is None else secret.value,
        proxy=await storage.door.url(),
    )


def filled(
    given: Mapping[str, Any], *, stored: Mapping[str, Any], secrets: Mapping[str, Kept], at: datetime, reach: Reach
) -> Filled:
    """What is to be stored of the driver `s3` after somebody sent `given`: what is left out stays, null clears, a
    secret that comes back as it was shown stays. With a bucket all that it takes has to be there."""
    found, sound = strictly.read(S3Settings, given, stored=stored, secrets=secrets, now=at)
    problems = list(found.problems)
    if sound and found.values["endpoint"] and (refusal := endpoint_refusal(found.values["endpoint"], reach)):
        problems.append(Problem(("endpoint",), refusal))
    if sound and found.values[BUCKETS]:
        labels = strictly.labels(S3Settings)
        problems += [Problem((k,), f"{labels[k]} is required") for k in _NEEDED if not strictly.has(found, k)]
    return replace(found, problems=tuple(problems))


def endpoint_refusal(text: str, reach: Reach) -> str | None:
    """Why an address is no endpoint, a sentence. Without TLS only an address in a network of the operator's own is one:
    what is kept there crosses no other."""
    try:
        url = checked_url(text, reach)
    except BadUrl as bad:
        return str(bad)
    if "?" in text:
        return "An endpoint has no query"
    inside = url.address is not None and PUBLIC.refusal(url.address) is not None
    return None if url.scheme == "https" or inside else "An endpoint begins with https://"


def presented(settings: Mapping[str, Any], sealed: Secret | None) -> dict[str, Any]:
    """What people see of it: of the secret `{isSet, lastFour, updatedAt}`."""
    return forms.presented(S3Settings, settings, forms.unseal(sealed))
