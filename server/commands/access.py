"""`storegraph user …` and `storegraph token …`: who may do what, from the machine that the store is on.

What can be done here is done by the same mutations as over HTTP, with their rules and their entries in the audit log.
"""

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from server.commands.running import read_settings, run
from server.settings.mistake import Mistake

if TYPE_CHECKING:
    from db.store.unit import Units
    from engine.declared.payload import Keys
    from engine.unit.perform import Outcome
    from server.settings.settings import Settings

T = TypeVar("T")

PASSWORD_VARIABLE: Final = "STOREGRAPH_USER_PASSWORD"  # noqa: S105  where it is, not what it is

token_app = typer.Typer(no_args_is_help=True, help="Tokens for machines and storefronts.")
user_app = typer.Typer(no_args_is_help=True, help="People who sign in, and their roles.")

Login = Annotated[str, typer.Argument(help="The user's login.")]
Token = Annotated[int, typer.Argument(help="The token's number, as `token list` shows it.")]


def _perform(mutation: str, **input: Any) -> "Keys":
    """What a mutation says of its change, carried out as whoever may start commands here: with every permission, and in
    the audit log as the system. Raises Mistake for what is refused."""
    from db.access.viewer import SYSTEM
    from engine.unit.perform import perform
    from engine.unit.unit import Cause
    from schema.root import schema

    async def work(units: "Units") -> "Outcome":
        return await perform(schema.mutations[mutation], input, SYSTEM, units, cause=Cause(f"command:{mutation}"))

    outcome = run(_on_store(read_settings(), work))
    if outcome.errors:
        raise Mistake("; ".join(error.message for error in outcome.errors))
    return outcome.keys


def _ask(document: str, **variables: Any) -> dict[str, Any]:
    """The data of a query. Raises Mistake for what is refused."""
    from db.access.viewer import SYSTEM
    from engine.standard.execution import Answer, Executor, Request
    from schema.root import schema

    async def work(units: "Units") -> Answer:
        return await Executor(schema).execute(Request(document, variables), SYSTEM, units, "command line")

    answer = run(_on_store(read_settings(), work))
    for error in answer.body.get("errors", ()):
        raise Mistake(error["message"])
    data: dict[str, Any] = answer.body["data"]
    return data


async def _on_store(settings: "Settings", work: Callable[["Units"], Awaitable[T]]) -> T:
    """Done with the store of the settings, with no files and no links. Raises Mistake."""
    from db.store.unit import Units
    from engine.values.errors import CodedError
    from resolvers.access.sign_in import SignIns
    from server import startup

    database = startup.opened(settings)
    try:
        await startup.check_schema(database)
        async with startup.explained(database):
            return await work(Units(database, SignIns(timedelta(hours=settings.session_hours))))
    except CodedError as error:
        raise Mistake(error.message) from None
    finally:
        await database.close()


# Users


@user_app.command("create")
def user_create(
    login: Login,
    email: Annotated[str, typer.Option(help="The user's address.")],
    role: Annotated[str | None, typer.Option(help="super_admin, manager, worker, accountant, or one of yours.")] = None,
    name: Annotated[str | None, typer.Option(help="The name that others see.")] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Signs in at an OpenID Connect issuer, if at all.")
    ] = False,
) -> None:
    """Let a person in. The password is asked for, or read from STOREGRAPH_USER_PASSWORD."""
    password = None if no_password else _password()
    key = _perform("userCreate", login=login, email=email, role=role, displayName=name, password=password)["user"]
    created = _ask("query ($id: ID!) { user(by: {id: $id}) { login role { key } } }", id=_id("User", key))["user"]
    typer.echo(f"User {created['login']}, {created['role']['key'] if created['role'] else 'without a role'}.")


@user_app.command("list")
def user_list() -> None:
    """Everyone who may sign in, or could."""
    rows = []
    for page in _pages("users", "nodes { login email active role { key } }"):
        rows += [
            (u["login"], u["email"], (u["role"] or {}).get("key", ""), "" if u["active"] else "inactive") for u in page
        ]
    _show(("login", "e-mail", "role", ""), rows)


@user_app.command("role")
def user_role(
    login: Login,
    role: Annotated[str | None, typer.Argument(help="The role's key; none takes the role away.")] = None,
) -> None:
    """Give a user another role."""
    _update(login, role=role)
    typer.echo(f"User {login}: {role or 'no role'}.")


@user_app.command("activate")
def user_activate(login: Login) -> None:
    """Let a user sign in again."""
    _update(login, active=True)
    typer.echo(f"User {login} may sign in.")


@user_app.command("deactivate")
def user_deactivate(login: Login) -> None:
    """Sign a user out everywhere, and let them in no more."""
    _update(login, active=False)
    typer.echo(f"User {login} may not sign in.")


@user_app.command("password")
def user_password(login: Login) -> None:
    """Set a user's password: asked for, or read from STOREGRAPH_USER_PASSWORD."""
    _perform("passwordSet", id=_user(login), password=_password())
    typer.echo(f"User {login} has a new password, and is signed out everywhere.")


@user_app.command("delete")
def user_delete(login: Login) -> None:
    """Remove a user with their sessions and application passwords."""
    _perform("userDelete", id=_user(login))
    typer.echo(f"User {login} is gone.")


