"""A file that came with a request: a value of the scalar `Upload`, kept on disk until the request is answered."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Uploaded:
    """`filename` is the client's word for it, `size` counts bytes, `digest` is the SHA-256 of the content."""

    path: Path
    filename: str
    size: int
    digest: str


def uploaded(value: Any) -> Uploaded:
    """The scalar's parser. Raises ValueError for what came as JSON."""
    if not isinstance(value, Uploaded):
        raise ValueError("Upload is a file of a multipart request: a variable, null in `operations`, named in `map`")
    return value
