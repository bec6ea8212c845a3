"""Imports a live FluentCart store over its documented REST API."""

from connectors.importers.fluentcart.errors import (
    ImportRefused,
    NoFluentCart,
    StoreFailing,
    WrongCredentials,
    WrongUrl,
)
from connectors.importers.fluentcart.recording import RecordedStore
from connectors.importers.fluentcart.run import import_store
from connectors.importers.fluentcart.source import Source
from connectors.importers.report import Progress, Report, Skipped, Tally, render

__all__ = [
    "ImportRefused",
    "NoFluentCart",
    "Progress",
    "RecordedStore",
    "Report",
    "Skipped",
    "Source",
    "StoreFailing",
    "Tally",
    "WrongCredentials",
    "WrongUrl",
    "import_store",
    "render",
]
