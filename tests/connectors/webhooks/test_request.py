"""The exact request of a webhook, without a database and without a receiver."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from standardwebhooks import Webhook

from connectors.delivery.beginning import beginning
from connectors.delivery.excerpts import excerpt
from connectors.delivery.sender import Message
from connectors.webhooks import form, request, signing
from connectors.webhooks.personal import Personal, impersonal_pairs
from connectors.webhooks.request import Exact, Unmakeable
from db.integration.template import Context, Target, TemplateError, compiled, group
from db.integration.webhook import Header, SelectedField, WebhookSettings, read_settings
from db.integration.webhook import WebhookBody as Body
from db.integration.webhook import WebhookFormat as Format
from db.integration.webhook import WebhookMethod as Method

URL = "https://warehouse.example/in"
ENVELOPE: dict[str, Any] = {
    "id": "msg_1",
    "event": "order.paid",
    "data": {"order": {"id": 1, "note": None, "items": [{"sku": "A&B", "gift": True}, {"sku": "C"}]}},
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MOMENT = datetime(2026, 12, 1, 12, tzinfo=UTC)


def made(**settings: Any) -> Exact:
    """With an order whose note is what a hostile customer wrote."""
    order = {"id": 1, "note": settings.pop("note", "a/b?c#d&e=f\u00fc"), "status": "paid"}
    context = Context({"order": group(order)})

    def fill(template: str, target: Target) -> str:
        try:
            return compiled(template).render(context, target)
        except TemplateError as error:
            raise Unmakeable(error.message) from None

    return request.made(WebhookSettings(**{"url": URL, **settings}), ENVELOPE, fill)


def test_all_data_is_the_envelope_as_json() -> None:
    exact = made()
    assert (exact.method, exact.url, exact.headers) == ("POST", URL, (("content-type", "application/json"),))
    assert json.loads(exact.body or b"") == ENVELOPE
    assert exact.content == (exact.body or b"").decode()


def test_nested_values_of_a_form_stand_in_brackets() -> None:
    exact = made(format=Format.FORM)
    assert exact.headers == (("content-type", "application/x-www-form-urlencoded"),)
    assert parse_qsl((exact.body or b"").decode(), keep_blank_values=True) == [
        ("id", "msg_1"),
        ("event", "order.paid"),
        ("data[order][id]", "1"),
        ("data[order][note]", ""),
        ("data[order][items][0][sku]", "A&B"),
        ("data[order][items][0][gift]", "true"),
        ("data[order][items][1][sku]", "C"),
    ]
    assert form.encoded({}) == form.encoded({"empty": {}, "none": []}) == ""


@pytest.mark.parametrize("method", [Method.GET, Method.DELETE])
@pytest.mark.parametrize(("url", "before"), [(URL, ""), (f"{URL}?key=1", "key=1&"), ("https://warehouse.example", "")])
def test_without_a_body_the_query_says_it_and_is_signed(method: Method, url: str, before: str) -> None:
    exact = made(method=method, url=url)
    told = f"{before}{form.encoded(ENVELOPE)}"
    assert (exact.body, exact.url, exact.content) == (None, f"{url.partition('?')[0]}?{told}", told)


def test_selected_fields_are_all_that_is_sent() -> None:
    fields = (SelectedField("number", "{{order.id}}"), SelectedField("note", "{{order.note||strtoupper}}"))
    exact = made(body=Body.SELECTED_FIELDS, fields=fields)
    assert json.loads(exact.body or b"") == {"number": "1", "note": "A/B?C#D&E=F\u00dc"}


def test_values_in_a_url_stay_where_they_are() -> None:
    exact = made(url=f"{URL}/{{{{order.note}}}}?q={{{{order.note}}}}&s={{{{order.status}}}}")
    value = "a%2Fb%3Fc%23d%26e%3Df%C3%BC"
    assert exact.url == f"{URL}/{value}?q={value}&s=paid"
    for step in (".", ".."):
        assert request.origin(made(url=f"{URL}/{{{{order.note}}}}/x", note=step).url) == "https://warehouse.example"
        assert f"/{step}/" not in made(url=f"{URL}/{{{{order.note}}}}/x", note=step).url


@pytest.mark.parametrize(
    "url", ["https://{{order.note}}/", "{{order.note}}", "https://a.example{{order.note}}/", "https://a.{{x.y}}.b/"]
)
def test_no_template_stands_in_scheme_or_host(url: str) -> None:
    assert request.wrong_url(url) is not None
    with pytest.raises(Unmakeable):
        made(url=url)


def test_what_a_customer_writes_begins_no_header() -> None:
    headers = (Header("X-Note", "{{order.note}}"),)
    assert dict(made(headers=headers, note="fine").headers)["X-Note"] == "fine"
    for note in ("a\r\nX-Admin: 1", "a\nb", "a\rb", "a\0b"):
        with pytest.raises(Unmakeable):
            made(headers=headers, note=note)


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Connection", "Webhook-Id", "Content-Type", "a b", "", "a:"]
)
def test_headers_that_are_not_the_subscribers(name: str) -> None:
    assert request.wrong_header(name, "x") is not None


def test_what_cannot_be_sent_is_told() -> None:
    with pytest.raises(Unmakeable, match="not known here"):
        made(headers=(Header("Authorization", None),))
    fields = tuple(SelectedField(f"a{n}", "x" * 4000) for n in range(3))
    with pytest.raises(Unmakeable, match="The URL has"):
        made(method=Method.GET, body=Body.SELECTED_FIELDS, fields=fields)
    with pytest.raises(Unmakeable, match="The body has"):
        made(body=Body.SELECTED_FIELDS, fields=tuple(SelectedField(f"a{n}", "x" * 65_000) for n in range(17)))


def test_the_specifications_library_verifies_what_is_sent() -> None:
    now = datetime.now(UTC)
    exact = made(method=Method.PUT).signed("msg_1", now, [SECRET])
    assert Webhook(SECRET).verify(exact.body or b"", dict(exact.headers)) == ENVELOPE
    query = made(method=Method.GET).signed("msg_1", now, [SECRET])
    Webhook(SECRET).verify(query.url.partition("?")[2], dict(query.headers), json_parse=False)


def test_while_a_secret_is_replaced_receivers_know_either() -> None:
    other = signing.made()
    exact = made().signed("msg_1", datetime.now(UTC), [other, SECRET])
    for secret in (other, SECRET):
        Webhook(secret).verify(exact.body or b"", dict(exact.headers))


def test_of_the_same_moment_the_request_is_the_same() -> None:
    assert made().signed("m", MOMENT, [SECRET]) == made().signed("m", MOMENT, [SECRET])
    assert dict(made().signed("m", MOMENT, [SECRET]).headers)["webhook-timestamp"] == "1796126400"


@pytest.mark.parametrize(
    "secret",
    ["", "secret", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "whsec_" + "QUJD" * 22, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
)
def test_secrets_that_are_none(secret: str) -> None:
    assert signing.checked(secret) is not None


def test_secrets_that_are_made_are_good() -> None:
    assert signing.checked(signing.made()) is None
    assert len({signing.made() for _ in range(50)}) == 50


def test_settings_are_read_back_as_they_are_stored() -> None:
    settings = WebhookSettings(
        url=URL,
        method=Method.PATCH,
        format=Format.FORM,
        headers=(Header("X-Store", "north"), Header("Authorization", "Bearer 1")),
        body=Body.SELECTED_FIELDS,
        fields=(SelectedField("a", "{{order.id}}"),),
    )
    assert read_settings(settings.document(), settings.concealed()) == settings
    assert "Bearer" not in json.dumps(settings.document())
    assert read_settings(settings.document()).headers[1] == Header("Authorization", None)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"request_url": 5, "request_method": "TRACE", "request_headers": [{"key": "a"}], "custom_header_values": "x"},
        {"selected_field_values": [1, {"field_name": ["a"]}, {"field_value": "b"}], "query": 1},
    ],
)
def test_what_another_system_wrote_is_read_as_far_as_it_makes_sense(document: dict[str, Any]) -> None:
    assert read_settings(document) == WebhookSettings()


def test_no_person_is_left_in_what_is_kept() -> None:
    body = {
        "data": {
            "order": {"id": 1, "note": "Ring twice", "billing_address": {"name": "Ada Byron", "country": "DE"}},
            "customer": {"id": 3, "email": "ada@example.com", "first_name": "Ada", "status": "active"},
            "items": [{"title": "Mug", "options": "write to ada@example.com"}],
            "product": {"name": "Lamp"},
        },
        "to": "Ada Byron",
    }
    kept = json.loads(beginning(body, 4000, Personal({"to"})))
    assert kept == {
        "data": {
            "order": {"id": 1, "note": "***", "billing_address": {"name": "***", "country": "DE"}},
            "customer": {"id": 3, "email": "***", "first_name": "***", "status": "active"},
            "items": [{"title": "Mug", "options": "write to ***"}],
            "product": {"name": "Lamp"},
        },
        "to": "***",
    }
    assert impersonal_pairs("id=1&customer[name]=Ada&items[0][name]=Lamp&to=Ada", {"to"}) == (
        "id=1&customer[name]=***&items[0][name]=Lamp&to=***"
    )
    told = excerpt(Message("HTTP 200", {}, b"no ada@example.com here", Personal()))
    assert told == "HTTP 200\n\nno *** here"
    form = {"content-type": "application/x-www-form-urlencoded"}
    told = excerpt(Message("HTTP 200", form, b"customer[name]=Ada&token=5&page=2", Personal()))
    assert told is not None
    assert told.endswith("customer[name]=***&token=***&page=2")


def test_fields_of_codes_that_tell_of_people_are_known_whatever_they_are_called() -> None:
    fields = (SelectedField("a", "{{order.billing.full_name}}"), SelectedField("b", "{{order.id}}"))
    assert made(body=Body.SELECTED_FIELDS, fields=fields).private == {"a"}
