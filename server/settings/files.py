"""Settings of uploads, of the stores that keep them, and of download links."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

_MIB: Final = 1024 * 1024
# Beyond the end of the calendar no link has to last.
_MOST_DAYS: Final = 3650


class FileSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`, which names the folder of what is not given."""

    files_folder: Path | None = Field(
        default=None,
        description="Where the driver `local` keeps uploaded files, and where uploads wait until they are whole.",
        json_schema_extra={"shown": "`files` in the data folder, for the demo `demo-files`"},
    )
    s3_buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Buckets of the driver `s3`, separated by commas, the default first; none: no such driver.",
    )
    s3_endpoint: str | None = Field(
        default=None, description="The service that speaks S3: `https://s3.example`; none is Amazon's."
    )
    s3_region: str = Field(default="us-east-1", description="The region of the buckets.")
    s3_access_key: str | None = Field(
        default=None, description="The access key; none takes the role of the machine, on Amazon's."
    )
    s3_secret_key: SecretStr | None = Field(
        default=None, validate_default=True, description="The secret of the access key."
    )
    max_upload_bytes: int = Field(default=512 * _MIB, ge=1, description="A larger uploaded file is refused with 413.")
    max_upload_files: int = Field(default=10, ge=1, le=100, description="Files that one request may upload.")
    public_url: str | None = Field(
        default=None,
        description="The address under which callers reach the server, for links: `https://api.shop.example`.",
        json_schema_extra={"shown": "`http://` and the address that it listens on"},
    )
    download_link_days: int = Field(
        default=7, ge=1, le=_MOST_DAYS, description="How long a link of `downloadUrl` lasts; it is the same for all."
    )
    customer_link_minutes: int = Field(
        default=60, ge=1, le=_MOST_DAYS * 1440, description="How long a link to a download of an order lasts."
    )

    @field_validator("s3_buckets", mode="before")
    @classmethod
    def _buckets(cls, value: Any) -> Any:
        return tuple(filter(None, (b.strip() for b in value.split(",")))) if isinstance(value, str) else value

    @field_validator("s3_endpoint", "public_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        scheme, _, rest = value.partition("://")
        if scheme not in ("http", "https") or not rest or any(c in rest for c in "?# ") or not value.isprintable():
            raise ValueError("write an http or https URL without query and fragment")
        return value.rstrip("/")

    @field_validator("s3_secret_key")
    @classmethod
    def _with_its_key(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if (value is None) != (others.data.get("s3_access_key") is None):
            raise ValueError("give the access key and its secret together, or neither")
        return value
