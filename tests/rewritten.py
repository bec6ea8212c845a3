"""`python -m tests.rewritten`: the asserts of all tests as pytest rewrites them, kept where it looks for them.

In a new checkout each worker would rewrite all of them, at the same time as all others: six seconds of the processor
for each. Afterwards whoever imports a test finds it rewritten.
"""

from pathlib import Path
from typing import Any

from _pytest.assertion import rewrite


def main() -> None:
    here = Path(__file__).parent
    # An option's default is what a configuration would say.
    configuration: Any = None
    for file in sorted({*here.rglob("test_*.py"), *here.rglob("conftest.py")}):
        folder = rewrite.get_cache_dir(file)
        folder.mkdir(parents=True, exist_ok=True)
        digest, code = rewrite._rewrite_test(file, configuration)
        with (folder / f"{file.stem}{rewrite.PYC_TAIL}").open("wb") as kept:
            rewrite._write_pyc_fp(kept, digest, code)


if __name__ == "__main__":
    main()
