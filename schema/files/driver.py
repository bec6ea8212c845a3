"""The stores of files, and what they are set to."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from connectors.providers import shown as forms
from connectors.storage import Storage
from connectors.storage.setting import DRIVERS
from db.commerce import visibility
from db.commerce.storage_driver import StorageDriverRow, StorageSource
from engine.declared.batch import batched
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.lookup import every
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from resolvers.files.driver import checked, configured, shown_settings, storage_driver_settings_update
from schema.integration.form import ProviderField, shown


@strawberry.type(description="Who says what a store of files is set to, and where it keeps files.")
class StorageDriverConfiguration:
    source: StorageSource = strawberry.field(description="Who says what it is set to.")
    buckets: list[str] = strawberry.field(
        description="Where it may keep files, the first unless said otherwise; empty for a driver without buckets."
    )


@strawberry.type(description="Whether a store of files can be used at this moment.")
class StorageDriverStatus:
    answers: bool = strawberry.field(description="Whether each of its buckets does, or its folder.")
    problem: str | None = strawberry.field(description="Why not, in a sentence; null while it answers.")


def _form(key: str) -> list[ProviderField]:
    driver = DRIVERS.get(key)
    return [] if driver is None or driver.settings is None else shown([*forms.document(driver.settings)])


@entity(
    StorageDriverRow,
    visible=visibility.storage_drivers,
    description="A store of files. What the server's environment says of it wins, and is not changed here.",
)
class StorageDriver(Node):
    driver: str = column(StorageDriverRow.key, description="Its name, as inputs take it: `local`, `s3`.")
    title: str = computed(
        lambda key: DRIVERS[key].title if key in DRIVERS else key,
        StorageDriverRow.key,
        description="What people see.",
    )
    configuration: StorageDriverConfiguration | None = batched(
        configured,
        to=StorageDriverRow.key,
        ports=(Storage,),
        description="Who says what it is set to, and where it keeps files.",
    )
    status: StorageDriverStatus | None = batched(
        checked,
        to=StorageDriverRow.key,
        ports=(Storage,),
        description="Whether it can be used now: its store is asked, which takes up to ten seconds.",
    )
    settings: JSON | None = batched(
        shown_settings,
        to=StorageDriverRow.key,
        ports=(Storage,),
        description="Values by the keys of `form`, as the server's environment or the store has them; of a secret "
        "`{isSet, lastFour, updatedAt}`.",
    )
    form: list[ProviderField] = computed(
        _form, StorageDriverRow.key, description="What can be set here, where the server's environment says nothing."
    )
    verified_at: datetime | None = column(
        StorageDriverRow.verified_at,
        description="When its store took a file last, before what is set was kept; null while nothing is set here.",
    )


@strawberry.type
class StorageDriverQueries:
    storage_driver_settings: list[StorageDriver] | None = every(
        order=[StorageDriverRow.key],
        size=2,  # local and s3
        permission="is_super_admin",
        rest=["GET /settings/storage-drivers"],
        description="All stores of files, with what they are set to and whether they answer.",
    )


@strawberry.type(description="The driver as it is set now, secrets masked.")
class StorageDriverSettingsUpdatePayload(Payload):
    driver: StorageDriver | None = changed(StorageDriverRow.key)


@strawberry.type
class StorageDriverMutations:
    storage_driver_settings_update: StorageDriverSettingsUpdatePayload | None = performed(
        storage_driver_settings_update
    )
