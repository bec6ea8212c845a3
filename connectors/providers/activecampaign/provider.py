"""ActiveCampaign's API v3. Whoever an event is about becomes a contact, on a list and with tags; what they have already
is read first, so that a repeated run changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field, SecretStr, field_validator

from connectors.providers import (
    MOST_OPTIONS,
    NO_SECRET,
    Asked,
    Caps,
    Component,
    Form,
    MappedField,
    MergeField,
    Option,
    Provider,
    Rejected,
    Reply,
    Run,
    Scope,
    Site,
    Skipped,
    Vendor,
    VendorFailed,
    Verified,
    form,
    segment,
)
from connectors.providers.buyer import address
from connectors.providers.declared.site import secure_base

EMAIL: Final = "fieldEmailAddress"
_API: Final = "/api/3"
# The most that a list is answered with at once.
_PAGE: Final = 100
_ACTIVE: Final = "1"
_LEFT: Final = "2"
# Who left a list is only put on it again by whoever says that it is known: the reference's `sourceid`.
_AGAIN: Final = 4
# What a contact has beside the fields that an account makes for itself.
_OWN: Final = {"first_name": "firstName", "last_name": "lastName", "phone": "phone"}


class ActiveCampaignSettings(Form):
    account_url: Annotated[
        str,
        form(
            Component.URL,
            label="API URL",
            required=True,
            placeholder="https://account.api-us1.com",
            help="Settings → Developer. It cannot be told from the account's name.",
        ),
        Field(alias="accountUrl"),
    ] = ""
    api_token: Annotated[
        SecretStr,
        form(Component.PASSWORD, label="API key", required=True, help="Settings → Developer."),
        Field(alias="apiToken"),
    ] = NO_SECRET

    @field_validator("account_url")
    @classmethod
    def _whole(cls, url: str) -> str:
        return secure_base(url).removesuffix(_API)


class ActiveCampaignFeed(Form):
    list_id: Annotated[str, form(Component.LIST_AJAX_OPTIONS, label="List", option_source="lists", required=True)] = ""
    merge_fields: Annotated[
        dict[str, str],
        form(
            Component.MAP_FIELDS,
            label="Map fields",
            help="What is empty leaves the field as it is.",
            required=True,
            depends_on="list_id",
            primary=(
                MappedField(EMAIL, "E-mail address", required=True, emails=True),
                MappedField("first_name", "First name"),
                MappedField("last_name", "Last name"),
                MappedField("phone", "Phone"),
            ),
        ),
        Field(default_factory=dict),
    ]
    tag_ids: Annotated[
        tuple[str, ...],
        form(
            Component.SELECTION_ROUTING,
            label="Tags",
            option_source="tags",
            routing=("tag_ids_selection_type", "tag_routers"),
        ),
    ] = ()
    resubscribe: Annotated[
        bool,
        form(Component.YES_NO_CHECKBOX, label="Resubscribe", help="Who has left the list is put on it again."),
    ] = False


class ActiveCampaign(Provider[ActiveCampaignSettings, ActiveCampaignFeed]):
    """Whoever an event is about is synchronised by their address, put on the list, and given those tags that they lack.
    Who has left the list is left alone, unless the feed says `resubscribe`.

    Undoing takes the tags away, and leaves the subscription alone."""

    key = "activecampaign"
    title = "ActiveCampaign"
    description = "Customers become contacts, on a list and with tags."
    category = "marketing"
    scopes = frozenset({Scope.GLOBAL})
    # Five calls a second for the whole account.
    caps = Caps(at_once=5, per_second=5)
    settings = ActiveCampaignSettings
    feed = ActiveCampaignFeed
    revokes = False

    def site(self, settings: ActiveCampaignSettings) -> Site:
        if not settings.account_url:
            raise Rejected("API URL is required", "accountUrl")
        return Site(f"{settings.account_url}{_API}", {"Api-Token": settings.api_token.get_secret_value()})

    async def verify(self, settings: ActiveCampaignSettings, vendor: Vendor) -> Verified:
        name = (await vendor.get("/users/me")).text("user", "username")
        return Verified(f"Connected as {name}" if name else "Connected")

    async def options(self, asked: Asked, settings: ActiveCampaignSettings, vendor: Vendor) -> Sequence[Option]:
        name, title, search = ("lists", "name", "filters[name]") if asked.key == "lists" else ("tags", "tag", "search")
        found = await _all(vendor, f"/{name}", name, {search: asked.search} if asked.search else {})
        return [Option(str(one.get("id")), str(one.get(title) or one.get("id"))) for one in found]

    async def merge_fields(
        self, list_id: str, settings: ActiveCampaignSettings, vendor: Vendor
    ) -> Sequence[MergeField]:
        """Those of the account: lists have none of their own."""
        return [
            MergeField(str(one["id"]), str(one.get("title") or one["id"]), str(one.get("type") or "text"))
            for one in await _all(vendor, "/fields", "fields", {})
            if one.get("id")
        ]

    async def run(self, run: Run[ActiveCampaignFeed], settings: ActiveCampaignSettings, vendor: Vendor) -> None:
        feed = run.feed
        contact = await _synced(feed, vendor)
        await _subscribe(run, contact, vendor)
        if feed.tag_ids:
            known = {str(one.get("tag")) for one in await _tags(vendor, contact)}
            for tag in dict.fromkeys(feed.tag_ids):
                if tag not in known:
                    bond = {"contact": contact, "tag": tag}
                    await vendor.post("/contactTags", json={"contactTag": bond}, example={"contactTag": bond})
        run.log("The contact is written")

    async def revoke(self, run: Run[ActiveCampaignFeed], settings: ActiveCampaignSettings, vendor: Vendor) -> None:
        """Takes tags away; whether somebody hears from the list is their own choice."""
        feed = run.feed
        email = address(feed.merge_fields.get(EMAIL))
        if not feed.tag_ids:
            raise Skipped("The feed gives no tags: there is nothing to take back")
        example = {"contacts": [{"id": "1", "email": email}]}
        found = (await vendor.get("/contacts", query={"email": email}, example=example)).records("contacts")
        contact = next((str(one.get("id")) for one in found if str(one.get("email")).lower() == email), None)
        if contact is None:
            raise Skipped("The account has no contact with this address: there is nothing to take back")
        sample = [{"id": str(number), "tag": tag} for number, tag in enumerate(feed.tag_ids, start=1)]
        for bond in await _tags(vendor, contact, sample):
            if str(bond.get("tag")) in feed.tag_ids:
                await vendor.delete(f"/contactTags/{segment(bond.get('id'))}", accepts={404})
        run.log("What the feed gave is taken back")

    def explain(self, reply: Reply) -> str | None:
        """`errors` with a title each, or a message."""
        errors = reply.json.get("errors") if isinstance(reply.json, dict) else None
        if isinstance(errors, list):
            titles = [str(one["title"]) for one in errors if isinstance(one, dict) and one.get("title")]
            if titles:
                return "; ".join(titles)
        return super().explain(reply)


async def _synced(feed: ActiveCampaignFeed, vendor: Vendor) -> str:
    """Makes or changes the contact; its id."""
    email = address(feed.merge_fields.get(EMAIL))
    contact: dict[str, Any] = {"email": email}
    values = []
    for key, value in feed.merge_fields.items():
        if key == EMAIL or not value.strip():
            continue
        if key in _OWN:
            contact[_OWN[key]] = value.strip()
        else:
            values.append({"field": key, "value": value.strip()})
    if values:
        contact["fieldValues"] = values
    reply = await vendor.post(
        "/contact/sync", json={"contact": contact}, example={"contact": {"id": "1", "email": email}}
    )
    number = reply.text("contact", "id")
    if not number:
        raise VendorFailed(reply.status, "ActiveCampaign gives no id of the contact")
    return number


async def _subscribe(run: Run[ActiveCampaignFeed], contact: str, vendor: Vendor) -> None:
    feed = run.feed
    path = f"/contacts/{segment(contact)}/contactLists"
    known = (await vendor.get(path, example={"contactLists": []})).records("contactLists")
    status = next((str(one.get("status")) for one in known if str(one.get("list")) == feed.list_id), None)
    if status == _ACTIVE:
        return
    if status == _LEFT and not feed.resubscribe:
        run.log("The contact has left the list, and is left alone")
        return
    bond: dict[str, Any] = {"list": feed.list_id, "contact": contact, "status": 1}
    if status == _LEFT:
        bond["sourceid"] = _AGAIN
    await vendor.post("/contactLists", json={"contactList": bond}, example={"contactList": bond})


async def _tags(vendor: Vendor, contact: str, example: Sequence[Mapping[str, Any]] = ()) -> Sequence[Mapping[str, Any]]:
    path = f"/contacts/{segment(contact)}/contactTags"
    return (await vendor.get(path, example={"contactTags": list(example)})).records("contactTags")


async def _all(vendor: Vendor, path: str, name: str, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    while len(found) < MOST_OPTIONS:
        page = (await vendor.get(path, query={**query, "limit": _PAGE, "offset": len(found)})).records(name)
        found += page
        if len(page) < _PAGE:
            break
    return found[:MOST_OPTIONS]
