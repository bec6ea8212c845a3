"""All tables, imported once so that the metadata is whole: for migrations and for the drift test."""

from sqlalchemy import MetaData

from db.access import application_password, audit, document, role, session, token, user
from db.catalog import attribute, bundle, download, media, product, shipping, tax, taxonomy, upgrade_path, variant
from db.commerce import customer, order, store, subscription
from db.integration import feed, provider
from db.store import idempotency, importing, outbox
from db.store.row import Row

MODULES = (
    application_password,
    attribute,
    audit,
    bundle,
    customer,
    document,
    download,
    feed,
    idempotency,
    importing,
    media,
    order,
    outbox,
    product,
    provider,
    role,
    session,
    shipping,
    store,
    subscription,
    tax,
    taxonomy,
    token,
    upgrade_path,
    user,
    variant,
)
METADATA: MetaData = Row.metadata
