"""Readers of single values: what FluentCart writes is understood, and whatever else comes raises Unreadable only."""

import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.importers.fluentcart import values
from connectors.importers.fluentcart.catalog.slugs import decoded
from connectors.importers.fluentcart.clock import Clock
from connectors.importers.fluentcart.values import (
    address,
    branch,
    cents,
    document,
    entries,
    flag,
    key,
    line,
    measure,
    moment,
    name,
    plain,
    reference,
    shown,
    text,
    whole,
    word,
)
from connectors.importers.mapping import Unreadable
from db.catalog.slug import derived
from db.text.plain import line as one_line


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


READERS: dict[str, Callable[[Any], Any]] = {
    "whole": whole(),
    "whole or none": whole(None),
    "cents": cents(),
    "key": key,
    "reference": reference,
    "measure": measure,
    "flag": flag(),
    "text": text(),
    "short text": text("", longest=5),
    "plain": plain(),
    "address": address(None),
    "name": name(),
    "word": word(Colour),
    "moment": moment,
    "branch": branch,
    "entries": entries,
    "document": document,
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(string.digits + "+-. eE_", max_size=30)
    | st.text("0123456789-: TZ+.", max_size=30)
    | st.text("&#x;0123456789abcdef", max_size=20)
    | st.sampled_from(
        ["yes", "no", "true", "false", "0", "1", "", "on", "[]", "{}", "[", '{"a":', "0000-00-00 00:00:00"]
    )
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


def refusal(read: Callable[[], Any]) -> Unreadable | None:
    try:
        read()
    except Unreadable as unreadable:
        return unreadable
    return None


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@given(value=anything)
def test_a_reader_answers_or_says_why_not(reader: Callable[[Any], Any], value: Any) -> None:
    if unreadable := refusal(lambda: reader(value)):
        assert unreadable.reason
        assert unreadable.reason.isprintable()
        assert len(unreadable.reason) < 200


@given(st.integers(-(2**31), 2**31 - 1))
def test_whole_numbers_in_all_forms(number: int) -> None:
    read = whole()
    assert (
        read(number) == read(str(number)) == read(f" {number} ") == read(f"{number}.0") == read(float(number)) == number
    )


@given(st.integers(0, 2**53 - 1))
def test_cents_in_all_forms(amount: int) -> None:
    assert cents()(amount) == cents()(str(amount)) == cents()(f"{amount}.00") == amount


@given(st.integers(0, 10**7))
def test_cents_survive_the_arithmetic_of_the_store(amount: int) -> None:
    """PHP multiplies a price by a hundred and writes what comes out."""
    assert cents()(amount / 100 * 100) == amount


@pytest.mark.parametrize(
    "value", ["12.5", 12.5, "abc", "1,999", "1e3", "0x10", "१२a", [], {}, float("nan"), 10**30, "--1"]
)
def test_what_is_no_whole_number(value: Any) -> None:
    with pytest.raises(Unreadable):
        whole()(value)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        *((value, True) for value in ("yes", "true", "1", "on", "YES", " Yes ", 1, 1.0, True)),
        *((value, False) for value in ("no", "false", "0", "off", "", " No ", 0, 0.0, False, None)),
    ],
)
def test_flags(value: Any, meant: bool) -> None:
    assert flag()(value) is meant


@pytest.mark.parametrize("value", ["maybe", 2, -1, [], {}, "yes please", float("nan")])
def test_what_is_no_flag(value: Any) -> None:
    with pytest.raises(Unreadable, match="neither yes nor no"):
        flag()(value)


@pytest.mark.parametrize(
    ("read", "absent", "default"),
    [
        (whole(7), None, 7),
        (whole(7), "", 7),
        (cents(), "", 0),
        (cents(None), None, None),
        (reference, 0, None),
        (reference, "0", None),
        (reference, "", None),
        (measure, "", None),
        (flag(True), None, True),
        (text(""), None, ""),
        (name(), "  ", None),
        (word(Colour, Colour.RED), "", Colour.RED),
        (word(Colour, None), None, None),
        (moment, "0000-00-00 00:00:00", None),
        (moment, "", None),
        (branch, [], {}),
        (branch, None, {}),
        (branch, "", {}),
        (branch, "[]", {}),
        (entries, None, []),
        (entries, {}, []),
        (document, [], None),
        (document, "", None),
    ],
)
def test_what_is_missing(read: Callable[[Any], Any], absent: Any, default: Any) -> None:
    assert read(absent) == default


@pytest.mark.parametrize("read", [whole(), cents(values.REQUIRED), key, flag(values.REQUIRED), text(), word(Colour)])
def test_what_must_not_be_missing(read: Callable[[Any], Any]) -> None:
    with pytest.raises(Unreadable, match="is missing"):
        read(None)


def test_maps_and_lists_of_php() -> None:
    assert branch('{"a": 1}') == {"a": 1}
    assert entries({"1": "a", "3": "b"}) == ["a", "b"]
    assert entries("[449, 450]") == [449, 450]
    for wrong in ([1], "text", 5, "{", "[1"):
        with pytest.raises(Unreadable):
            branch(wrong)


@given(st.text())
def test_entities_are_read_once(value: str) -> None:
    import html

    assert plain()(html.escape(value)) == one_line(value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A &amp; B", "A & B"),
        ("<b>A</b> &lt;script&gt;alert(1)&lt;/script&gt;", "A alert(1)"),
        ("&#36;5", "$5"),
        ("&#8211;", "–"),
        ("&#x20AC;", "€"),
        ("&amp;amp;", "&amp;"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("&nosuchthing;", "&nosuchthing;"),
        ("R&D;", "R&D;"),
        ("&#xD800;", "\ufffd"),
        ("&#0;", "\ufffd"),
    ],
)
def test_entities(written: str, meant: str) -> None:
    assert plain()(written) == meant


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-14, 14))
def test_moments_are_utc(at: datetime, hours: int) -> None:
    at = at.replace(microsecond=0)
    assert moment(at.isoformat()) == at
    assert moment(at.replace(tzinfo=None).isoformat(sep=" ")) == at
    if 2 < at.year < 9998:
        assert moment(at.astimezone(timezone(timedelta(hours=hours))).isoformat()) == at


