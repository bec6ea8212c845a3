"""All tables, imported once so that the metadata is whole: for migrations and for the drift test."""

from sqlalchemy import MetaData

from db import idempotency, importing, outbox
from db.access import token
from db.catalog import attribute, bundle, download, media, product, shipping, tax, taxonomy, upgrade_path, variant
from db.commerce import customer, order, store, subscription
from db.integration import feed, provider
from db.row import Row

MODULES = (
    attribute,
    bundle,
    customer,
    download,
    feed,
    idempotency,
    importing,
    media,
    order,
    outbox,
    product,
    provider,
    shipping,
    store,
    subscription,
    tax,
    taxonomy,
    token,
    upgrade_path,
    variant,
)
METADATA: MetaData = Row.metadata