def _update(login: str, **values: Any) -> None:
    _perform("userUpdate", id=_user(login), **values)


def _user(login: str) -> str:
    """The global id of a login or an e-mail address, in any case."""
    name = login.strip()
    found = _ask(
        "query ($filter: UserFilter) { users(first: 2, filter: $filter) { nodes { id } } }",
        filter={"or": [{"login": {"eq": name}}, {"email": {"eq": name}}]},
    )["users"]["nodes"]
    if len(found) != 1:
        raise Mistake(f"There is no user {login!r}" if not found else f"{login!r} is more than one user")
    id_: str = found[0]["id"]
    return id_


def _password() -> str:
    """From the environment, or asked for twice. Never an argument: other users of the machine can read those."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given
    if not sys.stdin.isatty():
        raise Mistake(f"No terminal to ask for the password in: set {PASSWORD_VARIABLE}")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


# Tokens


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="What the token is for; shown wherever it is listed.")],
    permission: Annotated[
        list[str] | None, typer.Option(help="A permission it carries, like products/view; once for each.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Every permission, and to be a super admin.")] = False,
    storefront: Annotated[
        bool, typer.Option("--storefront", help="For the pages of a shop: sees what anyone sees, on its own budget.")
    ] = False,
    expires: Annotated[str | None, typer.Option(help="After how long: 12h, 30d, 8w. Without it, never.")] = None,
    hourly: Annotated[int | None, typer.Option(help="Its own budget of requests in an hour.")] = None,
) -> None:
    """Make a token and print its secret, which is not shown again."""
    from db.access.permission import ALL, KNOWN, expanded

    if [admin, bool(permission), storefront].count(True) != 1:
        raise Mistake(
            "Say what the token may do: either --admin, or --permission once for each permission, or --storefront"
        )
    for unknown in sorted({*(permission or ())} - KNOWN):
        raise Mistake(f"There is no permission {unknown!r}{_similar(unknown, KNOWN)}")
    permissions = ALL if admin else expanded(permission or ())
    expires_at = None if expires is None else datetime.now(UTC).replace(microsecond=0) + _duration(expires)
    from server import startup

    if not name.strip() or name == startup.ADMIN:
        raise Mistake(f"--name must say what the token is for; {startup.ADMIN} is taken by the setting of that name")
    made = _perform(
        "tokenCreate",
        name=name,
        kind="STOREFRONT" if storefront else "MACHINE",
        permissions=sorted(permissions),
        expiresAt=None if expires_at is None else expires_at.isoformat(),
        hourly=hourly,
    )
    until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "forever"
    typer.echo(
        f"Token {name.strip()!r}, {len(permissions)} permissions, valid {until}. Its secret is not shown again:",
        err=True,
    )
    typer.echo(made["secret"])


@token_app.command("list")
def token_list() -> None:
    """All tokens, the newest first, by their numbers and the last characters of their secrets."""
    rows = []
    wanted = "nodes { databaseId name kind lastFour permissions expiresAt lastUsedAt revokedAt }"
    for page in _pages("tokens", wanted):
        for token in page:
            state = "revoked" if token["revokedAt"] else f"until {token['expiresAt']}" if token["expiresAt"] else ""
            held = str(len(token["permissions"]))
            number, shown = str(token["databaseId"]), f"…{token['lastFour']}" if token["lastFour"] else ""
            rows.append((number, token["name"], token["kind"], shown, held, token["lastUsedAt"] or "never", state))
    _show(("number", "name", "kind", "secret", "permissions", "last used", ""), rows)


@token_app.command("rotate")
def token_rotate(
    number: Token,
    overlap: Annotated[int, typer.Option(help="Minutes that the secret so far still works; 0: not any more.")] = 60,
) -> None:
    """Give a token a new secret and print it; it is not shown again."""
    made = _perform("tokenRotate", id=_id("AccessToken", number), overlapMinutes=overlap)
    typer.echo(f"The secret so far works for another {overlap} minutes. The new one is not shown again:", err=True)
    typer.echo(made["secret"])


@token_app.command("revoke")
def token_revoke(number: Token) -> None:
    """Revoke a token for good. A server that runs lets it in for 5 seconds at most."""
    _perform("tokenRevoke", id=_id("AccessToken", number))
    typer.echo(f"Token {number} is revoked.")


def _id(type_name: str, key: object) -> str:
    from engine.values.identity import encode

    return encode(type_name, key)


def _duration(text: str) -> timedelta:
    units = {"h": "hours", "d": "days", "w": "weeks"}
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in units or not 0 < int(number) <= 10_000:
        raise Mistake(f"--expires {text}: write a number and h, d or w, like 30d")
    return timedelta(**{units[unit]: int(number)})


def _similar(unknown: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(unknown, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(known))}"


# Lists


def _pages(field: str, wanted: str) -> list[list[dict[str, Any]]]:
    """Every page of a list, as one list of its nodes each."""
    page_info = "pageInfo { hasNextPage endCursor }"
    document = f"query ($after: String) {{ {field}(first: 100, after: $after) {{ {wanted} {page_info} }} }}"
    pages, after = [], None
    while True:
        page = _ask(document, after=after)[field]
        pages.append(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return pages
        after = page["pageInfo"]["endCursor"]


def _show(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """As a table for people; one line each, tabs between, where a program reads."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*row)
    Console().print(table, markup=False)
