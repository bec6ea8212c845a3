"""What the pages say that can be typed fits what is there: documents, settings, commands, names in backquotes. Whether
the answers are those that are printed is tried by the other tests of this folder."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from graphql import GraphQLError, parse, validate

from schema.root import schema
from server.commands.main import app
from server.settings.unknown import unknown

ROOT: Final = Path(__file__).parent.parent.parent
PAGES: Final = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*/README.md"))
}
COMMAND: Final[Any] = typer.main.get_command(app)
_BLOCK: Final = re.compile(r"```(\w*)[^\n]*\n(.*?)```", re.DOTALL)
_ASKED: Final = re.compile(r'\\?"query\\?": ?"((?:[^"\\]|\\.)*)"')
_CODE: Final = re.compile(r"`([^`\n]+)`")
_NAMED: Final = re.compile(r"([a-z]+[A-Z]\w*)(?:\(.*\))?")
# Fragments of one block stand in others, and what is left unused there is used elsewhere.
_IN_PIECES: Final = re.compile(r"Unknown fragment|is never used")
# Names beside the schema: extensions of answers, payloads, methods of clients, what others call theirs.
_OF_OTHERS: Final = frozenset(
    {"requestId", "retryAfter", "importId", "duplicateOf", "fetchMore", "createClient", "subscriptionExchange"}
    | {"persistedDocuments", "persistConfig", "doNotContains", "accountUrl", "apiToken", "siteUrl"}
)


def documents(text: str) -> Iterator[str]:
    yield from (block for language, block in _BLOCK.findall(text) if language == "graphql")
    yield from (json.loads(f'"{found}"') for found in _ASKED.findall(text))


def commands(text: str) -> Iterator[list[str]]:
    lines = [
        line for language, block in _BLOCK.findall(text) if language in ("sh", "bash") for line in block.split("\n")
    ]
    for line in [*lines, *_CODE.findall(_BLOCK.sub("", text))]:
        if line.lstrip().startswith("storegraph "):
            words = shlex.split(line, comments=True)
            end = next((n for n, word in enumerate(words) if re.match(r"[|&>;]|\d>", word)), len(words))
            yield words[1:end]


def names() -> set[str]:
    found: set[str] = set()
    for type_ in schema.core.type_map.values():
        for name, field in getattr(type_, "fields", {}).items():
            found |= {name, *getattr(field, "args", ())}
    return found


@pytest.mark.parametrize("page", PAGES)
def test_documents_fit_the_schema(page: str) -> None:
    for text in documents(PAGES[page]):
        try:
            errors = validate(schema.core, parse(text))
        except GraphQLError as error:
            errors = [error]
        assert [e.message for e in errors if not _IN_PIECES.search(e.message)] == [], text


@pytest.mark.parametrize("page", PAGES)
def test_settings_are_some(page: str) -> None:
    found = set(re.findall(r"STOREGRAPH_[A-Z0-9_]+[A-Z0-9]\b", PAGES[page])) - {"STOREGRAPH_URL"}
    assert list(unknown(found)) == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_some_with_their_options(page: str) -> None:
    for words in commands(PAGES[page]):
        command, rest = COMMAND, list(words)
        while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            name = rest.pop(0)
            assert name in command.commands, words
            command = command.commands[name]
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        asked = {word.partition("=")[0] for word in rest if word.startswith("-")}
        assert asked <= options | {"--help"}, words


@pytest.mark.parametrize("page", PAGES)
def test_names_are_some(page: str) -> None:
    """What is written as fields and mutations are (`productCreate`, `events(after:)`) is one."""
    known = names() | _OF_OTHERS
    said = [_NAMED.fullmatch(code) for code in _CODE.findall(_BLOCK.sub("", PAGES[page]))]
    assert [found[1] for found in said if found is not None and found[1] not in known] == []


def test_a_page_that_says_what_is_not_so_would_be_noticed() -> None:
    page = "`productCreat` ```graphql\n{ produkt }\n```\n```sh\nstoregraph tokens create --nam a | tee x\n```"
    (text,) = documents(page)
    assert validate(schema.core, parse(text))
    assert list(commands(page)) == [["tokens", "create", "--nam", "a"]]
    assert "productCreat" not in names()
    assert list(unknown({"STOREGRAPH_PROT"})) == [("STOREGRAPH_PROT", "STOREGRAPH_PORT")]
