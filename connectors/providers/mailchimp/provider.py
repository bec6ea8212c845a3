"""Mailchimp's Marketing API 3.0. Whoever an event is about becomes a member of an audience; a second time the same
member is written again, so that a repeated run changes nothing."""

import re
from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import Any, Final

from connectors.providers import (
    MOST_OPTIONS,
    Asked,
    Caps,
    MergeField,
    OAuth,
    Option,
    Provider,
    Rejected,
    Reply,
    Run,
    Site,
    Skipped,
    Token,
    Vendor,
    VendorFailed,
    Verified,
    basic,
    bearer,
    segment,
)
from connectors.providers.buyer import address, text_of
from connectors.providers.calling import Query
from connectors.providers.mailchimp.forms import EMAIL, MailchimpFeed, MailchimpSettings
from connectors.providers.mailchimp.values import KNOWN, described, shaped

# The data centre is a part of a host: nothing else may get into it.
_DATA_CENTRE: Final = re.compile(r"[a-z]{2}\d{1,3}")
_LOGIN: Final = "https://login.mailchimp.com"
# The most that a list is answered with at once.
_PAGE: Final = 1000
_LONGEST_NOTE: Final = 1000
# Who is in one of these hears nothing from the audience.
_AWAY: Final = frozenset({"unsubscribed", "archived", "transactional"})
# Required merge fields are those of its forms: what a feed does not map is no reason to refuse somebody.
_LENIENT: Final = {"skip_merge_validation": "true"}
_COMPLIANCE: Final = "Member In Compliance State"


class Mailchimp(Provider[MailchimpSettings, MailchimpFeed]):
    """Whoever an event is about is written to the audience (`PUT` by the MD5 of the address), then tagged, then given
    the note. A status is sent for who is new alone: who has left stays away, unless the feed says `resubscribe`; those
    who left by themselves are then asked by Mailchimp, which lets nobody else bring them back. Required fields of the
    audience that are not mapped refuse nobody.

    Undoing takes the tags and the groups away, and leaves the subscription alone."""

    key = "mailchimp"
    title = "Mailchimp"
    description = "Customers become members of an audience, with tags, groups and notes."
    category = "marketing"
    # A key may have ten connections; two are left for whoever else uses it.
    caps = Caps(at_once=8)
    settings = MailchimpSettings
    feed = MailchimpFeed
    revokes = False
    oauth = OAuth(authorize=f"{_LOGIN}/oauth2/authorize", token=f"{_LOGIN}/oauth2/token", pkce=False, optional=True)
    sources = frozenset({"list", "interest_groups"})

    def site(self, settings: MailchimpSettings) -> Site:
        key = settings.api_key.get_secret_value()
        return Site(_base(key.rpartition("-")[2]), basic("storegraph", key))

    def authorized(self, settings: MailchimpSettings, token: Token) -> Site:
        return Site(_base(str(token.kept.get("dc", ""))), bearer(token.access))

    async def connected(self, settings: MailchimpSettings, token: Token, vendor: Vendor) -> Mapping[str, Any]:
        """Tokens do not say where their account is."""
        login = vendor.to(Site(_LOGIN, {"Authorization": f"OAuth {token.access}"}))
        reply = await login.get("/oauth2/metadata")
        dc = reply.text("dc") or ""
        _base(dc)
        return {"dc": dc}

    async def verify(self, settings: MailchimpSettings, vendor: Vendor) -> Verified:
        await vendor.get("/ping")
        account = (await vendor.get("/", query={"fields": "account_name"})).text("account_name")
        return Verified(f"Connected to the account {account}" if account else "Connected")

    async def options(self, asked: Asked, settings: MailchimpSettings, vendor: Vendor) -> Sequence[Option]:
        if asked.key == "lists":
            return await _all(vendor, "/lists", "lists", "name")
        list_id = text_of(asked.values.get("list_id"))
        if asked.key in ("tags", "list"):
            list_id = asked.parent or list_id
            if not list_id:
                return ()
            # Tags are known by their names; all of them come at once.
            path = f"/lists/{segment(list_id)}/tag-search"
            found = (await vendor.get(path, query={"name": asked.search})).records("tags")
            return [Option(name, name) for tag in found if (name := text_of(tag.get("name")))][:MOST_OPTIONS]
        category = _category(asked, list_id)
        if not list_id:
            # Asked with the audience as the parent, and no form around it.
            list_id, category = asked.parent or "", ""
        if not list_id:
            return ()
        groups = f"/lists/{segment(list_id)}/interest-categories"
        if not category:
            return await _all(vendor, groups, "categories", "title")
        return await _all(vendor, f"{groups}/{segment(category)}/interests", "interests", "name")

    async def merge_fields(self, list_id: str, settings: MailchimpSettings, vendor: Vendor) -> Sequence[MergeField]:
        return described(await _fields(vendor, list_id))

    async def run(self, run: Run[MailchimpFeed], settings: MailchimpSettings, vendor: Vendor) -> None:
        feed = run.feed
        email = _email(feed)
        member = _member(feed, email)
        body: dict[str, Any] = {
            "email_address": email,
            # Of who is new alone. A status for all would subscribe those again who have left.
            "status_if_new": "pending" if feed.double_opt_in else "subscribed",
        }
        mapped = {tag: value for tag, value in feed.merge_fields.items() if tag not in (EMAIL, "EMAIL")}
        known = await _fields(vendor, feed.list_id) if _of_types(mapped) else []
        if values := shaped(mapped, known, run.log):
            body["merge_fields"] = values
        if feed.interests.sub_category:
            body["interests"] = dict.fromkeys(feed.interests.sub_category, True)
        if feed.marked_as_vip:
            body["vip"] = True
        if feed.resubscribe and await _away(vendor, member):
            body["status"] = body["status_if_new"]
        status = await self._put(vendor, member, body)
        run.log(f"The member is written; their status is {status}" if status else "The member is written")
        if feed.tags:
            await vendor.post(f"{member}/tags", json={"tags": _tags(feed, "active")})
        if note := feed.note[:_LONGEST_NOTE]:
            await _note(vendor, member, note)

    async def revoke(self, run: Run[MailchimpFeed], settings: MailchimpSettings, vendor: Vendor) -> None:
        """Takes tags and groups away; whether somebody hears from the audience is their own choice."""
        feed = run.feed
        member = _member(feed, _email(feed))
        if not feed.tags and not feed.interests.sub_category:
            raise Skipped("The feed gives neither tags nor groups: there is nothing to take back")
        if feed.tags:
            _there(await vendor.post(f"{member}/tags", json={"tags": _tags(feed, "inactive")}, accepts={404}))
        if feed.interests.sub_category:
            interests = dict.fromkeys(feed.interests.sub_category, False)
            _there(await vendor.patch(member, query=_LENIENT, json={"interests": interests}, accepts={404}))
        run.log("What the feed gave is taken back")

    def explain(self, reply: Reply) -> str | None:
        """A problem document: title, detail, and which fields are wrong."""
        title, detail = reply.text("title"), reply.text("detail")
        fields = [
            f"{text_of(error.get('field'))}: {text_of(error.get('message'))}".removeprefix(": ")
            for error in reply.records("errors")
        ]
        said = ": ".join(part for part in (title, detail) if part)
        return (f"{said} ({'; '.join(fields)})" if fields else said) or super().explain(reply)

    async def _put(self, vendor: Vendor, member: str, body: Mapping[str, Any]) -> str | None:
        """Writes a member; their status."""
        example = {"id": member.rpartition("/")[2], **body, "status": body["status_if_new"]}
        reply = await vendor.put(member, query=_LENIENT, json=body, accepts={400}, example=example)
        if reply.status == 400 and body.get("status") == "subscribed" and reply.text("title") == _COMPLIANCE:
            # They left by themselves: only they can come back, when they are asked to.
            reply = await vendor.put(member, query=_LENIENT, json={**body, "status": "pending"}, accepts={400})
        if not reply.ok:
            raise VendorFailed(reply.status, f"Mailchimp answers {reply.status}: {self.explain(reply)}")
        return reply.text("status")


