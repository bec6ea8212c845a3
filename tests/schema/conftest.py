from tests.recorded import imported, imported_on_postgresql, imported_on_sqlite, recorded_copy, recorded_store

__all__ = ["imported", "imported_on_postgresql", "imported_on_sqlite", "recorded_copy", "recorded_store"]
