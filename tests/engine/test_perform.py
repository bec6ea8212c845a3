"""Mutations performed without GraphQL: alone, inside a transaction that is open, by name; and what a schema refuses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from sqlalchemy import func, insert, select

from db.access.audit import AuditRow
from db.access.viewer import SYSTEM, Viewer, ViewerKind
from db.catalog.product import ProductRow
from db.drivers.failures import Passing
from db.store.idempotency import IdempotencyRow
from db.store.outbox import EventRow
from db.store.row import table
from db.store.unit import Units
from engine.declared.batch import queried
from engine.declared.input import identifies
from engine.declared.mutation import Mutation, mutation, performed
from engine.declared.payload import Keys, Payload, told
from engine.standard.context import Context
from engine.standard.execution import Executor, Request
from engine.standard.schema import Schema
from engine.unit.perform import TRIES, Outcome, Performable, Reach, perform
from engine.unit.unit import Event, Unit
from engine.values import identity
from engine.values.errors import BadUserInput, CodedError, ErrorCode, Forbidden, Refused
from engine.values.viewer import INTERNAL, PUBLIC, SIGNED_IN
from tests import factories
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway

PRODUCT, EVENT, AUDIT = table(ProductRow), table(EventRow), table(AuditRow)


class Till:
    """A port."""

    coins = 3


@strawberry.input
class Wrapping:
    colour: str
    layers: int = 1


@strawberry.input
class NoteInput:
    number: int
    about: strawberry.ID | None = strawberry.field(default=None, metadata=identifies("Product").metadata)
    wrapping: Wrapping | None = None
    text: strawberry.Maybe[str]
    code: ErrorCode = ErrorCode.CONFLICT
    fail: bool = False
    twin: bool = False


@strawberry.input
class TwiceInput:
    numbers: list[int]
    catch: bool = False


@strawberry.input
class BasketInput:
    token: str | None = None
    number: int = 1


@strawberry.input
class NothingInput:
    most: int = 7


NOTE_MADE, NOTE_MANY = SimpleNamespace(name="note.made"), SimpleNamespace(name="note.many")
GIVEN: list[NoteInput] = []
STUMBLES: list[int] = []
DONE: list[str] = []


@mutation(permission="products/edit", rest=None, emits=(NOTE_MADE,), ports=(Till,), audited=True)
async def note_make(unit: Unit, input: NoteInput) -> Keys:
    """Make a product, tell of it, and count the coins."""
    GIVEN.append(input)

    async def done() -> None:
        DONE.append(f"kept {input.number}")

    async def undone() -> None:
        DONE.append(f"lost {input.number}")

    unit.afterwards(committed=done, undone=undone)
    await unit.connection.execute(insert(PRODUCT).values(factories.product(input.number).model_dump(exclude={"id"})))
    unit.emit(Event("note.made", f"Product:{input.number}", version=1, after={"number": input.number}))
    if input.twin:
        unit.emit(Event("note.lost", f"Product:{input.number}"))
    if input.fail:
        unit.refuse(ErrorCode.BUSINESS_RULE, "Not today", "fail")
    unit.settle()
    if STUMBLES:
        STUMBLES.pop()
        raise Passing("Others change the same")
    return {"coins": unit.port(Till).coins, "secret": "hush"}


@mutation(permission=PUBLIC, rest=None, held_by="token")
async def basket_fill(unit: Unit, input: BasketInput) -> Keys:
    """Fill what the token opens, or a new basket."""
    return {"coins": input.number}


@mutation(permission="products/edit", rest=None, emits=(NOTE_MADE, NOTE_MANY))
async def notes_twice(unit: Unit, input: TwiceInput) -> Keys:
    """Make several, each by the other mutation, as the system."""
    made, refused = [], 0
    for number in input.numbers:
        try:
            asked = {"number": number, "fail": number > 10}
            made.append((await perform(KNOWN["noteMake"], asked, SYSTEM, UNITS[0], unit=unit)).keys["coins"])
        except Refused:
            if not input.catch:
                raise
            refused += 1
    unit.emit(Event("note.many", "Product:1"))
    return {"coins": sum(made), "refused": refused}


@asynccontextmanager
async def _looked(reach: Reach, input: NothingInput, dry: bool) -> AsyncIterator[str]:
    DONE.append("looked")
    with pytest.raises(LookupError, match="Till is no port that the mutation names"):
        reach.port(Till)
    yield f"{reach.viewer.name} {dry}"
    DONE.append("left")


@mutation(permission=SIGNED_IN, rest=None, outside=_looked)
async def look(unit: Unit, input: NothingInput) -> Keys:
    """Look outside, and reach for what was not named."""
    with pytest.raises(LookupError, match="Till is no port that the mutation names"):
        unit.port(Till)
    return {"seen": unit.outside}


@mutation(permission=INTERNAL, rest=None)
async def clock_wind(unit: Unit, input: NothingInput) -> Keys:
    """Nobody asks for this."""
    return {"turns": input.most, "by": unit.viewer.name}


@strawberry.type
class NotePayload(Payload):
    coins: int | None = told()
    secret: str | None = told(once=True)


@strawberry.type
class TwicePayload(Payload):
    coins: int | None = told()
    refused: int | None = told()


@strawberry.type
class LookPayload(Payload):
    seen: str | None = told()


async def _coins(context: Context) -> int:
    return context.database.port(Till).coins


@strawberry.type(name="Query")
class Asked:
    coins: int | None = queried(_coins, ports=(Till,))


@strawberry.type(name="Mutation")
class Deeds:
    note_make: NotePayload | None = performed(note_make)
    notes_twice: TwicePayload | None = performed(notes_twice)
    look: LookPayload | None = performed(look)
    basket_fill: TwicePayload | None = performed(basket_fill)


SHOP = Schema(Asked, Deeds, internal=[clock_wind], audited=lambda permission, _emits: permission == SIGNED_IN)
KNOWN = SHOP.mutations
UNITS: list[Units] = []


@pytest.fixture
def units(gateway: Gateway) -> Units:
    made = Units(gateway.database, Till())
    UNITS[:] = [made]
    for noted in (GIVEN, STUMBLES, DONE):
        noted.clear()
    return made


async def counts(gateway: Gateway) -> tuple[int, ...]:
    """How many products, events and entries of the audit log there are."""
    async with gateway.database.read() as connection:
        found = [(await connection.execute(select(func.count()).select_from(t))).scalar_one() for t in (PRODUCT, EVENT)]
        return *found, (await connection.execute(select(func.count()).select_from(AUDIT))).scalar_one()


def codes(outcome: Outcome) -> list[tuple[str, list[str] | None]]:
    return [(error.code.value, error.field) for error in outcome.errors]


# Alone


async def test_what_was_done_is_told_and_written(gateway: Gateway, units: Units) -> None:
    outcome = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units)

    assert (outcome.name, outcome.keys, outcome.errors) == ("noteMake", {"coins": 3, "secret": "hush"}, ())
    assert (outcome.written, outcome.repeated) == (True, False)
    assert [(e.name, e.entity) for e in outcome.events] == [("note.made", "Product:1")]
    assert await counts(gateway) == (1, 1, 1)
    assert DONE == ["kept 1"]


async def test_a_dry_run_tells_all_and_writes_nothing(gateway: Gateway, units: Units) -> None:
    outcome = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, key="k", dry=True)

    assert (outcome.keys["coins"], outcome.written, [e.name for e in outcome.events]) == (3, False, ["note.made"])
    assert await counts(gateway) == (0, 0, 0)
    assert (await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, key="k")).repeated is False


async def test_what_breaks_a_rule_is_an_outcome(gateway: Gateway, units: Units) -> None:
    broken = await perform(KNOWN["noteMake"], {"number": 1, "fail": True}, ADMIN, units)
    await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units)
    taken = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units)

    assert (codes(broken), broken.written, broken.events) == ([("BUSINESS_RULE", ["fail"])], False, ())
    assert [code for code, _ in codes(taken)] == ["CONFLICT"]
    assert DONE == ["lost 1", "kept 1", "lost 1"]
    assert await counts(gateway) == (1, 1, 1)


async def test_a_repeat_says_it_again_without_what_is_shown_once(gateway: Gateway, units: Units) -> None:
    first = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, key="k")
    again = await perform(KNOWN["noteMake"], {"number": 1, "fail": False}, ADMIN, units, key="k")
    other = await perform(KNOWN["noteMake"], {"number": 2}, ADMIN, units, key="k")

    assert first.keys == {"coins": 3, "secret": "hush"}
    assert (again.keys, again.written, again.repeated, again.events) == ({"coins": 3}, True, True, ())
    assert (codes(other), other.written) == ([("CONFLICT", ["idempotencyKey"])], False)
    assert await counts(gateway) == (1, 1, 1)


STOREFRONT = Viewer("token:page", "page", kind=ViewerKind.STOREFRONT)


@pytest.mark.parametrize("viewer", [ANONYMOUS, STOREFRONT])
async def test_visitors_share_no_key(gateway: Gateway, units: Units, viewer: Viewer) -> None:
    """Each has what is changed by a token of their own; who has none yet begins anew each time."""

    async def fill(token: str | None, number: int) -> tuple[Any, bool, list[Any]]:
        done = await perform(KNOWN["basketFill"], {"token": token, "number": number}, viewer, units, key="k")
        return done.keys.get("coins"), done.repeated, codes(done)

    assert await fill("mine", 1) == (1, False, [])
    assert await fill("mine", 1) == (1, True, [])
    assert await fill("yours", 2) == (2, False, [])
    assert await fill("mine", 2) == (None, False, [("CONFLICT", ["idempotencyKey"])])
    assert await fill("yours", 2) == (2, True, [])
    for number in (1, 2, 1):
        assert await fill(None, number) == (number, False, [])
    async with gateway.database.read() as connection:
        kept = (await connection.execute(select(table(IdempotencyRow)))).mappings().all()
    assert len(kept) == 2
    assert all(token not in str(kept) for token in ("mine", "yours"))


async def test_who_signed_in_has_one_key_for_all_that_they_have(gateway: Gateway, units: Units) -> None:
    first = await perform(KNOWN["basketFill"], {"number": 1}, CLERK, units, key="k")
    again = await perform(KNOWN["basketFill"], {"number": 1}, CLERK, units, key="k")
    other = await perform(KNOWN["basketFill"], {"token": "mine"}, CLERK, units, key="k")
    assert (first.repeated, again.repeated, codes(other)) == (False, True, [("CONFLICT", ["idempotencyKey"])])


def test_visitors_have_what_is_changed_by_a_field_of_the_input() -> None:
    @mutation(permission=PUBLIC, rest=None, held_by="number_plate")
    async def park(unit: Unit, input: BasketInput) -> Keys:
        """Leave it there."""
        return {}

    with pytest.raises(TypeError, match="BasketInput has no number_plate"):
        performed(park)


async def test_what_passes_is_tried_again(gateway: Gateway, units: Units) -> None:
    STUMBLES.extend(range(TRIES - 1))
    outcome = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units)

    assert (outcome.written, len(GIVEN), DONE) == (True, TRIES, ["lost 1"] * (TRIES - 1) + ["kept 1"])
    assert await counts(gateway) == (1, 1, 1)


async def test_what_does_not_pass_is_raised_at_last(gateway: Gateway, units: Units) -> None:
    STUMBLES.extend(range(TRIES))
    with pytest.raises(Passing, match="Others change the same"):
        await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units)

    assert (len(GIVEN), await counts(gateway)) == (TRIES, (0, 0, 0))


async def test_an_event_that_was_not_declared_undoes_all(gateway: Gateway, units: Units) -> None:
    with pytest.raises(TypeError, match=r"note_make emits \{'note.lost'\} without declaring it"):
        await perform(KNOWN["noteMake"], {"number": 1, "twin": True}, ADMIN, units)

    assert await counts(gateway) == (0, 0, 0)


async def test_the_field_answers_from_the_same_outcome(gateway: Gateway, units: Units) -> None:
    text = """mutation ($n: Int!, $key: String, $dry: Boolean!) {
      noteMake(input: {number: $n}, idempotencyKey: $key, validateOnly: $dry) {
        coins secret userErrors { code } events { name version } } }"""

    async def answered(number: int, key: str | None = None, *, dry: bool = False) -> dict[str, Any]:
        request = Request(text, {"n": number, "key": key, "dry": dry})
        return (await Executor(SHOP).execute(request, ADMIN, units, "test")).body

    dry = await answered(1, "k", dry=True)
    first = await answered(1, "k")
    again = await answered(1, "k")
    taken = await answered(1)

    assert dry["data"]["noteMake"] == {
        "coins": None,
        "secret": None,
        "userErrors": [],
        "events": [{"name": "note.made", "version": 1}],
    }
    told_of = {"coins": 3, "secret": "hush", "userErrors": [], "events": None}
    assert first == {"data": {"noteMake": told_of}}
    assert again == {"data": {"noteMake": told_of | {"secret": None}}, "extensions": {"idempotent": True}}
    assert taken["data"]["noteMake"]["userErrors"] == [{"code": "CONFLICT"}]


# Who may, and what is asked


@pytest.mark.parametrize("viewer", [ANONYMOUS, CLERK])
async def test_whoever_may_not_is_told_what_it_needs(gateway: Gateway, units: Units, viewer: Viewer) -> None:
    with pytest.raises(Forbidden) as forbidden:
        await perform(KNOWN["noteMake"], {"no": "sense"}, viewer, units)

    assert forbidden.value.details == {"permission": "products/edit"}
    assert (forbidden.value.code is ErrorCode.UNAUTHENTICATED) is (viewer is ANONYMOUS)
    assert GIVEN == []


async def test_whoever_signed_in_is_enough_where_that_is_asked(units: Units) -> None:
    with pytest.raises(CodedError) as refused:
        await perform(KNOWN["look"], {}, ANONYMOUS, units)

    assert (refused.value.code, DONE) == (ErrorCode.UNAUTHENTICATED, [])
    assert (await perform(KNOWN["look"], {}, CLERK, units, dry=True)).keys == {"seen": "clerk True"}
    assert DONE == ["looked", "left"]


BAD: dict[str, tuple[Any, str]] = {
    "a field that is not there": (
        {"number": 1, "colour": "red"},
        r"`input`: Expected value of type 'NoteInput' not to include unknown field 'colour'",
    ),
    "a field that is missing": ({}, r"`input`: Expected value of type 'NoteInput' to include required field 'number'"),
    "null where there must be something": ({"number": None}, r"`input\.number`: .*not to be None"),
    "null where nothing may be left out": ({"number": 1, "text": None}, "`input.text` may be left out, but is never"),
    "another kind of value": ({"number": "one"}, r"`input\.number`: Int cannot represent non-integer value: 'one'"),
    "a word that is not of the list": (
        {"number": 1, "code": "PERHAPS"},
        r"`input\.code`: Value 'PERHAPS' does not exist in 'ErrorCode' enum",
    ),
    "a number that is too large": ({"number": 2**31}, r"`input\.number`: Int cannot represent non 32-bit"),
    "a mistake deeper inside": (
        {"number": 1, "wrapping": {"colour": 5}},
        r"`input\.wrapping\.colour`: String cannot represent",
    ),
    "the id of something else": (
        {"number": 1, "about": identity.encode("ProductVariant", 1)},
        "is the id of a ProductVariant, not of a Product",
    ),
    "what is no id": ({"number": 1, "about": "nonsense"}, "'nonsense' is not an id"),
    "a text that is too long": ({"number": 1, "text": "x" * (256 * 1024 + 1)}, "holds a text of 262145 characters"),
    "several at once": ({"number": "one", "fail": 7}, r"`input\.number`: .*; `input\.fail`: Boolean"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_makes_no_sense_is_refused_with_its_place(units: Units, case: str) -> None:
    given, said = BAD[case]
    with pytest.raises(BadUserInput, match=said):
        await perform(KNOWN["noteMake"], given, ADMIN, units)

    assert GIVEN == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_list_that_is_too_long_is_refused_before_it_is_read(units: Units) -> None:
    with pytest.raises(BadUserInput, match="holds a list of 1001 items; at most 1000"):
        await perform(KNOWN["notesTwice"], {"numbers": ["?"] * 1001}, ADMIN, units)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_key_is_one_that_a_field_would_take(units: Units, key: str) -> None:
    with pytest.raises(BadUserInput, match="`idempotencyKey` has 1 to 255 characters"):
        await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, key=key)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_input_is_made_once(units: Units) -> None:
    given = NoteInput(number=1, text=None)
    await perform(KNOWN["noteMake"], given, ADMIN, units)
    await perform(KNOWN["noteMake"], {"number": 2, "wrapping": {"colour": "red"}}, ADMIN, units)

    assert GIVEN[0] is given
    assert GIVEN[1] == NoteInput(number=2, text=None, wrapping=Wrapping(colour="red", layers=1))
    with pytest.raises(TypeError, match="noteMake takes a mapping or NoteInput, not TwiceInput"):
        await perform(KNOWN["noteMake"], TwiceInput(numbers=[]), ADMIN, units)


# Inside a unit that is open


async def test_what_joins_is_written_with_the_rest(gateway: Gateway, units: Units) -> None:
    outcome = await perform(KNOWN["notesTwice"], {"numbers": [1, 2]}, ADMIN, units)

    assert (outcome.keys["coins"], outcome.written) == (6, True)
    assert [(e.name, e.entity) for e in outcome.events] == [
        ("note.made", "Product:1"),
        ("note.made", "Product:2"),
        ("note.many", "Product:1"),
    ]
    async with gateway.database.read() as connection:
        written = (await connection.execute(select(EVENT.c.name, EVENT.c.caller).order_by(EVENT.c.id))).all()
        entries = (await connection.execute(select(AUDIT.c.action, AUDIT.c.actor).order_by(AUDIT.c.id))).all()
    # Each is who did it: the system inside, whoever asked around it. The outer one is not audited, the inner ones are.
    assert [tuple(row) for row in written] == [
        ("note.made", "system"),
        ("note.made", "system"),
        ("note.many", "token:admin"),
    ]
    assert [tuple(row) for row in entries] == [("noteMake", "system")] * 2
    assert DONE == ["kept 1", "kept 2"]


async def test_what_joins_is_seen_by_nobody_before_the_rest(gateway: Gateway, units: Units) -> None:
    async with units.unit(ADMIN) as unit:
        outcome = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, unit=unit)
        assert (outcome.written, await counts(gateway), DONE) == (True, (0, 0, 0), [])
        await unit.commit("noted", None, None)

    assert (await counts(gateway), DONE) == ((1, 1, 1), ["kept 1"])


async def test_a_unit_undone_takes_what_joined_with_it(gateway: Gateway, units: Units) -> None:
    async with units.unit(ADMIN) as unit:
        await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, unit=unit)

    assert (await counts(gateway), DONE) == ((0, 0, 0), ["lost 1"])


async def test_a_dry_run_of_the_whole_is_one_of_its_parts(gateway: Gateway, units: Units) -> None:
    outcome = await perform(KNOWN["notesTwice"], {"numbers": [1, 2]}, ADMIN, units, dry=True)

    assert (outcome.written, len(outcome.events), await counts(gateway)) == (False, 3, (0, 0, 0))


async def test_a_part_may_be_a_dry_run(gateway: Gateway, units: Units) -> None:
    async with units.unit(ADMIN) as unit:
        tried = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, unit=unit, dry=True)
        done = await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, unit=unit)
        assert [e.name for e in unit.events] == ["note.made"]
        await unit.commit("noted", None, None)

    assert (tried.written, len(tried.events), done.written) == (False, 1, True)
    assert await counts(gateway) == (1, 1, 1)


async def test_a_refusal_inside_is_the_whole_ones(gateway: Gateway, units: Units) -> None:
    outcome = await perform(KNOWN["notesTwice"], {"numbers": [1, 11]}, ADMIN, units)

    assert (codes(outcome), outcome.written) == ([("BUSINESS_RULE", ["fail"])], False)
    assert await counts(gateway) == (0, 0, 0)
    assert sorted(DONE) == ["lost 1", "lost 11"]


async def test_whoever_minds_a_refusal_goes_on_without_that_part(gateway: Gateway, units: Units) -> None:
    outcome = await perform(KNOWN["notesTwice"], {"numbers": [1, 11, 2, 1], "catch": True}, ADMIN, units)

    # The second product 1 broke a constraint; on PostgreSQL that would have ended the transaction.
    assert outcome.keys == {"coins": 6, "refused": 2}
    assert [e.entity for e in outcome.events] == ["Product:1", "Product:2", "Product:1"]
    assert await counts(gateway) == (2, 3, 2)


async def test_what_passes_inside_is_tried_again_by_the_whole(gateway: Gateway, units: Units) -> None:
    STUMBLES.append(1)
    outcome = await perform(KNOWN["notesTwice"], {"numbers": [1, 2]}, ADMIN, units)

    assert (outcome.written, [one.number for one in GIVEN]) == (True, [1, 1, 2])
    assert await counts(gateway) == (2, 3, 2)


async def test_what_cannot_join_says_so(gateway: Gateway, units: Units) -> None:
    async with units.unit(ADMIN) as unit:
        with pytest.raises(TypeError, match="takes no idempotency key"):
            await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, units, unit=unit, key="k")
        with pytest.raises(TypeError, match="look does something outside its transaction: it joins no other"):
            await perform(KNOWN["look"], {}, ADMIN, units, unit=unit)
        with pytest.raises(Forbidden):
            await perform(KNOWN["noteMake"], {"number": 1}, CLERK, units, unit=unit)
        async with unit.joined(ADMIN, ()) as inner:
            with pytest.raises(TypeError, match="keeps no record of its own"):
                await inner.recall("noteMake", "k", "hash")

    assert (GIVEN, DONE) == ([], [])


# What a schema knows


async def test_an_internal_mutation_is_in_no_sdl_and_nobodys_to_ask(units: Units) -> None:
    assert "clockWind" not in SHOP.as_str()
    assert "NothingInput" in SHOP.as_str()  # of another mutation, which is a field
    assert (await perform(KNOWN["clockWind"], {}, SYSTEM, units)).keys == {"turns": 7, "by": "system"}
    with pytest.raises(BadUserInput, match=r"`input\.most`: Int cannot represent"):
        await perform(KNOWN["clockWind"], {"most": "all"}, SYSTEM, units)
    with pytest.raises(Forbidden):
        await perform(KNOWN["clockWind"], {}, ADMIN, units)


def test_a_field_is_not_internal_and_what_is_internal_has_no_field() -> None:
    @strawberry.type(name="Mutation")
    class Exposed:
        clock_wind: LookPayload | None = performed(clock_wind)

    with pytest.raises(TypeError, match="clockWind is internal"):
        Schema(Asked, Exposed)
    with pytest.raises(TypeError, match="look has no field: its permission is INTERNAL"):
        Schema(Asked, Deeds, internal=[look])


def test_names_lead_to_what_was_declared() -> None:
    assert list(KNOWN) == ["noteMake", "notesTwice", "look", "basketFill", "clockWind"]
    found: Performable[Any] = KNOWN["noteMake"]
    declared: Mutation[Any] = note_make
    assert (found.mutation, found.takes, found.once) == (declared, NoteInput, frozenset({"secret"}))


def test_the_policy_says_what_is_audited_unless_a_mutation_does() -> None:
    assert {name: known.audited for name, known in KNOWN.items()} == {
        "noteMake": True,  # says so itself
        "notesTwice": False,
        "look": True,  # the policy of this schema
        "basketFill": False,
        "clockWind": False,
    }
    quiet: Mutation[NoteInput] = mutation(permission=SIGNED_IN, rest=None, audited=False)(note_make.function)

    @strawberry.type(name="Mutation")
    class Quiet:
        note_make: NotePayload | None = performed(quiet)

    assert not Schema(Asked, Quiet, audited=lambda _permission, _emits: True).mutations["noteMake"].audited
    assert SHOP.core.mutation_type is not None
    told_of = SHOP.core.mutation_type.fields["look"].description
    assert told_of == (
        "Look outside, and reach for what was not named. Open to everyone who signed in. Written to the audit log."
    )


def test_what_reaches_further_says_what_for() -> None:
    assert list(SHOP.needs()) == [("noteMake", Till), ("Query.coins", Till)]


async def test_a_port_that_nobody_connected_is_missed_before_anything_is_done(gateway: Gateway) -> None:
    bare = Units(gateway.database)
    assert not bare.has(Till)
    with pytest.raises(LookupError, match="Till"):
        await perform(KNOWN["noteMake"], {"number": 1}, ADMIN, bare)
    assert await counts(gateway) == (0, 0, 0)


@pytest.mark.parametrize("permission", [PUBLIC, SIGNED_IN, INTERNAL])
def test_nobody_is_given_what_is_internal(permission: str) -> None:
    assert (permission in SYSTEM.permissions) is (permission == INTERNAL)
    assert INTERNAL not in ADMIN.permissions
