"""What is derived and checked in is what it is derived from. The answers under tests/operations have a test of their
own, which asks both databases."""

from functools import partial
from pathlib import Path

import pytest

from db.access.permission import PERMISSIONS
from schema import catalogue
from tests import derived
from tests.derived import PAGES


@pytest.mark.parametrize("path", PAGES)
def test_what_is_derived_is_checked_in(path: str) -> None:
    assert derived.read(path) == PAGES[path](), derived.stale(path)


def test_numbers_in_sentences_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "7 of 8 documented REST operations, for whom one of 9\ndocumented permissions suffices: 7 of 8.\n"
    counted = partial(derived.counted, "README.md")
    monkeypatch.setattr(derived, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(said)

    covered, documented = catalogue.coverage()
    assert 0 < covered <= documented
    assert counted() == (
        f"{covered} of {documented} documented REST operations, for whom one of {len(PERMISSIONS)}\n"
        "documented permissions suffices: 7 of 8.\n"
    )
    (tmp_path / "README.md").write_text(said.replace("permissions", "privileges"))
    with pytest.raises(AssertionError, match=r"README\.md counts documented permissions 0 times"):
        counted()


def test_every_answer_is_derived() -> None:
    checked_in = {str(file.relative_to(derived.ROOT)) for file in derived.ROOT.glob("tests/operations/*/*answer.json")}
    assert checked_in == {path for path, _ in derived.answers()}


def test_only_what_is_asked_for_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(derived, "ROOT", tmp_path)
    monkeypatch.setattr(derived, "PAGES", {"a.md": lambda: "A\n", "b.md": lambda: "B\n"})
    monkeypatch.setattr(derived, "answers", lambda: iter(()))
    (tmp_path / "a.md").write_text("A\n")

    assert derived.main(["--check"]) == 1
    assert capsys.readouterr().out == "stale: b.md\n1 of 2 derived files differed: run `make derive`\n"
    assert not (tmp_path / "b.md").exists()

    assert derived.main(["a"]) == 0
    assert not (tmp_path / "b.md").exists()
    assert derived.main([]) == 0
    assert (tmp_path / "b.md").read_text() == "B\n"
    assert derived.main(["--check"]) == 0
    with pytest.raises(SystemExit, match="nothing that is derived begins with c"):
        derived.main(["c"])
