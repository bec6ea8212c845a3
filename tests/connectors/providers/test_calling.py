"""What a provider's calls are on the wire, and what comes of answers that are none."""

from typing import Any

import pytest

from connectors.providers import Asked, Rejected, Run, Site, Skipped, VendorFailed, segment
from db.secrets.confidential import MASK
from tests.connectors.providers.letterboxes import TOKEN, letterbox, reached, settings_of
from tests.packages.letterbox import Letterbox, LetterboxFeed

PROVIDER = Letterbox()


def run_of(email: str = " Ada@Example.org", *, revoke: bool = False, **feed: Any) -> Run[LetterboxFeed]:
    return Run(
        feed=LetterboxFeed.model_validate({"list_id": "1", "greeting": "Dear Ada", **feed}),
        event="order.paid",
        trigger="order_paid_done",
        order={},
        customer={"email": email},
        key="k",
        revoke=revoke,
    )


async def test_a_run_makes_the_calls_that_its_provider_says() -> None:
    async with letterbox() as server, reached(server) as vendor:
        settings = settings_of(server)
        run = run_of(tags=["buyer"])
        await PROVIDER.run(run, settings, vendor)
        await PROVIDER.revoke(run_of(revoke=True), settings, vendor)

        put, delete = vendor.calls

    reader = "/api/lists/1/readers/ada%40example.org"
    assert server.calls == [
        (f"PUT {reader}", {"greeting": "Dear Ada", "topic": "", "tags": ["buyer"]}),
        (f"DELETE {reader}", None),
    ]
    assert (put.line, put.reply) == (f"PUT {server.url}{reader}: 200", '{"id": 7}')
    assert put.headers["Authorization"] == MASK
    assert (delete.status, delete.body) == (204, None)
    assert run.lines == ["Put on the list 1"]


async def test_a_dry_run_shows_the_same_calls_and_makes_none() -> None:
    async with letterbox() as server, reached(server, dry=True) as vendor:
        await PROVIDER.verify(settings_of(server), vendor)
        await PROVIDER.run(run_of(), settings_of(server), vendor)

    assert [call.line.replace(server.url, "") for call in vendor.calls] == [
        "GET /api/account",
        "PUT /api/lists/1/readers/ada%40example.org",
    ]
    assert vendor.calls[1].body == '{"greeting":"Dear Ada","topic":"","tags":[]}'
    assert TOKEN not in repr(vendor.calls)
    assert server.calls == []


async def test_options_are_read_to_the_end() -> None:
    async with letterbox() as server, reached(server) as vendor:
        server.lists = [{"id": number, "name": f"List {number}"} for number in range(7)]
        server.page = 3
        found = await PROVIDER.options(Asked("lists"), settings_of(server), vendor)

    assert [option.id for option in found] == [str(number) for number in range(7)]
    assert [line for line, _ in server.calls] == [f"GET /api/lists?from={begin}" for begin in (0, 3, 6)]


@pytest.mark.parametrize(
    ("status", "headers", "body", "message", "retryable", "after"),
    [
        (401, {}, {"message": f"{TOKEN} is not known"}, f"answers 401: {MASK} is not known", False, None),
        (429, {"Retry-After": "7"}, {"error": {"message": "Slower"}}, "answers 429: Slower", True, 7.0),
        (503, {"Retry-After": "soon"}, b"<html>down</html>", "answers 503", True, None),
        (400, {}, {"detail": "d" * 1000}, f"answers 400: {'d' * 300}", False, None),
        (302, {"Location": "https://elsewhere.example"}, b"", "answers 302: redirects are not followed", False, None),
        (200, {}, b"<html>login</html>", "answers 200, and what is no JSON", False, None),
        (200, {}, [1, 2], "The answer 200 does not have the form that it should", False, None),
        (200, {}, {"name": {"odd": True}}, "The answer 200 does not have the form that it should", False, None),
        (200, {}, b'"' + b"x" * (9 << 20) + b'"', "did not answer: The answer is longer than", True, None),
    ],
)
async def test_what_a_vendor_answers_else_is_a_failure_with_a_sentence(
    status: int, headers: dict[str, str], body: Any, message: str, retryable: bool, after: float | None
) -> None:
    async with letterbox() as server, reached(server) as vendor:
        server.answers["GET /api/account"] = (status, headers, body)
        with pytest.raises(VendorFailed) as failed:
            await PROVIDER.verify(settings_of(server), vendor)

    assert message in failed.value.message
    assert TOKEN not in failed.value.message
    assert (failed.value.status, failed.value.retryable, failed.value.retry_after) == (status, retryable, after)


async def test_who_does_not_answer_may_later() -> None:
    async with letterbox() as server:
        settings = settings_of(server)
    async with reached(server) as vendor:
        with pytest.raises(VendorFailed, match="Letterbox did not answer") as failed:
            await PROVIDER.verify(settings, vendor)

    assert (failed.value.status, failed.value.retryable) == (None, True)


async def test_a_provider_rejects_and_skips_in_its_own_words() -> None:
    async with letterbox() as server, reached(server) as vendor:
        server.answers["GET /api/account"] = (200, {}, {"name": "Acme", "state": "closed"})
        with pytest.raises(Rejected, match="The account is closed"):
            await PROVIDER.verify(settings_of(server), vendor)
        with pytest.raises(Skipped, match="no e-mail address"):
            await PROVIDER.run(run_of("nobody"), settings_of(server), vendor)


async def test_nothing_leads_off_the_site() -> None:
    async with letterbox() as server, reached(server) as vendor:
        for path in ("//elsewhere.example/x".removeprefix("/")[1:], "/lists/../../admin", "https://elsewhere.example"):
            with pytest.raises(ValueError, match="no path of the site"):
                await vendor.get(path)
        await vendor.to(Site(server.url)).get(f"/{segment('../a b')}", accepts={401})

    assert server.calls == [("GET /..%2Fa%20b", None)]
    assert [call.method for call in vendor.calls] == ["GET"]
    assert segment("..") == "%2E%2E"
