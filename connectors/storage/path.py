"""Paths inside a store, and the names under which uploads are kept."""

import re
from typing import Final

# The columns and the documents allow a path this long (row 44).
LONGEST: Final = 185
# A longer name no file system takes; it counts bytes.
LONGEST_SEGMENT_BYTES: Final = 255
# With the mark and its 16 digits a documented name of 160 characters becomes a documented path of 185.
MARK: Final = "__stored-"
_UNIQUE: Final = re.compile(rf"{MARK}[0-9a-f]{{16}}(?=\.|$)")
# What the released store appends: `guide__fluent-cart__.1712345678.pdf`.
_RELEASED_MARK: Final = "__fluent-cart__"
# Windows refuses some of these, a shell or a URL takes others for something else, `:` opens a second stream of a file.
_RESERVED: Final = frozenset('<>:"|?*\\')
# Staged names of the object store's own local driver end so.
STAGED: Final = re.compile(r"#\d+$")


class UnsafePath(ValueError):
    """Leads out of its store, or is none that every store can keep. The message says why."""


def safe(path: str, *, cut: bool = False) -> str:
    """The path itself. Raises UnsafePath unless it is relative, made of plain segments divided by `/`. `cut` says that
    `unique` makes another one of it, as long as file systems take."""
    if not path:
        raise UnsafePath("A path is not empty")
    if len(path) > LONGEST:
        raise UnsafePath(f"A path has at most {LONGEST} characters")
    if path.startswith("/"):
        raise UnsafePath("A path is relative: it does not begin with /")
    for segment in path.split("/"):
        _check_segment(segment)
        if not cut and len(segment.encode()) > LONGEST_SEGMENT_BYTES:
            raise UnsafePath(f"No part of a path is longer than {LONGEST_SEGMENT_BYTES} bytes")
    return path


def _check_segment(segment: str) -> None:
    if not segment:
        raise UnsafePath("A path has no empty segments")
    if segment.startswith("."):
        raise UnsafePath("No part of a path begins with a dot")
    if segment != segment.strip() or segment.endswith("."):
        raise UnsafePath("No part of a path begins or ends with a space, or ends with a dot")
    if not segment.isprintable() or _RESERVED.intersection(segment) or STAGED.search(segment):
        raise UnsafePath(f"A path has no control characters and none of {' '.join(sorted(_RESERVED))}")
    try:
        segment.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise UnsafePath("A path is made of whole characters") from None


def unique(name: str, token: str) -> str:
    """A path for a file of this name that no other has: `guide.pdf` → `guide__stored-3f9a0c1e5b7d2846.pdf`, the digits
    being the token.

    `name` is a safe path of one segment. A stem too long for file systems is cut.
    """
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    tail = f"{MARK}{token}{dot}{extension}"
    room = LONGEST_SEGMENT_BYTES - len(tail.encode())
    kept = stem[: LONGEST - len(tail)].encode()[:room].decode(errors="ignore")
    return f"{kept.rstrip(' .')}{tail}"


def shown(name: str) -> str:
    """The name that buyers see: without the folder and without what made the path unique, here or in the released
    store."""
    name = _UNIQUE.sub("", name.rpartition("/")[2])
    stem, mark, tail = name.partition(_RELEASED_MARK)
    if not mark:
        return name
    _, dot, extension = tail.rpartition(".")
    ending = f".{extension}" if dot else ""
    return stem if stem.endswith(ending) else stem + ending
