"""ActiveCampaign's API v3, as https://developers.activecampaign.com/reference/ documents it: numbers are texts, pages
have at most 100 entries, and an account is answered five calls a second."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.vendors.serving import Answered, Call, Vendor, answers, paged

TOKEN: Final = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"
_API: Final = "/api/3"
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_MOST: Final = 100


def wrong(title: str, code: str, pointer: str) -> Answered:
    error = {"title": title, "detail": "", "code": code, "source": {"pointer": pointer}}
    return Answered(422, {"errors": [error]})


@dataclass
class Contact:
    id: int
    email: str
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[int, int] = field(default_factory=dict)  # the status in each: 1 active, 2 unsubscribed
    tags: dict[int, int] = field(default_factory=dict)  # by tag the id of the bond


class ActiveCampaign(Vendor):
    public = "https://posters.api-us1.com"

    def __init__(self) -> None:
        super().__init__()
        self.lists = {1: "Newsletter", 2: "Customers"}
        self.tags = {1: "customer", 2: "wholesale"}
        self.fields = {1: "Favourite colour"}
        self.contacts: dict[int, Contact] = {}
        self._bonds = 0

    def contact(self, email: str) -> Contact:
        return next(one for one in self.contacts.values() if one.email == email)

    def refused(self, call: Call) -> Answered | None:
        if call.headers.get("api-token") == TOKEN:
            return None
        return Answered(403, {"message": "You do not have permission to access this resource"})

    def crowded(self) -> Answered:
        return self.too_many(1)

    @staticmethod
    def too_many(seconds: int) -> Answered:
        headers = {"Retry-After": str(seconds), "RateLimit-Limit": "5", "RateLimit-Remaining": "0"}
        return Answered(429, {"message": "Too Many Requests"}, headers)

    @answers("GET", f"{_API}/users/me")
    def me(self, call: Call) -> Answered:
        return Answered(body={"user": {"id": "1", "username": "ada", "email": "ada@posters.example"}})

    @answers("GET", f"{_API}/lists")
    def get_lists(self, call: Call) -> Answered:
        search = call.query.get("filters[name]", "").lower()
        found = [
            {"id": str(number), "name": name, "stringid": name.lower()}
            for number, name in self.lists.items()
            if search in name.lower()
        ]
        return self._page(call, "lists", found)

    @answers("GET", f"{_API}/tags")
    def get_tags(self, call: Call) -> Answered:
        search = call.query.get("search", "").lower()
        found = [
            {"id": str(number), "tag": name, "tagType": "contact"}
            for number, name in self.tags.items()
            if search in name.lower()
        ]
        return self._page(call, "tags", found)

    @answers("GET", f"{_API}/fields")
    def get_fields(self, call: Call) -> Answered:
        found = [{"id": str(number), "title": title, "type": "text"} for number, title in self.fields.items()]
        return self._page(call, "fields", found)

    @answers("POST", f"{_API}/contact/sync")
    def sync(self, call: Call) -> Answered:
        given = call.json.get("contact", {})
        email = given.get("email", "")
        if not email:
            return wrong("Email is required.", "field_missing", "/data/attributes/email")
        if not _EMAIL.fullmatch(email):
            return wrong("Contact Email Address is not valid.", "email_invalid", "/data/attributes/email")
        known = next((one for one in self.contacts.values() if one.email == email), None)
        number = len(self.contacts) + 1
        contact = known or self.contacts.setdefault(number, Contact(number, email))
        contact.values |= {name: given[name] for name in ("firstName", "lastName", "phone") if name in given}
        contact.values |= {one["field"]: one["value"] for one in given.get("fieldValues", [])}
        shown = {"id": str(contact.id), "email": contact.email, **contact.values}
        return Answered(201 if known is None else 200, {"fieldValues": [], "contact": shown})

    @answers("GET", f"{_API}/contacts")
    def get_contacts(self, call: Call) -> Answered:
        email = call.query.get("email", "")
        found = [{"id": str(one.id), "email": one.email} for one in self.contacts.values() if email in ("", one.email)]
        return self._page(call, "contacts", found)

    @answers("POST", f"{_API}/contactLists")
    def subscribe(self, call: Call) -> Answered:
        given = call.json.get("contactList", {})
        contact, list_id = self.contacts.get(int(given["contact"])), int(given["list"])
        if contact is None or list_id not in self.lists:
            return wrong("The related list does not exist.", "related_missing", "/data/attributes/list")
        contact.lists[list_id] = int(given["status"])
        return Answered(201, {"contactList": {"id": "1", **{name: str(value) for name, value in given.items()}}})

    @answers("GET", f"{_API}/contacts/{{number}}/contactLists")
    def subscriptions(self, call: Call, number: str) -> Answered:
        contact = self.contacts.get(int(number))
        if contact is None:
            return Answered(404, {"message": f"No Result found for Subscriber with id {number}"})
        found = [
            {"id": str(list_id), "contact": number, "list": str(list_id), "status": str(status)}
            for list_id, status in contact.lists.items()
        ]
        return Answered(body={"contactLists": found})

    @answers("POST", f"{_API}/contactTags")
    def tag(self, call: Call) -> Answered:
        given = call.json.get("contactTag", {})
        contact, tag = self.contacts.get(int(given["contact"])), int(given["tag"])
        if contact is None or tag not in self.tags:
            return wrong("The related tag does not exist.", "related_missing", "/data/attributes/tag")
        self._bonds += 1
        bond = contact.tags.setdefault(tag, self._bonds)
        return Answered(201, {"contactTag": {"id": str(bond), "contact": str(contact.id), "tag": str(tag)}})

    @answers("GET", f"{_API}/contacts/{{number}}/contactTags")
    def contact_tags(self, call: Call, number: str) -> Answered:
        contact = self.contacts.get(int(number))
        if contact is None:
            return Answered(404, {"message": f"No Result found for Subscriber with id {number}"})
        found = [{"id": str(bond), "contact": number, "tag": str(tag)} for tag, bond in contact.tags.items()]
        return Answered(body={"contactTags": found})

    @answers("DELETE", f"{_API}/contactTags/{{bond}}")
    def untag(self, call: Call, bond: str) -> Answered:
        for contact in self.contacts.values():
            for tag, known in list(contact.tags.items()):
                if known == int(bond):
                    del contact.tags[tag]
                    return Answered(body={})
        return Answered(404, {"message": f"No Result found for SubscriberTag with id {bond}"})

    def _page(self, call: Call, name: str, found: list[Any]) -> Answered:
        limit, offset = int(call.query.get("limit", "20")), int(call.query.get("offset", "0"))
        entries = paged(found, offset, min(limit, _MOST))
        return Answered(body={name: entries, "meta": {"total": str(len(found))}})
