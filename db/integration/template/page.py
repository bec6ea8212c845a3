"""docs/templates.md: all that templates and conditions can say. To write it: `make derive`."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from db.integration.conditions import DESCRIPTIONS as OPERATORS
from db.integration.template.catalogue import GROUPS
from db.integration.template.code import CodeGroup
from db.integration.template.context import Context, Group
from db.integration.template.escaping import Target
from db.integration.template.failure import LONGEST_OUTPUT, LONGEST_TEMPLATE, MOST_CODES, MOST_STEPS
from db.integration.template.syntax import LONGEST_CODE
from db.integration.template.template import compiled
from db.integration.template.transformer import DESCRIPTIONS as TRANSFORMERS
from db.integration.template.transformer import WITH_ARGUMENT
from db.integration.trigger import TRIGGERS, Trigger

# Rendered with the samples of the catalogue; `order.note` is empty here, and there are two lines.
_EXAMPLES: Final = (
    "Order {{order.id}} of {{customer.full_name}}",
    "##order.id##",
    "{{order.note|nothing was said}}",
    "{{customer.first_name||strtoupper}}",
    "{{order.note|no name|headline}}",
    "{{customer.first_name||concat_first|Dear }}",
    "{{order.note||concat_first|Note: }}",
    "{{order.invoice_no||show_if|There is an invoice.}}",
    "{{order.billing.city}}, {{order.customer.email}}",
    "{{#item}}{{item.sl}}. {{item.quantity}} × {{item.name}}; {{/item}}",
    "{{order.nothing}}",
)
_TARGETS: Final[Mapping[Target, str]] = {
    Target.TEXT: "A text: as it is.",
    Target.HTML: "Markup: no value opens a tag or leaves an attribute.",
    Target.URL: "One component of a path or a query.",
    Target.JSON: "Inside the quotes of a JSON string.",
    Target.HEADER: "A header's value: a line break or another control character in it is a failure.",
    Target.FORM: "A name or a value of a form.",
}
_BAR: Final = "\\|"  # a bar inside a cell of a table
_ESCAPED: Final = 'Ada & "Byron" <a/b>'


_BEGINNING: Final = """# Templates and conditions

What feeds, webhooks and messages say of an order, a product or the store, and on which orders they say it. Derived from
the codes themselves (`db/integration/template`); the examples are rendered with the samples below.

## Codes

A code is `{{group.key}}` or `##group.key##`, on one line. The whole form is
`{{group.key|default|transformer|argument}}`; what is left out is empty, as in `{{group.key|default}}` and
`{{group.key||transformer|argument}}`.
"""
_RULES: Final = """
- **An unknown code stays as it is**, and so does a loop over what is no list. Whoever saves a template is told of both,
  with their places.
- **A known code without a value** gives its default, or nothing. Zero and `no` are values.
- **Amounts** are exact, in major units (`20.00`); with `_formatted` as the store writes them. **Moments** are RFC 3339
  in UTC, **truths** `yes` or `no`, lists what they hold with commas between, documents JSON.
- **Below a document** (… in the tables) its keys and places follow: `{{order.config.user_tz}}`.
- **Loops**: `{{#item}} … {{/item}}` says what stands between once for each; `sl` is its place, from 1. No loop
  stands in another. Outside its loop a code speaks of the first one.
- **A value is never read as a template.**

### Transformers
"""
_OF_TRANSFORMERS: Final = """
Those without an argument apply to a default, too. An argument is taken as written, spaces included. An unknown
transformer leaves the value as it is.

### Where values go

What a code gives, its default and its argument included, is escaped for its place; the rest is as written.
"""
_BOUNDS: Final = f"""
### Bounds

A template has at most {LONGEST_TEMPLATE} characters and {MOST_CODES} codes, each of at most {LONGEST_CODE} characters.
It takes at most {MOST_STEPS} steps (each piece is one, in a loop for each row) and makes at most {LONGEST_OUTPUT}
characters. Beyond that it fails, with VALIDATION.

## All codes
"""
_CONDITIONS: Final = """
## Conditions

`{status, type, conditions: [{field, operator, value}]}`: with `status` false they always hold; with `type` `any` one
of them has to, else all. A `field` is a path in the documented payload: `status`, `customer.email`,
`order_items.0.quantity`; `order_items.*.post_id` are the values of all lines. A condition without a field does not
hold; where the field is not there, it is of nothing.
"""
_EQUALITY: Final = """
Equality is loose: 5 is `"5"` and `"5.0"`; true is `yes`, `true`, `on` and 1; nothing is the empty text and the empty
list, and no number. Two numbers are compared as numbers, two other texts by their characters (moments among them); a
number and a word have no order, and nothing is neither above nor below anything.

## Triggers of feeds

The documented events that a feed can be set to, and which [event](events.md) of the store each of them is. One that
revokes makes a feed undo what it did, where the feed watches for that.
"""


def page() -> str:
    parts = [
        _BEGINNING,
        _table(("Template", "Says"), map(_example, _EXAMPLES)),
        _RULES,
        _table(("Transformer", "What comes out", "Of `ada byron`"), map(_transformer, TRANSFORMERS)),
        _OF_TRANSFORMERS,
        _table(("Place", "", f"`{_ESCAPED}`"), map(_target, Target)),
        _BOUNDS,
        *map(_group, GROUPS.values()),
        _CONDITIONS,
        _table(("Operator", "Holds"), (_row(f"`{name}`", said) for name, said in OPERATORS.items())),
        _EQUALITY,
        _table(("Trigger", "Group", "", "Event", "Revokes"), map(_trigger, TRIGGERS.values())),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(heads: Sequence[str], rows: Iterable[str]) -> str:
    return "\n".join([_row(*heads), "|" + "---|" * len(heads), *rows]) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |".replace("  ", " ")


def _trigger(one: Trigger) -> str:
    return _row(f"`{one.name}`", one.group.value, one.title, f"`{one.event}`", "yes" if one.revokes else "")


def _samples() -> Context:
    def read(group: CodeGroup, key: str) -> object:
        return None if key == "note" else group.codes[key].sample

    groups: dict[str, Group] = {name: partial(read, group) for name, group in GROUPS.items()}
    return Context(groups, {name: partial(lambda one: [one, one], groups[name]) for name in groups})


def _example(text: str) -> str:
    return _row(f"`{text}`", compiled(text).render(_samples()))


def _transformer(name: str) -> str:
    argument = "|Dear " if name in WITH_ARGUMENT else ""
    said = compiled(f"{{{{customer.first_name||{name}{argument}}}}}").render(_named("ada byron"))
    return _row(f"`{name}{argument.rstrip()}`", TRANSFORMERS[name], f"`{said}`")


def _target(target: Target) -> str:
    said = compiled("{{customer.first_name}}").render(_named(_ESCAPED), target)
    return _row(target.value, _TARGETS[target], f"`{said}`")


def _named(name: str) -> Context:
    return Context({"customer": lambda key: name})


def _group(group: CodeGroup) -> str:
    loop = f" `{{{{#{group.name}}}}} … {{{{/{group.name}}}}}` is said for each." if group.loop else ""
    codes = (
        _row(f"`{code.source}`{' …' if code.open else ''}", code.description, code.sample)
        for code in group.codes.values()
    )
    return f"### {group.title}\n\n{group.description}{loop}\n\n{_table(('Code', 'What it says', 'Sample'), codes)}"
