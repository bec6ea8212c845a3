"""Stores of files: both drivers do the same, and no path leads out of them."""

import os
import string
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.storage import (
    BadLink,
    ExpiredLink,
    Links,
    Missing,
    Storage,
    StorageUnavailable,
    UnknownDriver,
    UnsafePath,
    safe,
)
from connectors.storage.driver import PART_BYTES, Driver
from connectors.storage.drivers import s3_buckets
from connectors.storage.kind import HEAD, content_refusal, content_type, name_refusal
from connectors.storage.path import LONGEST, LONGEST_SEGMENT_BYTES, shown, unique
from tests.connectors.s3 import S3
from tests.server.running import in_a_thread

TOKEN = "0123456789abcdef"


# Paths


@given(st.text(max_size=40) | st.text("./\\~:% \0\n", max_size=12) | st.text(string.ascii_letters + "./", max_size=12))
def test_a_safe_path_stays_where_it_is_joined_to(path: str) -> None:
    try:
        safe(path)
    except UnsafePath:
        return
    root = Path("/store/files")
    joined = Path(os.path.normpath(root / path))
    assert joined.is_relative_to(root)
    assert joined != root
    assert str(joined) == f"{root}/{path}"


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/etc/passwd", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "a//b", "a/", "a\\..\\b", "C:\\a"),
        *("C:/a", "a\0b", "a\nb", ".hidden", "a/.hidden", " a", "a ", "a.", "a#1", "a?b", 'a"b', "\ud800"),
        *("\u202egpj.exe", "a" * (LONGEST + 1), "\N{OGHAM LETTER BEITH}" * 90),
    ],
)
def test_what_is_no_path_of_a_store(path: str) -> None:
    with pytest.raises(UnsafePath):
        safe(path)


@pytest.mark.parametrize(
    "path", ["a", "a.pdf", "a/b/c.tar.gz", "Ein Führer.pdf", "50% off.pdf", "a~b", "%2e%2e", "a'b"]
)
def test_what_is_one(path: str) -> None:
    assert safe(path) == path


@given(st.text(max_size=170))
def test_a_unique_path_is_safe_and_shows_its_name(name: str) -> None:
    try:
        safe(f"{name}.pdf")
    except UnsafePath:
        return
    if "/" in name:
        return
    path = unique(f"{name}.pdf", TOKEN)
    assert safe(path) == path
    assert path.endswith(f"__stored-{TOKEN}.pdf")
    assert len(path.encode()) <= LONGEST_SEGMENT_BYTES
    if len(f"{name}.pdf") <= 160 and len(path.encode()) < LONGEST_SEGMENT_BYTES and name == name.rstrip(" ."):
        assert shown(path) == f"{name}.pdf"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("guide__fluent-cart__.1712345678.pdf", "guide.pdf"),
        ("guide.pdf__fluent-cart__.1712345678.pdf", "guide.pdf"),
        ("guide__fluent-cart__1712345678", "guide"),
        ("2026/guide__stored-0123456789abcdef.tar.gz", "guide.tar.gz"),
        ("guide__stored-0123.pdf", "guide__stored-0123.pdf"),
        ("plain.zip", "plain.zip"),
    ],
)
def test_the_name_that_buyers_see(path: str, name: str) -> None:
    assert shown(path) == name


# Kinds


@pytest.mark.parametrize(
    "kind",
    [
        "php",
        "phtml",
        "html",
        "htm",
        "svg",
        "exe",
        "sh",
        "bat",
        "cmd",
        "dll",
        "PHP",
        "Svg",
        "php5",
        "phar",
        "xhtml",
        "svgz",
        "ｐｈｐ",
    ],
)
def test_blocked_extensions_in_any_spelling_and_place(kind: str) -> None:
    for name in (f"a.{kind}", f"a.{kind}.pdf", f"a.b.{kind}"):
        assert name_refusal(name) is not None, name


@pytest.mark.parametrize("name", ["a.pdf", "php.pdf", "html", "a.shp.zip", "exe.tar.gz"])
def test_words_that_only_look_like_them(name: str) -> None:
    assert (name_refusal(name) is None) == ("." in name)


