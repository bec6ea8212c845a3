"""Passwords that are hashed in no time, as those of a test's own people may be."""

from typing import Final

from argon2 import PasswordHasher

from db.access import password

# As they are hashed where it is no test's.
HASHER: Final = password._HASHER


def hash_cheaply() -> None:
    """For this process. What is checked for nobody takes as long as ever."""
    password._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # type: ignore[misc]
