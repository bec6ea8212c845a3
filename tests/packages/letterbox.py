"""Letterbox, a newsletter: whoever buys is put on a list."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import SecretStr, field_validator

from connectors.providers import (
    NO_SECRET,
    Asked,
    Caps,
    Form,
    MergeField,
    Option,
    Provider,
    Rejected,
    Run,
    Site,
    Skipped,
    Vendor,
    Verified,
    bearer,
    form,
    segment,
)


class LetterboxSettings(Form):
    server: Annotated[str, form("url", label="Server", required=True, help="Where your Letterbox runs.")] = ""
    token: Annotated[SecretStr, form("password", label="Token", required=True)] = NO_SECRET

    @field_validator("server")
    @classmethod
    def whole(cls, server: str) -> str:
        if server and not server.startswith(("http://", "https://")):
            raise ValueError("it begins with https://")
        return server


class LetterboxFeed(Form):
    list_id: Annotated[str, form("list_ajax_options", label="List", option_source="lists", required=True)] = ""
    topic: Annotated[str, form("select", label="Topic", route="letterbox_topics", depends_on="list_id")] = ""
    greeting: Annotated[str, form("value_text", label="Greeting")] = "Dear {{order.billing.first_name|reader}}"
    tags: Annotated[
        tuple[str, ...], form("selection_routing", label="Tags", routing=("tag_ids_selection_type", "tag_routers"))
    ] = ()
    monthly: Annotated[bool, form("yes-no-checkbox", label="Only once a month")] = False


class Letterbox(Provider[LetterboxSettings, LetterboxFeed]):
    key = "letterbox"
    title = "Letterbox"
    description = "Puts whoever buys on the list of a newsletter."
    category = "marketing"
    caps = Caps(at_once=2)
    settings = LetterboxSettings
    feed = LetterboxFeed
    revokes = False  # a feed undoes when somebody asks it to

    def site(self, settings: LetterboxSettings) -> Site:
        return Site(f"{settings.server}/api", bearer(settings.token.get_secret_value()))

    async def verify(self, settings: LetterboxSettings, vendor: Vendor) -> Verified:
        account = await vendor.get("/account", example={"name": "Example"})
        if account.text("state") == "closed":
            raise Rejected("The account is closed", "server")
        return Verified(f"Connected to {account.text('name')}")

    async def options(self, asked: Asked, settings: LetterboxSettings, vendor: Vendor) -> Sequence[Option]:
        path = "/lists" if asked.key == "lists" else f"/lists/{segment(asked.parent or '')}/topics"
        found: list[Option] = []
        while True:
            reply = await vendor.get(path, query={"from": len(found)}, example={"items": [], "total": 0})
            page = reply.records("items")
            found += [Option(str(one["id"]), str(one["name"])) for one in page]
            if not page or len(found) >= int(reply.text("total") or 0):
                return found

    async def merge_fields(self, list_id: str, settings: LetterboxSettings, vendor: Vendor) -> Sequence[MergeField]:
        return [MergeField("EMAIL", "E-mail", "email", required=True), MergeField("GREETING", "Greeting")]

    async def run(self, run: Run[LetterboxFeed], settings: LetterboxSettings, vendor: Vendor) -> None:
        reader = {"greeting": run.feed.greeting, "topic": run.feed.topic, "tags": run.feed.tags}
        await vendor.put(self._reader(run), json=reader, example={"id": 7})
        run.log(f"Put on the list {run.feed.list_id}")

    async def revoke(self, run: Run[LetterboxFeed], settings: LetterboxSettings, vendor: Vendor) -> None:
        await vendor.delete(self._reader(run), accepts={404})

    def _reader(self, run: Run[LetterboxFeed]) -> str:
        email = str(run.customer.get("email") or "").strip().lower()
        if "@" not in email:
            raise Skipped("The customer has no e-mail address")
        return f"/lists/{segment(run.feed.list_id)}/readers/{segment(email)}"