@pytest.mark.parametrize(
    ("name", "head", "taken"),
    [
        ("a.pdf", b"%PDF-1.7", True),
        ("a.pdf", b"PK\x03\x04", False),
        ("a.PDF", b"MZ", False),
        ("a.zip", b"PK\x03\x04rest", True),
        ("a.docx", b"PK\x03\x04rest", True),
        ("a.zip", b"Rar!\x1a\x07\x01", False),
        ("a.jpg", b"\xff\xd8\xff\xe0", True),
        ("a.jpg", b"\x89PNG\r\n\x1a\n", False),
        ("a.mp4", b"\0\0\0\x20ftypisom", True),
        ("a.mp3", b"ID3\x04", True),
        ("a.mp3", b"\xff\xfb\x90", True),
        ("a.epub", b"PK\x03\x04", True),
        ("a.txt", b"plain", True),
        ("a.txt", b"pl\0ain", False),
        ("a.txt", b"\xff\xfeu\0t\0f\0", True),
        ("a.md", b"<h1>A title</h1>", True),
        ("a.txt", b"\xef\xbb\xbf  <?PHP echo", False),
        ("a.md", b"<!DOCTYPE html><html>", False),
        ("a.xml", b"<svg xmlns=", False),
        ("a.xml", b'<?xml version="1.0"?>\n<svg xmlns=', False),
        ("a.txt", b"<?xml version='1.0'?><!-- a --><!-- b -->\n<?xml-stylesheet a?><s:svg xmlns:s=", False),
        ("a.xml", b'<!DOCTYPE x [<!ENTITY a "]>"><!ENTITY b "c">]> <SVG', False),
        ("a.xml", b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"', False),
        ("a.xml", b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', False),
        ("a.txt", b"<!--><script>alert(1)</script>-->", False),
        ("a.txt", b"<?x ><script>alert(1)</script> ?>plain", False),
        ("a.txt", b"<!DOCTYPE html [", False),
        ("a.txt", '\ufeff<?xml version="1.0"?><svg>'.encode("utf-16-le"), False),
        ("a.dat", "<svg>".encode("utf-16-be"), False),
        ("a.xml", b"<?xml version='1.0'?> <?php echo 1;", False),
        ("a.xml", b"<?xml version='1.0'?><!--" + b" " * HEAD, False),
        ("a.txt", b" " * HEAD, False),
        ("a.xml", b"<?xml version='1.0'?><!-- " + b"long " * 5000 + b"--><rss>", True),
        ("a.xml", b'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0">', True),
        ("a.xml", b"<!DOCTYPE plist><plist>", True),
        ("a.md", b"<!-- a comment -->\n# A title about <svg> and <html>", True),
        ("a.txt", b"<!-- never closed", True),
        ("a.bin", b"MZ" + b"\0" * 58 + (64).to_bytes(4, "little") + b"PE\0\0", False),
        ("a.bin", b"MZ is how this text begins, and it goes on for more than sixty-four bytes after that", True),
        ("a.whatever", b"anything", True),
    ],
)
def test_the_first_bytes_have_to_be_those_of_the_extension(name: str, head: bytes, taken: bool) -> None:
    assert (content_refusal(name, head) is None) == taken


def test_what_a_browser_might_run_is_announced_as_bytes() -> None:
    assert content_type("a.pdf") == "application/pdf"
    assert content_type("a.html") == content_type("a.svg") == content_type("a.tgz") == content_type("a")
    assert content_type("a") == "application/octet-stream"


# Drivers


@pytest.fixture
def s3() -> S3:
    return S3("goods", "access")


@pytest.fixture(params=["local", "s3"])
async def driver(request: pytest.FixtureRequest, tmp_path: Path, s3: S3) -> AsyncIterator[Driver]:
    if request.param == "local":
        yield Storage(tmp_path / "files").of("local", None)
        return
    with in_a_thread(s3.app) as url:
        buckets = s3_buckets(["goods"], endpoint=url, region="eu-1", access_key="access", secret_key="secret")
        yield Storage(tmp_path / "files", buckets).of("s3", None)


async def _put(driver: Driver, tmp_path: Path, path: str, content: bytes) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    await driver.put(path, source)


async def test_a_file_comes_back_as_it_was_stored(driver: Driver, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4
    await _put(driver, tmp_path, "2026/Führer.pdf", content)
    file = await driver.find("2026/Führer.pdf")
    assert (file.path, file.size) == ("2026/Führer.pdf", len(content))
    assert await driver.read(file, 0, file.size) == content
    assert await driver.read(file, 10, 20) == content[10:20]
    assert await driver.read(file, 7, 7) == b""
    await driver.delete("2026/Führer.pdf")
    with pytest.raises(Missing):
        await driver.find("2026/Führer.pdf")
    with pytest.raises(Missing):
        await driver.delete("2026/Führer.pdf")
    with pytest.raises(Missing):
        await driver.read(file, 0, 10)


async def test_a_large_file_goes_in_parts(driver: Driver, tmp_path: Path) -> None:
    content = os.urandom(1024) * (2 * PART_BYTES // 1024 + 1)
    await _put(driver, tmp_path, "large.bin", content)
    file = await driver.find("large.bin")
    assert file.size == len(content)
    assert await driver.read(file, PART_BYTES - 5, PART_BYTES + 5) == content[PART_BYTES - 5 : PART_BYTES + 5]


async def test_a_file_that_was_replaced_is_not_mixed_with_its_predecessor(driver: Driver, tmp_path: Path) -> None:
    await _put(driver, tmp_path, "a.txt", b"first")
    first = await driver.find("a.txt")
    await _put(driver, tmp_path, "a.txt", b"second")
    with pytest.raises(Missing):
        await driver.read(first, 0, 5)


async def test_pages_of_a_listing(driver: Driver, tmp_path: Path) -> None:
    paths = ["a.txt", "b/c.txt", "b/d.pdf", "e.txt"]
    for path in reversed(paths):
        await _put(driver, tmp_path, path, path.encode())
    found, after = [], ""
    for _ in range(9):
        page = await driver.list(after, 2, lambda path: path.endswith(".txt"))
        found += [(file.path, file.size) for file in page.files]
        if page.end is None:
            break
        after = page.end
    assert found == [("a.txt", 5), ("b/c.txt", 7), ("e.txt", 5)]
    assert await driver.count(None, lambda path: path.endswith(".txt")) == 3
    assert await driver.count(2, lambda _path: True) == 2
    assert (await driver.list("e.txt", 2, lambda _path: True)).files == []


async def test_links_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("secret")
    driver = Storage(tmp_path / "files").of("local", None)
    await _put(driver, tmp_path, "a.txt", b"a")
    (tmp_path / "files" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "files" / "folder").symlink_to(tmp_path / "elsewhere")
    for path in ("link.txt", "folder/secret.txt", "folder"):
        with pytest.raises(Missing):
            await driver.find(path)
        with pytest.raises(Missing):
            await driver.delete(path)
    with pytest.raises(Missing):
        await _put(driver, tmp_path, "folder/new.txt", b"new")
    assert [file.path for file in (await driver.list("", 10, lambda _path: True)).files] == ["a.txt"]
    assert (tmp_path / "elsewhere" / "secret.txt").read_text() == "secret"


async def test_a_folder_is_made_when_it_is_needed_for_its_owner_alone(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "data" / "files")
    assert not (tmp_path / "data").exists()
    assert (await storage.of("local", None).list("", 1, lambda _path: True)).files == []
    assert (tmp_path / "data" / "files").stat().st_mode & 0o777 == 0o700


async def test_a_bucket_that_does_not_answer(tmp_path: Path, s3: S3) -> None:
    with in_a_thread(s3.app) as url:
        wrong = s3_buckets(["goods"], endpoint=url, region="eu-1", access_key="wrong", secret_key="secret")["goods"]
        for call in (wrong.find("a.txt"), wrong.list("", 1, lambda _path: True), wrong.delete("a.txt")):
            with pytest.raises(StorageUnavailable):
                await call


def test_drivers_and_buckets_that_are_not_configured(tmp_path: Path) -> None:
    local = Storage(tmp_path)
    both = Storage(tmp_path, {"goods": local.of("local", None), "more": local.of("local", None)})
    assert (local.drivers, both.drivers) == (("local",), ("local", "s3"))
    assert both.buckets("s3") == ("goods", "more")
    assert (both.bucket("s3", None), both.bucket("s3", "more"), both.bucket("local", None)) == ("goods", "more", None)
    for driver, bucket in (("s3", None), ("ftp", None), ("local", "goods")):
        with pytest.raises(UnknownDriver):
            local.of(driver, bucket)
    with pytest.raises(UnknownDriver):
        both.of("s3", "others")


# Links


@given(st.binary(max_size=200))
def test_a_link_with_a_byte_changed_is_none(noise: bytes) -> None:
    links = Links("https://api.example", lambda: ["key"])
    token = links.url("identifier", order_id=7).rpartition("/")[2]
    assert links.read(token).order_id == 7
    changed = noise.decode("latin-1")
    if changed.rstrip("=") != token:
        with pytest.raises(BadLink):
            links.read(changed)
    for at in range(0, len(token) - 1, 7):
        other = "A" if token[at] != "A" else "B"
        with pytest.raises(BadLink):
            links.read(token[:at] + other + token[at + 1 :])


def test_links_outlive_the_rotation_of_keys_but_not_their_time() -> None:
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    clock = [moment]
    old = Links("https://api.example", lambda: ["old"], clock=lambda: clock[0])
    token = old.url("identifier").rpartition("/")[2]
    customers = old.url("identifier", order_id=7).rpartition("/")[2]
    rotated = Links("https://api.example", lambda: ["new", "old"], clock=lambda: clock[0])
    assert rotated.read(token).identifier == "identifier"
    with pytest.raises(BadLink):
        Links("https://api.example", lambda: ["new"]).read(token)
    clock[0] = moment + timedelta(minutes=60)
    with pytest.raises(ExpiredLink):
        rotated.read(customers)
    assert rotated.read(token).order_id is None
    clock[0] = moment + timedelta(days=7)
    with pytest.raises(ExpiredLink):
        rotated.read(token)
