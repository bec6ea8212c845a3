"""Text from callers, as it is stored (rules.md §2: trimmed, control characters and tags stripped)."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.text.folding import folded
from resolvers.editing import text

# Random characters rarely make a tag.
TAGGED = st.lists(st.sampled_from(["<", ">", "/", "!", "b", "script", " ", "\0", "\n", "é"]), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("  Mug  ", "Mug"),
        ("a\tb\n c", "a b c"),
        ("zero\u200bwidth", "zero\u200bwidth"),
        ("no\u00a0break", "no break"),
        ("NUL\0and\x7f\x1b[31m", "NULand[31m"),
        ("<b>bold</b>", "bold"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<!-- comment -->seen", "seen"),
        ("<<b>i>", "i>"),
        ("<s<b>cript>", "cript>"),
        ("<\0b>", ""),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("I <3 you", "I <3 you"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("R&D", "R&D"),
        ("日本語 🎉", "日本語 🎉"),
    ],
)
def test_a_line(given: str, stored: str) -> None:
    assert text.line(given) == stored


def test_lines_keep_their_breaks() -> None:
    assert text.lines(" one\r\n\r\ntwo\rthree\t<b>x</b>\0 ") == "one\n\ntwo\nthree\tx"


def test_lines_that_nobody_sees_are_none() -> None:
    assert text.lines("\u200b\n\u2060 <b>\ufeff</b>") == ""


@given(st.text() | TAGGED)
def test_a_line_is_clean(given: str) -> None:
    stored = text.line(given)
    assert stored == text.line(stored)
    assert stored == stored.strip()
    assert not any(unicodedata.category(character) == "Cc" for character in stored)
    assert not re.search(r"<[a-zA-Z/!?][^>]*>", stored)


@given(st.text() | TAGGED)
def test_lines_are_clean(given: str) -> None:
    stored = text.lines(given)
    assert stored == text.lines(stored)
    assert {character for character in stored if unicodedata.category(character) == "Cc"} <= {"\n", "\t"}
    assert not re.search(r"<[a-zA-Z/!?][^>]*>", stored)


@pytest.mark.parametrize("hostile", ["<" * 200_000, "<a" * 100_000, "<" * 200_000 + "a>", "<a" * 100_000 + ">"])
def test_hostile_text_takes_no_time(hostile: str) -> None:
    """Quadratic, each of these would take minutes."""
    text.line(hostile)


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("https://store.example/a.jpg", True),
        ("http://store.example", True),
        ("HTTPS://STORE.EXAMPLE/", True),
        ("https://images.example.com/a%20b.jpg", True),
        ("https://例え.jp/画像.png", True),
        ("https://[2001:db8::1]/a.jpg", True),
        ("https://", False),
        ("https:///a.jpg", False),
        ("//store.example/a.jpg", False),
        ("/a.jpg", False),
        ("ftp://store.example/a.jpg", False),
        ("javascript:alert(1)", False),
        ("data:image/png;base64,AAAA", False),
        ("https://store.example/a b.jpg", False),
        ("https://store.example/a\0.jpg", False),
        ("https://store.example/a\n.jpg", False),
        ("https://[broken", False),
        ("", False),
    ],
)
def test_a_web_address(given: str, right: bool) -> None:
    assert text.is_web_address(given) is right


@given(st.text())
def test_folding_a_second_time_changes_nothing(given: str) -> None:
    assert folded(folded(given)) == folded(given)
