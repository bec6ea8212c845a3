"""Kinds of files: which are refused, what their first bytes have to be, and how they are announced to a browser."""

import mimetypes
import re
import unicodedata
from collections.abc import Callable
from typing import Final

# As many bytes as tell every kind below. Longer comments before the first element are nobody's: what they hide is not
# told, and refused.
HEAD: Final = 64 * 1024

# Row 123: what a web server or a visitor's machine might run, with the other spellings that run alike.
_BLOCKED: Final = re.compile(r"ph(p\d?|ps|t|tml|ar)|[sx]?html?|xht|svgz?|exe|sh|bat|cmd|dll")
_TEXT: Final = frozenset({"txt", "csv", "tsv", "md", "json", "xml", "srt", "vtt", "ics", "yml", "yaml", "log", "rtf"})

# Of markup: what browsers show, by its first element or by the document type that says it.
_ELEMENTS: Final[dict[str, str]] = {"svg": "an SVG drawing", "html": "a web page", "script": "a web page"}
_SUBSET: Final = r"(?:<!--.*?-->|\"[^\"]*\"|'[^']*'|[^\]\"'<]|<(?!!--))"
# What may stand before that element, as XML ends it and as HTML does: declarations, instructions, comments.
_BEFORE_ELEMENT: Final = (
    re.compile(rf"\s*(?:<\?.*?\?>|<!--.*?-->|<!doctype[^\[>]*(?:\[{_SUBSET}*\]\s*)?>)", re.IGNORECASE | re.DOTALL),
    re.compile(r"\s*(?:<\?[^>]*>|<!--(?:-?>|.*?--!?>)|<!doctype[^>]*>)", re.IGNORECASE | re.DOTALL),
)
_TELLS: Final = re.compile(
    r"\s*<(?:(?P<php>\?php)|!doctype\s+(?P<type>[\w-]+)|(?:[\w.-]+:)?(?P<name>[\w-]+))", re.IGNORECASE
)
_GOES_ON: Final = re.compile(r"\s*<[?!]|\s*$")

_Recognises = Callable[[bytes], bool]


def _starting(*magic: bytes) -> _Recognises:
    return lambda head: head.startswith(magic)


def _at(offset: int, *magic: bytes) -> _Recognises:
    return lambda head: head[offset:].startswith(magic)


def _riff(form: bytes) -> _Recognises:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


