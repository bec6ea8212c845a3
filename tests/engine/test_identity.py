"""Global identifiers: opaque, stable, one spelling each, and whatever else arrives is refused by a sentence."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.values import identity
from engine.values.errors import BadUserInput
from engine.values.identity import GlobalId
from schema.root import schema

TYPES = st.text(string.ascii_letters, min_size=1)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1)


@given(TYPES, KEYS)
def test_what_is_encoded_is_decoded(type_name: str, key: str) -> None:
    text = identity.encode(type_name, key)

    assert identity.decode(text) == GlobalId(type_name, key)
    assert identity.decode(text, type_name) == GlobalId(type_name, key)
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")


def test_an_id_never_changes() -> None:
    """Clients store them."""
    assert identity.encode("Product", 17) == "UHJvZHVjdDoxNw"
    assert identity.encode("Taxonomy", "product-categories") == "VGF4b25vbXk6cHJvZHVjdC1jYXRlZ29yaWVz"


@given(st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_whatever_decodes_is_what_encode_gives(text: str) -> None:
    """Two texts for one node would defeat every cache."""
    try:
        found = identity.decode(text)
    except BadUserInput:
        return
    assert identity.encode(found.type, found.key) == text


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


BROKEN = {
    "empty": "",
    "not base64": "Product:1",
    "a letter of another script": "ДHJvZHVjdDox",
    "padded": "UHJvZHVjdDoxMQ==",
    "the other alphabet": "VDo-Pz8/",
    "a newline at its end": "UHJvZHVjdDox\n",
    "bits that base64 drops": "UHJvZHVjdDoxNx",
    "not UTF-8": encoded(b"Product:\xff"),
    "no colon": encoded(b"Product"),
    "no type": encoded(b":1"),
    "no key": encoded(b"Product:"),
    "a type that is no name": encoded(b"Pro duct:1"),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(BadUserInput, match="is not an id; take ids from"):
        identity.decode(text)


def test_an_id_of_another_type_is_told_by_its_type() -> None:
    with pytest.raises(BadUserInput, match="is the id of a Product, not of a ProductVariant"):
        identity.decode(identity.encode("Product", 1), "ProductVariant")


def test_an_id_of_a_type_by_its_former_name_is_one_of_the_type() -> None:
    former = encoded(b"Subscription:17")

    assert identity.decode(former) == GlobalId("CustomerSubscription", "17")
    assert identity.decode(former, "CustomerSubscription") == GlobalId("CustomerSubscription", "17")
    with pytest.raises(BadUserInput, match="is the id of a CustomerSubscription, not of a Product"):
        identity.decode(former, "Product")
    with pytest.raises(BadUserInput, match="is the id of a CustomerSubscription, not of a Subscription"):
        identity.decode(former, "Subscription")


def test_a_name_was_that_of_one_type() -> None:
    identity.rename("Ware", "Product")
    identity.rename("Ware", "Product")

    with pytest.raises(TypeError, match="ProductVariant and Product were both called Ware"):
        identity.rename("Ware", "ProductVariant")


def test_a_refusal_quotes_no_more_than_a_line() -> None:
    with pytest.raises(BadUserInput) as refused:
        identity.decode("A" * 1_000_000)

    assert len(refused.value.message) < 200


PRODUCT = schema.entities["Product"]


@given(st.integers(0, 2**63 - 1))
def test_a_numbered_key_is_its_number(key: int) -> None:
    assert PRODUCT.key_of(str(key)) == key


@pytest.mark.parametrize(
    "text", ["007", "+7", "-7", " 7", "7 ", "7.0", "1_000", "0x7", "٧", "⁷", "", "x", str(2**63), "9" * 5000, "7\0"]
)
def test_what_no_row_can_be_numbered_is_no_key(text: str) -> None:
    """A second spelling of a number would be a second id of one node; 2^63 is where the column ends."""
    assert PRODUCT.key_of(text) is None


def test_a_key_holds_no_nul() -> None:
    """PostgreSQL would refuse to compare with it."""
    assert schema.entities["Taxonomy"].key_of("product-categories\0") is None


@pytest.mark.parametrize("text", ["product-categories", "x", "007"])
def test_a_named_key_is_its_name(text: str) -> None:
    assert schema.entities["Taxonomy"].key_of(text) == text
