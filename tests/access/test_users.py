"""Users, their passwords and roles: who may change what, and what never happens."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from argon2 import extract_parameters
from sqlalchemy import select
from sqlmodel import col

from db.access import password
from db.access.audit import AuditRow
from db.access.permission import ALL, IS_SUPER_ADMIN
from db.access.session import SessionRow
from db.access.user import UserPasswordRow
from db.access.viewer import ANONYMOUS, Viewer
from db.store.idempotency import IdempotencyRow
from db.store.outbox import EventRow
from db.store.row import table
from tests.access.people import CREATE, PASSWORD, SIGN_IN, errors, of_session, refused_code, signed_in, user
from tests.gateway import ADMIN, CLERK, Gateway
from tests.passwords import HASHER

KEYED = CREATE.replace("input: $input)", 'input: $input, idempotencyKey: "k")')
UPDATE = """
mutation Update($input: UserUpdateInput!) {
  userUpdate(input: $input) { user { login active version role { key } } userErrors { code message field } }
}"""
DELETE = "mutation ($input: UserDeleteInput!) { userDelete(input: $input) { deletedId userErrors { code field } } }"
SET = "mutation ($input: PasswordSetInput!) { passwordSet(input: $input) { userErrors { code field } } }"
SET_DRY = SET.replace("passwordSet(", "passwordSet(validateOnly: true, ")
ROLES = "mutation ($input: PermissionsUpdateInput!) { permissionsUpdate(input: $input) { userErrors { code field } } }"
ASSIGN = """
mutation ($input: UserCapabilitiesUpdateInput!) { userCapabilitiesUpdate(input: $input) { userErrors { code field } } }
"""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"login": "BOSS"}, [("CONFLICT", ["login"])]),
        ({"login": " Ｂoss "}, [("CONFLICT", ["login"])]),  # a full-width letter is the same letter
        ({"email": "Boss@EXAMPLE.com"}, [("CONFLICT", ["email"])]),
        ({"login": ""}, [("VALIDATION", ["login"])]),
        ({"login": "a:b"}, [("VALIDATION", ["login"])]),
        ({"login": "a b"}, [("VALIDATION", ["login"])]),
        ({"login": "boss@example.com"}, [("VALIDATION", ["login"])]),
        ({"login": "x" * 61}, [("VALIDATION", ["login"])]),
        ({"login": "x\u0000y"}, [("VALIDATION", ["login"])]),
        ({"email": "nowhere"}, [("VALIDATION", ["email"])]),
        ({"email": "a\r\nBcc: b@example.com"}, [("VALIDATION", ["email"])]),
        ({"email": f"{'x' * 250}@example.com"}, [("VALIDATION", ["email"])]),
        ({"displayName": "x" * 201}, [("VALIDATION", ["displayName"])]),
        ({"role": "emperor"}, [("VALIDATION", ["role"])]),
        ({"role": "\u0000"}, [("VALIDATION", ["role"])]),
        ({"password": "eleven char"}, [("VALIDATION", ["password"])]),
        ({"password": "x" * 257}, [("VALIDATION", ["password"])]),
        ({"password": "aaaaaaaaaaaaaaa"}, [("VALIDATION", ["password"])]),
        ({"password": "tab\tin the password"}, [("VALIDATION", ["password"])]),
        ({"login": "newcomer-here", "password": "Newcomer-Here"}, [("VALIDATION", ["password"])]),
        (
            {"login": "", "email": "", "role": "x", "password": ""},
            [("VALIDATION", [f]) for f in ("login", "email", "role", "password")],
        ),
    ],
)
async def test_a_bad_user_is_refused_with_all_that_is_wrong(
    gateway: Gateway, values: dict[str, Any], expected: list[Any]
) -> None:
    await user(gateway, "boss", "super_admin")
    given = {"login": "new", "email": "new@example.com", "password": PASSWORD, **values}
    assert await errors(gateway, CREATE, {"input": given}) == expected
    assert (await gateway("{ users { totalCount } }"))["users"]["totalCount"] == 1


async def test_a_password_is_kept_as_argon2id_and_nowhere_else(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password, "_HASHER", HASHER)
    given = {"login": "ann", "email": "ann@example.com", "password": PASSWORD}
    assert await errors(gateway, KEYED, {"input": given}) == []
    answer = await gateway.answer(KEYED, {"input": given})
    assert answer.body["data"]["userCreate"]["userErrors"] == []
    assert answer.body["extensions"] == {"idempotent": True}
    other = {"input": {**given, "password": f"{PASSWORD}!"}}
    assert await errors(gateway, KEYED, other) == [("CONFLICT", ["idempotencyKey"])]
    async with gateway.database.read() as connection:
        (stored,) = (await connection.execute(select(col(UserPasswordRow.password_hash)))).scalars()
        rows = [
            str(row)
            for kind in (AuditRow, EventRow, IdempotencyRow)
            for row in (await connection.execute(select(table(kind)))).all()
        ]
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    # An account that does not exist takes as long to check.
    assert extract_parameters(password._NOBODYS) == extract_parameters(stored)
    assert len(rows) == 3
    assert not any(PASSWORD in row or "argon2" in row for row in rows)


async def test_the_last_active_super_admin_stays(gateway: Gateway) -> None:
    boss, other = await user(gateway, "boss", "super_admin"), await user(gateway, "other", "super_admin")
    assert await errors(gateway, UPDATE, {"input": {"id": other, "active": False}}) == []
    for change, field in (({"active": False}, "active"), ({"role": "manager"}, "role"), ({"role": None}, "role")):
        assert await errors(gateway, UPDATE, {"input": {"id": boss, **change}}) == [("BUSINESS_RULE", [field])]
    assert await errors(gateway, DELETE, {"input": {"id": boss}}) == [("BUSINESS_RULE", ["id"])]
    assert await errors(gateway, DELETE, {"input": {"id": other}}) == []
    found = (await gateway("{ users { nodes { login active role { key } } } }"))["users"]["nodes"]
    assert found == [{"login": "boss", "active": True, "role": {"key": "super_admin"}}]


async def test_two_super_admins_that_go_at_once_are_not_both_gone(gateway: Gateway) -> None:
    ids = [await user(gateway, name, "super_admin") for name in ("one", "two")]
    said = await asyncio.gather(*(errors(gateway, DELETE, {"input": {"id": i}}) for i in ids))
    assert sorted(map(len, said)) == [0, 1]
    assert (await gateway("{ users { totalCount } }"))["users"]["totalCount"] == 1


async def test_nobody_gives_what_they_do_not_hold(gateway: Gateway) -> None:
    """A token that administers users and may do nothing else does not become more through them."""
    clerk = Viewer("token:7", "users only", frozenset({IS_SUPER_ADMIN, "products/view"}))
    boss, plain = await user(gateway, "boss", "super_admin"), await user(gateway, "plain")
    new = {"login": "new", "email": "new@example.com"}
    held_by_manager_first = "coupons/delete"
    attempts: tuple[tuple[str, dict[str, Any]], ...] = (
        (CREATE, {**new, "role": "manager"}),
        (UPDATE, {"id": plain, "role": "manager"}),
        (ASSIGN, {"id": plain, "role": "manager"}),
        (UPDATE, {"id": boss, "email": "mine@example.com"}),
        (DELETE, {"id": boss}),
        (SET, {"id": boss, "password": PASSWORD}),
        (ROLES, {"roles": [{"role": "manager", "permissions": sorted(ALL - {IS_SUPER_ADMIN})}]}),
    )
    for document, given in attempts:
        code, permission = await refused_code(gateway, document, {"input": given}, clerk)
        assert code == "FORBIDDEN"
        assert permission not in clerk.permissions
        if given.get("role") == "manager":
            assert permission == held_by_manager_first
    application = (
        "mutation ($input: ApplicationPasswordCreateInput!) { applicationPasswordCreate(input: $input) { secret } }"
    )
    assert (await refused_code(gateway, application, {"input": {"name": "x", "userId": boss}}, clerk))[0] == "FORBIDDEN"
    token = "mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { secret } }"
    given = {"name": "x", "permissions": ["products/view", "orders/view"]}
    assert await refused_code(gateway, token, {"input": given}, clerk) == ("FORBIDDEN", "orders/view")
    taken_away = {"roles": [{"role": "worker", "permissions": ["products/view"]}]}
    assert await errors(gateway, ROLES, {"input": taken_away}, clerk) == []


async def test_a_password_of_ones_own_needs_the_current_one(gateway: Gateway) -> None:
    await user(gateway, "ann", "worker")
    other = await user(gateway, "other")
    ann, elsewhere = await signed_in(gateway, "ann"), await signed_in(gateway, "ann")
    new = "a better password"
    assert await errors(gateway, SET, {"input": {"password": new}}, ann) == [("VALIDATION", ["currentPassword"])]
    wrong = {"password": new, "currentPassword": "not the password"}
    assert await errors(gateway, SET, {"input": wrong}, ann) == [("VALIDATION", ["currentPassword"])]
    mine = {"password": new, "currentPassword": PASSWORD}
    for guess in (wrong, mine):  # a dry run tells nothing of the current one
        assert await errors(gateway, SET_DRY, {"input": guess}, ann) == []
    assert await errors(gateway, SET_DRY, {"input": {**wrong, "password": "short"}}, ann) == [
        ("VALIDATION", ["password"])
    ]
    assert await refused_code(gateway, SET, {"input": {**mine, "id": other}}, ann) == ("FORBIDDEN", IS_SUPER_ADMIN)
    assert await errors(gateway, SET, {"input": mine}, ann) == []
    async with gateway.database.read() as connection:
        left = (await connection.execute(select(col(SessionRow.id)))).scalars().all()
    assert ann.credential == f"session:{left[0]}"  # this one stays, the other ended
    assert len(left) == 1
    assert elsewhere.credential != ann.credential
    assert await errors(gateway, SIGN_IN, {"input": {"login": "ann", "password": PASSWORD}}, ANONYMOUS) == [
        ("VALIDATION", ["password"])
    ]
    await signed_in(gateway, "ann@EXAMPLE.com", new)
    assert await errors(gateway, SET, {"input": {"password": new}}, CLERK) == [("BAD_REQUEST", ["id"])]
    assert (await refused_code(gateway, SET, {"input": mine}, ANONYMOUS))[0] == "UNAUTHENTICATED"


async def test_a_dry_sign_in_tells_nothing_of_a_password(gateway: Gateway) -> None:
    """It would tell whether a password is right, and the audit log would know nothing of it."""
    await user(gateway, "ann")
    tried = SIGN_IN.replace("signIn(", "signIn(validateOnly: true, ")
    answers = [
        await gateway.answer(tried, {"input": {"login": login, "password": password}}, ANONYMOUS)
        for login, password in (("ann", PASSWORD), ("ann", "not the password"), ("nobody", PASSWORD))
    ]
    assert answers[0].body == answers[1].body == answers[2].body
    assert answers[0].body["data"]["signIn"]["userErrors"] == []
    await signed_in(gateway, "ann")


async def test_everyone_sees_themselves_and_nobody_else(gateway: Gateway) -> None:
    await user(gateway, "boss", "super_admin")
    await user(gateway, "ann", "worker")
    ann = await signed_in(gateway, "ann")
    found = await gateway(
        "{ viewer { kind name user { login role { key users { totalCount nodes { login } } } } } }", viewer=ann
    )
    own = {"key": "worker", "users": {"totalCount": 1, "nodes": [{"login": "ann"}]}}
    assert found["viewer"] == {"kind": "USER", "name": "ann", "user": {"login": "ann", "role": own}}
    ids = await gateway("{ users { nodes { id } } roles { id } }")
    everyone = [u["id"] for u in ids["users"]["nodes"]] + [r["id"] for r in ids["roles"]]
    seen = await gateway("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", {"ids": everyone}, ann)
    assert [n for n in seen["nodes"] if n] == [{"__typename": "User"}, {"__typename": "Role"}]
    nobody = await gateway("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", {"ids": everyone}, CLERK)
    assert not any(nobody["nodes"])
    assert await refused_code(gateway, "{ users { totalCount } }", None, ann) == ("FORBIDDEN", IS_SUPER_ADMIN)


async def test_who_is_deactivated_is_signed_out(gateway: Gateway) -> None:
    ann = await user(gateway, "ann", "worker")
    said = (await gateway(SIGN_IN, {"input": {"login": "ann", "password": PASSWORD}}, ANONYMOUS))["signIn"]
    await of_session(gateway, said["token"])
    assert await errors(gateway, UPDATE, {"input": {"id": ann, "active": False}}) == []
    with pytest.raises(AssertionError):
        await of_session(gateway, said["token"])
    again = {"input": {"login": "ann", "password": PASSWORD}}
    assert await errors(gateway, SIGN_IN, again, ANONYMOUS) == [("VALIDATION", ["password"])]
    assert await errors(gateway, UPDATE, {"input": {"id": ann, "active": True}}) == []
    with pytest.raises(AssertionError):  # the session does not come back with the user
        await of_session(gateway, said["token"])


async def test_an_outdated_version_is_a_conflict_and_a_dry_run_writes_nothing(gateway: Gateway) -> None:
    ann = await user(gateway, "ann", "worker")
    dry = UPDATE.replace("input: $input)", "input: $input, validateOnly: true)")
    assert await errors(gateway, dry, {"input": {"id": ann, "role": None}}) == []
    assert await errors(gateway, UPDATE, {"input": {"id": ann, "displayName": "Ann", "expectedVersion": 1}}) == []
    outdated = {"input": {"id": ann, "displayName": "Anna", "expectedVersion": 1}}
    said = (await gateway(UPDATE, outdated))["userUpdate"]
    assert said["userErrors"][0]["code"] == "CONFLICT"
    assert "displayName" in said["userErrors"][0]["message"]
    found = (await gateway("{ users { nodes { displayName version role { key } } } }"))["users"]["nodes"]
    assert found == [{"displayName": "Ann", "version": 2, "role": {"key": "worker"}}]


async def test_the_audit_log_tells_who_did_what_and_no_secret(gateway: Gateway) -> None:
    admin = replace(ADMIN, address="192.0.2.1")
    ann = await user(gateway, "ann", "worker")
    await gateway(UPDATE, {"input": {"id": ann, "role": "manager"}}, admin)
    await gateway(SIGN_IN, {"input": {"login": "ann", "password": "my real password"}}, ANONYMOUS)
    await gateway(SIGN_IN, {"input": {"login": "my real password", "password": "x"}}, ANONYMOUS)
    ann_herself = await signed_in(gateway, "ann")
    wrong = {"password": "a better password", "currentPassword": "my real password"}
    assert await errors(gateway, SET, {"input": wrong}, ann_herself) == [("VALIDATION", ["currentPassword"])]
    async with gateway.database.read() as connection:
        rows = (await connection.execute(select(table(AuditRow)).order_by(col(AuditRow.id)))).mappings().all()
    assert [(r["action"], r["actor"], r["entity"]) for r in rows] == [
        ("userCreate", ADMIN.id, "User:1"),
        ("userUpdate", ADMIN.id, "User:1"),
        ("signInFailed", None, "User:1"),
        ("signInFailed", None, None),
        ("signIn", "user:1", "User:1"),
        ("passwordSetFailed", "user:1", "User:1"),
    ]
    assert rows[1]["before"] == {"roleKey": "worker"}
    assert rows[1]["after"] == {"roleKey": "manager"}
    assert rows[1]["address"] == "192.0.2.1"
    assert "real" not in str(rows)
