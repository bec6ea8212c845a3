"""All tables, imported once so that the metadata is whole: for migrations and for the drift test."""

from sqlalchemy import MetaData

from db.access import application_password, audit, document, role, session, token, user
from db.catalog import (
    attribute,
    bundle,
    download,
    media,
    product,
    shipping,
    tax,
    tax_rate,
    taxonomy,
    upgrade_path,
    variant,
)
from db.commerce import (
    cart,
    coupon,
    customer,
    order,
    order_bump,
    payment_method,
    shipping_method,
    storage_driver,
    store,
    subscription,
)
from db.commerce import license as licenses
from db.integration import connected_store, feed, grant, provider, push, setting, store_sync
from db.integration.workflow import row as workflow
from db.store import idempotency, importing, outbox
from db.store.row import Row
from db.work import delivery, job, seat, target, worker

MODULES = (
    application_password,
    attribute,
    audit,
    bundle,
    cart,
    connected_store,
    coupon,
    customer,
    delivery,
    document,
    download,
    feed,
    grant,
    idempotency,
    importing,
    job,
    licenses,
    media,
    order,
    order_bump,
    outbox,
    payment_method,
    product,
    provider,
    push,
    role,
    seat,
    session,
    setting,
    shipping,
    storage_driver,
    shipping_method,
    store,
    store_sync,
    subscription,
    target,
    tax,
    tax_rate,
    taxonomy,
    token,
    upgrade_path,
    user,
    variant,
    worker,
    workflow,
)
METADATA: MetaData = Row.metadata
