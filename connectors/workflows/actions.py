"""What the steps of workflows do: put together of an event as whoever saved the workflow may see it, then done. What is
put together can be shown without doing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.delivery.sender import Exchange, Message, Outcome, Verdict
from connectors.outbound.client import Outbound
from connectors.outbound.message import Request
from connectors.webhooks import sender as webhooks
from connectors.webhooks.making import Making, Read
from connectors.webhooks.payload import Happened
from connectors.webhooks.request import Exact, Unmakeable
from connectors.workflows.deeds import STATUSES
from connectors.workflows.messengers import Messengers
from db.access.viewer import Viewer
from db.integration.data import EventData
from db.integration.template import Budget, Target, TemplateError, compiled
from db.integration.webhook import WebhookBody, read_settings
from db.integration.workflow.program import ADMIN, CUSTOMER, Step, secret_of, type_of
from db.integration.workflow.row import WorkflowActionType, WorkflowEntity
from db.secrets.encrypted import Secret

NO_MAIL: Final = "There is no mail server at present: nothing sends letters"
NO_PUSH: Final = "There are no keys for notifications at present: nothing sends them"
_ADMIN_EMAIL: Final = compiled("{{wp.admin_email}}")
_BILLING_EMAIL: Final = compiled("{{order.billing.email}}")


@dataclass(frozen=True, slots=True)
class About:
    """What a step is about: an event, and whoever it is done for."""

    entity: WorkflowEntity
    happened: Happened
    viewer: Viewer
    steps: Sequence[Step]
    concealed: Secret | None
    key: str  # of the run
    read: Read

    def step_key(self, place: int) -> str:
        """Of a step, the same over all its tries: by it receivers know duplicates."""
        return f"{self.key}-{place}"


@dataclass(frozen=True, slots=True)
class Letter:
    """`recipient` is the word of the step, as it may be shown."""

    recipient: str
    to: str
    subject: str
    text: str
    html: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    users: tuple[int, ...]
    title: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Queried:
    """A request that tells what a query of the saver's own answered. Whoever sees the run might not read that: none of
    it is kept."""

    exact: Exact


@dataclass(frozen=True, slots=True)
class Change:
    """By which mutation, and its input."""

    mutation: str
    status: str
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pause:
    minutes: int


Made = Letter | Notice | Exact | Queried | Change | Pause


class Actions:
    def __init__(self, outbound: Outbound, making: Making, messengers: Messengers) -> None:
        self._outbound = outbound
        self._making = making
        self._messengers = messengers

    async def made(self, about: About, place: int) -> Made:
        """What a step would do. Raises Unmakeable, and NoSecretKey when a secret does not open."""
        step = about.steps[place]
        match type_of(step):
            case WorkflowActionType.SEND_EMAIL:
                return await self._letter(about, step)
            case WorkflowActionType.SEND_PUSH:
                title, text = await self._filled(about, step["title"], step["text"])
                return Notice(tuple(step["users"]), title, text, await self._url(about, step["url"]))
            case WorkflowActionType.WEBHOOK:
                feed = {"settings": step["settings"], "concealed": secret_of(place, about.concealed)}
                key = about.step_key(place)
                exact = await self._making.exact(feed, about.happened, key, about.viewer, about.read)
                return Queried(exact) if read_settings(step["settings"]).body is WebhookBody.QUERY else exact
            case WorkflowActionType.UPDATE_STATUS:
                change = STATUSES.get(about.entity)
                if change is None:
                    raise Unmakeable(f"Nothing changes the status of {about.entity.value}s yet")
                asked = change.input(about.happened.payload, step["status"])
                return Change(change.mutation, step["status"], asked)
            case WorkflowActionType.WAIT:
                return Pause(step["minutes"])

    async def done(self, made: Made, key: str) -> Outcome:
        """Do what reaches outside. `key` is the same over all tries of a step."""
        match made:
            case Letter():
                return await self._send_letter(made, key)
            case Notice():
                return await self._send_notice(made, key)
            case Exact():
                return await self._ask(made, key)
            case Queried():
                outcome = await self._ask(made.exact, key)
                said, status = Message(f"{made.exact.method} {made.exact.place}"), outcome.exchange.status
                answer = None if status is None else Message(f"HTTP {status}")
                return replace(outcome, exchange=Exchange(said, answer, status))
            case _:
                raise TypeError(f"{type(made).__name__} reaches nothing outside")

    async def data(self, about: About, *texts: str) -> EventData:
        return await self._making.read(about.happened, about.viewer, [compiled(one) for one in texts], about.read)

    async def _filled(self, about: About, *texts: str, target: Target = Target.TEXT) -> tuple[str, ...]:
        if not any(compiled(one).codes for one in texts):
            return texts
        context = (await self.data(about, *texts)).context
        budget = Budget()
        try:
            return tuple(compiled(one).render(context, target, budget) for one in texts)
        except TemplateError as error:
            raise Unmakeable(error.message) from None

    async def _url(self, about: About, url: str) -> str:
        (filled,) = await self._filled(about, url, target=Target.URL)
        return filled

    async def _letter(self, about: About, step: Step) -> Letter:
        template = None if step["template"] is None else self._messengers.templates.get(step["template"])
        if step["template"] is not None and template is None:
            raise Unmakeable(f"There is no template {step['template']!r} any more")
        subject = step["subject"] or (template.subject if template else "")
        text = step["text"] or (template.text if template else "")
        html = template.html if template and not step["text"] else None
        (said,) = await self._filled(about, subject, target=Target.HEADER)
        (body,) = await self._filled(about, text)
        marked = None if html is None else (await self._filled(about, html, target=Target.HTML))[0]
        return Letter(step["recipient"], await self._recipient(about, step["recipient"]), said, body, marked)

    async def _recipient(self, about: About, recipient: str) -> str:
        if recipient == ADMIN:
            found = self._messengers.admin
            if not found:
                found = _ADMIN_EMAIL.render((await self.data(about)).context).strip()
            if not found:
                raise Unmakeable("The store has no administrator's address: set one in its settings")
            return found
        if recipient != CUSTOMER:
            return recipient
        data = await self.data(about)
        customer = data.payload.get("customer")
        email = customer.get("email") if isinstance(customer, Mapping) else None
        if not email and data.order is not None:
            email = _BILLING_EMAIL.render(data.context).strip()
        if not email:
            raise Unmakeable("There is no customer with an address that whoever saved the workflow may see")
        return str(email)

    async def _send_letter(self, letter: Letter, key: str) -> Outcome:
        if self._messengers.send_email is None:
            return Outcome.retry(NO_MAIL)
        outcome = await self._messengers.send_email(
            to=letter.to, subject=letter.subject, text=letter.text, html=letter.html, key=key
        )
        shown = Message(f"E-mail to {letter.recipient if letter.recipient in (CUSTOMER, ADMIN) else 'an address'}")
        return replace(outcome, exchange=replace(outcome.exchange, request=shown))

    async def _send_notice(self, notice: Notice, key: str) -> Outcome:
        """To one user after the other; who has it already is not told twice under the same key."""
        if self._messengers.send_push is None:
            return Outcome.retry(NO_PUSH)
        outcomes = [
            await self._messengers.send_push(
                user_id=user, title=notice.title, text=notice.text, url=notice.url, key=f"{key}-{user}"
            )
            for user in notice.users
        ]
        worst = {Verdict.RETRY: 0, Verdict.FAILED: 1, Verdict.GONE: 1, Verdict.DELIVERED: 2}
        reached = any(one.verdict is Verdict.DELIVERED for one in outcomes)
        # One who is reached is enough, unless another may still be.
        found = min(outcomes, key=lambda one: worst[one.verdict])
        if found.verdict is not Verdict.RETRY and reached:
            found = next(one for one in outcomes if one.verdict is Verdict.DELIVERED)
        return replace(found, exchange=Exchange(Message(f"Notification to {len(notice.users)} users")))

    async def _ask(self, exact: Exact, key: str) -> Outcome:
        stamped = (("webhook-id", key), ("webhook-timestamp", str(int(datetime.now(UTC).timestamp()))))
        sent = replace(exact, headers=(*exact.headers, *stamped))
        return webhooks.outcome(
            sent, await self._outbound.send(Request(sent.method, sent.url, sent.headers, sent.body))
        )
