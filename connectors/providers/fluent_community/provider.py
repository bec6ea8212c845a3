"""FluentCommunity: whoever buys joins spaces and takes courses, as long as an order gives it."""

from collections.abc import Sequence
from typing import Annotated, Final

from connectors.providers import (
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
    Verified,
    form,
)
from connectors.providers.buyer import buyer
from connectors.providers.fluent_community.community import Community, all_courses, all_spaces
from connectors.providers.wordpress import people
from connectors.providers.wordpress.site import AT_ONCE, Number, WordPressSettings, said, site

# What orders give is counted by these words.
SPACE: Final = "space"
COURSE: Final = "course"


class FluentCommunityFeed(Form):
    space_ids: Annotated[tuple[Number, ...], form(Component.SELECT, label="Add to spaces", option_source="spaces")] = ()
    remove_space_ids: Annotated[
        tuple[Number, ...], form(Component.SELECT, label="Remove from spaces", option_source="spaces")
    ] = ()
    course_ids: Annotated[
        tuple[Number, ...], form(Component.SELECT, label="Add to courses", option_source="courses")
    ] = ()
    remove_course_ids: Annotated[
        tuple[Number, ...], form(Component.SELECT, label="Remove from courses", option_source="courses")
    ] = ()
    mark_as_verified: Annotated[bool, form(Component.YES_NO_CHECKBOX, label="Mark as verified")] = False


class FluentCommunity(Provider[WordPressSettings, FluentCommunityFeed]):
    """The user with the buyer's address is made where there is none. What they are in already is read; places of
    `remove_space_ids` and `remove_course_ids` are left, the others are joined, as a member and as a student: who
    moderates a space goes on doing so. A profile is marked as verified with all that it says.

    Each order is counted: undoing leaves those places that the order gave and that no other order gives."""

    key = "fluent_community"
    title = "FluentCommunity"
    description = "Customers join spaces and take courses, and leave them when no order gives them any more."
    category = "lms"
    categories = ("core", "community", "lms")
    priority = 12
    addon = "fluent-community"
    delay_on_product_action = False
    caps = Caps(at_once=AT_ONCE)
    settings = WordPressSettings
    feed = FluentCommunityFeed
    revokes = True

    def site(self, settings: WordPressSettings) -> Site:
        return site(settings, "fluent-community/v2")

    async def verify(self, settings: WordPressSettings, vendor: Vendor) -> Verified:
        """The community, and the users, who are made where it has none."""
        await vendor.get("/spaces/all-spaces", query={"per_page": 1})
        await _users(settings, vendor).get("/users", query={"context": "edit", "per_page": 1})
        return Verified(f"Connected to {settings.site_url}")

    async def options(self, asked: Asked, settings: WordPressSettings, vendor: Vendor) -> Sequence[Option]:
        found = await (all_spaces(vendor) if asked.key == "spaces" else all_courses(vendor))
        return [Option(str(one.get("id")), str(one.get("title") or one.get("slug") or one.get("id"))) for one in found]

    async def run(self, run: Run[FluentCommunityFeed], settings: WordPressSettings, vendor: Vendor) -> None:
        feed = run.feed
        person = await people.ensure(_users(settings, vendor), buyer(run))
        if person.made:
            run.log("The user is made")
        community = Community(vendor, person)
        removed = (*feed.remove_space_ids, *feed.remove_course_ids)
        held = await community.held(removed)
        # What is taken and given by the same feed is given.
        await community.leave([one for one in feed.remove_space_ids if one in held and one not in feed.space_ids])
        await community.unenrol([one for one in feed.remove_course_ids if one in held and one not in feed.course_ids])
        if run.grants is not None:
            # Noted first: what is given and not noted would never be taken back.
            await run.grants.give(SPACE, feed.space_ids)
            await run.grants.give(COURSE, feed.course_ids)
        await community.join([one for one in feed.space_ids if one not in held])
        await community.enrol([one for one in feed.course_ids if one not in held])
        if feed.mark_as_verified and not await community.verify():
            run.log("There is no profile to be marked as verified: nobody is in the community before their first space")
        run.log("The member is in all spaces and courses of the feed")

    async def revoke(self, run: Run[FluentCommunityFeed], settings: WordPressSettings, vendor: Vendor) -> None:
        """Leaves what no other order gives."""
        feed, who = run.feed, buyer(run)
        spaces: Sequence[str] = feed.space_ids
        courses: Sequence[str] = feed.course_ids
        if run.grants is not None:
            spaces, courses = await run.grants.take(SPACE, spaces), await run.grants.take(COURSE, courses)
        if not spaces and not courses:
            raise Skipped("Nothing is taken: another order gives it, or this one gave nothing")
        example = [{"id": 1, "email": who.email, "name": who.name or who.email}]
        person = await people.find(_users(settings, vendor), who.email, example=example)
        if person is None:
            raise Skipped("The site has no user with this address")
        community = Community(vendor, person)
        held = await community.held((*spaces, *courses))
        await community.leave([one for one in spaces if one in held])
        await community.unenrol([one for one in courses if one in held])
        run.log("What only this order gave is taken back")

    def explain(self, reply: Reply) -> str | None:
        return said(reply)


def _users(settings: WordPressSettings, vendor: Vendor) -> Vendor:
    return vendor.to(site(settings, "wp/v2"))
