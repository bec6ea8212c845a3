from tests.recorded import imported, imported_on_postgresql, imported_on_sqlite, recorded_copy, recorded_store
from tests.schema.filled import filled_store, filled_url

__all__ = [
    "filled_store",
    "filled_url",
    "imported",
    "imported_on_postgresql",
    "imported_on_sqlite",
    "recorded_copy",
    "recorded_store",
]
