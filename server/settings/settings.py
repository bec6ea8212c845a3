"""Every setting, once: from a field come the environment variable, the command line's help and docs/settings.md."""

import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin
from urllib.parse import parse_qsl, unquote, urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from server.settings.database import DatabaseSettings
from server.settings.files import FileSettings
from server.settings.inbound import InboundSettings
from server.settings.limits import LimitSettings, RateProfile
from server.settings.live import LiveSettings
from server.settings.mail import MailSettings
from server.settings.outbound import OutboundSettings
from server.settings.push import PushSettings
from server.settings.retention import RetentionSettings
from server.settings.work import WorkSettings

PREFIX: Final = "STOREGRAPH_"
# What RFC 6750 lets a bearer token be; anything else could never be sent.
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_ORIGIN: Final = re.compile(r"https?://[^/?#\s,*]+")
# 32 bytes in base64 for URLs.
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}=")
# Only those whose public key cannot be taken for a secret.
_ALGORITHMS: Final = (*(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)), "EdDSA")
_ISSUER: Final = re.compile(r"(https://[^\s?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*)?)")
_LONG_ENOUGH: Final = 6
# Shorter secrets can be guessed, or are words. Those that the commands make have 43 characters.
_SHORTEST_TOKEN: Final = 16
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


class Execution(StrEnum):
    PLAN = "plan"
    STANDARD = "standard"


class AcceptedDocuments(StrEnum):
    ANY = "any"
    TRUSTED = "trusted"


def _embedded(given: dict[str, Any]) -> str:
    return f"sqlite:///{given['data_folder'] / ('demo.db' if given['demo'] else 'store.db')}"


def _random_in_demo(given: dict[str, Any]) -> SecretStr | None:
    return SecretStr(f"sg_{secrets.token_urlsafe(32)}") if given["demo"] else None


