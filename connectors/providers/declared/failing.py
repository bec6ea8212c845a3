"""How a provider says that something did not go well."""

import asyncio


class VendorFailed(Exception):
    """The other system refused or did not answer. `message` is a sentence for people, without secrets; `status` is
    HTTP's, None where there was no answer; `retryable` says whether the same may succeed later, after `retry_after`
    seconds where the vendor asked for so many."""

    def __init__(
        self, status: int | None, message: str, *, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after


class Broke(Exception):
    """A provider raised what would end more than its own call: SystemExit, say."""


def broken_off(error: BaseException) -> bool:
    """Whether this was not the provider's doing: whoever breaks a task off says so to the task."""
    task = asyncio.current_task()
    return isinstance(error, KeyboardInterrupt) or (task is not None and task.cancelling() > 0)


class Rejected(Exception):
    """The vendor does not accept these settings: whoever wrote them mends them. `field` is the key of the one that is
    wrong, where that is known."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Skipped(Exception):
    """There is nothing to be done for this event, and that is no failure: no e-mail address, nothing to undo. The
    reason is logged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
