"""FluentCRM's REST API v2. Whoever an event is about becomes a contact; a second time the same contact is written
again, so that a repeated run changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Annotated, Any, Final

from connectors.providers import (
    MOST_OPTIONS,
    Asked,
    Caps,
    Component,
    Form,
    Option,
    Provider,
    Reply,
    Run,
    Site,
    Skipped,
    Vendor,
    VendorFailed,
    Verified,
    form,
)
from connectors.providers.buyer import Buyer, buyer
from connectors.providers.calling import Query
from connectors.providers.wordpress.site import AT_ONCE, Number, WordPressSettings, refused, said, site, words_of

_PAGE: Final = 100


class FluentCrmFeed(Form):
    list_ids: Annotated[tuple[Number, ...], form(Component.SELECT, label="Add to lists", option_source="lists")] = ()
    tag_ids: Annotated[
        tuple[Number, ...],
        form(
            Component.SELECTION_ROUTING,
            label="Add tags",
            option_source="tags",
            routing=("tag_ids_selection_type", "tag_routers"),
        ),
    ] = ()
    remove_list_ids: Annotated[
        tuple[Number, ...], form(Component.SELECT, label="Remove from lists", option_source="lists")
    ] = ()
    remove_tag_ids: Annotated[
        tuple[Number, ...], form(Component.SELECT, label="Remove tags", option_source="tags")
    ] = ()
    note: Annotated[str, form(Component.VALUE_TEXTAREA, label="Note")] = ""
    double_opt_in: Annotated[
        bool,
        form(
            Component.YES_NO_CHECKBOX,
            label="Double opt-in",
            help=(
                "Who is not subscribed yet is asked by e-mail. Without it they are subscribed at once, those who "
                "have left before as well."
            ),
        ),
    ] = True


class FluentCrm(Provider[WordPressSettings, FluentCrmFeed]):
    """Whoever an event is about is made or changed with the billing address (what is empty is not sent), put on the
    lists and given the tags; then lists and tags are taken away, and the note is added, unless the contact has it for
    this order. What the same feed gives and takes is given. Who is subscribed stays so; with double opt-in everybody
    else is asked by e-mail, once in 150 seconds at most: that is FluentCRM's own bound.

    Undoing takes `list_ids` and `tag_ids` away; nothing happens to who is no contact."""

    key = "fluentcrm"
    title = "FluentCRM"
    description = "Customers become contacts, on lists and with tags."
    category = "crm"
    categories = ("crm", "core", "marketing")
    priority = 12
    addon = "fluent-crm"
    delay_on_product_action = False
    caps = Caps(at_once=AT_ONCE)
    settings = WordPressSettings
    feed = FluentCrmFeed
    revokes = False

    def site(self, settings: WordPressSettings) -> Site:
        return site(settings, "fluent-crm/v2")

    async def verify(self, settings: WordPressSettings, vendor: Vendor) -> Verified:
        await vendor.get("/lists", query={"per_page": 1, "exclude_counts": 1})
        return Verified(f"Connected to {settings.site_url}")

    async def options(self, asked: Asked, settings: WordPressSettings, vendor: Vendor) -> Sequence[Option]:
        name = asked.key
        found: dict[str, Option] = {}
        page = 1
        while len(found) < MOST_OPTIONS:
            query: Query = {
                "per_page": _PAGE,
                "page": page,
                "sort_by": "title",
                "sort_order": "ASC",
                "exclude_counts": 1,
                **({"search": asked.search} if asked.search else {}),
            }
            records = _entries(await vendor.get(f"/{name}", query=query), name)
            before = len(found)
            for one in records:
                number = str(one.get("id", ""))
                found[number] = Option(number, str(one.get("title") or number))
            page += 1
            # A short page is the last one; one with nothing new is of a site that does not page as it should.
            if len(records) < _PAGE or len(found) == before:
                break
        return list(found.values())[:MOST_OPTIONS]

    async def run(self, run: Run[FluentCrmFeed], settings: WordPressSettings, vendor: Vendor) -> None:
        feed, who = run.feed, buyer(run)
        contact = await self._write(feed, who, vendor)
        # What is taken and given by the same feed is given, so that the order of both says nothing.
        for kind, removed, added in (
            ("lists", feed.remove_list_ids, feed.list_ids),
            ("tags", feed.remove_tag_ids, feed.tag_ids),
        ):
            await _detach(vendor, contact, kind, [one for one in removed if one not in added])
        if feed.note.strip():
            await _note(vendor, contact, f"Order {run.order.get('id', '')}".strip(), feed.note.strip())
        run.log("The contact is written")

    async def revoke(self, run: Run[FluentCrmFeed], settings: WordPressSettings, vendor: Vendor) -> None:
        feed, who = run.feed, buyer(run)
        example = {"subscriber": {"id": 1, "email": who.email}}
        query = {"get_by_email": who.email}
        reply = await vendor.get("/subscribers/0", query=query, accepts={404, 422}, example=example)
        if not reply.ok:
            raise Skipped("The CRM has no contact with this address: there is nothing to take back")
        contact = _id(reply, "subscriber")
        await _detach(vendor, contact, "lists", feed.list_ids)
        await _detach(vendor, contact, "tags", feed.tag_ids)
        run.log("What the feed gave is taken back")

    def explain(self, reply: Reply) -> str | None:
        return said(reply)

    async def _write(self, feed: FluentCrmFeed, who: Buyer, vendor: Vendor) -> int:
        """Makes or changes the contact; its id. Whoever is subscribed stays so."""
        known = {
            "email": who.email,
            "first_name": who.first_name,
            "last_name": who.last_name,
            "address_line_1": who.address_1,
            "address_line_2": who.address_2,
            "city": who.city,
            "state": who.state,
            "postal_code": who.postcode,
            "country": who.country,
            "phone": who.phone,
            "timezone": who.timezone,
        }
        body: dict[str, Any] = {name: value for name, value in known.items() if value}
        body |= {
            "status": "pending" if feed.double_opt_in else "subscribed",
            "lists": _numbers(feed.list_ids),
            "tags": _numbers(feed.tag_ids),
            # Without it somebody who is known is an error.
            "__force_update": "yes",
        }
        if feed.double_opt_in:
            # Who is new is only asked when this says so; others are when they are not subscribed.
            body["double_optin"] = True
        example = {"contact": {"id": 1, "email": who.email, "status": body["status"]}, "action_type": "created"}
        return _id(await vendor.post("/subscribers", json=body, example=example), "contact")


async def _detach(vendor: Vendor, contact: int, kind: str, ids: Collection[str]) -> None:
    if ids:
        # `find_by`: unless told, they are taken for slugs.
        body = {"type": kind, "attach": [], "detach": _numbers(ids), "subscribers": [contact], "find_by": "id"}
        await vendor.post("/subscribers/sync-segments", json=body, example={"message": "", "subscribers": []})


async def _note(vendor: Vendor, contact: int, title: str, text: str) -> None:
    """Unless they have it: a run may be repeated, and notes are only ever added. A note is HTML over there."""
    query: Query = {"search": title, "per_page": _PAGE}
    reply = await vendor.get(f"/subscribers/{contact}/notes", query=query, example={"notes": {"data": []}})
    known = {_plain(one.get("description")) for one in _entries(reply, "notes") if one.get("title") == title}
    if _plain(escape(text)) in known:
        return
    note = {"title": title, "description": escape(text).replace("\n", "<br>"), "type": "note"}
    await vendor.post(f"/subscribers/{contact}/notes", json={"note": note}, example={"note": {"id": 1, **note}})


def _plain(html: Any) -> str:
    """The words of a note, however the CRM has written them down."""
    return words_of(str(html or "").replace("<br>", " ")).replace(" ", "")


def _entries(reply: Reply, name: str) -> Sequence[Mapping[str, Any]]:
    """Of a page, or of a bare list: the reference shows the first for lists, the plugin sends the second."""
    inner = reply.record.get(name)
    return reply.records(name) if isinstance(inner, list) else reply.records(name, "data")


def _id(reply: Reply, name: str) -> int:
    number = reply.text(name, "id") or ""
    if not number.isdecimal():
        failed = refused(FluentCrm.title, reply)
        raise VendorFailed(failed.status, f"{failed.message}: there is no id of the contact in it")
    return int(number)


def _numbers(ids: Collection[str]) -> list[int]:
    return [int(one) for one in dict.fromkeys(ids)]
