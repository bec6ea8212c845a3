"""Letters that workflows name, and what makes a letter of smart codes: each value escaped for the place it goes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from connectors.mail.letter import Letter
from db.integration.template import Budget, Context, Problem, Target, compiled


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """Texts with smart codes. A value in the subject that holds a line break is a failure, in `html` it is text."""

    title: str
    subject: str
    text: str
    html: str | None = None

    def letter(self, context: Context, *, to: str, key: str) -> Letter:
        """Raises TemplateError, from the database's room, where it grows too long or a value does not belong there."""
        budget = Budget()
        return Letter(
            to=to,
            subject=compiled(self.subject).render(context, Target.HEADER, budget),
            text=compiled(self.text).render(context, Target.TEXT, budget),
            html=None if self.html is None else compiled(self.html).render(context, Target.HTML, budget),
            key=key,
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The codes of it that mean nothing. Raises TemplateError where it is too long."""
        return tuple(p for text in (self.subject, self.text, self.html or "") for p in compiled(text).problems)


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<body style="font-family: sans-serif; line-height: 1.5; color: #222; max-width: 36em; margin: 2em auto">
%s
<p style="color: #666; font-size: smaller">{{settings.store_name}} {{settings.store_address||concat_first|· }}
{{settings.store_city||concat_first|· }}</p>
</body>
</html>
"""

DELIVERY_CONFIRMATION: Final = MailTemplate(
    title="Delivery confirmation",
    subject="Your order {{order.id}} has arrived",
    text="""Hello {{customer.first_name|there}},

your order {{order.id}} of {{settings.store_name|our shop}} has been delivered.

{{#item}}{{item.quantity}} × {{item.name}} {{item.variant}}
{{/item}}
{{order.customer_dashboard_link||concat_first|Your order: }}

If anything is missing, answer this letter.
{{settings.store_name}}
""",
    html=_PAGE
    % """<p>Hello {{customer.first_name|there}},</p>
<p>your order {{order.id}} of {{settings.store_name|our shop}} has been delivered.</p>
<ul>{{#item}}<li>{{item.quantity}} × {{item.name}} {{item.variant}}</li>{{/item}}</ul>
<p><a href="{{order.customer_dashboard_link}}">Your order</a></p>
<p>If anything is missing, answer this letter.</p>""",
)

ORDER_RECEIPT: Final = MailTemplate(
    title="Receipt of an order",
    subject="Your order {{order.id}}: {{order.total_amount_formatted}}",
    text="""Hello {{customer.first_name|there}},

thank you for your order {{order.id}}{{order.invoice_no||concat_first| (invoice }}{{order.invoice_no||show_if|)}}.

{{order.payment_receipt}}

{{order.customer_dashboard_link||concat_first|Your order: }}

{{settings.store_name}}
""",
    html=_PAGE
    % """<p>Hello {{customer.first_name|there}},</p>
<p>thank you for your order {{order.id}}.</p>
{{order.payment_receipt}}
<p><a href="{{order.customer_dashboard_link}}">Your order</a></p>""",
)

TEMPLATES: Final[Mapping[str, MailTemplate]] = MappingProxyType(
    {"delivery_confirmation": DELIVERY_CONFIRMATION, "order_receipt": ORDER_RECEIPT}
)
