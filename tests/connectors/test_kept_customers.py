"""A store that is imported again after people have worked on its customers here."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Kept, Report
from tests.connectors.fluentcart_store import Exchanges, in_process, rows, source
from tests.connectors.test_import_customers import address, addresses, listed
from tests.connectors.test_kept import HERE, by_id, change, gid
from tests.gateway import Gateway

Importing: TypeAlias = Callable[..., Awaitable[Report]]
STREET = {"address1": "Lindenallee 3", "city": "Bremen", "postcode": "28195", "country": "DE"}


@pytest.fixture
async def again(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> Importing:
    """The store is imported once, with two addresses of its first customer; imports it again, as it is by then."""
    addresses(sold, 1).extend([address(50, is_primary=1), address(51)])

    async def importing(**options: Any) -> Report:
        return await import_store(gateway.database, source(in_process(sold, tmp_path)), **options)

    await importing()
    return importing


async def found(gateway: Gateway, text: str) -> list[int]:
    document = "query Found($text: String) { customers(search: $text) { nodes { databaseId } } }"
    return [one["databaseId"] for one in (await gateway(document, {"text": text}))["customers"]["nodes"]]


async def test_a_customer_who_was_changed_here_is_found_by_it(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    await change(gateway, "customerUpdate", id=gid("Customer", 3), fullName="Zoë Brandt")
    one = next(record for record in listed(sold) if record["id"] == 3)
    one |= {"last_name": "Theirs", "city": "Oslo"}
    report = await again()
    assert Kept("customers", "3", ("firstName", "lastName"), HERE) in report.kept
    stored = (await by_id(gateway, "customer"))[3]
    assert (stored["first_name"], stored["last_name"], stored["city"]) == ("Zoë", "Brandt", "Oslo")
    assert stored["name_key"] == "zoe brandt"
    assert await found(gateway, "brandt") == [3]
    assert await found(gateway, "theirs") == []


async def test_a_customer_who_was_made_here_stays(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    """The shop gives the number to somebody else meanwhile."""
    made = (await change(gateway, "customerCreate", email="ada@example.org", firstName="Ada"))["customer"]
    listed(sold).append(listed(sold)[0] | {"id": made, "uuid": "another", "email": "another@example.org"})
    sold[f"/customers/{made}/address", "1"] = sold["/customers/1/address", "1"] | {
        "path": f"/customers/{made}/address",
        "response": {"addresses": []},
    }
    report = await again()
    assert [one.id for one in report.kept if one.entity == "customers"] == [str(made)]
    assert (await by_id(gateway, "customer"))[made]["email"] == "ada@example.org"


async def test_addresses_that_were_made_or_changed_here_stay(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    mine = await change(
        gateway, "customerAddressCreate", customerId=gid("Customer", 1), type="BILLING", isPrimary=True, **STREET
    )
    await change(gateway, "customerAddressUpdate", id=gid("CustomerAddress", 51), label="Office")
    addresses(sold, 1)[1] |= {"label": "Theirs", "phone": "49"}
    await again()
    stored = await by_id(gateway, "customer_address")
    assert {key: row["is_primary"] for key, row in stored.items()} == {
        50: False,
        51: False,
        mine["customer_address"]: True,
    }
    assert (stored[51]["label"], stored[51]["phone"]) == ("Office", "49")
    before = await rows(gateway.database, "customer_address")
    await again()
    assert await rows(gateway.database, "customer_address") == before


async def test_an_address_that_was_deleted_here_stays_deleted(gateway: Gateway, again: Importing) -> None:
    await change(gateway, "customerAddressDelete", id=gid("CustomerAddress", 51))
    report = await again()
    assert (await by_id(gateway, "customer_address")).keys() == {50}
    assert [(one.entity, one.id, one.reason) for one in report.kept] == [("customer addresses", "51", "deleted here")]
