"""What the audit log must tell of is told: derived from the declarations, and looked for here by the names."""

import pytest

from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.mutation import Mutation, Performed, mutation
from engine.unit.unit import Unit
from schema.root import schema

# They write their entries themselves: there is no event for other systems to hear.
OWN_ENTRIES = {
    *("signIn", "signOut", "passwordSet"),
    *("tokenCreate", "tokenRotate", "tokenRevoke"),
    *("applicationPasswordCreate", "applicationPasswordRevoke"),
}


def declared() -> dict[str, Mutation[object]]:
    root = schema.core.mutation_type
    assert root is not None
    found = {}
    for name, core in root.fields.items():
        field = (core.extensions or {})[DEFINITION]
        assert isinstance(field, DeclaredField)
        assert isinstance(field.declaration, Performed)
        found[name] = field.declaration.mutation
    return found


def test_whatever_deletes_is_audited() -> None:
    silent = [
        name
        for name, made in declared().items()
        if not made.audited and (name.endswith("Delete") or any("deleted" in e for e in made.emits))
    ]

    assert silent == []


def test_whatever_gives_or_takes_power_is_audited() -> None:
    """Users, roles, tokens, settings."""
    powers = ("user", "role", "permissions", "token", "password", "applicationPassword", "storeSettings", "sign")
    silent = [
        name
        for name, made in declared().items()
        if name.startswith(powers) and not made.audited and name not in OWN_ENTRIES
    ]

    assert silent == []


def test_the_schema_says_which_are() -> None:
    for made in declared().values():
        assert made.description.endswith(" Written to the audit log.") is made.audited


@pytest.mark.parametrize(
    ("permission", "emits", "said", "audited"),
    [
        ("products/edit", ("product.updated",), None, False),
        ("products/delete", ("product.updated", "product.deleted"), None, True),
        ("store/settings", (), None, True),
        ("store/sensitive", (), False, False),
        ("products/edit", ("product.updated",), True, True),
    ],
)
def test_what_a_declaration_means(permission: str, emits: tuple[str, ...], said: bool | None, audited: bool) -> None:
    async def noted(unit: Unit, input: object) -> dict[str, object]:
        """Note it."""
        return {}

    assert mutation(permission=permission, rest=None, emits=emits, audited=said)(noted).audited is audited
