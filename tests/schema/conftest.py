from tests.recorded import recorded_copy, recorded_store
from tests.schema.filled import filled_store, filled_url

__all__ = [
    "filled_store",
    "filled_url",
    "recorded_copy",
    "recorded_store",
]
