"""A WordPress site: its users over REST (https://developer.wordpress.org/rest-api/reference/users/), with application
passwords, and the form that sends a password link. Where the reference is silent the source says it
(class-wp-rest-users-controller.php): that somebody with the same address exists is answered with 500 and no status in
`data`; roles that are sent replace all that somebody has."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.vendors.serving import HTML, Answered, Call, Vendor, answers, paged

USER: Final = "admin"
PASSWORD: Final = "abcd EFGH 1234 ijkl MNOP 6789"
_USERS: Final = "/wp-json/wp/v2/users"
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_MOST: Final = 100


def wrong(status: int | None, code: str, message: str, **data: Any) -> Answered:
    """An error as WordPress words it; one that does not say its status is a 500."""
    body = {"code": code, "message": message, "data": None if status is None else {"status": status, **data}}
    return Answered(status or 500, body)


@dataclass
class Person:
    id: int
    username: str
    email: str
    roles: list[str] = field(default_factory=list)
    first_name: str = ""
    last_name: str = ""
    password: str = ""

    def shown(self, context: str) -> dict[str, Any]:
        public = {"id": self.id, "name": f"{self.first_name} {self.last_name}".strip() or self.username}
        if context != "edit":
            return public
        return public | {
            "username": self.username,
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "roles": self.roles,
            "capabilities": dict.fromkeys(CAPABILITIES if "administrator" in self.roles else ("read",), True),
        }


CAPABILITIES: Final = ("read", "list_users", "create_users", "edit_users", "promote_users")


class WordPress(Vendor):
    """`people` by id; `asked_for_links` are the logins that a password link was sent to. `caller` is the one whose
    application password is used."""

    public = "https://members.example"

    def __init__(self) -> None:
        super().__init__()
        self.user, self.password = USER, PASSWORD
        self.roles = {"administrator", "editor", "author", "contributor", "subscriber", "customer", "member"}
        self.people: dict[int, Person] = {}
        self.asked_for_links: list[str] = []
        self.caller = self.add(USER, "admin@members.example", "administrator")

    def add(self, username: str, email: str, *roles: str, first_name: str = "", last_name: str = "") -> Person:
        number = len(self.people) + 1
        self.people[number] = Person(number, username, email, list(roles), first_name, last_name)
        return self.people[number]

    def by_email(self, email: str) -> Person:
        return next(person for person in self.people.values() if person.email == email)

    def refused(self, call: Call) -> Answered | None:
        if not call.path.startswith("/wp-json/"):
            return None
        if call.basic is None:
            return wrong(401, "rest_not_logged_in", "You are not currently logged in.")
        user, password = call.basic
        if user != self.user:
            return wrong(401, "invalid_username", "Unknown username. Check again or try your email address.")
        # Blanks in an application password are for people.
        if password.replace(" ", "") != self.password.replace(" ", ""):
            return wrong(401, "incorrect_password", "The provided password is an invalid application password.")
        return None

    def unknown(self, call: Call) -> Answered:
        if call.path.startswith("/wp-json/"):
            return wrong(404, "rest_no_route", "No route was found matching the URL and request method.")
        return Answered(404, b"<!DOCTYPE html><title>Page not found</title>", kind=HTML)

    @answers("GET", f"{_USERS}/me")
    def me(self, call: Call) -> Answered:
        return Answered(body=self.caller.shown(call.query.get("context", "view")))

    @answers("GET", _USERS)
    def users(self, call: Call) -> Answered:
        context = call.query.get("context", "view")
        if context == "edit" and "administrator" not in self.caller.roles:
            return wrong(403, "rest_forbidden_context", "Sorry, you are not allowed to edit users.")
        size, page = int(call.query.get("per_page", "10")), int(call.query.get("page", "1"))
        if not 1 <= size <= _MOST:
            text = "per_page must be between 1 (inclusive) and 100 (inclusive)"
            return wrong(400, "rest_invalid_param", "Invalid parameter(s): per_page", params={"per_page": text})
        search = call.query.get("search", "").lower()
        found = [one for one in self.people.values() if search in one.email.lower() or search in one.username.lower()]
        if "@" in search:  # then only addresses are searched
            found = [one for one in found if search in one.email.lower()]
        pages = -(-len(found) // size)
        if page > max(pages, 1):
            text = "The page number requested is larger than the number of pages available."
            return wrong(400, "rest_user_invalid_page_number", text)
        shown = [one.shown(context) for one in paged(found, (page - 1) * size, size)]
        if fields := call.query.get("_fields"):
            shown = [{name: value for name, value in one.items() if name in fields.split(",")} for one in shown]
        return Answered(body=shown, headers={"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)})

    @answers("POST", _USERS)
    def create(self, call: Call) -> Answered:
        given = call.json
        if missing := [name for name in ("username", "email", "password") if not given.get(name)]:
            text = f"Missing parameter(s): {', '.join(missing)}"
            return wrong(400, "rest_missing_callback_param", text, params=missing)
        if not _EMAIL.fullmatch(given["email"]):
            params = {"email": "Invalid email address."}
            return wrong(400, "rest_invalid_param", "Invalid parameter(s): email", params=params)
        if not re.fullmatch(r"[A-Za-z0-9 _.@-]+", given["username"]):
            text = "This username is invalid because it uses illegal characters. Please enter a valid username."
            return wrong(400, "rest_user_invalid_username", text)
        if (refusal := self._unfit(given)) is not None:
            return refusal
        if any(one.username.lower() == given["username"].lower() for one in self.people.values()):
            return wrong(None, "existing_user_login", "Sorry, that username already exists!")
        if any(one.email.lower() == given["email"].lower() for one in self.people.values()):
            return wrong(None, "existing_user_email", "Sorry, that email address is already used!")
        roles = given.get("roles", ["subscriber"])
        names = {name: given.get(name, "") for name in ("first_name", "last_name")}
        person = self.add(given["username"], given["email"], *roles, **names)
        person.password = given["password"]
        return Answered(201, person.shown("edit"))

    @answers("POST", f"{_USERS}/{{number}}")
    def update(self, call: Call, number: str) -> Answered:
        person = self.people.get(int(number)) if number.isdecimal() else None
        if person is None:
            return wrong(404, "rest_user_invalid_id", "Invalid user ID.")
        given = call.json
        if (refusal := self._unfit(given)) is not None:
            return refusal
        person.roles = list(given.get("roles", person.roles))
        person.first_name = given.get("first_name", person.first_name)
        person.last_name = given.get("last_name", person.last_name)
        return Answered(body=person.shown("edit"))

    @answers("POST", "/wp-login.php")
    def lost_password(self, call: Call) -> Answered:
        """As for browsers: a page when something is wrong, a redirect when the link is sent."""
        login = call.form.get("user_login", "")
        known = any(login in (one.email, one.username) for one in self.people.values())
        if call.query.get("action") != "lostpassword" or not known:
            return Answered(200, b"<!DOCTYPE html><title>Lost Password</title>", kind=HTML)
        self.asked_for_links.append(login)
        return Answered(302, b"", {"Location": f"{self.public}/wp-login.php?checkemail=confirm"}, kind=HTML)

    def _unfit(self, given: dict[str, Any]) -> Answered | None:
        unknown = [role for role in given.get("roles", []) if role not in self.roles]
        if unknown:
            return wrong(400, "rest_user_invalid_role", f"The role {unknown[0]} does not exist.")
        return None
