"""The page on the house names what is there, and a word of it names one thing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

HOUSE: Final = Path(__file__).parent.parent.parent
PAGE: Final = (HOUSE / "docs" / "architecture.md").read_text()
ROOMS: Final = ("server", "schema", "resolvers", "connectors", "db", "engine")
_PLACES: Final = re.compile(rf"`((?:{'|'.join((*ROOMS, 'tests'))})/[\w/.<>…]*)`")
_WORD: Final = re.compile(r"^\| `(\w+)` \| .+ \| (`[^|]+`) \|$", re.MULTILINE)


def words() -> dict[str, set[str]]:
    return {name: set(re.findall(r"`([^`]+)`", places)) for name, places in _WORD.findall(PAGE)}


def named(name: str) -> Iterator[str]:
    """The modules at whose top a class, a function or an alias has that name."""
    for room in ROOMS:
        for path in sorted((HOUSE / room).rglob("*.py")):
            text = path.read_text()
            if name in text and name in set(_tops(ast.parse(text))):
                yield path.relative_to(HOUSE).as_posix()


def _tops(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_the_page_names_what_is_there() -> None:
    places = [place for place in _PLACES.findall(PAGE) if not re.search("[<>…]", place)]

    assert len(places) > 30
    assert [place for place in places if not (HOUSE / place).exists()] == []
    assert [room for room in ROOMS if f"\n {room}/ " not in PAGE and f"`{room}`" not in PAGE] == []


def test_all_folders_of_a_room_are_drawn() -> None:
    drawn = set(re.findall(r"\w+", "".join(re.findall(r"```\n(.*?)```", PAGE, re.DOTALL))))
    for room in ROOMS:
        folders = {path.parent.name for path in (HOUSE / room).glob("*/__init__.py")}
        assert folders - drawn == set(), room


@pytest.mark.parametrize("word", words())
def test_a_word_means_one_thing(word: str) -> None:
    assert set(named(word)) == words()[word]


def test_there_are_words() -> None:
    assert len(words()) > 10
