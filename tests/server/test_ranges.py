"""Ranges and conditions of downloads: the arithmetic of RFC 9110."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.files.downloads import disposition
from server.http.ranges import Span, Unsatisfiable, http_date, matches, requested, still_holds

SIZES = st.integers(0, 2**40)


@given(SIZES, SIZES, SIZES)
def test_a_range_is_within_the_file_and_as_long_as_it_was_asked_to_be(first: int, last: int, size: int) -> None:
    if last < first:
        assert requested(f"bytes={first}-{last}", size) is None
    elif first >= size:
        with pytest.raises(Unsatisfiable):
            requested(f"bytes={first}-{last}", size)
    else:
        span = requested(f"bytes={first}-{last}", size)
        assert span == Span(first, min(last, size - 1) + 1, size)
        assert 0 <= span.start < span.end <= size


@given(st.integers(0, 2**40), SIZES)
def test_the_last_bytes(length: int, size: int) -> None:
    if length == 0 or size == 0:
        with pytest.raises(Unsatisfiable):
            requested(f"bytes=-{length}", size)
    else:
        span = requested(f"bytes=-{length}", size)
        assert span is not None
        assert (span.end, span.end - span.start) == (size, min(length, size))


@given(st.text(max_size=30))
def test_any_header_is_a_range_the_whole_or_unsatisfiable(header: str) -> None:
    try:
        span = requested(header, 100)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span.start < span.end <= 100


@pytest.mark.parametrize(
    "header", [None, "", "bytes=", "bytes=-", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=5-4"]
)
def test_what_is_answered_with_the_whole_file(header: str | None) -> None:
    assert requested(header, 10) is None


def test_the_header_of_a_part() -> None:
    span = requested("bytes=2-5", 10)
    assert span is not None
    assert span.content_range == "bytes 2-5/10"


@pytest.mark.parametrize(
    ("header", "etag", "known"),
    [
        ('"a"', '"a"', True),
        ('W/"a"', '"a"', True),
        ('"b", "a"', '"a"', True),
        ("*", '"a"', True),
        ('"b"', '"a"', False),
        ("a", '"a"', False),
        ('"a"', None, False),
        ("", '"a"', False),
    ],
)
def test_which_versions_a_caller_has(header: str, etag: str | None, known: bool) -> None:
    assert matches(header, etag) is known


MODIFIED = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("if_range", "holds"),
    [
        (None, True),
        ('"a"', True),
        ('W/"a"', False),
        ('"b"', False),
        ("Sun, 01 Nov 2026 12:00:00 GMT", True),
        ("Sun, 01 Nov 2026 12:00:01 GMT", False),
        ("yesterday", False),
    ],
)
def test_a_part_belongs_to_the_version_that_the_caller_has(if_range: str | None, holds: bool) -> None:
    assert still_holds(if_range, '"a"', MODIFIED) is holds


def test_moments_as_headers_write_them() -> None:
    assert http_date(MODIFIED) == "Sun, 01 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("guide.pdf", 'attachment; filename="guide.pdf"'),
        ('a "b".pdf', "attachment; filename=\"a _b_.pdf\"; filename*=UTF-8''a%20%22b%22.pdf"),
        ("Führer.pdf", "attachment; filename=\"F_hrer.pdf\"; filename*=UTF-8''F%C3%BChrer.pdf"),
        ("100%.pdf", "attachment; filename=\"100_.pdf\"; filename*=UTF-8''100%25.pdf"),
        ("a\r\nSet-Cookie: b/c\\d", 'attachment; filename="a__Set-Cookie: b_c_d"'),
    ],
)
def test_the_name_that_a_download_is_saved_under(name: str, header: str) -> None:
    assert disposition(name) == header
