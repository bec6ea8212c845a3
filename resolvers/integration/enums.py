"""The documented words of integrations as GraphQL enums."""

from connectors.providers import Component
from db.integration.addon import AddonStatus
from db.integration.feed import FeedScope
from db.integration.webhook import WebhookBody, WebhookFormat, WebhookMethod
from db.work.delivery import AttemptOutcome, DeliveryState
from engine.values.words import worded

worded(
    FeedScope,
    "GLOBAL feeds follow all orders, PRODUCT feeds those of one product.",
    {
        FeedScope.GLOBAL: "It runs on orders of whatever product, after the feeds of the products.",
        FeedScope.PRODUCT: "It runs on orders of its product, or of those of its variants that it is limited to.",
    },
)
worded(
    WebhookMethod,
    "How a webhook asks.",
    {
        WebhookMethod.GET: "What is told stands in the query string.",
        WebhookMethod.POST: "What is told is the body, as with the next two.",
        WebhookMethod.PUT: "For receivers that store what they are told under the URL.",
        WebhookMethod.PATCH: "For receivers that change what they have there.",
        WebhookMethod.DELETE: "What is told stands in the query string.",
    },
)
worded(
    WebhookFormat,
    "How a body is written.",
    {
        WebhookFormat.JSON: "`application/json`.",
        WebhookFormat.FORM: "`application/x-www-form-urlencoded`; nested values as `customer[name]`.",
    },
)
worded(
    WebhookBody,
    "What a webhook tells.",
    {
        WebhookBody.ALL_DATA: "All that the event tells, in an envelope of `id`, `event`, `createdAt`, `apiVersion` "
        "and `data`.",
        WebhookBody.SELECTED_FIELDS: "The fields of `fields` alone, without an envelope.",
        WebhookBody.QUERY: "The same envelope, `data` being what the webhook's own GraphQL `query` answers.",
    },
)
worded(
    DeliveryState,
    "How far an event has come on its way to a target.",
    {
        DeliveryState.WAITING: "For its turn or for `nextAttemptAt`, or for its target to be enabled.",
        DeliveryState.SENDING: "An attempt is under way.",
        DeliveryState.DELIVERED: "The receiver has it, and has said so.",
        DeliveryState.FAILED: "For good; it can be sent again.",
        DeliveryState.DROPPED: "Its target was removed first.",
    },
)
worded(
    AttemptOutcome,
    "What became of one attempt.",
    {
        AttemptOutcome.DELIVERED: "Answered with 2xx.",
        AttemptOutcome.RETRY: "It may succeed later: no answer, or one of 408, 425, 429 and 5xx.",
        AttemptOutcome.FAILED: "It will not, however often it is tried.",
        AttemptOutcome.GONE: "Answered with 410: the receiver wants nothing more.",
        AttemptOutcome.UNKNOWN: "The worker ended before the answer was written down.",
    },
)
worded(
    AddonStatus,
    "How far an add-on has come.",
    {
        AddonStatus.INSTALLED: "It is here, be it used or not.",
        AddonStatus.NOT_INSTALLED: "It could be, or nothing here does its work.",
        AddonStatus.ENABLED: "It is installed, and its settings are valid where it takes any.",
        AddonStatus.DISABLED: "It is installed, and waits for valid settings.",
    },
)
worded(
    Component,
    "What a field of a form is edited with.",
    {
        Component.TEXT: "A line of text.",
        Component.NUMBER: "Digits, with a fraction where the field admits one.",
        Component.SELECT: "One of the options; several where the field is `multiple`.",
        Component.LIST_AJAX_OPTIONS: "The list of the provider whose merge fields are mapped.",
        Component.LIST_SELECT_FILTER: "One of the options that belong to the list.",
        Component.MAP_FIELDS: "An object: templates by the list's merge fields, `primary` among them.",
        Component.DROPDOWN_MANY_FIELDS: "A list of `{label, item_value}`, the labels out of the options.",
        Component.DROPDOWN_LABEL_REPEATER: "A list of `{label, item_value}`, the labels as they are typed.",
        Component.VALUE_TEXT: "A template of one line.",
        Component.VALUE_TEXTAREA: "A template of several lines.",
        Component.YES_NO_CHECKBOX: "True or false.",
        Component.CHECKBOX_SINGLE: "True or false, with a label of its own.",
        Component.CHECKBOX_MULTIPLE: "Several of the options.",
        Component.RADIO_CHOICE: "One of the options, all of them in sight.",
        Component.SELECTION_GROUP: "Several of the options, in groups.",
        Component.SELECTION_ROUTING: "A list, or what the routers that hold contribute: see `companions`.",
        Component.CONDITIONAL_BLOCK: "Conditions: `{status, type, conditions}`.",
        Component.CHAINED_FIELDS: "`{category, sub_category}`, out of `route`.",
        Component.CHAINED_SELECT: "Ids by option, out of `route`.",
        Component.REST_SELECTOR: "Ids out of `optionSource`, found by searching.",
        Component.HTML_INFO: "Something to read, without a value.",
        Component.CUSTOM_COMPONENT: "Whatever the provider's own page makes of it.",
        Component.PASSWORD: "A secret: it is written, and never read back.",
        Component.URL: "An address of http or https.",
        Component.LINK: "A link to follow, without a value.",
        Component.AUTHENTICATE_BUTTON: "Begins the consent at the vendor's, without a value.",
    },
)
