"""Forms of providers: what people fill in, of settings and of feeds."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.scalars import JSON

from connectors.providers import Component, MergeField
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.type(description="A value that can be chosen.")
class ProviderOption:
    id: str = strawberry.field(description="What is stored.")
    title: str = strawberry.field(description="What people see.")
    group: str | None = strawberry.field(default=None, description="What it is shown below; null outside of groups.")


@strawberry.type(description="A field that values are mapped to.")
class ProviderMergeField:
    key: str = strawberry.field(description="What the provider calls it: `FNAME`.")
    label: str = strawberry.field(description="What people see.")
    type: str = strawberry.field(description="The provider's word: `text`, `date`, `address`.")
    required: bool = strawberry.field(description="Whether the provider takes nobody without it.")
    options: list[str] = strawberry.field(description="The values that it takes, where they are few.")


@strawberry.type(description="A field of a form.")
class ProviderField:
    key: str = strawberry.field(description="The key of its value in `settings`.")
    component: Component = strawberry.field(description="What it is edited with.")
    label: str = strawberry.field(description="What people see; messages name the field by it.")
    help: str = strawberry.field(description="A sentence beside it; empty when there is nothing to say.")
    placeholder: str = strawberry.field(description="What stands in it while it is empty.")
    required: bool = strawberry.field(
        description="Whether it must be filled: of settings always, of feeds while they are enabled."
    )
    options: list[ProviderOption] | None = strawberry.field(
        description="All values that there are; null where anything goes, or the provider is asked."
    )
    option_source: str | None = strawberry.field(
        description="The `optionKey` of `integrationDynamicOptions` that lists its values."
    )
    route: str | None = strawberry.field(
        description="The `optionKey` of `integrationChainedOptions` that lists its values."
    )
    depends_on: list[str] = strawberry.field(description="The fields whose values its own hang on.")
    is_template: bool = strawberry.field(description="Whether its value is filled in with what an event tells of.")
    is_secret: bool = strawberry.field(description="Whether it is never read back.")
    multiple: bool = strawberry.field(description="Whether its value is a list.")
    default: JSON | None = strawberry.field(description="What it holds at first; null of a secret.")
    companions: list[str] = strawberry.field(
        description="Of SELECTION_ROUTING: the keys of its choice between `simple` and `routing`, and of its routers, "
        "`{field, operator, value, input_value}` each."
    )
    primary: list[ProviderMergeField] = strawberry.field(
        description="Of MAP_FIELDS: what is mapped whatever list is chosen."
    )
    link: str | None = strawberry.field(description="Where a LINK leads.")


def shown(form: list[Mapping[str, Any]] | None) -> list[ProviderField]:
    """The fields of a form as it is stored."""
    return [_field(field) for field in form or ()]


def merge_field(one: MergeField) -> ProviderMergeField:
    return ProviderMergeField(
        key=one.key, label=one.label, type=one.type, required=one.required, options=list(one.options)
    )


def _option(id: str, title: str, group: str | None = None) -> ProviderOption:
    return ProviderOption(id=id, title=title, group=group)


def _field(field: Mapping[str, Any]) -> ProviderField:
    options = field["options"]
    return ProviderField(
        key=field["key"],
        component=Component(field["component"]),
        label=field["label"],
        help=field["help"],
        placeholder=field["placeholder"],
        required=field["required"],
        options=None if options is None else [_option(*option) for option in options],
        option_source=field["option_source"],
        route=field["route"],
        depends_on=field["depends_on"],
        is_template=field["template"],
        is_secret=field["secret"],
        multiple=field["multiple"],
        default=field["default"],
        companions=field["routing"],
        primary=[
            ProviderMergeField(key=key, label=label, type="email" if emails else "text", required=required, options=[])
            for key, label, required, emails in field["primary"]
        ],
        link=field["link"],
    )
