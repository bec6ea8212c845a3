"""Whoever buys becomes a user of a WordPress site, or gets roles there."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import field_validator

from connectors.providers import (
    MOST_OPTIONS,
    Asked,
    Caps,
    Component,
    Form,
    Option,
    Provider,
    Rejected,
    Reply,
    Run,
    Site,
    Skipped,
    Vendor,
    VendorFailed,
    Verified,
    form,
)
from connectors.providers.buyer import buyer
from connectors.providers.calling import Query
from connectors.providers.wordpress import people
from connectors.providers.wordpress.people import Person
from connectors.providers.wordpress.site import AT_ONCE, WordPressSettings, said, site

# Who has it may do anything; nobody buys that.
_ADMINISTRATOR: Final = "administrator"
# Those that every site begins with.
_ROLES: Final = {
    "subscriber": "Subscriber",
    "contributor": "Contributor",
    "author": "Author",
    "editor": "Editor",
}
_PAGE: Final = 100
_GRANT: Final = "role"
_NEEDED: Final = ("list_users", "create_users", "edit_users", "promote_users")


class WordPressUserFeed(Form):
    roles: Annotated[
        tuple[str, ...],
        form(
            Component.SELECT,
            label="Roles",
            help="Given beside those that the user has. Who is new and gets none has the site's own.",
            option_source="roles",
        ),
    ] = ()
    remove_roles: Annotated[tuple[str, ...], form(Component.SELECT, label="Remove roles", option_source="roles")] = ()
    send_password_link: Annotated[
        bool,
        form(
            Component.YES_NO_CHECKBOX,
            label="Send a password link",
            help="WordPress sends who is new a link to choose a password with.",
        ),
    ] = False

    @field_validator("roles", "remove_roles")
    @classmethod
    def _bought(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if _ADMINISTRATOR in roles:
            raise ValueError("a feed neither makes nor unmakes administrators")
        return tuple(dict.fromkeys(role for role in roles if role))


class WordPressUser(Provider[WordPressSettings, WordPressUserFeed]):
    """The user with exactly the buyer's address gets the roles beside those that they have, and the names of the
    billing address. Where there is none, one is made, with a password that nobody is told; WordPress sends a link to
    choose another where the feed says so. It takes `roles` for all that somebody has, so they are read first.

    Undoing takes those roles away that no other order gives. Nobody is deleted."""

    key = "wp_user"
    title = "WordPress user"
    description = "Customers become users of a WordPress site, with roles."
    category = "core"
    caps = Caps(at_once=AT_ONCE)
    settings = WordPressSettings
    feed = WordPressUserFeed
    revokes = False

    def site(self, settings: WordPressSettings) -> Site:
        return site(settings, "wp/v2")

    async def verify(self, settings: WordPressSettings, vendor: Vendor) -> Verified:
        reply = await vendor.get("/users/me", query={"context": "edit"})
        may = reply.record.get("capabilities")
        missing = [name for name in _NEEDED if isinstance(may, dict) and not may.get(name)]
        if missing:
            raise Rejected(f"The user may not do all that is needed: {', '.join(missing)}", "username")
        return Verified(f"Connected as {reply.text('name') or settings.username}")

    async def options(self, asked: Asked, settings: WordPressSettings, vendor: Vendor) -> Sequence[Option]:
        """WordPress lists no roles: those that it begins with, and those that somebody has."""
        found = dict(_ROLES)
        page, read = 1, 0
        while read < MOST_OPTIONS:
            query: Query = {"context": "edit", "per_page": _PAGE, "page": page, "_fields": "roles", "orderby": "id"}
            users = (await vendor.get("/users", query=query)).records()
            for user in users:
                roles = user.get("roles")
                for role in roles if isinstance(roles, list) else ():
                    found.setdefault(str(role), str(role).replace("_", " ").capitalize())
            read += len(users)
            page += 1
            if len(users) < _PAGE:
                break
        return [Option(role, title) for role, title in found.items() if role != _ADMINISTRATOR]

    async def run(self, run: Run[WordPressUserFeed], settings: WordPressSettings, vendor: Vendor) -> None:
        feed, who = run.feed, buyer(run)
        person = await people.ensure(vendor, who, feed.roles)
        if run.grants is not None and feed.roles:
            await run.grants.give(_GRANT, feed.roles)
        if person.made:
            run.log("The user is made")
            if feed.send_password_link:
                await self._link(run, who.email, settings, vendor)
            return
        kept = [role for role in dict.fromkeys((*person.roles, *feed.roles)) if role not in feed.remove_roles]
        # What is given and removed by the same feed is given.
        kept += [role for role in feed.roles if role not in kept]
        names = {"first_name": who.first_name, "last_name": who.last_name}
        changed: dict[str, Any] = {
            name: value for name, value in names.items() if value and value != getattr(person, name)
        }
        if set(kept) != set(person.roles):
            changed["roles"] = kept
        if changed:
            await people.change(vendor, person, **changed)
        run.log(f"The user is changed: {', '.join(changed)}" if changed else "The user is as they should be already")

    async def revoke(self, run: Run[WordPressUserFeed], settings: WordPressSettings, vendor: Vendor) -> None:
        """Takes the roles that only this order gave."""
        feed, who = run.feed, buyer(run)
        taken = feed.roles if run.grants is None else await run.grants.take(_GRANT, feed.roles)
        if not taken:
            raise Skipped("No role is taken: another order gives it, or this one gave none")
        sample = {"id": 1, "email": who.email, "roles": list(feed.roles)}
        person = await people.find(vendor, who.email, example=[sample])
        if person is None:
            raise Skipped("The site has no user with this address")
        await _without(vendor, person, taken)
        run.log("What the feed gave is taken back")

    def explain(self, reply: Reply) -> str | None:
        return said(reply)

    async def _link(self, run: Run[WordPressUserFeed], email: str, settings: WordPressSettings, vendor: Vendor) -> None:
        """By the form that everybody may use; REST has nothing for it. A letter that could not be asked for is no
        reason to do all again: who has none uses the form themselves, and nobody gets two."""
        try:
            reply = await vendor.to(Site(settings.site_url)).post(
                "/wp-login.php",
                query={"action": "lostpassword"},
                form={"user_login": email},
                accepts={200, 302},
            )
        except VendorFailed as failed:
            run.log(f"The password link could not be asked for: {failed.message}")
            return
        sent = reply.status == 302 or vendor.dry
        run.log("The password link is sent" if sent else "WordPress did not send the password link")


async def _without(vendor: Vendor, person: Person, roles: Sequence[str]) -> None:
    kept = [role for role in person.roles if role not in roles]
    if len(kept) < len(person.roles):
        await people.change(vendor, person, roles=kept)
