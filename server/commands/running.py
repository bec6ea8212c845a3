"""What commands have in common. They import what they need when they run, so that `--help` answers at once."""

import asyncio
import os
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from server.settings.mistake import Mistake

if TYPE_CHECKING:
    from server.settings.settings import Settings

T = TypeVar("T")


def read_settings(**given: Any) -> "Settings":
    """The environment's settings, and over them the options that were given."""
    import structlog
    from pydantic import ValidationError

    from server import logs
    from server.settings.settings import LogLevel, Settings, mistakes
    from server.settings.unknown import unknown

    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise Mistake(mistakes(error)) from None
    # A command says itself what it did; its log is for when something is wrong, or was asked for.
    level = settings.log_level if "log_level" in settings.model_fields_set else LogLevel.WARNING
    logs.configure(level, settings.log_format, secrets=settings.secrets())
    meant = [name if near is None else f"{name} (did you mean {near}?)" for name, near in unknown(os.environ)]
    if meant:
        structlog.get_logger("storegraph.server").warning("no setting has this name", variables=", ".join(meant))
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
