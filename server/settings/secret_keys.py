"""The keys that a store's secrets are encrypted with: from the settings, or in a file beside an embedded store."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from sqlalchemy import MetaData

from db.secrets import rotation
from db.secrets.encrypted import Keyring, NoSecretKey, new_secret_key, unlock
from db.store.database import Database
from db.tables import METADATA
from server.settings.mistake import Mistake
from server.settings.settings import Settings, variable

_SETTING = variable("secret_keys")
# Names enough to see what it is about.
_NAMED = 5


def hand_over(settings: Settings, database: Database, store: Path | None) -> None:
    """Give the database its keys; `store` is the file of an embedded one. Raises Mistake for a broken key file."""
    if settings.secret_keys:
        keyring = Keyring([key.get_secret_value() for key in settings.secret_keys])
        unlock(database, lambda: keyring)
    elif store is not None:
        file = key_file(store)
        if file.exists():
            _read(file)  # what is wrong with it is said at the start
        unlock(database, _kept(file))


def signing(settings: Settings, store: Path | None) -> Callable[[], list[str]]:
    """The same keys, for what the server signs: the newest first. They are asked for when first needed, and a key file
    is made then; raises NoSecretKey where there are none."""

    def keys() -> list[str]:
        if settings.secret_keys:
            return [key.get_secret_value() for key in settings.secret_keys]
        if store is None:
            raise NoSecretKey(f"The server was given no key to sign links with: {_SETTING} is not set")
        file = key_file(store)
        try:
            if not file.exists():
                _make(file)
            return _lines(file)
        except (OSError, Mistake) as error:
            raise NoSecretKey(f"The key to sign links with cannot be made or read: {error}") from None

    return keys


def lacking(settings: Settings, store: Path | None) -> bool:
    """Whether there is no key and none will be made: a server's database has no file that it could lie beside."""
    return not settings.secret_keys and store is None


def key_file(store: Path) -> Path:
    return store.with_name(f"{store.name}.key")


async def check(settings: Settings, database: Database, store: Path | None, metadata: MetaData = METADATA) -> None:
    """Raises Mistake when the keys do not open every stored secret."""
    async with database.read() as connection:
        stored = await rotation.stored(connection, metadata)
    if not stored:
        return
    lost = rotation.unopened(stored, _present(settings, store))
    if lost:
        raise Mistake(
            f"{len(lost)} of {len(stored)} stored secrets do not open ({_names(lost)}): {_whence(settings, store)} "
            "lacks the key that they were encrypted with; add it, after the newest"
        )


async def rotate(settings: Settings, database: Database, store: Path | None, metadata: MetaData = METADATA) -> int:
    """Encrypt every stored secret again, with the newest key of the settings or, where a file keeps it, with a new one;
    how many there were. All or none. Raises Mistake."""
    await check(settings, database, store, metadata)
    file = None if settings.secret_keys or store is None else key_file(store)
    if file is None or not file.exists():
        keys = [key.get_secret_value() for key in settings.secret_keys]
    else:
        keys = [new_secret_key(), *_lines(file)]
        _replace(file, keys)  # should the rest fail, the old key is still there
    if not keys:
        return 0
    async with database.write() as connection:
        stored = await rotation.stored(connection, metadata)
        await rotation.rotate(connection, stored, Keyring(keys))
        await connection.commit()
    if file is not None:
        _replace(file, keys[:1])
    return len(stored)


def _present(settings: Settings, store: Path | None) -> Keyring:
    """Raises Mistake where there is none: one that is made now opens nothing."""
    if settings.secret_keys:
        return Keyring([key.get_secret_value() for key in settings.secret_keys])
    if store is None:
        raise Mistake(f"The store holds encrypted secrets and {_SETTING} is not set: give the keys they were made with")
    file = key_file(store)
    if not file.exists():
        raise Mistake(f"The store holds encrypted secrets and their key is gone: put {file} back, or set {_SETTING}")
    return _read(file)


def _whence(settings: Settings, store: Path | None) -> str:
    return _SETTING if settings.secret_keys or store is None else str(key_file(store))


def _names(lost: list[rotation.SealedSecret]) -> str:
    more = len(lost) - _NAMED
    return ", ".join(map(str, lost[:_NAMED])) + (f" and {more} more" if more > 0 else "")


def _kept(file: Path) -> Callable[[], Keyring]:
    """Reads the file when a secret is first met, and makes it when there is none yet."""

    @cache
    def keyring() -> Keyring:
        try:
            if not file.exists():
                _make(file)
            return _read(file)
        except (OSError, Mistake) as error:
            raise NoSecretKey(f"The key for secrets cannot be made or read: {error}") from None

    return keyring


def _make(file: Path) -> None:
    """The file of another process that made it at the same moment stays."""
    new = _written(file, [new_secret_key()])
    try:
        with suppress(FileExistsError):
            os.link(new, file)
    finally:
        new.unlink()


def _replace(file: Path, keys: list[str]) -> None:
    _written(file, keys).replace(file)


def _written(file: Path, keys: list[str]) -> Path:
    """A new file beside `file`, for its owner's eyes only, whole before it gets its name."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write("".join(f"{key}\n" for key in keys))
        opened.flush()
        os.fsync(opened.fileno())
    return new


def _read(file: Path) -> Keyring:
    try:
        return Keyring(_lines(file))
    except ValueError:
        raise Mistake(f"{file} holds no key: put the right file back, or set {_SETTING}") from None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").split()
    except OSError as error:
        raise Mistake(f"{file}: {error.strerror}") from None
