"""Sites are activated with a licence, and give their place back. Whoever does either holds the licence: of two at the
last place one gets it."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select

from db.commerce import visibility
from db.commerce.events import LICENSE_ACTIVATED, LICENSE_DEACTIVATED, LICENSE_UPDATED
from db.commerce.license import (
    ActivationStatus,
    LicenseActivationRow,
    LicenseSiteRow,
    LicenseStatus,
    new_key,
    status_at,
)
from db.commerce.license_site import LONGEST, is_local, site_key
from db.store.locks import lock
from db.store.row import now, table
from db.store.writing import add, edit
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.license.input import LicenseActivateInput, LicenseDeactivateInput
from resolvers.commerce.license.writing import LICENSES
from resolvers.editing.locking import key_of, locked, not_found

ACTIVATION, SITE = table(LicenseActivationRow), table(LicenseSiteRow)
BY_HAND: Final = "manual"  # how it was activated
# Why no site is activated with it.
REFUSALS: Final = {
    LicenseStatus.EXPIRED: "It is EXPIRED: give it a later date first",
    LicenseStatus.DISABLED: "It is DISABLED",
    LicenseStatus.INACTIVE: "It is INACTIVE: no site is activated with it until it is ACTIVE",
}


@mutation(
    permission="licenses/manage",
    rest="POST /licenses/{id}/activate",
    emits=(LICENSE_UPDATED, LICENSE_ACTIVATED),
    audited=True,
)
async def license_activate(unit: Unit, input: LicenseActivateInput) -> Keys:
    """Activate a licence on a site. One that is local (`localhost`, `*.test`, an address that is not public,
    `staging.…`) takes no place. On a site where it is activated already nothing changes, and that activation comes
    back."""
    row = await LICENSES.load(unit, input.id)
    key = site_key(input.url)
    if key is None:
        message = f"This is no URL of a site: a host, a port and a path, of up to {LONGEST} characters"
        unit.refuse(ErrorCode.VALIDATION, message, "url")
    status = status_at(row, now())
    if status in REFUSALS:
        unit.refuse(ErrorCode.BUSINESS_RULE, REFUSALS[status], "id")
    unit.settle()
    assert key is not None
    found = await _activation(unit, row, key)
    if found is not None and found["status"] is ActivationStatus.ACTIVE:
        return {"activation": found["id"], "license": row["id"]}
    local = is_local(input.url)
    if not local and 0 < row["activation_limit"] <= row["activation_count"]:
        message = f"All of its places are taken: {row['activation_count']} of {row['activation_limit']}"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "id")
    unit.settle()
    if found is None:
        site = await _site(unit, input.url.strip(), key)
        activation = await add(unit.connection, _new(row, site, local=local))
    else:
        activation = found["id"]
        again = {"status": ActivationStatus.ACTIVE, "is_local": local}
        await edit(unit.connection, ACTIVATION, activation, found["version"], again)
    changes = await _counted(unit, row, 0 if local else 1)
    told = {"activation_id": activation, "site_url": input.url.strip(), "is_local": local}
    unit.emit(LICENSE_ACTIVATED(row, changes, **told))
    return {"activation": activation, "license": row["id"]}


@mutation(permission="licenses/manage", rest=None, emits=(LICENSE_UPDATED, LICENSE_DEACTIVATED), audited=True)
async def license_deactivate(unit: Unit, input: LicenseDeactivateInput) -> Keys:
    """End the activation of a licence on a site, which gives its place back. It stays, as INACTIVE; what is INACTIVE
    already is left as it is."""
    owner = select(ACTIVATION.c.license_id).where(ACTIVATION.c.id == key_of(input.id)).scalar_subquery()
    of = LICENSES.table
    held = select(of).where(of.c.id == owner, visibility.licenses(unit.viewer)).with_for_update()
    of_it = (await unit.connection.execute(held)).mappings().one_or_none()
    row = dict(of_it) if of_it is not None else not_found(unit, "license activation", "id")
    key = key_of(input.id)
    found = (await locked(unit, ACTIVATION, [key]))[key]
    if found["status"] is ActivationStatus.ACTIVE:
        ended = {"status": ActivationStatus.INACTIVE}
        await edit(unit.connection, ACTIVATION, key, found["version"], ended)
        changes = await _counted(unit, row, 0 if found["is_local"] else -1)
        site = select(SITE.c.site_url).where(SITE.c.id == found["site_id"])
        url = (await unit.connection.execute(site)).scalar_one()
        told = {"activation_id": key, "site_url": url, "is_local": found["is_local"]}
        unit.emit(LICENSE_DEACTIVATED(row, changes, **told))
    return {"activation": key, "license": row["id"]}


async def _activation(unit: Unit, row: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """That of a licence on the site of this key."""
    on_site = select(SITE.c.id).where(SITE.c.site_key == key).scalar_subquery()
    statement = select(ACTIVATION).where(ACTIVATION.c.license_id == row["id"], ACTIVATION.c.site_id == on_site)
    found = (await unit.connection.execute(statement)).mappings().one_or_none()
    return None if found is None else dict(found)


async def _site(unit: Unit, url: str, key: str) -> int:
    # Another licence may be activated on a site that is as new, at the same time.
    await lock(unit.connection, {f"site of licenses {key}"})
    known = (await unit.connection.execute(select(SITE.c.id).where(SITE.c.site_key == key))).scalar_one_or_none()
    return await add(unit.connection, LicenseSiteRow(site_url=url, site_key=key)) if known is None else int(known)


def _new(row: Mapping[str, Any], site: int, *, local: bool) -> LicenseActivationRow:
    return LicenseActivationRow(
        license_id=row["id"],
        site_id=site,
        is_local=local,
        product_id=row["product_id"],
        variant_id=row["variant_id"],
        activation_method=BY_HAND,
        activation_hash=new_key(),
    )


async def _counted(unit: Unit, row: Mapping[str, Any], more: int) -> dict[str, Any]:
    """The licence has a new version, whether its count changes or not. What changes of it."""
    count = max(0, row["activation_count"] + more)
    changes = {"activation_count": count} if count != row["activation_count"] else {}
    await edit(unit.connection, LICENSES.table, row["id"], row["version"], changes)
    unit.emit(LICENSE_UPDATED(row, changes, ("activations",)))
    return changes
