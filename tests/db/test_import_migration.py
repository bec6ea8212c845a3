"""What 0012 makes of imports that were finished or under way before they had names."""

from alembic import command
from sqlalchemy import Connection, text

from connectors.importers.checkpoint import finished, under_way
from db import migrations
from db.store.database import Database

IMPORT = """
INSERT INTO import_source (source, entity, reached, started_at, finished_at)
VALUES (:source, :entity, :reached, '2026-01-01 00:00:00', :finished)
"""
SITE, OTHER, THEN = "https://shop.example", "https://other.example", "2026-01-02 00:00:00"


async def test_imports_from_before_have_been_here_and_one_under_way_goes_on(unmigrated_database_url: str) -> None:
    database = Database.open(unmigrated_database_url)

    def before(connection: Connection) -> None:
        command.upgrade(migrations._config(connection), "0010")
        finished_at = f"'{THEN}'"
        for source, entity, reached, finish in (
            (SITE, "products", "NULL", finished_at),
            (SITE, "orders", "NULL", finished_at),
            (OTHER, "customers", "17", "NULL"),
        ):
            statement = IMPORT.replace(":reached", reached).replace(":finished", finish)
            connection.execute(text(statement), {"source": source, "entity": entity})

    try:
        async with database.write() as connection:
            await connection.run_sync(before)
            await connection.commit()
        await migrations.migrate(database)
        async with database.read() as connection:
            assert await finished(connection) == {"products", "orders"}
            states = await connection.execute(
                text("SELECT entity, reached, run, changes FROM import_source ORDER BY 1")
            )
            assert [tuple(row) for row in states] == [
                ("customers", 17, None, 0),
                ("orders", None, None, 0),
                ("products", None, None, 0),
            ]
            assert len(await under_way(connection, OTHER)) == 32
            assert (await connection.execute(text("SELECT * FROM import_seen"))).all() == []
    finally:
        await database.close()