class Settings(
    FileSettings,
    WorkSettings,
    RetentionSettings,
    DatabaseSettings,
    LimitSettings,
    LiveSettings,
    OutboundSettings,
    InboundSettings,
    MailSettings,
    PushSettings,
):
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
        description="The database: `sqlite:///path` or `postgresql://user:password@host/name`; a PostgreSQL of the "
        "same machine by its socket, `postgresql:///name?host=/var/run/postgresql`.",
        json_schema_extra={"shown": "SQLite: `store.db` in the data folder, for the demo `demo.db`"},
    )
    pool_size: int = Field(
        default=10, ge=1, le=1000, description="Connections to PostgreSQL that each server process keeps at most."
    )
    admin_token: SecretStr | None = Field(
        default_factory=_random_in_demo,
        description="Makes a token with every permission under this known secret of 16 characters or more, for "
        "automation. Another value replaces it at the next start; none leaves it as it is.",
        json_schema_extra={"shown": "none; for the demo a random one at each start"},
    )
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Keys that stored secrets are encrypted with, the newest first, separated by commas; "
        "`storegraph secrets key` makes one.",
        json_schema_extra={"shown": "for SQLite a key in `<store>.key` beside the store; for PostgreSQL none"},
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on; `0.0.0.0` is every IPv4 address.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    workers: int = Field(default=1, ge=1, le=256, description="Server processes. SQLite serves from one only.")
    graphiql: Switch = Field(
        default=Switch.AUTO,
        description="GraphiQL at `/graphql` for browsers; `auto`: in the demo and on a loopback address.",
    )
    introspection: Switch = Field(
        default=Switch.AUTO,
        description="Who may ask for the schema (introspection, `/schema.graphql`): `on` everyone, `off` nobody, "
        "`auto` who has signed in, and in the demo and on a loopback address everyone.",
    )
    suggestions: Switch = Field(
        default=Switch.AUTO,
        description="Who is told the names that a mistyped one may have meant; `auto` as for introspection.",
    )
    executor: Execution = Field(
        default=Execution.PLAN,
        description="`plan` runs what reads by a plan of the document, made once; `standard` runs everything in "
        "graphql-core's executor, which answers the same and takes longer.",
    )
    accepted_documents: AcceptedDocuments = Field(
        default=AcceptedDocuments.ANY,
        description="`trusted` refuses every document that was not registered with `storegraph documents register`.",
    )
    persisted_query_bytes: int = Field(
        default=8 * 1024 * 1024,
        ge=0,
        description="Memory in each process for automatic persisted queries; 0 switches them off.",
    )
    public_cache_seconds: int = Field(
        default=0,
        ge=0,
        description="How long shared caches may keep what anyone may see, asked for by GET; 0 lets none keep it.",
    )
    metrics: Switch = Field(
        default=Switch.AUTO,
        description="Prometheus metrics at `/metrics`; `auto`: on a loopback address, and where a token protects them.",
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="The bearer token that `/metrics` then asks for: 16 characters or more."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins whose pages may ask, separated by commas (`https://shop.example`); `*` is any origin. "
        "The demo adds every port of localhost.",
    )
    shutdown_seconds: int = Field(
        default=10, ge=1, description="What requests under way get to finish when the server is told to stop."
    )
    session_hours: int = Field(default=12, ge=1, le=720, description="How long a sign-in lasts.")
    oidc_audience: str | None = Field(
        default=None, description="What `aud` of an accepted OpenID Connect token holds: the name of this API there."
    )
    oidc_algorithms: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("RS256", "ES256"),
        description="Signature algorithms that are accepted, separated by commas.",
        json_schema_extra={"shown": "`RS256,ES256`"},
    )
    oidc_jwks_url: str | None = Field(
        default=None, description="Where the issuer publishes its keys; none: as its configuration document says."
    )
    oidc_role_claim: str | None = Field(
        default=None,
        description="The claim that holds keys of roles, dotted where it lies deeper: `realm_access.roles`.",
    )
    oidc_permissions_claim: str | None = Field(default=None, description="The claim that lists permissions.")
    oidc_email_claim: str | None = Field(
        default=None,
        description="The claim whose address, if `email_verified`, makes its bearer the user of that address here.",
    )
    # The last of its kind: it is checked against the others.
    oidc_issuer: str | None = Field(
        default=None,
        description="Accepts JSON Web Tokens of this OpenID Connect issuer (`https://id.example`), as `iss` spells it. "
        "Needs an audience and at least one claim.",
    )
    log_level: LogLevel = Field(default=LogLevel.INFO, description="The least grave level that is logged.")
    log_format: LogFormat = Field(
        default=LogFormat.AUTO,
        description="`json`, one object a line; `console`, for people; `auto`: console in a terminal.",
    )
    import_password: SecretStr | None = Field(
        default=None, description="The password of `storegraph import`, when it is not on the command line."
    )

    @field_validator("cors_origins", "oidc_algorithms", mode="before")
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

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _secrets_listed(cls, value: Any) -> Any:
        return tuple(filter(None, (k.strip() for k in value.split(",")))) if isinstance(value, str) else value

    @field_validator("secret_keys")
    @classmethod
    def _keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(_KEY.fullmatch(key.get_secret_value()) for key in value):
            raise ValueError("no key of ours; `storegraph secrets key` makes one")
        return value

    @field_validator("oidc_algorithms")
    @classmethod
    def _asymmetric(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for algorithm in value:
            if algorithm not in _ALGORITHMS:
                raise ValueError(f"{algorithm!r} is none of {', '.join(_ALGORITHMS)}")
        if not value:
            raise ValueError("name at least one algorithm")
        return value

    @field_validator("oidc_jwks_url", "oidc_issuer")
    @classmethod
    def _over_tls(cls, value: str | None) -> str | None:
        if value is not None and not _ISSUER.fullmatch(value):
            raise ValueError("write an https URL, or http on a loopback address")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _usable(cls, value: str | None, others: ValidationInfo) -> str | None:
        claims = ("oidc_role_claim", "oidc_permissions_claim", "oidc_email_claim")
        if value is not None and not others.data.get("oidc_audience"):
            raise ValueError(f"needs {variable('oidc_audience')}, or a token for any other service would do here")
        if value is not None and not any(others.data.get(name) for name in claims):
            raise ValueError(f"needs one of {', '.join(map(variable, claims))}, or nobody may do anything")
        return value

    @field_validator("admin_token", "metrics_token")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return value
        if not _BEARER.fullmatch(value.get_secret_value()):
            raise ValueError("a bearer token is made of letters, digits and - . _ ~ + /")
        if len(value.get_secret_value()) < _SHORTEST_TOKEN:
            raise ValueError(f"has at least {_SHORTEST_TOKEN} characters; `openssl rand -hex 32` makes a good one")
        return value

    def secrets(self) -> tuple[str, ...]:
        """What no log may show, in every spelling."""
        single = (getattr(self, name) for name in type(self).model_fields)
        known = {s.get_secret_value() for s in (*single, *self.secret_keys) if isinstance(s, SecretStr)}
        urls = (self.database_url, self.database_direct_url or "", self.redis_url or "")
        passwords = {password for url in urls for password in _passwords(url)}
        # Shorter ones would blank out words by accident; in a URL they are recognised by their place.
        return tuple(sorted(s for s in known | passwords | set(map(unquote, passwords)) if len(s) >= _LONG_ENOUGH))

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
    def rates_in_force(self) -> RateProfile:
        if self.rates is RateProfile.AUTO:
            return RateProfile.DEMO if self.demo else RateProfile.DOCUMENTED
        return self.rates

    @property
    def at_home(self) -> bool:
        """Whether whoever asks is somebody who tries or develops."""
        return self.demo or self.on_loopback

    @property
    def serves_graphiql(self) -> bool:
        return self.graphiql is Switch.ON or (self.graphiql is Switch.AUTO and self.at_home)

    @property
    def serves_metrics(self) -> bool:
        protected = self.on_loopback or self.metrics_token is not None
        return self.metrics is Switch.ON or (self.metrics is Switch.AUTO and protected)


def _passwords(url: str) -> Iterator[str]:
    """Where they may stand: before the host, or in the query."""
    with suppress(ValueError):  # no URL: said where it is opened
        parts = urlsplit(url)
        yield parts.password or ""
        yield from (value for name, value in parse_qsl(parts.query) if "pass" in name.lower())


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
    """All settings, in the order they are declared, those of files after the server's own."""
    fields = sorted(Settings.model_fields.items(), key=lambda field: field[0] in FileSettings.model_fields)
    return [Setting(variable(name), _type(field.annotation), _default(field), doc(name)) for name, field in fields]


def page() -> str:
    """The text of docs/settings.md."""
    rows = "".join(f"| `{s.variable}` | {s.type} | {s.default} | {s.doc} |\n" for s in describe())
    return (
        "# Settings\n\n"
        "Environment variables. An option of the command line wins over its variable; an empty one counts as unset.\n"
        "This page is written by `make derive`.\n\n"
        f"| Variable | Type | Default | What it does |\n|---|---|---|---|\n{rows}"
    )


def _type(annotation: Any) -> str:
    if get_origin(annotation) is UnionType:
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    if get_origin(annotation) is tuple:
        return "list"
    if issubclass(annotation, StrEnum):
        return ", ".join(f"`{member}`" for member in annotation)
    return {bool: "true or false", int: "integer", float: "seconds", Path: "path", SecretStr: "secret"}.get(
        annotation, "text"
    )


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(_text, value)) if isinstance(value, tuple) else str(value)


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
        if e["type"] != "default_factory_not_called"  # a default made of others waits for theirs
    )
