"""Passwords of people: argon2id, worked out beside the event loop and never many at a time."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.values.errors import CodedError, ErrorCode

T = TypeVar("T")

SHORTEST: Final = 12
# An upper bound at all, because the hash reads every byte.
LONGEST: Final = 256

# OWASP names it among equals: 19 MiB and 2 passes, 25 to 50 ms of a core. Of 46 MiB and one pass ten servers on one
# machine would feel each sign-in.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Two at a time: 38 MiB at most, and a core is left for everybody else.
_WORKERS: Final = 2
# Behind them wait so many, a second and a half; a longer queue is an attack, and is told to come back.
_MOST_WAITING: Final = 64
# Checked for accounts that do not exist or have no password: an answer takes as long either way. It is what that hasher
# made of something: to make one takes as long as to check it, and each command of the command line would wait for it.
_NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$kL/rF3MbQ6iOQDb0yBdLwg$Xs3kybxM7RQUu/oJMAA91XxzzWQlEXFL/+l7uhKIWBc"


class TooManyPasswords(CodedError):
    """More passwords to check than this process does."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, "Too many sign-ins at once; try again", retryAfter=2)


class _Work:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="password")
        self._waiting = 0

    async def do(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING + _WORKERS:
            raise TooManyPasswords
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


_WORK: Final = _Work()


def _normal(password: str) -> str:
    """One spelling of what looks alike: `é` is one character on some keyboards and two on others (RFC 8265)."""
    return unicodedata.normalize("NFC", password)


async def hashed(password: str) -> str:
    """What is stored of a password. Raises TooManyPasswords."""
    return await _WORK.do(lambda: _HASHER.hash(_normal(password)))


async def matches(password: str, stored: str | None) -> bool:
    """Whether this is the password of that hash. As much work where there is none. Raises TooManyPasswords."""

    def check() -> bool:
        try:
            _HASHER.verify(stored or _NOBODYS, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    return await _WORK.do(check)


def fault(password: str, *names: str) -> str | None:
    """What is wrong with a new password of the account with these names; None when nothing is."""
    if len(password) < SHORTEST:
        return f"A password has at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"A password has at most {LONGEST} characters"
    if not password.isprintable():
        return "A password holds no control characters"
    if len(set(password)) < 5:
        return "A password has at least five different characters"
    if any(password.casefold() == name.casefold() for name in names if name):
        return "A password is not the name of its account"
    return None