def _base(data_centre: str) -> str:
    if _DATA_CENTRE.fullmatch(data_centre) is None:
        raise Rejected("An API key of Mailchimp ends in its data centre, as in -us21", "apiKey")
    return f"https://{data_centre}.api.mailchimp.com/3.0"


def _email(feed: MailchimpFeed) -> str:
    return address(feed.merge_fields.get(EMAIL) or feed.merge_fields.get("EMAIL"))


def _member(feed: MailchimpFeed, email: str) -> str:
    """The path of a member, whose id is made of the address."""
    digest = md5(email.encode(), usedforsecurity=False).hexdigest()
    return f"/lists/{segment(feed.list_id)}/members/{digest}"


def _of_types(mapped: Mapping[str, str]) -> bool:
    """Whether fields are mapped whose type has to be known."""
    return any(value.strip() and "." not in tag and tag not in KNOWN for tag, value in mapped.items())


async def _fields(vendor: Vendor, list_id: str) -> Sequence[Mapping[str, Any]]:
    path = f"/lists/{segment(list_id)}/merge-fields"
    example = {"merge_fields": [], "total_items": 0}
    return (await vendor.get(path, query={"count": _PAGE}, example=example)).records("merge_fields")


async def _away(vendor: Vendor, member: str) -> bool:
    """Whether they are a member who hears nothing. Those who were asked to confirm are not asked again each time."""
    reply = await vendor.get(member, query={"fields": "status"}, accepts={404}, example={"status": "unsubscribed"})
    return reply.ok and reply.text("status") in _AWAY


def _tags(feed: MailchimpFeed, status: str) -> list[dict[str, str]]:
    names = dict.fromkeys(name for tag in feed.tags if (name := tag.strip()))
    return [{"name": name, "status": status} for name in names]


async def _note(vendor: Vendor, member: str, note: str) -> None:
    """Unless they have it: a run may be repeated, and notes are only ever added."""
    query: Query = {"count": _PAGE, "fields": "notes.note", "sort_field": "created_at", "sort_dir": "DESC"}
    known = (await vendor.get(f"{member}/notes", query=query, example={"notes": []})).records("notes")
    if all(one.get("note") != note for one in known):
        await vendor.post(f"{member}/notes", json={"note": note}, example={"id": 1, "note": note})


def _there(reply: Reply) -> None:
    if reply.status == 404:
        raise Skipped("The audience has no member with this address: there is nothing to take back")


def _category(asked: Asked, list_id: str) -> str:
    """The group whose names are asked for; empty: the groups themselves are."""
    chosen = asked.values.get("interests")
    inner = chosen.get("category") if isinstance(chosen, Mapping) else None
    category = text_of(inner) or text_of(asked.values.get("category"))
    return category or (asked.parent if asked.parent and asked.parent != list_id else "")


async def _all(vendor: Vendor, path: str, name: str, title: str) -> list[Option]:
    """A list to its end, or to as many as anybody is shown."""
    found: list[Option] = []
    while len(found) < MOST_OPTIONS:
        query: Query = {"fields": f"{name}.id,{name}.{title},total_items", "count": _PAGE, "offset": len(found)}
        page = (await vendor.get(path, query=query)).records(name)
        found += [Option(text_of(one.get("id")), text_of(one.get(title))) for one in page]
        if len(page) < _PAGE:
            break
    return found[:MOST_OPTIONS]
