"""What a vendor answered, read with care: nobody promises that it has the form that its reference shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.providers.declared.failing import VendorFailed

# Of a vendor's own words in a message.
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """`json` is what the body says, None where it is empty or (of a status that was accepted) no JSON; `headers` have
    small letters. The methods raise VendorFailed for what has another form."""

    status: int
    json: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def record(self) -> Mapping[str, Any]:
        """The answer, which is an object."""
        return _mapping(self.json, self.status)

    def records(self, *path: str) -> Sequence[Mapping[str, Any]]:
        """The list of objects under these names; the answer itself without any. What is not there is empty."""
        found: Any = self.json
        for name in path:
            found = _mapping(found, self.status).get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise _odd(self.status)
        return [_mapping(one, self.status) for one in found]

    def text(self, *path: str) -> str | None:
        """A text, or a number as one, under these names."""
        found: Any = self.json
        for name in path:
            if found is None:
                return None
            found = _mapping(found, self.status).get(name)
        if isinstance(found, bool) or not isinstance(found, str | int | None):
            raise _odd(self.status)
        return None if found is None else str(found)


def explained(reply: Reply) -> str | None:
    """What is wrong, where a vendor says it as most do: `detail`, `message`, `error_description`, `error`, `title`."""
    said = reply.json
    for name in ("detail", "message", "error_description", "error", "title"):
        found = said.get(name) if isinstance(said, Mapping) else None
        if isinstance(found, Mapping):
            found = found.get("message")
        if isinstance(found, str) and found.strip():
            return found.strip()
    return None


def _mapping(value: Any, status: int) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _odd(status)
    return value


def _odd(status: int) -> VendorFailed:
    return VendorFailed(status, f"The answer {status} does not have the form that it should")
