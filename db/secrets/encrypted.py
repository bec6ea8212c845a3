"""Secrets of other systems that this store has to be able to use: encrypted at rest, and never shown again.

A column of type `EncryptedText` takes and gives a `Secret`. What it stores opens with one of the keys of its database
(`unlock`), and only where `reveal` is called. Secrets that this store gives out itself are hashed: db.secrets.hashed.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from weakref import WeakKeyDictionary

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic_core import core_schema
from sqlalchemy import Dialect, String, TypeDecorator
from sqlalchemy.exc import DontWrapMixin

from db.secrets.confidential import MASK
from db.store.database import Database
from engine.values.errors import CodedError, ErrorCode

# The last four of a shorter secret would be a good part of it.
_LONG_ENOUGH: Final = 16
_LAST: Final = 4


class Keyring:
    """The keys of a store, the newest first: it closes with the first and opens with any. What does not open raises
    NoSecretKey."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError for what is no key, and for none."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def close(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, closed: str) -> str:
        try:
            return self._fernet.decrypt(closed).decode()
        except InvalidToken:
            raise NoSecretKey from None

    def closed_at(self, closed: str) -> datetime:
        try:
            return datetime.fromtimestamp(self._fernet.extract_timestamp(closed), UTC)
        except InvalidToken:
            raise NoSecretKey from None

    def closed_again(self, closed: str) -> str:
        """The same secret under the newest key; when it was first closed stays."""
        try:
            return self._fernet.rotate(closed).decode()
        except InvalidToken:
            raise NoSecretKey from None


def new_secret_key() -> str:
    return Fernet.generate_key().decode()


class NoSecretKey(CodedError, DontWrapMixin):
    """A key is missing. SQLAlchemy lets it through as it is, where a statement's values meet their columns."""

    def __init__(self, message: str = "A stored secret does not open with the keys that the server was given") -> None:
        super().__init__(ErrorCode.CONFIGURATION_ERROR, message)


class Secret:
    """A value that is written and used, and read by nobody: only `reveal` gives it. Whatever turns values into text
    (str, repr, formats, JSON, logs, tracebacks) gets a mask."""

    __hash__ = None  # type: ignore[assignment]  # equal secrets would share it
    __slots__ = ("_closed", "_keyring", "_text")

    def __init__(self, text: str, *, closed: str | None = None, keyring: Keyring | None = None) -> None:
        self._text: str | None = text if closed is None else None
        self._closed = closed
        self._keyring = keyring

    def reveal(self) -> str:
        """The secret itself. Raises NoSecretKey when it was closed with a key that is not here."""
        if self._text is None:
            assert self._keyring is not None
            assert self._closed is not None
            self._text = self._keyring.open(self._closed)
        return self._text

    @property
    def last_four(self) -> str | None:
        """To tell secrets apart by; None for one too short to show a part of. Raises as `reveal`."""
        text = self.reveal()
        return text[-_LAST:] if len(text) >= _LONG_ENOUGH else None

    @property
    def updated_at(self) -> datetime | None:
        """When it was stored, None before. Raises as `reveal`."""
        if self._closed is None:
            return None
        assert self._keyring is not None
        return self._keyring.closed_at(self._closed)

    def __eq__(self, other: object) -> bool:
        """Raises as `reveal`."""
        return isinstance(other, Secret) and hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _memo: Any) -> "Secret":
        return self

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        raise TypeError("a secret is not pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        masked = core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        return core_schema.is_instance_schema(cls, serialization=masked)


class EncryptedText(TypeDecorator[Secret]):
    """A column that holds a `Secret`. Two equal secrets are stored as different texts: it cannot be searched."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Secret):
            raise TypeError("this column takes a Secret")  # a text that came this far may be in a log already
        return _keyring(dialect).close(value.reveal())

    def process_result_value(self, value: str | None, dialect: Dialect) -> Secret | None:
        return None if value is None else Secret("", closed=value, keyring=_keyring(dialect))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self  # nothing else is compared with it, least of all a plain text


# By what a column's type is told of its database. A function: a key may be made when it is first needed.
_KEYRINGS: Final[WeakKeyDictionary[Dialect, Callable[[], Keyring]]] = WeakKeyDictionary()


def unlock(database: Database, keyring: Callable[[], Keyring]) -> None:
    """Give a database its keys; until then its secrets can neither be written nor read. `keyring` is called for each
    secret: it keeps what it made."""
    for engine in database.engines:
        _KEYRINGS[engine.sync_engine.dialect] = keyring


def unlock_like(copy: Database, database: Database) -> None:
    """Give a copy of a database the keys that the database was given, if any."""
    keyring = _KEYRINGS.get(database.engines[0].sync_engine.dialect)
    if keyring is not None:
        unlock(copy, keyring)


def _keyring(dialect: Dialect) -> Keyring:
    keyring = _KEYRINGS.get(dialect)
    if keyring is None:
        raise NoSecretKey("The server was given no key for secrets: STOREGRAPH_SECRET_KEYS is not set")
    return keyring()
