"""Smart codes: what a template says, what its values may do, and that none runs longer or grows beyond its bound."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar, SupportsIndex

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.commerce.order import OrderStatus
from db.integration.template import (
    GROUPS,
    NOTHING,
    Budget,
    Context,
    Rich,
    Target,
    TemplateError,
    compiled,
    group,
    problems,
)
from db.integration.template.failure import LONGEST_TEMPLATE, MOST_CODES
from db.integration.template.syntax import LONGEST_CODE, Reason, pieces
from db.integration.template.transformer import DESCRIPTIONS, OF_TEXT, WITH_ARGUMENT

NAMED = Context(
    {
        "order": group(
            {
                "id": 7,
                "status": OrderStatus.ON_HOLD,
                "note": "",
                "total_tax": None,
                "payment_method": "bank_transfer",
                "payment_method_title": " bank TRANSFER of ada ",
                "rate": Decimal("1.5000"),
                "created_at": datetime(2026, 11, 2, 19, 5, tzinfo=timezone(timedelta(hours=1))),
                "completed_at": datetime(2026, 11, 2, 19, 5, tzinfo=UTC).replace(tzinfo=None),
                "is_digital": False,
                "item_count": 0,
                "config": {"user_tz": "Europe/Berlin", "list": [1, {"a": [2, "b"]}], "none": None},
                "billing.first_name": lambda: "Ada",
                "billing.city": "{{order.id}} ##order.id##",
                "payment_summary": Rich("2 x <b>", "<p>2 x &lt;b&gt;</p>"),
            }
        ),
    },
    {
        "item": lambda: [
            group({"name": "Shirt", "quantity": 2, "sl": "never asked"}),
            group({"name": "Mug & <co>", "quantity": 1}),
        ],
        "download": tuple,
    },
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("no code", "no code"),
        ("{{order.id}}", "7"),
        ("##order.id##", "7"),
        ("a {{ order.id }} b ## order.id ## c", "a 7 b 7 c"),
        ("{{order.id}}{{order.id}}", "77"),
        ('{"id":{{order.id}},"more":{"id":"{{order.id}}"}}', '{"id":7,"more":{"id":"7"}}'),
        ("{{order.billing.first_name}}", "Ada"),
        # How values are written.
        ("{{order.status}}", "on-hold"),
        ("{{order.rate}}", "1.5000"),
        ("{{order.created_at}} {{order.completed_at}}", "2026-11-02T18:05:00Z 2026-11-02T19:05:00Z"),
        ("{{order.is_digital|never}}", "no"),
        ("{{order.item_count|never}}", "0"),
        ("{{order.config.user_tz}}", "Europe/Berlin"),
        ("{{order.config.list}}", '1, {"a":[2,"b"]}'),
        ("{{order.config.list.0}}{{order.config.list.1.a.1}}", "1b"),
        ("{{order.config.list.7|none}}{{order.config.user_tz.more|none}}{{order.config.none|none}}", "nonenonenone"),
        # Known and empty: the default, or nothing. Nobody says where values of `settings` come from here.
        ("[{{order.note}}]", "[]"),
        ("[{{order.note|no note}}]", "[no note]"),
        ("[{{order.note | no note }}]", "[no note]"),
        ("[{{order.parent_id|none}}][{{settings.store_name|Shop}}]", "[none][Shop]"),
        # Unknown: as it is.
        (
            "{{order.nothing}} {{nothing.id}} {{order}} {{order.id.more}}",
            "{{order.nothing}} {{nothing.id}} {{order}} {{order.id.more}}",
        ),
        ("##order.nothing## {{order.}} {{.id}} {{}} ####", "##order.nothing## {{order.}} {{.id}} {{}} ####"),
        ("{{Order.id}} {{user.id}}", "{{Order.id}} {{user.id}}"),
        # What is no code at all.
        ("{{order.id", "{{order.id"),
        ("order.id}}", "order.id}}"),
        ("{order.id}", "{order.id}"),
        ("{{order.id##", "{{order.id##"),
        ("{{\norder.id}}", "{{\norder.id}}"),
        ("{{{{order.id}}}}", "{{7}}"),
        ("## A heading ##order.id##", "## A heading 7"),
        ("{{ {{order.id}}", "{{ 7"),
        # Transformers.
        ("{{order.payment_method_title||trim}}", "bank TRANSFER of ada"),
        ("{{order.payment_method||ucfirst}}", "Bank_transfer"),
        ("{{order.payment_method_title||ucwords}}", " Bank TRANSFER Of Ada "),
        ("{{order.payment_method_title||strtolower}}", " bank transfer of ada "),
        ("{{order.payment_method_title||strtoupper}}", " BANK TRANSFER OF ADA "),
        ("{{order.payment_method_title||title_case}}", " Bank Transfer Of Ada "),
        ("{{order.status||headline}} {{order.payment_method||headline}}", "On Hold Bank Transfer"),
        ("{{order.billing.first_name||concat_first|Dear }}", "Dear Ada"),
        ("{{order.billing.first_name||concat_last|, hello}}", "Ada, hello"),
        ("{{order.billing.first_name||show_if|Somebody}}", "Somebody"),
        ("{{order.billing.first_name||show_if}}", ""),
        ("[{{order.note||concat_first|Note: }}][{{order.note||concat_last|!}}][{{order.note||show_if|x}}]", "[][][]"),
        ("{{order.note|no note|concat_first|Note: }}", "no note"),
        ("{{order.note|no note|show_if|A note}}", "no note"),
        ("{{order.note|no note|strtoupper}} {{order.note||ucfirst|none}}", "NO NOTE None"),
        ("{{order.billing.first_name|x|strtoupper|y}}", "ADA"),
        ("{{order.billing.first_name||concat_last|a|b}}", "Adaa|b"),
        ("{{order.id||reversed}}", "7"),
        # Loops.
        ("{{#item}}{{item.sl}}. {{item.name}} {{/item}}", "1. Shirt 2. Mug & <co> "),
        ("{{#item}}{{order.id}}{{item.quantity}},{{/item}}{{item.name}}", "72,71,Shirt"),
        ("[{{#download}}{{download.title}}{{/download}}{{download.title|none}}]", "[none]"),
        ("[{{#license}}{{license.key}}{{/license}}{{license.key|none}}]", "[none]"),
        ("{{#item}}{{item.name}}", "{{#item}}Shirt"),
        ("{{item.name}}{{/item}}", "Shirt{{/item}}"),
        ("{{#order}}{{/order}}{{#none}}", "{{#order}}{{/order}}{{#none}}"),
        ("{{#item}}{{#item}}{{/item}}{{/item}}", "{{#item}}{{#item}}{{/item}}"),
        ("{{#item}}{{/download}}{{/item}}", "{{/download}}{{/download}}"),
        ("{{#item}}{{download.title|-}}{{/item}}", "--"),
    ],
)
def test_what_templates_say(text: str, said: str) -> None:
    assert compiled(text).render(NAMED) == said


def test_values_are_no_templates() -> None:
    assert compiled("{{order.billing.city}}").render(NAMED) == "{{order.id}} ##order.id##"


def test_values_are_read_when_they_are_named() -> None:
    asked: list[str] = []

    def read(key: str) -> object:
        asked.append(key)
        return "x"

    def rows() -> list[Callable[[str], object]]:
        asked.append("rows")
        return [read, read]

    context = Context({"order": read, "settings": read}, {"item": rows})
    assert compiled("{{order.id}}").render(context) == "x"
    assert asked == ["id"]
    compiled("{{item.name}}{{#item}}{{item.quantity}}{{/item}}").render(context)
    assert asked == ["id", "rows", "name", "quantity", "quantity"]
    assert compiled("{{order.id}}{{item.name}}{{nothing.x}}").groups == {"order", "item"}


def test_what_means_nothing_is_named_with_its_place() -> None:
    text = "{{order.id}} {{order.nope}} ##more.id## {{order.id||reversed}} {{#item}} {{#order}} {{/download}}"
    found = problems(text)
    assert [(one.source, one.reason) for one in found] == [
        ("{{order.nope}}", Reason.UNKNOWN_CODE),
        ("##more.id##", Reason.UNKNOWN_CODE),
        ("{{order.id||reversed}}", Reason.UNKNOWN_TRANSFORMER),
        ("{{#item}}", Reason.NOT_CLOSED),
        ("{{#order}}", Reason.NO_LOOP),
        ("{{/download}}", Reason.NOT_OPENED),
    ]
    assert all(text[one.position :].startswith(one.source) for one in found)
    assert found[0].message == "{{order.nope}} at 13 is no code: it stays as it is"
    assert [code.position for code in compiled(text).codes] == [0, 40]


NASTY = "<script>alert('&\"')</script> a/b?c=d&e=ü \\ \t\x7f %"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target.TEXT, NASTY),
        (Target.HTML, "&lt;script&gt;alert(&#x27;&amp;&quot;&#x27;)&lt;/script&gt; a/b?c=d&amp;e=ü \\ \t\x7f %"),
        (
            Target.URL,
            "%3Cscript%3Ealert%28%27%26%22%27%29%3C%2Fscript%3E%20a%2Fb%3Fc%3Dd%26e%3D%C3%BC%20%5C%20%09%7F%20%25",
        ),
        (Target.JSON, orjson.dumps(NASTY).decode()[1:-1]),
        (
            Target.FORM,
            "%3Cscript%3Ealert%28%27%26%22%27%29%3C%2Fscript%3E+a%2Fb%3Fc%3Dd%26e%3D%C3%BC+%5C+%09%7F+%25",
        ),
    ],
)
def test_values_are_escaped_for_where_they_go(target: Target, said: str) -> None:
    context = Context({"order": group({"note": NASTY, "id": ""})})
    assert compiled("<{{order.note}}&").render(context, target) == f"<{said}&"
    # A default and an argument are no way around it.
    assert "<" not in compiled("{{order.id|<b>}}{{order.note||show_if|<i>}}").render(context, Target.HTML)


@pytest.mark.parametrize("character", ["\r", "\n", "\x00", "\x0b", "\x7f"])
def test_a_header_stays_one(character: str) -> None:
    context = Context({"order": group({"note": f"a{character}b", "id": "Zoë\t1"})})
    assert compiled("x {{order.id}}").render(context, Target.HEADER) == "x Zoë\t1"
    with pytest.raises(TemplateError) as raised:
        compiled("{{order.note}}").render(context, Target.HEADER)
    assert raised.value.code.value == "VALIDATION"


@pytest.mark.parametrize("value", [".", ".."])
def test_a_value_is_no_step_in_a_path(value: str) -> None:
    context = Context({"order": group({"note": value})})
    assert compiled("/a/{{order.note}}/b").render(context, Target.URL) == f"/a/{'%2E' * len(value)}/b"


def test_markup_is_markup_where_markup_goes() -> None:
    summary = compiled("{{order.payment_summary}}")
    assert summary.render(NAMED, Target.HTML) == "<p>2 x &lt;b&gt;</p>"
    assert summary.render(NAMED) == "2 x <b>"
    assert compiled("{{order.payment_summary||strtoupper}}").render(NAMED, Target.HTML) == "2 X &lt;B&gt;"
    assert compiled("{{order.payment_receipt|none}}").render(NAMED, Target.HTML) == "none"


@given(st.text(), st.sampled_from(list(Target)))
def test_any_value_stays_in_its_place(value: str, target: Target) -> None:
    try:
        said = compiled('"{{order.note}}"').render(Context({"order": group({"note": value})}), target)
    except TemplateError:
        assert target is Target.HEADER
        return
    if target is Target.JSON:
        assert orjson.loads(said) == value
    elif target in (Target.URL, Target.FORM):
        assert said[1:-1].isascii()
        assert not set(said[1:-1]) & set("/?#&=<>\"' \r\n")
    elif target is Target.HTML:
        assert not set(said[1:-1]) & set("<>\"'")


# Bounds.

FRAGMENTS = ["{{", "}}", "##", "#", "{", "}", "|", "||", ".", "order.id", "order", "item", "{{#item}}", "{{/item}}"]
TEXTS = st.lists(st.sampled_from([*FRAGMENTS, "\n", " ", "{{order.id}}", "##order.id##", "ucwords", "x" * 600, "é"]))


class Watched(str):
    """Counts the characters that are cut out of it."""

    __slots__ = ()
    cut: ClassVar[int] = 0

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        found = super().__getitem__(key)
        Watched.cut += len(found)
        return found


@given(st.one_of(TEXTS.map("".join), st.text()))
def test_no_text_is_read_twice(text: str) -> None:
    """Each character is cut out once as text or as a code, and once or twice while it might have become a code."""
    Watched.cut = 0
    found = list(pieces(Watched(text)))
    assert Watched.cut <= 3 * len(text)
    assert "".join(one if isinstance(one, str) else one.source for one in found) == text
    assert len(found) <= len(text)


@pytest.mark.parametrize("part", ["{{", "##", "{{##", "{{a##", "}}", "{{order.id", "##a##b", "{{#item}}", "{{a.b|"])
def test_the_longest_texts_are_read_once(part: str) -> None:
    text = (part * LONGEST_TEMPLATE)[: LONGEST_TEMPLATE // 2]
    Watched.cut = 0
    try:
        found = list(pieces(Watched(text)))
    except TemplateError:
        assert part == "{{#item}}"  # too many of them
    else:
        assert "".join(one if isinstance(one, str) else one.source for one in found) == text
    assert Watched.cut <= 3 * len(text)


@given(TEXTS.map("".join), st.integers(0, 5))
def test_steps_are_bounded(text: str, rows: int) -> None:
    context = Context({"order": group({"id": 1})}, {"item": lambda: [group({})] * rows})
    budget = Budget()
    try:
        template = compiled(text)
    except TemplateError:
        return
    said = template.render(context, budget=budget)
    assert budget.length == len(said)
    assert budget.steps <= (len(text) + 1) * max(1, rows)


def test_no_template_runs_longer_or_grows_larger_than_its_bound() -> None:
    with pytest.raises(TemplateError, match="at most 65536 characters"):
        compiled("x" * (LONGEST_TEMPLATE + 1))
    assert len(compiled("{{order.id}}" * MOST_CODES).codes) == MOST_CODES
    with pytest.raises(TemplateError, match="at most 1000 codes"):
        compiled("{{order.id}}" * (MOST_CODES + 1))
    many = Context({"order": group({"note": "x" * 100_000})}, {"item": lambda: [group({})] * 1_000_000})
    with pytest.raises(TemplateError, match="longer than 1048576"):
        compiled("{{order.note}}" * 11).render(many)
    with pytest.raises(TemplateError, match="more than 100000 steps"):
        compiled("{{#item}}{{item.name}}{{/item}}").render(many)
    budget = Budget(steps=10)
    for _ in range(10):
        compiled("{{order.id}}").render(NAMED, budget=budget)
    with pytest.raises(TemplateError, match="more than 10 steps"):
        compiled("{{order.id}}").render(NAMED, budget=budget)
    long = "{{order.note|" + "x" * LONGEST_CODE + "}}"
    assert compiled(long).render(NOTHING) == long


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([[[]]], "[[]]"),
        (2**70, str(2**70)),
        ({1: [2]}, '{"1":[2]}'),
        ({"a": {"b": Decimal("1.50"), "c": Rich("x", "<b>x</b>")}}, '{"a":{"b":"1.50","c":"x"}}'),
    ],
)
def test_documents_are_written_as_json(value: Any, said: str) -> None:
    assert compiled("{{order.config}}").render(Context({"order": group({"config": value})})) == said


def test_a_value_that_cannot_be_written_is_a_failure_of_the_template() -> None:
    deep: dict[str, Any] = {}
    for _ in range(1000):
        deep = {"a": deep}
    for value in ({"a": 2**70}, deep):
        with pytest.raises(TemplateError, match="cannot be written"):
            compiled("{{order.config}}").render(Context({"order": group({"config": value})}))


def test_a_template_is_kept() -> None:
    assert compiled("{{order.id}}") is compiled("{{order.id}}")


# The catalogue.


def test_every_documented_code_is_there() -> None:
    documented = {
        "order": "id customer_dashboard_link status parent_id invoice_no fulfillment_type type customer_id currency "
        "rate payment_method payment_method_title payment_status note ip_address completed_at refunded_at uuid "
        "created_at payment_receipt payment_summary downloads item_count is_digital",
        "wp": "admin_email site_url site_title",
        "user": "ID display_name first_name last_name user_email user_login",
        "settings": "store_name store_logo store_address store_address2 store_country store_state store_city "
        "store_postcode",
        "transaction": "total total_formatted refund_amount refund_amount_formatted payment_method card_last_4 "
        "card_brand status currency",
        "item": "sl name variant quantity unit_price unit_price_formatted price price_formatted subtotal "
        "subtotal_formatted payment_info payment_type",
        "license": "sl key status product_name variant limit activation_count expiration_date",
        "download": "sl title product_name url file_size",
        "subscription": "sl item_name status billing_interval recurring_amount recurring_amount_formatted payment_info "
        "next_billing_date bill_times bill_count trial_days expire_at",
        "customer": "first_name last_name email phone country city state postcode",
    }
    for name, keys in documented.items():
        assert set(keys.split()) <= GROUPS[name].codes.keys()
    money = (
        "subtotal discount_tax discount_total manual_discount_total coupon_discount_total shipping_tax shipping_total"
    )
    for key in f"{money} tax_total total_amount total_paid total_refund".split():
        assert {key, f"{key}_formatted"} <= GROUPS["order"].codes.keys()
    address = "first_name last_name full_name email phone company city state postcode country address_1 address_2"
    for key in address.split():
        assert {f"billing.{key}", f"shipping.{key}"} <= GROUPS["order"].codes.keys()
    assert {name for name, one in GROUPS.items() if one.loop} == {"item", "license", "download", "subscription"}


def test_the_catalogue_speaks_of_itself() -> None:
    for name, one in GROUPS.items():
        assert (one.name, one.title != "", one.description[-1]) == (name, True, ".")
        for code in one.codes.values():
            assert code.description.endswith((".", "store writes it."))
            assert code.sample
            assert compiled(code.source).problems == ()
    assert DESCRIPTIONS.keys() == OF_TEXT.keys() | WITH_ARGUMENT.keys()
    assert len(DESCRIPTIONS) == 10
