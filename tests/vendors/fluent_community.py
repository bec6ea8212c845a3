"""FluentCommunity's REST API on a WordPress site, as its developers' reference lists it and the plugin's source has it:
spaces are named by slugs, courses by ids; who is added a second time is refused, and who moderates a space and is added
as a member no longer does; a profile that is saved loses what is not sent with it."""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.vendors.serving import Answered, Call, answers, paged
from tests.vendors.wordpress import Person, WordPress

_API: Final = "/wp-json/fluent-community/v2"


def refusal(message: str) -> Answered:
    return Answered(422, {"message": message})


@dataclass
class Profile:
    user_id: int
    username: str
    display_name: str
    is_verified: bool = False
    status: str = "active"
    short_description: str = ""
    website: str = ""
    headline: str = ""
    badge_slugs: list[str] = field(default_factory=list)
    social_links: dict[str, str] = field(default_factory=dict)


class FluentCommunity(WordPress):
    """`members` are roles in spaces and courses by (id of it, id of the person)."""

    public = "https://community.example"

    def __init__(self) -> None:
        super().__init__()
        self.spaces = {11: ("lounge", "Lounge"), 12: ("makers", "Makers"), 13: ("alumni", "Alumni")}
        self.courses = {21: "Letterpress", 22: "Bookbinding"}
        self.members: dict[tuple[int, int], str] = {}
        self.profiles: dict[int, Profile] = {}

    def profile_of(self, person: Person) -> Profile:
        """Made when it is first needed."""
        name = f"{person.first_name} {person.last_name}".strip() or person.username
        login = person.username.partition("@")[0].replace(".", "")
        return self.profiles.setdefault(person.id, Profile(person.id, login, name))

    def held_by(self, person: Person) -> dict[int, str]:
        return {place: role for (place, number), role in self.members.items() if number == person.id}

    @answers("GET", f"{_API}/spaces/all-spaces")
    def all_spaces(self, call: Call) -> Answered:
        found = [{"id": number, "slug": slug, "title": title} for number, (slug, title) in self.spaces.items()]
        return Answered(body={"spaces": self._page(call, found)})

    @answers("GET", f"{_API}/admin/courses")
    def all_courses(self, call: Call) -> Answered:
        search = call.query.get("search", "").lower()
        found = [{"id": number, "title": title} for number, title in self.courses.items() if search in title.lower()]
        return Answered(body={"courses": self._page(call, found), "course_categories": []})

    @answers("GET", f"{_API}/members")
    def list_members(self, call: Call) -> Answered:
        """By display name or name in the community; addresses are not searched."""
        search = call.query.get("search", "").lower()
        found = [
            {"user_id": one.user_id, "display_name": one.display_name, "username": one.username}
            for one in self.profiles.values()
            if search in one.display_name.lower() or search in one.username.lower()
        ]
        return Answered(body={"members": self._page(call, found), "execution_time": 0.01})

    @answers("GET", f"{_API}/profile/{{username}}/memberships")
    def memberships(self, call: Call, username: str) -> Answered:
        profile = self._profile(username)
        if profile is None:
            return Answered(404, {"message": "No query results for model"})
        return Answered(body={"memberships": [place for place, who in self.members if who == profile.user_id]})

    @answers("GET", f"{_API}/profile/{{username}}")
    def get_profile(self, call: Call, username: str) -> Answered:
        profile = self._profile(username)
        if profile is None:
            return Answered(404, {"message": "No query results for model"})
        first, _, last = profile.display_name.partition(" ")
        return Answered(body={"profile": {**vars(profile), "first_name": first, "last_name": last}})

    @answers("POST", f"{_API}/profile/{{username}}")
    def update_profile(self, call: Call, username: str) -> Answered:
        profile = self._profile(username)
        if profile is None:
            return Answered(404, {"message": "No query results for model"})
        given = call.json.get("data", {})
        if not given.get("first_name"):
            return refusal("First name is required")
        profile.is_verified = bool(given.get("is_verified"))
        profile.status = given.get("status", "active")
        profile.display_name = f"{given['first_name']} {given.get('last_name', '')}".strip()
        for name in ("short_description", "website", "headline"):
            setattr(profile, name, given.get(name) or "")
        profile.badge_slugs = list(given.get("badge_slugs", []))
        if links := given.get("social_links"):
            profile.social_links = links
        return Answered(body={"message": "Profile has been updated", "profile": {"user_id": profile.user_id}})

    @answers("POST", f"{_API}/spaces/{{slug}}/members")
    def add_member(self, call: Call, slug: str) -> Answered:
        place = next((number for number, (known, _) in self.spaces.items() if known == slug), None)
        if place is None:
            return refusal("Space not found")
        return self._added(call, place, call.json.get("role", "member"), "Selected user is already a member")

    @answers("POST", f"{_API}/spaces/{{slug}}/members/remove")
    def remove_member(self, call: Call, slug: str) -> Answered:
        place = next((number for number, (known, _) in self.spaces.items() if known == slug), None)
        if place is None:
            return refusal("Space not found")
        return self._removed(place, int(call.json["user_id"]))

    @answers("POST", f"{_API}/admin/courses/{{number}}/students")
    def add_student(self, call: Call, number: str) -> Answered:
        if int(number) not in self.courses:
            return Answered(404, {"message": "No query results for model"})
        return self._added(call, int(number), "student", "User is already added to this course.")

    @answers("DELETE", f"{_API}/admin/courses/{{number}}/students/{{user}}")
    def remove_student(self, call: Call, number: str, user: str) -> Answered:
        if int(number) not in self.courses:
            return Answered(404, {"message": "No query results for model"})
        return self._removed(int(number), int(user))

    def _profile(self, username: str) -> Profile | None:
        return next((one for one in self.profiles.values() if one.username == username), None)

    def _added(self, call: Call, place: int, role: str, already: str) -> Answered:
        person = self.people.get(int(call.json.get("user_id") or 0))
        if person is None:
            return refusal("The selected user_id is invalid.")
        if self.profile_of(person).status != "active":
            return refusal("Selected user is not active")
        held = self.members.get((place, person.id))
        if held == role or (held is not None and role == "student"):
            return refusal(already)
        self.members[place, person.id] = role
        return Answered(body={"message": "Member role updated" if held else "User has been added"})

    def _removed(self, place: int, user: int) -> Answered:
        if self.members.pop((place, user), None) is None:
            return refusal("Selected user is not a member of this community")
        return Answered(body={"message": "User has been removed"})

    def _page(self, call: Call, found: list[Any]) -> dict[str, Any]:
        size, page = int(call.query.get("per_page", "10")), int(call.query.get("page", "1"))
        pages = max(-(-len(found) // size), 1)
        data = paged(found, (page - 1) * size, size)
        return {"data": data, "current_page": page, "per_page": size, "total": len(found), "last_page": pages}
