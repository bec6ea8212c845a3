"""The stores of files and the links to them, as the settings have them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from connectors.outbound.door import Door
from connectors.storage import Links, Storage
from connectors.storage.drivers import s3_buckets
from server.files.uploads import Uploads
from server.settings.mistake import Mistake
from server.settings.settings import Settings, variable

# Inside the files' folder, on the same disk; a listing passes over what begins with a dot.
_WAITING = ".incoming"


def folder(settings: Settings) -> Path:
    return settings.files_folder or settings.data_folder / ("demo-files" if settings.demo else "files")


def storage(settings: Settings, door: Door | None = None) -> Storage:
    """`door` is the way to what people name as a store. Raises Mistake for a named folder that cannot be made. That in
    the data folder is made when it is needed."""
    secret = settings.s3_secret_key
    buckets = s3_buckets(
        settings.s3_buckets,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=None if secret is None else secret.get_secret_value(),
    )
    if settings.files_folder is not None:
        try:
            settings.files_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Mistake(f"{variable('files_folder')}: {settings.files_folder}: {error.strerror}") from None
    said = {
        "buckets": list(settings.s3_buckets),
        "endpoint": settings.s3_endpoint or "",
        "region": settings.s3_region,
        "access_key": settings.s3_access_key or "",
        "secret_key": {"isSet": secret is not None, "lastFour": None, "updatedAt": None},
    }
    return Storage(folder(settings), buckets, door=door, said=said)


def uploads(settings: Settings) -> Uploads:
    return Uploads(
        folder(settings) / _WAITING,
        max_files=settings.max_upload_files,
        max_file_bytes=settings.max_upload_bytes,
        max_field_bytes=settings.max_body_bytes,
        seconds=settings.body_seconds,
    )


def links(settings: Settings, keys: Callable[[], Sequence[str]]) -> Links:
    """`keys` are the server's secrets, the newest first; asked for when the first link is made or read."""
    return Links(
        settings.public_url or _own_address(settings),
        keys,
        lifetime=timedelta(days=settings.download_link_days),
        customer_lifetime=timedelta(minutes=settings.customer_link_minutes),
    )


def _own_address(settings: Settings) -> str:
    # "Every address" is none that can be opened.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
