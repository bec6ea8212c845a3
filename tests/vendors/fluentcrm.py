"""FluentCRM's REST API on a WordPress site, as https://rest-api.fluentcrm.com/ documents it and the plugin's source
(2.9) has it: what is not found is a 422, segments are found by their slugs unless `find_by` says otherwise, who is
subscribed stays so, and an opt-in letter goes out once in 150 seconds at most."""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.vendors.serving import Answered, Call, answers, paged
from tests.vendors.wordpress import WordPress

STATUSES: Final = ("subscribed", "pending", "unsubscribed", "transactional", "bounced", "complained", "spammed")
_API: Final = "/wp-json/fluent-crm/v2"
_FIELDS: Final = (
    "first_name",
    "last_name",
    "address_line_1",
    "address_line_2",
    "city",
    "state",
    "postal_code",
    "country",
    "phone",
    "timezone",
)


@dataclass
class Contact:
    id: int
    email: str
    status: str
    values: dict[str, str] = field(default_factory=dict)
    lists: set[int] = field(default_factory=set)
    tags: set[int] = field(default_factory=set)
    notes: list[dict[str, Any]] = field(default_factory=list)
    letters: int = 0  # that ask whether they want to be subscribed

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "email": self.email, "status": self.status, **self.values}


class FluentCrm(WordPress):
    """`flat`: lists come as the released source sends them, a bare array, and not as a page as its reference says."""

    public = "https://crm.example"

    def __init__(self, *, flat: bool = False) -> None:
        super().__init__()
        self.flat = flat
        self.lists = {1: "Newsletter", 2: "Customers", 3: "Trials"}
        self.tags = {1: "VIP", 2: "Wholesale", 3: "Lead"}
        self.contacts: dict[int, Contact] = {}

    def contact(self, email: str) -> Contact:
        return next(one for one in self.contacts.values() if one.email == email)

    def add_contact(self, email: str, status: str = "subscribed", **values: str) -> Contact:
        number = len(self.contacts) + 1
        self.contacts[number] = Contact(number, email, status, values)
        return self.contacts[number]

    @answers("GET", f"{_API}/lists")
    def get_lists(self, call: Call) -> Answered:
        page = self._segments(call, self.lists)
        body: dict[str, Any] = {"lists": page["data"] if self.flat else page, "pagination": {"total": page["total"]}}
        return Answered(body=body)

    @answers("GET", f"{_API}/tags")
    def get_tags(self, call: Call) -> Answered:
        return Answered(body={"tags": self._segments(call, self.tags)})

    @answers("GET", f"{_API}/subscribers/{{number}}")
    def get_contact(self, call: Call, number: str) -> Answered:
        if int(number):
            found = self.contacts.get(int(number))
        else:
            email = call.query.get("get_by_email", "")
            found = next((one for one in self.contacts.values() if one.email == email), None)
        if found is None:
            return Answered(422, {"message": "Subscriber not found"})
        tags = [self._segment(number, self.tags) for number in sorted(found.tags)]
        lists = [self._segment(number, self.lists) for number in sorted(found.lists)]
        return Answered(body={"subscriber": {**found.shown(), "tags": tags, "lists": lists}})

    @answers("POST", f"{_API}/subscribers")
    def store(self, call: Call) -> Answered:
        given = call.json
        wrong = {name: [f"The {name} field is required."] for name in ("email", "status") if not given.get(name)}
        if not wrong and given["status"] not in STATUSES:
            wrong = {"status": ["The selected status is invalid."]}
        known = next((one for one in self.contacts.values() if one.email == given.get("email")), None)
        if known is not None and given.get("__force_update") != "yes":
            wrong["email"] = ["Provided email already assigned to another subscriber."]
        if wrong:
            return Answered(422, {"message": next(iter(wrong.values()))[0], "errors": wrong})
        contact = known or self.add_contact(given["email"], given["status"])
        if known is not None and known.status not in ("subscribed", "bounced", "complained", "spammed"):
            known.status = given["status"]
        contact.values |= {name: given[name] for name in _FIELDS if given.get(name)}
        contact.lists |= {number for number in given.get("lists", []) if number in self.lists}
        contact.tags |= {number for number in given.get("tags", []) if number in self.tags}
        asked = given.get("double_optin") if known is None else contact.status == "pending"
        if asked and not contact.letters:
            contact.letters += 1
        kind = "created" if known is None else "updated"
        text = "Successfully added the subscriber." if known is None else "contact has been successfully updated."
        return Answered(body={"message": text, "contact": contact.shown(), "action_type": kind})

    @answers("POST", f"{_API}/subscribers/sync-segments")
    def sync_segments(self, call: Call) -> Answered:
        given = call.json
        known = self.tags if given["type"] == "tags" else self.lists
        by_id = given.get("find_by", "slug") == "id"

        def named(values: list[Any]) -> set[int]:
            return {n for n, title in known.items() if (str(n) if by_id else title.lower()) in map(str, values)}

        for number in given["subscribers"]:
            if (contact := self.contacts.get(number)) is None:
                # The source asks nothing of what it does not find.
                return Answered(500, b"<p>There has been a critical error on this website.</p>", kind="text/html")
            held = contact.tags if given["type"] == "tags" else contact.lists
            held |= named(given.get("attach", []))
            held -= named(given.get("detach", []))
        shown = [self.contacts[number].shown() for number in given["subscribers"]]
        return Answered(body={"message": "Successfully updated the subscriber.", "subscribers": shown})

    @answers("GET", f"{_API}/subscribers/{{number}}/notes")
    def get_notes(self, call: Call, number: str) -> Answered:
        notes = self.contacts[int(number)].notes[::-1] if int(number) in self.contacts else []
        search = call.query.get("search", "").lower()
        return Answered(body={"notes": self._page(call, [one for one in notes if search in one["title"].lower()])})

    @answers("POST", f"{_API}/subscribers/{{number}}/notes")
    def add_note(self, call: Call, number: str) -> Answered:
        if int(number) not in self.contacts:
            return Answered(404, {"message": "No query results for model"})
        note = call.json.get("note", {})
        if missing := [name for name in ("title", "description", "type") if not note.get(name)]:
            errors = {name: [f"The {name} field is required."] for name in missing}
            return Answered(422, {"message": f"The {missing[0]} field is required.", "errors": errors})
        notes = self.contacts[int(number)].notes
        notes.append({"id": len(notes) + 1, "subscriber_id": int(number), **note})
        return Answered(body={"note": notes[-1], "message": "Note successfully added"})

    def _segment(self, number: int, known: dict[int, str]) -> dict[str, Any]:
        return {"id": number, "title": known[number], "slug": known[number].lower().replace(" ", "-")}

    def _segments(self, call: Call, known: dict[int, str]) -> dict[str, Any]:
        search = call.query.get("search", "").lower()
        found = [self._segment(number, known) for number, title in known.items() if search in title.lower()]
        return self._page(call, found)

    def _page(self, call: Call, found: list[Any]) -> dict[str, Any]:
        size, page = int(call.query.get("per_page", "15")), int(call.query.get("page", "1"))
        pages = max(-(-len(found) // size), 1)
        data = paged(found, (page - 1) * size, size)
        return {"total": len(found), "per_page": size, "current_page": page, "last_page": pages, "data": data}
