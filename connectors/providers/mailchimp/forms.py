"""What a person fills in: the credential, and what a feed does."""

from typing import Annotated, Any, Final

from pydantic import Field, SecretStr, field_validator

from connectors.providers import NO_SECRET, Component, Form, MappedField, form

# The documented name of what the e-mail address is mapped to; Mailchimp has no merge field for it.
EMAIL: Final = "fieldEmailAddress"
YES_NO: Final = {"yes": "Yes", "no": "No"}


class MailchimpSettings(Form):
    """A key of the Marketing API, or an application of OAuth 2."""

    api_key: Annotated[
        SecretStr,
        form(
            Component.PASSWORD,
            label="API key",
            help="Account → Extras → API keys. It ends in the data centre: -us21. Empty when OAuth is used.",
        ),
        Field(alias="apiKey"),
    ] = NO_SECRET
    client_id: Annotated[str, form(Component.TEXT, label="OAuth client id", help="Of an application of yours.")] = ""
    client_secret: Annotated[SecretStr, form(Component.PASSWORD, label="OAuth client secret")] = NO_SECRET


class Interests(Form):
    """A group of an audience, and those of its names that a member is given."""

    category: str = ""
    sub_category: tuple[str, ...] = ()

    @field_validator("sub_category", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        if value is None:
            return ()
        return tuple(part for part in (value,) if part) if isinstance(value, str) else value


class MailchimpFeed(Form):
    list_id: Annotated[
        str, form(Component.LIST_AJAX_OPTIONS, label="Audience", option_source="lists", required=True)
    ] = ""
    merge_fields: Annotated[
        dict[str, str],
        form(
            Component.MAP_FIELDS,
            label="Map fields",
            help=(
                "What each field of the audience becomes. A value that its field does not take is left out, and the "
                "log says so; what is empty leaves the field as it is."
            ),
            required=True,
            depends_on="list_id",
            primary=(
                MappedField(EMAIL, "E-mail address", required=True, emails=True),
                MappedField("FNAME", "First name"),
                MappedField("LNAME", "Last name"),
            ),
        ),
        Field(default_factory=dict),
    ]
    tags: Annotated[
        tuple[str, ...],
        form(
            Component.SELECTION_ROUTING,
            label="Tags",
            help="Names. One that the audience does not have is made.",
            option_source="tags",
            depends_on="list_id",
            routing=("tag_ids_selection_type", "tag_routers"),
        ),
    ] = ()
    interests: Annotated[
        Interests,
        form(
            Component.CHAINED_FIELDS,
            label="Interest group",
            route="mailchimp_interest_groups",
            depends_on="list_id",
        ),
    ] = Interests()
    note: Annotated[
        str,
        form(
            Component.VALUE_TEXTAREA,
            label="Note",
            help="Up to 1000 characters. A member is not given the same note twice: name the order in it.",
        ),
    ] = ""
    double_opt_in: Annotated[
        bool,
        form(
            Component.YES_NO_CHECKBOX,
            label="Double opt-in",
            help="Who is new confirms by e-mail before they are subscribed.",
        ),
    ] = False
    resubscribe: Annotated[
        bool,
        form(
            Component.YES_NO_CHECKBOX,
            label="Resubscribe",
            help=(
                "Who has left or was archived is subscribed again. Mailchimp asks those who left by themselves to "
                "confirm it."
            ),
        ),
    ] = False
    marked_as_vip: Annotated[bool, form(Component.YES_NO_CHECKBOX, label="Mark as VIP")] = False
