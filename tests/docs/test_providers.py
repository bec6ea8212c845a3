"""docs/providers.md shows the package that the tests use."""

from pathlib import Path
from typing import Final

from tests.docs.test_documents import ROOT

PAGE: Final = (ROOT / "docs" / "providers.md").read_text()
PACKAGES: Final = Path(ROOT) / "tests" / "packages"


def test_the_example_is_the_tested_package() -> None:
    code = (PACKAGES / "letterbox.py").read_text()

    assert f"```python\n{code}```" in PAGE
    assert len(code.splitlines()) < 100
    assert f"```ini\n{(PACKAGES / 'letterbox-1.0.dist-info' / 'entry_points.txt').read_text()}```" in PAGE


def test_the_example_knows_one_module_of_the_gateway() -> None:
    imported = [line for line in (PACKAGES / "letterbox.py").read_text().splitlines() if line.startswith("from ")]

    rooms = ("server", "schema", "resolvers", "connectors", "db", "engine")
    assert [line.split()[1] for line in imported if line.split()[1].split(".")[0] in rooms] == ["connectors.providers"]
