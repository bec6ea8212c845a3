"""How the audit log is listed."""

import strawberry

from db.access.audit import AuditRow
from db.access.viewer import ViewerKind
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values import identity
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.access import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.input(description="One entity, or some of them.")
class EntityOperators:
    eq: strawberry.ID | None = None
    in_: list[strawberry.ID] | None = strawberry.field(default=None, name="in")
    is_null: bool | None = None


@filter_input()
class AuditFilter:
    action: TextOperators | None = filters(AuditRow.action, description="The mutation's name: `productDelete`.")
    entity_id: EntityOperators | None = filters(
        AuditRow.entity, fold=lambda text: ":".join(identity.decode(text)), description="What it was done to."
    )
    entity_type: TextOperators | None = filters(
        AuditRow.entity_type, description="The type of what it was done to: `Product`."
    )
    actor: TextOperators | None = filters(AuditRow.actor, description="The caller's id: `token:3`.")
    actor_name: TextOperators | None = filters(AuditRow.actor_name)
    actor_kind: EnumOperators[ViewerKind] | None = filters(AuditRow.actor_kind)
    address: TextOperators | None = filters(AuditRow.address, description="Where the request came from.")
    occurred_at: DateTimeOperators | None = filters(AuditRow.occurred_at)


AUDIT_LOG = Listing(
    sorting=sortable(
        "Audit",
        description="What the audit log can be sorted by.",
        direction=SortDirection.DESC,
        default=("OCCURRED_AT", SortDirection.DESC),
        OCCURRED_AT=AuditRow.occurred_at,
    ),
    filter=AuditFilter,
)
