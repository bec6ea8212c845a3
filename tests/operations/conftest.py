from tests.recorded import recorded_copy, recorded_store

__all__ = ["recorded_copy", "recorded_store"]
