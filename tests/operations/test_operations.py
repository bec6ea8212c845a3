"""Every document of this folder is answered as recorded, on both databases."""

import pytest

from tests.derived import ROOT, stale
from tests.operations.case import HERE, Case, cases, written
from tests.recorded import Imported

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_answer(case: Case, imported: Imported) -> None:
    path = str(case.answer_path.relative_to(ROOT))
    assert case.recorded is not None, f"no answer yet: make derive ARGS={path}"
    # As text: the order of keys counts too, it is the order in which they were asked.
    assert written(await case.answer(imported)) == written(case.recorded), stale(path)


def test_every_file_belongs_to_a_case() -> None:
    assert set(HERE.glob("[0-9]*/*")) <= set().union(*(case.files for case in CASES))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_operations_are_named(case: Case) -> None:
    """A name is what logs and tools show of an operation."""
    assert case.operations
    assert all(name[0].isupper() for name in case.operations)
