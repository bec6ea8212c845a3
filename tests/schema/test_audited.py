"""What the audit log must tell of is told: derived from the declarations, and looked for here by the names."""

import pytest

from db.access.audit import audited
from engine.unit.perform import Performable
from schema.root import schema

# They write their entries themselves: there is no event for other systems to hear.
OWN_ENTRIES = {
    *("signIn", "signOut", "passwordSet"),
    *("tokenCreate", "tokenRotate", "tokenRevoke"),
    *("applicationPasswordCreate", "applicationPasswordRevoke"),
}


def declared() -> dict[str, Performable[object]]:
    return dict(schema.mutations)


def test_whatever_deletes_is_audited() -> None:
    silent = [
        name
        for name, made in declared().items()
        if not made.audited and (name.endswith("Delete") or any("deleted" in e for e in made.mutation.emits))
    ]

    assert silent == []


def test_whatever_gives_or_takes_power_is_audited() -> None:
    """Users, roles, tokens, settings."""
    powers = (
        "user",
        "role",
        "permissions",
        "token",
        "password",
        "applicationPassword",
        "storeSettings",
        "sign",
        "paymentMethod",
        "storageDriver",
    )
    silent = [
        name
        for name, made in declared().items()
        if name.startswith(powers) and not made.audited and name not in OWN_ENTRIES
    ]

    assert silent == []


def test_the_schema_says_which_are() -> None:
    root = schema.core.mutation_type
    assert root is not None
    for name, field in root.fields.items():
        assert (field.description or "").endswith(" Written to the audit log.") is schema.mutations[name].audited


@pytest.mark.parametrize(
    ("permission", "emits", "expected"),
    [
        ("products/edit", ("product.updated",), False),
        ("products/delete", ("product.updated", "product.deleted"), True),
        ("products/edit", ("product.removed",), True),
        ("store/settings", (), True),
    ],
)
def test_the_policy(permission: str, emits: tuple[str, ...], expected: bool) -> None:
    assert audited(permission, emits) is expected
