"""Mailchimp's Marketing API 3.0, as https://mailchimp.com/developer/marketing/ documents it: the calls that have to do
with audiences and their members, its problem documents, its paging, and no more than ten calls of a key at once."""

import re
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, Final
from uuid import uuid4

from connectors.outbound.message import Sends
from tests.vendors.serving import Answered, Call, Redirected, Vendor, answers, paged

CLIENT, SECRET = "635959587059", "0da3e7744949e1406b7b250051ee1a95d6a7b1a4a2"
KEY: Final = "0123456789abcdef0123456789abcdef-us21"
PROBLEM: Final = "application/problem+json; charset=utf-8"
TYPE: Final = "https://mailchimp.com/developer/marketing/docs/errors/"
STATUSES: Final = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_MOST: Final = 1000
_API: Final = "/3.0"


def hashed(email: str) -> str:
    """The id of a member."""
    return md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def problem(status: int, title: str, detail: str, errors: list[dict[str, str]] | None = None) -> Answered:
    body: dict[str, Any] = {"type": TYPE, "title": title, "status": status, "detail": detail, "instance": str(uuid4())}
    if errors is not None:
        body["errors"] = errors
    return Answered(status, body, kind=PROBLEM)


def invalid(*errors: tuple[str, str]) -> Answered:
    return problem(
        400,
        "Invalid Resource",
        "The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
        [{"field": field, "message": message} for field, message in errors],
    )


@dataclass
class Member:
    email: str
    status: str
    merge_fields: dict[str, Any] = field(default_factory=dict)
    interests: dict[str, bool] = field(default_factory=dict)
    vip: bool = False
    tags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Left by their own choice, or bounced: nobody else subscribes them again.
    compliance: bool = False


@dataclass
class Audience:
    id: str
    name: str
    merge_fields: list[dict[str, Any]] = field(default_factory=list)
    # Title and kind of a category, and the names of its interests by their ids.
    categories: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def member(self, email: str) -> Member:
        return self.members[hashed(email)]


def merge_field(number: int, tag: str, name: str, kind: str = "text", *, required: bool = False) -> dict[str, Any]:
    return {
        "merge_id": number,
        "tag": tag,
        "name": name,
        "type": kind,
        "required": required,
        "default_value": "",
        "public": True,
        "display_order": number + 1,
        "options": {"size": 25},
    }


def newsletter() -> Audience:
    """An audience with fields of several types, two categories of interests and some tags."""
    return Audience(
        id="a1b2c3d4e5",
        name="Newsletter",
        merge_fields=[
            merge_field(1, "FNAME", "First Name"),
            merge_field(2, "LNAME", "Last Name"),
            merge_field(3, "ADDRESS", "Address", "address"),
            merge_field(4, "PHONE", "Phone Number", "phone"),
            merge_field(5, "BIRTHDAY", "Birthday", "birthday"),
            merge_field(6, "SINCE", "Customer since", "date", required=True),
            merge_field(7, "SPENT", "Spent", "number"),
        ],
        categories={
            "c0ffee0001": ("Topics", {"1a2b3c4d01": "Posters", "1a2b3c4d02": "Fonts"}),
            "c0ffee0002": ("Frequency", {"1a2b3c4d03": "Weekly"}),
        },
        tags=["customer", "wholesale", "press"],
    )


