"""What 0006 makes of rows that name subscriptions by their type's former name."""

from alembic import command
from sqlalchemy import Connection, text

from db import migrations
from db.store.database import Database

NAMED = {"Subscription:7": "CustomerSubscription:7", "Subscriptions:7": "Subscriptions:7", "Product:7": "Product:7"}
EVENT = """
INSERT INTO event (name, entity, changed, payload, occurred_at)
VALUES ('it.changed', :entity, '[]', '{}', '2026-01-01 00:00:00')
"""
ENTRY = """
INSERT INTO audit_entry (action, entity, entity_type, actor_name, actor_kind, occurred_at)
VALUES ('itChange', :entity, :type, 'Ann', 'user', '2026-01-01 00:00:00')
"""


async def test_what_is_stored_of_subscriptions_names_their_type_as_it_is_called_now(
    unmigrated_database_url: str,
) -> None:
    database = Database.open(unmigrated_database_url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), "0004")
        for entity in NAMED:
            connection.execute(text(EVENT), {"entity": entity})
            connection.execute(text(ENTRY), {"entity": entity, "type": entity.partition(":")[0]})
        connection.execute(text(ENTRY), {"entity": None, "type": None})

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        await migrations.migrate(database)
        async with database.read() as connection:
            events = await connection.execute(text("SELECT entity FROM event ORDER BY id"))
            assert [row[0] for row in events] == list(NAMED.values())
            entries = await connection.execute(text("SELECT entity, entity_type FROM audit_entry ORDER BY id"))
            assert [tuple(row) for row in entries] == [
                *((entity, entity.partition(":")[0]) for entity in NAMED.values()),
                (None, None),
            ]
    finally:
        await database.close()