_ZIP: Final = _starting(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ISO_MEDIA: Final = _at(4, b"ftyp", b"moov", b"mdat", b"wide", b"free")
_MATROSKA: Final = _starting(b"\x1aE\xdf\xa3")
_OGG: Final = _starting(b"OggS")
_TIFF: Final = _starting(b"II*\0", b"MM\0*")
_GZIP: Final = _starting(b"\x1f\x8b")

# Extensions whose content always begins alike.
_SIGNATURES: Final[dict[str, _Recognises]] = {
    "pdf": lambda head: b"%PDF-" in head[:1024],
    **dict.fromkeys(
        ("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "jar", "apk", "cbz", "xpi", "sketch"), _ZIP
    ),
    "png": _starting(b"\x89PNG\r\n\x1a\n"),
    **dict.fromkeys(("jpg", "jpeg", "jpe"), _starting(b"\xff\xd8\xff")),
    "gif": _starting(b"GIF87a", b"GIF89a"),
    "webp": _riff(b"WEBP"),
    "bmp": _starting(b"BM"),
    **dict.fromkeys(("tif", "tiff"), _TIFF),
    "ico": _starting(b"\0\0\1\0"),
    "psd": _starting(b"8BPS"),
    **dict.fromkeys(("mp4", "m4v", "m4a", "m4b", "mov", "3gp", "heic", "avif"), _ISO_MEDIA),
    **dict.fromkeys(("mkv", "webm", "mka"), _MATROSKA),
    "mp3": lambda head: head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0),
    "wav": lambda head: head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE",
    "avi": _riff(b"AVI "),
    "flac": _starting(b"fLaC", b"ID3"),
    **dict.fromkeys(("ogg", "oga", "ogv", "opus"), _OGG),
    "7z": _starting(b"7z\xbc\xaf\x27\x1c"),
    "rar": _starting(b"Rar!\x1a\x07"),
    **dict.fromkeys(("gz", "tgz"), _GZIP),
    "bz2": _starting(b"BZh"),
    "xz": _starting(b"\xfd7zXZ\0"),
    "zst": _starting(b"\x28\xb5\x2f\xfd"),
    "tar": lambda head: head[257:262] == b"ustar" or not any(head[257:262]),
    "ttf": _starting(b"\0\1\0\0", b"true"),
    "otf": _starting(b"OTTO"),
    "woff": _starting(b"wOFF"),
    "woff2": _starting(b"wOF2"),
}


def extension(name: str) -> str:
    """In small letters, without the dot; empty where there is none. Look-alikes of letters count as the letters."""
    parts = _parts(name)
    return parts[-1] if len(parts) > 1 else ""


def _parts(name: str) -> list[str]:
    return unicodedata.normalize("NFKC", name).casefold().rpartition("/")[2].split(".")


def name_refusal(name: str) -> str | None:
    """Why a file of this name is not taken; None when it is."""
    for part in _parts(name)[1:]:
        # `shell.php.jpg` is run by some servers: every extension counts, not only the last.
        if _BLOCKED.fullmatch(part.strip()):
            return f"Files with the extension .{part.strip()} are not taken"
    return None if extension(name) else "The name needs an extension"


def content_refusal(name: str, head: bytes) -> str | None:
    """Why a file of this name may not begin with these bytes (`HEAD` of them); None when it may."""
    kind = extension(name)
    if kind in _SIGNATURES and not _SIGNATURES[kind](head):
        return f"The content is not that of a .{kind} file"
    if kind in _TEXT and b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return f"The content is not that of a .{kind} file: it is not text"
    disguised = _disguised(head)
    return None if disguised is None else f"The content is {disguised}, which is not taken under any extension"


def _disguised(head: bytes) -> str | None:
    """What of the blocked kinds the content is, whatever its name says."""
    if head[:2] == b"MZ" and len(head) >= 0x40:
        header = int.from_bytes(head[0x3C:0x40], "little")
        if head[header : header + 2] in (b"PE", b"NE", b"LE", b"LX"):
            return "a program for Windows"
    text = _text(head)
    found = (_marked_up(text, before, whole=len(head) < HEAD) for before in _BEFORE_ELEMENT)
    return next((what for what in found if what is not None), None)


def _text(head: bytes) -> str:
    """As a browser reads it; what is not ASCII does not matter here. UTF-16 has a mark at its start, or zeros between
    the letters of markup."""
    if head.startswith(b"\xff\xfe") or head[1:2] == b"\0":
        return head.decode("utf-16-le", "replace").removeprefix("\ufeff")
    if head.startswith(b"\xfe\xff") or head[:1] == b"\0":
        return head.decode("utf-16-be", "replace").removeprefix("\ufeff")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _marked_up(text: str, before: re.Pattern[str], *, whole: bool) -> str | None:
    """What the first element makes of a text, or what tells it earlier."""
    at = 0
    while True:
        tells = _TELLS.match(text, at)
        if tells is not None and tells["php"]:
            return "a PHP script"
        named = "" if tells is None else (tells["type"] or tells["name"] or "").lower()
        if named in _ELEMENTS:
            return _ELEMENTS[named]
        skipped = before.match(text, at)
        if skipped is None:
            hides = not whole and _GOES_ON.match(text, at) is not None
            return "markup that does not begin in its first 64 kB" if hides else None
        at = skipped.end()


def content_type(name: str) -> str:
    """For the header; `application/octet-stream` for what is unknown. Never anything that a browser would run."""
    guessed, encoding = mimetypes.guess_type(f"file.{extension(name)}", strict=True)
    if guessed is None or encoding is not None or _BLOCKED.fullmatch(extension(name)):
        return "application/octet-stream"
    return guessed
