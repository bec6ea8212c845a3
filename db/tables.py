"""All tables, imported once so that the metadata is whole: for migrations and for the drift test."""

from sqlalchemy import MetaData

from db import idempotency, importing, outbox
from db.access import token
from db.catalog import download, media, product, taxonomy, variant
from db.commerce import store
from db.row import Row

MODULES = (download, idempotency, importing, media, outbox, product, store, taxonomy, token, variant)
METADATA: MetaData = Row.metadata
