"""The calls of FluentCommunity's REST API v2 that have to do with one person.

Spaces are named by slugs and forms hold their ids; who is added a second time is refused in the site's own language,
and who moderates a space and is added as a member no longer does. So what somebody is in already is read first, and
only the rest is asked for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.providers import MOST_OPTIONS, Reply, Vendor, segment
from connectors.providers.calling import Query
from connectors.providers.wordpress.people import Person
from connectors.providers.wordpress.site import refused

_PAGE: Final = 100
_TITLE: Final = "FluentCommunity"


@dataclass(slots=True)
class Community:
    """Of one person. `vendor` leads to `fluent-community/v2`."""

    vendor: Vendor
    person: Person
    _username: str | None = None
    _slugs: dict[str, str] | None = None

    async def held(self, sample: Collection[str] = ()) -> frozenset[str]:
        """The ids of the spaces and courses that they are in; of a dry run the sample."""
        username = await self._profile(bool(sample))
        if username is None:
            return frozenset()
        path = f"/profile/{segment(username)}/memberships"
        reply = await self.vendor.get(path, accepts={404}, example={"memberships": list(sample)})
        ids = reply.record.get("memberships") if reply.ok else None
        return frozenset(map(str, ids)) if isinstance(ids, list) else frozenset()

    async def join(self, spaces: Collection[str]) -> None:
        for space, slug in (await self._named(spaces)).items():
            await self._asked(
                "POST", f"/spaces/{segment(slug)}/members", space, True, user_id=self.person.id, role="member"
            )

    async def leave(self, spaces: Collection[str]) -> None:
        for space, slug in (await self._named(spaces)).items():
            await self._asked("POST", f"/spaces/{segment(slug)}/members/remove", space, False, user_id=self.person.id)

    async def enrol(self, courses: Collection[str]) -> None:
        for course in courses:
            path = f"/admin/courses/{segment(course)}/students"
            await self._asked("POST", path, course, True, user_id=self.person.id)

    async def unenrol(self, courses: Collection[str]) -> None:
        for course in courses:
            path = f"/admin/courses/{segment(course)}/students/{self.person.id}"
            await self._asked("DELETE", path, course, False)

    async def verify(self) -> bool:
        """Marks the profile as verified; whether there is one. What is not sent with it would be lost."""
        self._username = None
        username = await self._profile(True)
        if username is None:
            return False
        path = f"/profile/{segment(username)}"
        names = {"first_name": self.person.first_name or self.person.name, "last_name": self.person.last_name}
        reply = await self.vendor.get(path, example={"profile": {"is_verified": 0, **names}})
        profile = reply.record.get("profile")
        held: Mapping[str, Any] = profile if isinstance(profile, Mapping) else {}
        if not held.get("is_verified"):
            kept = ("last_name", "short_description", "website", "headline", "badge_slugs", "social_links", "status")
            data = {name: held[name] for name in kept if held.get(name)}
            first = held.get("first_name") or held.get("display_name") or username
            await self.vendor.post(path, json={"data": {**data, "first_name": first, "is_verified": 1}})
        return True

    async def _asked(self, method: str, path: str, place: str, inside: bool, **body: Any) -> None:
        """A change of a membership. Refused, it may have been made in the meantime."""
        reply = await self.vendor.call(method, path, json=body or None, accepts={422}, example={"message": ""})
        if not reply.ok and (place in await self.held()) is not inside:
            raise refused(_TITLE, reply)

    async def _profile(self, sample: bool) -> str | None:
        """What they are called in the community, None where they are not in it yet. Addresses are not searched."""
        if self._username is not None:
            return self._username
        if self.person.made and not sample:
            return None
        names = dict.fromkeys((self.person.name, self.person.username.partition("@")[0]))
        example = {"members": {"data": [{"user_id": self.person.id, "username": "member"}] if sample else []}}
        for name in filter(None, names):
            query: Query = {"search": name, "per_page": _PAGE}
            reply = await self.vendor.get("/members", query=query, example=example)
            for one in reply.records("members", "data"):
                if str(one.get("user_id")) == str(self.person.id) and one.get("username"):
                    self._username = str(one["username"])
                    return self._username
        return None

    async def _named(self, spaces: Collection[str]) -> dict[str, str]:
        """The slugs of these spaces, by id. Those that are gone are left out."""
        if not spaces:
            return {}
        if self._slugs is None:
            sample = [{"id": space, "slug": f"space-{space}"} for space in spaces] if self.vendor.dry else []
            self._slugs = {str(one.get("id")): str(one.get("slug")) for one in await all_spaces(self.vendor, sample)}
        elif self.vendor.dry:
            self._slugs |= {space: f"space-{space}" for space in spaces}
        return {space: self._slugs[space] for space in spaces if space in self._slugs}


async def all_spaces(vendor: Vendor, example: Sequence[Mapping[str, Any]] = ()) -> list[Mapping[str, Any]]:
    return await _all(vendor, "/spaces/all-spaces", "spaces", example=example)


async def all_courses(vendor: Vendor) -> list[Mapping[str, Any]]:
    """None where the site has no courses."""
    return await _all(vendor, "/admin/courses", "courses")


async def _all(
    vendor: Vendor, path: str, name: str, example: Sequence[Mapping[str, Any]] = ()
) -> list[Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    page = 1
    while len(found) < MOST_OPTIONS:
        query = {"per_page": _PAGE, "page": page}
        reply = await vendor.get(path, query=query, accepts={404}, example={name: {"data": list(example)}})
        records = _entries(reply, name) if reply.ok else []
        before = len(found)
        found |= {str(one.get("id")): one for one in records}
        page += 1
        if len(records) < _PAGE or len(found) == before:
            break
    return list(found.values())[:MOST_OPTIONS]


def _entries(reply: Reply, name: str) -> Sequence[Mapping[str, Any]]:
    """Of a page, or of a bare list."""
    return reply.records(name) if isinstance(reply.record.get(name), list) else reply.records(name, "data")
