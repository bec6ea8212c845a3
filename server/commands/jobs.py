"""`storegraph jobs …`: work that was asked for, and what comes round by itself."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.commands import running as command
from server.settings.mistake import Mistake

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from server.settings.settings import Settings

jobs_app = typer.Typer(no_args_is_help=True, help="Jobs, sweeps and deliveries: what goes on behind the requests.")

_SHOWN = 50


@jobs_app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only these: waiting, running, done, failed.")] = None,
) -> None:
    """The newest jobs, and the sweeps."""
    from db.work.job import JobState

    known = {one.value for one in JobState}
    if state is not None and state not in known:
        raise Mistake(f"--state: {state!r} is none of {', '.join(sorted(known))}")
    found, sweeps = _read(lambda connection: _listed(connection, None if state is None else JobState(state)))
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if Console().is_terminal else 200)
    if found:
        shown = Table("Job", "Kind", "State", "Done", "Tries", "Asked for", "Error")
        for row in found:
            shown.add_row(
                str(row.id), row.kind, row.state.value, _of(row), str(row.attempts), _at(row.created_at), row.error
            )
        console.print(shown)
    else:
        typer.echo("No job.")
    if sweeps:
        shown = Table("Sweep", "Every", "Last error")
        for row in sweeps:
            shown.add_row(row.name, f"{row.every / 1000:g} s", row.error)
        console.print(shown)


@jobs_app.command()
def state(job: Annotated[int | None, typer.Argument(help="The number of a job; none: of everything.")] = None) -> None:
    """How far a job is; without one how many workers there are, and how many deliveries wait, failed, were made."""
    if job is not None:
        row = _read(lambda connection: _one(connection, job))
        if row is None:
            raise Mistake(f"There is no job {job}")
        came = f"{_of(row)} done, {row.attempts} tries, asked for {_at(row.created_at)}"
        typer.echo(f"{row.kind}: {row.state.value}, {came}")
        if row.error:
            typer.echo(f"The last error: {row.error}")
        return
    for name, count in _read(_counted).items():
        typer.echo(f"{name}: {count}")


@jobs_app.command()
def retry(job: Annotated[int, typer.Argument(help="The number of a job that failed.")]) -> None:
    """Have a failed job tried again, from where it came to."""
    if not command.run(_retried(command.read_settings(), job)):
        raise Mistake(f"There is no failed job {job}")
    typer.echo(f"Job {job} waits for a worker.")


def _of(row: Any) -> str:
    return f"{row.done} of {row.total}" if row.total is not None else str(row.done)


def _at(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _read(question: "Callable[[AsyncConnection], Awaitable[Any]]") -> Any:
    return command.run(_asked(command.read_settings(), question))


async def _asked(settings: "Settings", question: "Callable[[AsyncConnection], Awaitable[Any]]") -> Any:
    from server import startup

    database = startup.opened(settings)
    try:
        await startup.check_schema(database)
        async with startup.explained(database), database.read() as connection:
            return await question(connection)
    finally:
        await database.close()


async def _retried(settings: "Settings", job: int) -> bool:
    from db.work import jobs
    from server import startup

    database = startup.opened(settings)
    try:
        await startup.check_schema(database)
        async with startup.explained(database):
            return await database.tell(lambda connection: jobs.retry(connection, job), seconds=30.0)
    finally:
        await database.close()


async def _listed(connection: "AsyncConnection", state: Any) -> Any:
    from sqlalchemy import select
    from sqlmodel import col

    from db.store.row import table
    from db.work.job import JobRow, PeriodicRow

    found = select(table(JobRow)).order_by(col(JobRow.id).desc()).limit(_SHOWN)
    if state is not None:
        found = found.where(col(JobRow.state) == state)
    sweeps = select(table(PeriodicRow)).order_by(col(PeriodicRow.name))
    return (await connection.execute(found)).all(), (await connection.execute(sweeps)).all()


async def _one(connection: "AsyncConnection", job: int) -> Any:
    from sqlalchemy import select
    from sqlmodel import col

    from db.store.row import table
    from db.work.job import JobRow

    return (await connection.execute(select(table(JobRow)).where(col(JobRow.id) == job))).first()


async def _counted(connection: "AsyncConnection") -> dict[str, int]:
    from sqlalchemy import func, select
    from sqlmodel import col

    from db.work.delivery import DeliveryRow, DeliveryState
    from db.work.worker import WorkerRow

    workers = (await connection.execute(select(func.count()).select_from(WorkerRow))).scalar_one()
    states = select(col(DeliveryRow.state), func.count()).group_by(col(DeliveryRow.state))
    counts = {row[0]: row[1] for row in await connection.execute(states)}
    return {"workers": workers} | {f"deliveries {s.value}": counts.get(s, 0) for s in DeliveryState}
