"""From models to forms, and what may be stored of what somebody sends."""

from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from connectors.providers import NO_SECRET, Component, Form, MappedField, Rejected, form, forms
from connectors.providers.forms import Filled, Kept, Problem
from db.secrets.encrypted import Secret
from tests.packages.letterbox import LetterboxFeed, LetterboxSettings

EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
TOKEN = "a-token-of-sixteen-characters"
KEPT = {"token": Kept(TOKEN, EARLIER)}
STORED = {"server": "https://letters.example"}


class Many(Form):
    api_key: Annotated[SecretStr, Field(alias="apiKey"), form("password", label="API key")] = NO_SECRET
    merge_fields: Annotated[
        dict[str, str],
        form("map_fields", label="Fields", primary=(MappedField("EMAIL", "E-mail", required=True, emails=True),)),
    ] = Field(default_factory=dict)
    other: Annotated[tuple[dict[str, str], ...], form("dropdown_label_repeater", label="Other")] = ()
    size: Annotated[int, form("number", label="Size")] = 3
    mode: Annotated[str, form("radio_choice", label="Mode", options={"a": "A", "b": "B"})] = "a"
    hint: Annotated[None, form("html_info", label="Read this")] = None


def saved(model: type[BaseModel], given: dict[str, Any], *, complete: bool = True, **stored: Any) -> Filled:
    return forms.read(
        model,
        given,
        stored=stored.get("stored", {}),
        secrets=stored.get("secrets", {}),
        complete=complete,
        now=NOW,
    )


def test_a_field_says_what_a_form_needs() -> None:
    list_id, topic, greeting, tags, monthly = forms.shapes(LetterboxFeed)

    assert (list_id.declared.option_source, list_id.declared.required, list_id.default) == ("lists", True, "")
    assert (topic.declared.route, topic.declared.depends_on) == ("letterbox_topics", ("list_id",))
    assert (greeting.declared.template, list_id.declared.template) == (True, False)
    assert (tags.multiple, tags.companions) == (True, ("tag_ids_selection_type", "tag_routers"))
    assert (monthly.declared.component, monthly.default) == (Component.YES_NO_CHECKBOX, False)
    assert [shape.secret for shape in forms.shapes(LetterboxSettings)] == [False, True]
    assert forms.shapes(Many)[0].key == "apiKey"


def test_unknown_names_are_dropped_and_what_is_left_out_stays() -> None:
    filled = saved(LetterboxSettings, {"unknown": 1}, stored=STORED, secrets=KEPT)

    assert filled == Filled(STORED, KEPT, ())


@pytest.mark.parametrize("shown", ["***", "\u2022\u2022\u2022\u2022", "****ters", {"isSet": True}])
def test_a_secret_that_comes_back_as_it_was_shown_is_kept(shown: Any) -> None:
    assert saved(LetterboxSettings, {"token": shown}, stored=STORED, secrets=KEPT).secrets == KEPT


def test_a_secret_is_given_again_and_taken_away() -> None:
    given = saved(LetterboxSettings, {"token": " new "}, stored=STORED, secrets=KEPT)
    same = saved(LetterboxSettings, {"token": TOKEN}, stored=STORED, secrets=KEPT)
    gone = saved(LetterboxSettings, {"token": ""}, complete=False, stored=STORED, secrets=KEPT)

    assert given.secrets == {"token": Kept("new", NOW, given.secrets["token"].mark)}
    assert given.secrets["token"].mark
    assert same.secrets == KEPT
    assert gone.secrets == {}
    assert TOKEN not in repr(same)


