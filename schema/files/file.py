"""Stored files, and what can be done to them."""

from datetime import datetime

import strawberry

from connectors.storage import Storage
from connectors.storage.drivers import LOCAL
from engine.declared.batch import Argument, queried
from engine.declared.connection import FIRST, OfPage, counted
from engine.declared.declaration import declare
from engine.declared.directives import ListSize
from engine.declared.mutation import performed
from engine.declared.payload import Payload, told
from engine.standard.context import Context
from resolvers.files.file import file_buckets, file_upload, files
from resolvers.files.removing import file_delete


@strawberry.type(description="A file in one of the stores, whether a download names it or not.")
class StoredFile:
    path: str = strawberry.field(description="Where its driver has it; unique there.")
    name: str = strawberry.field(description="The name that buyers would save it under.")
    size: float = strawberry.field(description="In bytes, a whole number.")
    driver: str = strawberry.field(description="What keeps it: local or s3.")
    bucket: str | None = strawberry.field(
        description="The driver's bucket that holds it; null for a driver without buckets."
    )
    modified_at: datetime = strawberry.field(description="When it was written, in UTC, by the clock of its driver.")


@strawberry.type(
    name="FileListing",
    description="A page of stored files. A store lists them in the order of their paths, and forwards only.",
)
class FilePage:
    nodes: list[StoredFile] = declare(OfPage("nodes", paged=True))
    has_next_page: bool
    end_cursor: str | None = strawberry.field(description="For `after`.")
    total_count: int = counted()


@strawberry.type(description="A bucket of a driver.")
class FileBucket:
    value: str = strawberry.field(description="Its name, as inputs take it.")
    label: str = strawberry.field(description="What people see; the name again.")


@strawberry.type(description="The buckets that a driver may keep files in.")
class FileBuckets:
    buckets: list[FileBucket] = strawberry.field(
        description="The configured ones, the default first; empty for a driver without buckets."
    )
    default_bucket: str | None = strawberry.field(description="Null for a driver without buckets.")


async def _buckets(context: Context, driver: str = LOCAL) -> FileBuckets:
    names = await file_buckets(context, driver)
    return FileBuckets(
        buckets=[FileBucket(value=name, label=name) for name in names], default_bucket=names[0] if names else None
    )


_DRIVER = Argument("driver", str, "local or s3; one that is configured.", default=LOCAL)


def _files() -> FilePage | None:
    size = ListSize(assumed_size=FIRST, slicing_arguments=["first"], sized_fields=["nodes"])
    return queried(  # type: ignore[no-any-return]
        files,
        _DRIVER,
        Argument("bucket", str | None, "Of the driver; its default when there is none."),
        Argument("search", str | None, "Looked for in the paths, whatever the case and the accents."),
        Argument("first", int | None, "10 unless said otherwise, at most 100."),
        Argument("after", str | None, "The `endCursor` of the page before."),
        permission="store/sensitive",
        size=size,
        ports=(Storage,),
        rest=["GET /files"],
        description="Stored files by their paths. A search that matches little may answer with a shorter page.",
    )


@strawberry.type
class FileQueries:
    files: FilePage | None = _files()
    file_buckets: FileBuckets | None = queried(
        _buckets,
        _DRIVER,
        permission="store/sensitive",
        ports=(Storage,),
        rest=["GET /files/bucket-list"],
        description="Where a driver may keep files.",
    )


@strawberry.type(description="Where the file is kept.")
class FileUploadPayload(Payload):
    path: str | None = told(description="For `filePath` of a download, and for `fileDelete`.")
    file_name: str | None = told(description="The name that buyers would save it under.")
    driver: str | None = told(
        description="What keeps it: local or s3. Null with `validateOnly`, and when it was refused."
    )
    bucket: str | None = told(description="The bucket that holds it; null for a driver without buckets.")
    size: float | None = told(description="In bytes, a whole number.")


@strawberry.type(description="The file that is gone.")
class FileDeletePayload(Payload):
    deleted_path: str | None = told(
        description="Where the driver had it. Null with `validateOnly`, and when it was refused."
    )
    driver: str | None = told(description="What kept it: local or s3.")
    bucket: str | None = told(description="The bucket that held it; null for a driver without buckets.")


@strawberry.type
class FileMutations:
    file_upload: FileUploadPayload | None = performed(file_upload)
    file_delete: FileDeletePayload | None = performed(file_delete)
