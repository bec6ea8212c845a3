"""docs/clients.md shows what is in these programs, and installs what they use."""

import json
import re
from typing import Final

import pytest

from tests.clients.workspace import CLIENTS

ROOT: Final = CLIENTS.parent.parent
PAGE: Final = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
BLOCK: Final = re.compile(
    r"^(?:<!-- (?P<file>.*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
BLOCKS: Final = [(found["file"], found["language"], found["text"]) for found in BLOCK.finditer(PAGE)]
SNIPPETS: Final = [(file, text) for file, _, text in BLOCKS if file]


@pytest.mark.parametrize(("file", "text"), SNIPPETS, ids=[file for file, _ in SNIPPETS])
def test_a_snippet_is_an_excerpt_of_its_file(file: str, text: str) -> None:
    assert text in (ROOT / file).read_text(encoding="utf-8")


def test_only_commands_come_from_no_file() -> None:
    assert {language for file, language, _ in BLOCKS if not file} == {"sh"}


def test_the_commands_install_what_is_tested() -> None:
    commands = "".join(text for file, _, text in BLOCKS if not file).replace("\\\n", " ")
    words = {tool: " ".join(re.findall(rf"{tool} install (.*)", commands)).split() for tool in ("npm", "pip")}
    node = json.loads((CLIENTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    python = (CLIENTS / "python" / "requirements.txt").read_text(encoding="utf-8")

    assert {word for word in words["npm"] if not word.startswith("--")} == node.keys() - {"@types/node", "ws"}
    assert {word.strip("'").split("[")[0] for word in words["pip"]} <= set(
        re.findall(r"^([\w-]+)==", python, re.MULTILINE)
    )


def test_versions_are_exact_and_come_from_the_registry_that_is_asked() -> None:
    lock = json.loads((CLIENTS / "package-lock.json").read_text(encoding="utf-8"))
    own, *packages = lock["packages"].values()
    assert all(re.fullmatch(r"[\d.]+", version) for version in own["dependencies"].values())
    assert all(package["integrity"] and "resolved" not in package for package in packages)