def test_moments_beyond_the_calendar() -> None:
    with pytest.raises(Unreadable, match="beyond the calendar"):
        moment("0001-01-01T00:00:00+14:00")


@given(anything)
def test_a_message_is_one_line(value: Any) -> None:
    assert shown(value).isprintable()
    assert line(str(value)).isprintable()


def test_a_document_nested_too_deep() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Unreadable, match="nested too deep"):
        document(deep)


# Slugs


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("amber-mug", "amber-mug"),
        ("%e6%97%a5%E6%9C%AC", "日本"),
        ("caf%c3%a9", "café"),
        ("a%2fb%20c%00", "a%2fb%20c%00"),
        ("cut-%e6%97", "cut-%e6%97"),
        ("100%", "100%"),
    ],
)
def test_slugs_are_decoded(written: str, meant: str) -> None:
    assert decoded(written) == meant


@given(st.text())
def test_decoding_undoes_what_wordpress_does(slug: str) -> None:
    from urllib.parse import quote

    encoded = "".join(quote(letter) if ord(letter) > 127 else letter for letter in slug if letter != "%")
    assert decoded(encoded) == slug.replace("%", "")


@pytest.mark.parametrize(
    ("name_", "slug"),
    [
        ("Home & Garden", "home-garden"),
        ("Café Crème", "cafe-creme"),
        ("Größe ß", "grosse-ss"),
        ("日本語の商品 🎉", "日本語の商品"),
        ("Скидки", "скидки"),
        ("🎉", ""),
        ("हिन्दी किताब", "हिन्दी-किताब"),
        ("น้ำตาล", "น้ำตาล"),
        ("காபி", "காபி"),
        ("বাংলা", "বাংলা"),
        ("ភាសាខ្មែរ", "ភាសាខ្មែរ"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("مَرحَبا", "مَرحَبا"),
        ("می\u200cخواهم", "میخواهم"),
        ("Don't Rock ’n’ Roll", "dont-rock-n-roll"),
        ("L’été", "lete"),
        ("İstanbul q\u0303", "istanbul-q"),
        ("ＦＵＬＬ ｶﾞﾗｽ", "full-ガラス"),
        ("❤\ufe0f 1\ufe0f\u20e3 ½", "1-1-2"),
        ("1,000 A/B &amp; C_d", "1000-a-b-c-d"),
        ("-'-", ""),
        ("ก" * 199 + "น้ำ", "ก" * 199),
        ("x" * 300, "x" * 200),
    ],
)
def test_slugs_are_derived(name_: str, slug: str) -> None:
    assert derived(name_) == slug


@given(st.text())
def test_derived_slugs_are_slugs(name_: str) -> None:
    slug = derived(name_)
    assert len(slug) <= 200
    assert not set(slug) & set(" /?#%&\x00")


# The site's clock


def dated(local: str, gmt: str = "0000-00-00 00:00:00") -> dict[str, str]:
    return {"post_date": local, "post_date_gmt": gmt}


def read(clock: Clock, record: dict[str, Any]) -> str:
    at = clock.moment(record, "post_date", "post_date_gmt")
    return "" if at is None else at.isoformat()


def test_the_clock_learns_the_offset_of_the_season() -> None:
    clock = Clock()
    clock.learn(dated("2026-01-10 12:00:00", "2026-01-10 11:00:00"))
    clock.learn(dated("2026-07-10 12:00:00", "2026-07-10 10:00:00"))
    assert read(clock, dated("2026-02-01 09:00:00")) == "2026-02-01T08:00:00+00:00"
    assert read(clock, dated("2026-06-20 09:00:00")) == "2026-06-20T07:00:00+00:00"
    assert read(clock, dated("2031-01-01 00:30:00")) == "2030-12-31T22:30:00+00:00"


def test_the_gmt_date_is_believed_when_there_is_one() -> None:
    assert read(Clock(), dated("2026-07-10 12:00:00", "2026-07-10 02:00:00")) == "2026-07-10T02:00:00+00:00"


def test_a_clock_that_knows_nothing_takes_local_for_gmt() -> None:
    assert read(Clock(), dated("2026-07-10 12:00:00")) == "2026-07-10T12:00:00+00:00"
    assert read(Clock(), dated("0000-00-00 00:00:00")) == ""
    assert read(Clock(), {}) == ""


def test_impossible_offsets_teach_nothing() -> None:
    clock = Clock()
    clock.learn(dated("2026-07-10 12:00:00", "2026-07-01 12:00:00"))
    clock.learn(dated("2026-07-10 12:00:00", "2026-07-10 11:59:00"))
    clock.learn(dated("soon", "2026-07-10 11:00:00"))
    clock.learn({"post_date": 5, "post_date_gmt": []})
    assert read(clock, dated("2026-07-10 12:00:00")) == "2026-07-10T12:00:00+00:00"


@given(anything, anything)
def test_the_clock_answers_or_says_why_not(local: Any, gmt: Any) -> None:
    clock = Clock()
    clock.learn(dated("2026-07-10 12:00:00", "2026-07-10 00:00:00"))
    clock.learn({"post_date": local, "post_date_gmt": gmt})
    if unreadable := refusal(lambda: read(clock, {"post_date": local, "post_date_gmt": gmt})):
        assert unreadable.field in {"post_date", "post_date_gmt"}