class Mailchimp(Vendor):
    """`token`: what an OAuth 2 flow gave, which is let in as the key is."""

    most = 10
    public = "https://us21.api.mailchimp.com"

    def __init__(self, *audiences: Audience, key: str = KEY, token: str | None = None) -> None:
        super().__init__()
        self.key = key
        self.token = token
        self.codes: dict[str, str] = {}  # and where each leads back to
        self.audiences = {audience.id: audience for audience in audiences or (newsletter(),)}

    @property
    def newsletter(self) -> Audience:
        return next(iter(self.audiences.values()))

    def refused(self, call: Call) -> Answered | None:
        if call.path.startswith("/oauth2/"):
            return None
        given = call.bearer or (call.basic[1] if call.basic else None)
        if given is None:
            return problem(401, "API Key Missing", "Your request did not include an API key.")
        if given in (self.key, self.token):
            return None
        detail = "Your API key may be invalid, or you've attempted to access the wrong datacenter."
        return problem(401, "API Key Invalid", detail)

    def crowded(self) -> Answered:
        return problem(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.")

    def unknown(self, call: Call) -> Answered:
        return problem(404, "Resource Not Found", "The requested resource could not be found.")

    def redirected(self, inner: Sends) -> Redirected:
        return Redirected(inner, {self.public: self.url, "https://login.mailchimp.com": self.url})

    def agreed(self, redirect_uri: str) -> str:
        """The code that the login server leads back with, once somebody has agreed."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = redirect_uri
        return code

    @answers("POST", "/oauth2/token")
    def issue(self, call: Call) -> Answered:
        """Of the login server: a token without an end."""
        given = call.form
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT, SECRET):
            return Answered(400, {"error": "invalid_client", "error_description": "The client credentials are invalid"})
        if self.codes.pop(given.get("code", ""), None) != given.get("redirect_uri"):
            return Answered(400, {"error": "invalid_grant", "error_description": "Invalid authorization code"})
        self.token = "an-access-token-of-mailchimp"
        return Answered(body={"access_token": self.token, "expires_in": 0, "scope": None})

    @answers("GET", "/oauth2/metadata")
    def metadata(self, call: Call) -> Answered:
        """Of the login server: where the account of a token is."""
        if call.headers.get("authorization") != f"OAuth {self.token}":
            return Answered(401, {"error": "invalid_token"})
        return Answered(body={"dc": "us21", "role": "owner", "api_endpoint": self.public, "login": {"login_id": 1}})

    @answers("GET", f"{_API}/ping")
    def ping(self, call: Call) -> Answered:
        return Answered(body={"health_status": "Everything's Chimpy!"})

    @answers("GET", f"{_API}/")
    def root(self, call: Call) -> Answered:
        return Answered(body={"account_id": "8d3a3db4d97663a9074efcc16", "account_name": "Storegraph Posters"})

    @answers("GET", f"{_API}/lists")
    def lists(self, call: Call) -> Answered:
        found = [{"id": one.id, "name": one.name, "web_id": 1} for one in self.audiences.values()]
        return self._page(call, "lists", found)

    @answers("GET", f"{_API}/lists/{{list_id}}/merge-fields")
    def merge_fields(self, call: Call, list_id: str) -> Answered:
        if (audience := self.audiences.get(list_id)) is None:
            return self.unknown(call)
        return self._page(call, "merge_fields", audience.merge_fields, list_id=list_id)

    @answers("GET", f"{_API}/lists/{{list_id}}/interest-categories")
    def categories(self, call: Call, list_id: str) -> Answered:
        if (audience := self.audiences.get(list_id)) is None:
            return self.unknown(call)
        found = [
            {"list_id": list_id, "id": key, "title": title, "display_order": 0, "type": "checkboxes"}
            for key, (title, _) in audience.categories.items()
        ]
        return self._page(call, "categories", found, list_id=list_id)

    @answers("GET", f"{_API}/lists/{{list_id}}/interest-categories/{{category}}/interests")
    def interests(self, call: Call, list_id: str, category: str) -> Answered:
        audience = self.audiences.get(list_id)
        if audience is None or category not in audience.categories:
            return self.unknown(call)
        _, interests = audience.categories[category]
        found = [
            {"category_id": category, "list_id": list_id, "id": key, "name": name, "subscriber_count": "0"}
            for key, name in interests.items()
        ]
        return self._page(call, "interests", found, list_id=list_id, category_id=category)

    @answers("GET", f"{_API}/lists/{{list_id}}/tag-search")
    def tag_search(self, call: Call, list_id: str) -> Answered:
        """Not paged: tags whose name begins so."""
        if (audience := self.audiences.get(list_id)) is None:
            return self.unknown(call)
        begins = call.query.get("name", "").lower()
        found = [
            {"id": number, "name": tag}
            for number, tag in enumerate(audience.tags, start=1)
            if tag.lower().startswith(begins)
        ]
        return Answered(body={"tags": found, "total_items": len(found)})

    @answers("GET", f"{_API}/lists/{{list_id}}/segments")
    def segments(self, call: Call, list_id: str) -> Answered:
        if (audience := self.audiences.get(list_id)) is None:
            return self.unknown(call)
        static = call.query.get("type", "static") == "static"
        found = [
            {"id": number, "name": tag, "member_count": 0, "type": "static", "list_id": list_id}
            for number, tag in enumerate(audience.tags if static else [], start=1)
        ]
        return self._page(call, "segments", found, list_id=list_id)

    @answers("GET", f"{_API}/lists/{{list_id}}/members/{{hash}}")
    def member(self, call: Call, list_id: str, hash: str) -> Answered:
        audience = self.audiences.get(list_id)
        if audience is None or hash not in audience.members:
            return self.unknown(call)
        return Answered(body=self._shown(audience, audience.members[hash]))

    @answers("PUT", f"{_API}/lists/{{list_id}}/members/{{hash}}")
    def put_member(self, call: Call, list_id: str, hash: str) -> Answered:
        if (audience := self.audiences.get(list_id)) is None:
            return self.unknown(call)
        given = call.json
        email = given.get("email_address")
        if not isinstance(email, str) or not _EMAIL.fullmatch(email):
            return problem(400, "Invalid Resource", "Please provide a valid email address.")
        member = audience.members.get(hash)
        if member is None:
            if hashed(email) != hash:
                return self.unknown(call)
            if given.get("status_if_new") not in STATUSES:
                accepted = ", ".join(STATUSES)
                return invalid(("status_if_new", f"Data presented is not one of the accepted values: {accepted}."))
            if email.lower() in audience.forgotten:
                detail = f"{email} was permanently deleted and cannot be re-imported. The contact must re-subscribe."
                return problem(400, "Forgotten Email Not Subscribed", detail)
            member = Member(email, given["status_if_new"])
        return self._changed(call, audience, hash, member)

    @answers("PATCH", f"{_API}/lists/{{list_id}}/members/{{hash}}")
    def patch_member(self, call: Call, list_id: str, hash: str) -> Answered:
        audience = self.audiences.get(list_id)
        if audience is None or hash not in audience.members:
            return self.unknown(call)
        return self._changed(call, audience, hash, audience.members[hash])

    @answers("POST", f"{_API}/lists/{{list_id}}/members/{{hash}}/tags")
    def tag(self, call: Call, list_id: str, hash: str) -> Answered:
        audience = self.audiences.get(list_id)
        if audience is None or hash not in audience.members:
            return self.unknown(call)
        given = call.json.get("tags")
        if not isinstance(given, list) or any(tag.get("status") not in ("active", "inactive") for tag in given):
            return invalid(("tags", "This value should be one of: active, inactive"))
        member = audience.members[hash]
        for tag in given:
            if tag["status"] == "inactive":
                member.tags = [name for name in member.tags if name.lower() != tag["name"].lower()]
                continue
            if tag["name"].lower() not in map(str.lower, audience.tags):
                audience.tags.append(tag["name"])
            if tag["name"].lower() not in map(str.lower, member.tags):
                member.tags.append(tag["name"])
        return Answered(204)

    @answers("GET", f"{_API}/lists/{{list_id}}/members/{{hash}}/notes")
    def notes(self, call: Call, list_id: str, hash: str) -> Answered:
        audience = self.audiences.get(list_id)
        if audience is None or hash not in audience.members:
            return self.unknown(call)
        notes = [{"id": number, "note": note} for number, note in enumerate(audience.members[hash].notes, start=1)]
        return self._page(call, "notes", notes[::-1], email_id=hash, list_id=list_id)

    @answers("POST", f"{_API}/lists/{{list_id}}/members/{{hash}}/notes")
    def add_note(self, call: Call, list_id: str, hash: str) -> Answered:
        audience = self.audiences.get(list_id)
        if audience is None or hash not in audience.members:
            return self.unknown(call)
        note = call.json.get("note", "")
        if len(note) > 1000:
            return invalid(("note", "This value is too long. It should have 1000 characters or less."))
        notes = audience.members[hash].notes
        notes.append(note)
        return Answered(body={"id": len(notes), "note": note, "list_id": list_id, "email_id": hash})

    def _changed(self, call: Call, audience: Audience, hash: str, member: Member) -> Answered:
        given = call.json
        if (wrong := self._wrong(call, audience, member)) is not None:
            return wrong
        audience.members[hash] = member
        member.status = given.get("status", member.status)
        member.merge_fields |= given.get("merge_fields", {})
        member.interests |= given.get("interests", {})
        member.vip = given.get("vip", member.vip)
        return Answered(body=self._shown(audience, member))

    def _wrong(self, call: Call, audience: Audience, member: Member) -> Answered | None:
        given = call.json
        status = given.get("status")
        if status is not None and status not in STATUSES:
            return invalid(("status", f"Data presented is not one of the accepted values: {', '.join(STATUSES)}."))
        if status == "subscribed" and member.compliance:
            detail = (
                f"{member.email} is already a list member in compliance state due to unsubscribe, bounce, or "
                "compliance review and cannot be subscribed."
            )
            return problem(400, "Member In Compliance State", detail)
        wrong = [
            (entry["tag"], reason)
            for entry in audience.merge_fields
            if (reason := _refused(entry, given.get("merge_fields", {}).get(entry["tag"]))) is not None
        ]
        if call.query.get("skip_merge_validation") != "true":
            held = member.merge_fields | given.get("merge_fields", {})
            lacking = [entry["tag"] for entry in audience.merge_fields if entry["required"]]
            wrong += [(tag, "Please enter a value") for tag in lacking if not held.get(tag)]
        known = {key for _, interests in audience.categories.values() for key in interests}
        asked = given.get("interests", {})
        wrong += [("interests", f"Invalid interest ID: '{key}'.") for key in asked if key not in known]
        if not wrong:
            return None
        errors = [{"field": tag, "message": message} for tag, message in wrong]
        return problem(400, "Invalid Resource", "Your merge fields were invalid.", errors)

    def _shown(self, audience: Audience, member: Member) -> dict[str, Any]:
        return {
            "id": hashed(member.email),
            "email_address": member.email,
            "status": member.status,
            "merge_fields": member.merge_fields,
            "interests": member.interests,
            "vip": member.vip,
            "list_id": audience.id,
            "tags": [{"id": audience.tags.index(tag) + 1, "name": tag} for tag in member.tags if tag in audience.tags],
        }

    def _page(self, call: Call, name: str, found: list[Any], **beside: Any) -> Answered:
        """By `count`, 10 unless asked, 1000 at most, and `offset`; `fields` are paths with dots."""
        count, offset = call.query.get("count", "10"), call.query.get("offset", "0")
        if not count.isdecimal() or not offset.isdecimal() or int(count) > _MOST:
            return problem(400, "Bad Request", f"count is a number of up to {_MOST}, offset is a number")
        body = {name: paged(found, int(offset), int(count)), **beside, "total_items": len(found)}
        if (fields := call.query.get("fields")) is None:
            return Answered(body=body)
        wanted = fields.split(",")
        inner = {path.removeprefix(f"{name}.") for path in wanted if path.startswith(f"{name}.")}
        kept = {key: value for key, value in body.items() if key in wanted}
        if inner:
            kept[name] = [{key: value for key, value in entry.items() if key in inner} for entry in body[name]]
        return Answered(body=kept)


def _refused(entry: dict[str, Any], value: Any) -> str | None:
    """Why a value is none of its field."""
    if value in (None, ""):
        return None
    match entry["type"]:
        case "number" if not _number(value):
            return "Please enter a number"
        case "birthday" if not re.fullmatch(r"\d{1,2}/\d{1,2}", str(value)):
            return "Please enter a birthday as MM/DD"
        case "date" if not re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}", str(value)):
            return "Please enter the date"
        case "address":
            lacks = not isinstance(value, dict) or any(
                not value.get(part) for part in ("addr1", "city", "state", "zip")
            )
            return "Please enter a complete address" if lacks else None
    return None


def _number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
