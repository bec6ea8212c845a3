"""Every setting, once: from a field come the environment variable, the command line's help and docs/settings.md."""

import re
import secrets
import sys
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin
from urllib.parse import unquote, urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX: Final = "STOREGRAPH_"
# What RFC 6750 lets a bearer token be; anything else could never be sent.
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_ORIGIN: Final = re.compile(r"https?://[^/?#\s,*]+")
_LONG_ENOUGH: Final = 6
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class Switch(StrEnum):
    AUTO = "auto"
    ON = "on"
    OFF = "off"


def _embedded(given: dict[str, Any]) -> str:
    return f"sqlite:///{given['data_folder'] / ('demo.db' if given['demo'] else 'store.db')}"


def _random_in_demo(given: dict[str, Any]) -> SecretStr | None:
    return SecretStr(f"sg_{secrets.token_urlsafe(32)}") if given["demo"] else None


class Settings(BaseSettings):
    """Read from the environment; what is given to the constructor (the command line's options) wins."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    demo: bool = Field(
        default=False,
        description="Serves a demo store with a demo admin token, open to front ends on localhost. "
        "Whoever reaches its page is an administrator of that store.",
    )
    data_folder: Path = Field(
        default_factory=lambda: user_data_path("storegraph"),
        description="Where the embedded SQLite stores live. Made when it is missing.",
        json_schema_extra={"shown": "`storegraph` in the user's data folder"},
    )
    database_url: str = Field(
        default_factory=_embedded,
        repr=False,  # may hold a password
        description="The database: `sqlite:///path` or `postgresql://user:password@host/name`.",
        json_schema_extra={"shown": "SQLite: `store.db` in the data folder, for the demo `demo.db`"},
    )
    pool_size: int = Field(
        default=10, ge=1, le=1000, description="Connections to PostgreSQL that each server process keeps at most."
    )
    admin_token: SecretStr | None = Field(
        default_factory=_random_in_demo,
        description="Makes a token with every permission under this known secret, for automation. "
        "Another value replaces it at the next start; none leaves it as it is.",
        json_schema_extra={"shown": "none; for the demo a random one at each start"},
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on; `0.0.0.0` is every IPv4 address.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    workers: int = Field(default=1, ge=1, le=256, description="Server processes. SQLite serves from one only.")
    graphiql: Switch = Field(
        default=Switch.AUTO,
        description="GraphiQL at `/graphql` for browsers; `auto`: in the demo and on a loopback address.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins whose pages may ask, separated by commas (`https://shop.example`); `*` is any origin. "
        "The demo adds every port of localhost.",
    )
    max_body_bytes: int = Field(
        default=1024 * 1024, ge=1024, description="A longer request body is refused with 413, read only that far."
    )
    max_tokens: int = Field(
        default=15_000, ge=1, description="Tokens that a GraphQL document may have; its parser's time grows with them."
    )
    documents: int = Field(
        default=1000, ge=1, description="Parsed documents that each process keeps for the next request alike."
    )
    shutdown_seconds: int = Field(
        default=10, ge=1, description="What requests under way get to finish when the server is told to stop."
    )
    log_level: LogLevel = Field(default=LogLevel.INFO, description="The least grave level that is logged.")
    log_format: LogFormat = Field(
        default=LogFormat.AUTO,
        description="`json`, one object a line; `console`, for people; `auto`: console in a terminal.",
    )
    import_password: SecretStr | None = Field(
        default=None, description="The password of `storegraph import`, when it is not on the command line."
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return tuple(filter(None, (o.strip() for o in value.split(",")))) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin; write `https://shop.example`, without a path, or `*`")
        return value

    @field_validator("admin_token")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _BEARER.fullmatch(value.get_secret_value()):
            raise ValueError("a bearer token is made of letters, digits and - . _ ~ + /")
        return value

    def secrets(self) -> tuple[str, ...]:
        """What no log may show, in every spelling."""
        known = {s.get_secret_value() for s in (self.admin_token, self.import_password) if s is not None}
        password = urlsplit(self.database_url).password or ""
        # Shorter ones would blank out words by accident; in a URL they are recognised by their place.
        return tuple(sorted(s for s in known | {password, unquote(password)} if len(s) >= _LONG_ENOUGH))

    def environment(self) -> dict[str, str]:
        """The variables that make these settings again, in a process that this one starts."""
        return {
            variable(name): _text(value)
            for name in type(self).model_fields
            if (value := getattr(self, name)) is not None
        }

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can ask."""
        return self.host in _LOOPBACK

    @property
    def serves_graphiql(self) -> bool:
        return self.graphiql is Switch.ON or (self.graphiql is Switch.AUTO and (self.demo or self.on_loopback))


class Setting(NamedTuple):
    """A setting as the documentation shows it."""

    variable: str
    type: str
    default: str
    doc: str


def variable(field: str) -> str:
    return PREFIX + field.upper()


def doc(field: str) -> str:
    """The doc line of a field."""
    return Settings.model_fields[field].description or ""


def describe() -> list[Setting]:
    """All settings, in the order they are declared."""
    return [
        Setting(variable(name), _type(field.annotation), _default(field), doc(name))
        for name, field in Settings.model_fields.items()
    ]


def page() -> str:
    """The text of docs/settings.md."""
    rows = "".join(f"| `{s.variable}` | {s.type} | {s.default} | {s.doc} |\n" for s in describe())
    return (
        "# Settings\n\n"
        "Environment variables. An option of the command line wins over its variable; an empty one counts as unset.\n"
        "This page is written by `python -m server.settings > docs/settings.md`.\n\n"
        f"| Variable | Type | Default | What it does |\n|---|---|---|---|\n{rows}"
    )


def _type(annotation: Any) -> str:
    if get_origin(annotation) is UnionType:
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    if get_origin(annotation) is tuple:
        return "list"
    if issubclass(annotation, StrEnum):
        return ", ".join(f"`{member}`" for member in annotation)
    return {bool: "true or false", int: "integer", Path: "path", SecretStr: "secret"}.get(annotation, "text")


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["shown"])
    if field.default in (None, ()):
        return "none"
    return f"`{str(field.default).lower()}`"


def mistakes(error: ValidationError) -> str:
    """What is wrong with the settings, one line, values left out: they may be secrets."""
    return "; ".join(
        f"{variable(str(e['loc'][0]))}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors(include_input=False)
    )


if __name__ == "__main__":
    sys.stdout.write(page())