@pytest.mark.parametrize(
    ("model", "given", "problem"),
    [
        (LetterboxSettings, {"server": " "}, Problem(("server",), "Server is required")),
        (LetterboxSettings, {"server": "ftp://x"}, Problem(("server",), "Server: it begins with https://")),
        (LetterboxSettings, {"server": ["x"]}, Problem(("server",), "Server: Input should be a valid string")),
        (LetterboxSettings, {"server": "https://\0"}, Problem(("server",), "The value holds what is no text")),
        (
            LetterboxSettings,
            {"server": "https://" + "x" * 70_000},
            Problem((), "The values are longer than 65536 bytes"),
        ),
        (LetterboxSettings, {"token": 5}, Problem(("token",), "Token is a text")),
        (LetterboxSettings, {"token": "\ud800"}, Problem(("token",), "Token is too long, or holds what is no text")),
        (Many, {"merge_fields": {"EMAIL": " "}}, Problem(("merge_fields", "EMAIL"), "E-mail is required")),
        (Many, {"merge_fields": {"EMAIL": "x"}, "mode": "c"}, Problem(("mode",), "Mode is one of a, b")),
        (
            Many,
            {"merge_fields": {"EMAIL": "x"}, "other": [{"label": 1}]},
            Problem(("other", "0", "label"), "Other: Input should be a valid string"),
        ),
        (
            LetterboxFeed,
            {"list_id": "1", "tag_ids_selection_type": "magic"},
            Problem(("tag_ids_selection_type",), "Tags is chosen by simple or routing"),
        ),
        (
            LetterboxFeed,
            {"list_id": "1", "tag_routers": [1]},
            Problem(("tag_routers",), "Routers are a list of {field, operator, value, input_value}"),
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(model: type[BaseModel], given: dict[str, Any], problem: Problem) -> None:
    filled = saved(model, given, stored=STORED, secrets=KEPT)

    assert filled.problems == (problem,)


def test_what_is_not_complete_may_be_kept() -> None:
    assert [problem.path for problem in saved(LetterboxFeed, {}).problems] == [("list_id",)]
    assert saved(LetterboxFeed, {}, complete=False).problems == ()


def test_words_of_the_documents_are_understood() -> None:
    filled = saved(LetterboxFeed, {"list_id": "1", "monthly": "yes"})

    assert (filled.values["monthly"], filled.problems) == (True, ())


def test_a_feed_is_filled_in_for_its_run() -> None:
    values = {
        "list_id": "{{not.a.template}}",
        "greeting": "Dear {{name}}",
        "tag_ids_selection_type": "routing",
        "tag_routers": [
            {"field": "total", "operator": ">", "value": 5, "input_value": ["big {{name}}", "buyer"]},
            {"field": "total", "operator": ">", "value": 9, "input_value": "never"},
            {"field": "total", "operator": ">", "value": 5, "input_value": "buyer"},
        ],
    }

    feed = forms.ready(
        LetterboxFeed,
        values,
        {},
        render=lambda text: text.replace("{{name}}", "Ada"),
        holds=lambda router: router["value"] == 5,
    )

    assert (feed.list_id, feed.greeting, feed.tags) == ("{{not.a.template}}", "Dear Ada", ("big Ada", "buyer"))


def test_labels_are_no_templates() -> None:
    values = {"merge_fields": {"EMAIL": "x"}, "other": [{"label": "x", "item_value": "x"}]}

    feed = forms.ready(Many, values, {}, render=lambda _: "filled", holds=lambda _: True)

    assert (feed.merge_fields, feed.other) == ({"EMAIL": "filled"}, ({"label": "x", "item_value": "filled"},))


def test_secrets_are_shown_as_set_and_nothing_more() -> None:
    shown = forms.presented(LetterboxSettings, STORED, KEPT)

    assert shown == {
        **STORED,
        "token": {"isSet": True, "lastFour": "ters", "updatedAt": "2026-01-01T00:00:00+00:00"},
    }
    assert forms.presented(Many, {}, {})["apiKey"] == {"isSet": False, "lastFour": None, "updatedAt": None}


def test_secrets_of_a_form_are_one_sealed_text() -> None:
    sealed = forms.seal(KEPT)

    assert isinstance(sealed, Secret)
    assert forms.unseal(sealed) == KEPT
    assert (forms.seal({}), forms.unseal(None)) == (None, {})


def test_the_model_of_what_is_stored() -> None:
    settings = forms.made(LetterboxSettings, STORED, KEPT)

    assert (settings.server, settings.token.get_secret_value()) == ("https://letters.example", TOKEN)
    assert forms.made(Many, {}, {"apiKey": Kept("k", NOW)}).api_key.get_secret_value() == "k"
    with pytest.raises(Rejected, match="save it again"):
        forms.made(LetterboxSettings, {"server": "gopher://x"}, {})


def test_a_model_that_is_no_form_is_refused() -> None:
    class Undescribed(Form):
        name: str = ""

    class Demanding(Form):
        name: Annotated[str, form("text", label="Name")]

    for model, why in ((Undescribed, "how it is shown"), (Demanding, "no default")):
        with pytest.raises(TypeError, match=why):
            forms.shapes(model)
