"""How a model's fields are shown in a form. A provider's settings and feeds are pydantic models; what a person sees of
a field stands beside its type:

    class MailchimpSettings(Form):
        api_key: Annotated[SecretStr, Field(alias="apiKey"), form("password", label="Key", required=True)] = NO_SECRET

Every field has a default: a feed that is switched off may be incomplete. What has to be filled is `required`, which
the host asks of settings and of feeds that are enabled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr

NO_SECRET: Final = SecretStr("")


class Form(BaseModel):
    """What settings and feeds are made of. Names that it does not have are dropped; blanks at the ends of texts too."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, str_strip_whitespace=True)


class NoForm(Form):
    """In place of the form that a provider does not have."""


class Component(StrEnum):
    """What a field is edited with; the documented names."""

    # Of feeds
    TEXT = "text"
    NUMBER = "number"
    SELECT = "select"  # of `options`, of `option_source` or of `route`; several where the value is a list
    LIST_AJAX_OPTIONS = "list_ajax_options"  # the list whose merge fields are mapped
    LIST_SELECT_FILTER = "list_select_filter"
    MAP_FIELDS = "map_fields"  # a mapping of the list's merge fields to templates
    DROPDOWN_MANY_FIELDS = "dropdown_many_fields"  # a list of {label, item_value}, labels out of `options`
    DROPDOWN_LABEL_REPEATER = "dropdown_label_repeater"  # a list of {label, item_value}, labels as they are typed
    VALUE_TEXT = "value_text"  # a template
    VALUE_TEXTAREA = "value_textarea"  # a template of several lines
    YES_NO_CHECKBOX = "yes-no-checkbox"
    CHECKBOX_SINGLE = "checkbox-single"
    CHECKBOX_MULTIPLE = "checkbox-multiple"
    RADIO_CHOICE = "radio_choice"
    SELECTION_GROUP = "selection_group"
    SELECTION_ROUTING = "selection_routing"  # a list, simple or gathered by routers that hold
    CONDITIONAL_BLOCK = "conditional_block"
    CHAINED_FIELDS = "chained_fields"  # {category, sub_category} out of `route`
    CHAINED_SELECT = "chained_select"
    REST_SELECTOR = "rest_selector"  # ids out of `option_source`
    HTML_INFO = "html_info"  # no value
    CUSTOM_COMPONENT = "custom_component"
    # Of settings beside them
    PASSWORD = "password"  # noqa: S105
    URL = "url"
    LINK = "link"  # no value
    AUTHENTICATE_BUTTON = "authenticate-button"  # no value: it begins OAuth


@dataclass(frozen=True, slots=True)
class FormField:
    """What `form` made of its arguments; `connectors.providers.forms` reads it."""

    component: Component
    label: str
    help: str
    placeholder: str
    required: bool
    options: Mapping[str, str] | None
    option_source: str | None
    route: str | None
    depends_on: tuple[str, ...]
    template: bool
    secret: bool
    routing: tuple[str, str] | None
    primary: tuple["MappedField", ...]
    link: str | None


@dataclass(frozen=True, slots=True)
class MappedField:
    """A field that MAP_FIELDS always has, whatever list is chosen. `emails`: its value is chosen among addresses."""

    key: str
    label: str
    required: bool = False
    emails: bool = False


_TEMPLATES: Final = frozenset(
    {
        Component.VALUE_TEXT,
        Component.VALUE_TEXTAREA,
        Component.MAP_FIELDS,
        Component.DROPDOWN_MANY_FIELDS,
        Component.DROPDOWN_LABEL_REPEATER,
        Component.SELECTION_ROUTING,
    }
)


def form(  # noqa: PLR0913  a declaration
    component: Component | str,
    *,
    label: str,
    help: str = "",
    placeholder: str = "",
    required: bool = False,
    options: Mapping[str, str] | None = None,
    option_source: str | None = None,
    route: str | None = None,
    depends_on: str | tuple[str, ...] = (),
    template: bool | None = None,
    secret: bool = False,
    routing: tuple[str, str] | None = None,
    primary: tuple[MappedField, ...] = (),
    link: str | None = None,
) -> FormField:
    """Stands in the field's `Annotated`.

    `label`          what people see; messages name the field by it
    `required`       must be filled: of settings always, of feeds while they are enabled. Of MAP_FIELDS it means the
                     required ones of `primary`.
    `options`        all values that there are, with what people see
    `option_source`  values that the vendor knows: `Provider.options` is asked with this as `asked.key`
    `route`          the same for values that hang on another field's, which `depends_on` names
    `template`       the value is filled with an event's values before `run` sees it; of components that are made for
                     it so unless told otherwise
    `secret`         written and never read back; of a SecretStr so by itself
    `routing`        of SELECTION_ROUTING: the names of the two values beside the list's own, its choice between
                     `simple` and `routing`, and its routers: ("tag_ids_selection_type", "tag_routers"). The model does
                     not have them: `run` finds in the field what the routers gave.
    `primary`        of MAP_FIELDS: what is mapped whatever list is chosen
    `link`           of LINK: where it leads
    """
    component = Component(component)
    return FormField(
        component=component,
        label=label,
        help=help,
        placeholder=placeholder,
        required=required,
        options=options,
        option_source=option_source,
        route=route,
        depends_on=(depends_on,) if isinstance(depends_on, str) else depends_on,
        template=component in _TEMPLATES if template is None else template,
        secret=secret,
        routing=routing,
        primary=primary,
        link=link,
    )
