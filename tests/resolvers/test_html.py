"""What is left of HTML from callers."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.html import safe


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("<p class='lead'>Hi <em>there</em></p>", '<p class="lead">Hi <em>there</em></p>'),
        ("<p onclick='x()' style='top:0'>Hi</p>", "<p>Hi</p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ("<style>p{}</style><iframe src='https://x.example'></iframe><form><input></form>", ""),
        ("<a href='javascript:alert(1)'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<a href=' java\tscript:alert(1)'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<img src='data:text/html,x' onerror=x()>", "<img>"),
        ("<svg><script>alert(1)</script></svg><math><mtext></mtext></math>", ""),
        ("<!-- <p>hidden</p> --><!--[if IE]><script>x</script><![endif]-->", ""),
        ("a\0b", "ab"),
        ("3 < 4 & 5 > 2", "3 &lt; 4 &amp; 5 &gt; 2"),
        ("<p>one<p>two", "<p>one</p><p>two</p>"),
        ("<b>a<div>b</b>c", "<b>a<div>b</div></b>c"),
        ("a</b></p>b", "ab"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<table><tr><td>a<td>b</table>", "<table><tbody><tr><td>a</td><td>b</td></tr></tbody></table>"),
        ("<a href=/a?b=1&c=2>a<a href=/b>b</a>", None),
        ("<p title='a > b' CLASS=x class=y>a", '<p title="a &gt; b" class="x">a</p>'),
        ("<pre>\n\na\n</pre>", "<pre>a\n</pre>"),
        ("<!-->seen<!-- hidden --!>seen<!-- hidden", "seenseen"),
        ("a<style>b</STYLE >c<script src=x", "ac&lt;script src=x"),
        ("", ""),
    ],
)
def test_what_could_run_goes(given_: str, kept: str | None) -> None:
    assert safe(given_) == (
        '<a href="/a?b=1&amp;c=2" rel="noopener noreferrer">a</a><a href="/b" rel="noopener noreferrer">b</a>'
        if kept is None
        else kept
    )


MARKUP = st.sampled_from(
    [
        *("<p>", "</p>", "<script>", "</script>", "<a href='", "'>", "<!--", "-->"),
        *("<svg>", "<style>", "on", "=", "<", ">", "&", "\n", "<pre>", "<b>", "</b>", "<a>", "<li>", "<h1>", "<div>"),
        *("</div>", "<table>", "<tr>", "<td>", "</td>", "</table>", "<caption>", "<col>", "<hr>", "<textarea>"),
    ]
)


@given(st.lists(MARKUP | st.text(max_size=3), max_size=30).map("".join))
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    once = safe(text)
    assert safe(once) == once
    assert "<script" not in once.lower()


# What a parser of HTML repairs, it may repair again and again.
HOSTILE = {
    "ampersands": "&" * 600_000,
    "pieces of one text": "a&" * 400_000,
    "deep": "<div>" * 40_000,
    "never closed": "<a><b>" * 30_000,
    "closed too early": "<b></p>" * 25_000,
    "goes on in all that follows": f"<p><b class={'x' * 100_000}>" + "<p>x" * 50_000,
    "goes on in all rows": f"<table><b class={'x' * 100_000}>" + "<tr></tr>x" * 20_000,
    "goes on in all items": "<li>" + "".join(f"<b class={n}>" for n in range(90)) + "<li>x</li>" * 20_000,
    "attributes": "<a " + " ".join(f"a{n}" for n in range(60_000)) + ">",
    "quotes": "<a '\"" * 100_000,
    "comments": "<!--" * 100_000,
    "scripts": "<script" * 50_000 + "<script>" * 50_000,
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE.keys())
def test_cleaning_takes_time_and_room_in_proportion(html: str) -> None:
    """Out of proportion these take from many seconds to minutes, or gigabytes."""
    started = time.thread_time()

    cleaned = safe(html)

    assert time.thread_time() - started < 3
    assert len(cleaned) <= 8 * len(html)
