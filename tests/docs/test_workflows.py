"""docs/workflows.md: every command on the page, in its order, on a store of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.docs.test_webhooks import ROOT, SECONDS, free_port

PAGE: Final = (ROOT / "docs" / "workflows.md").read_text()
_BLOCK: Final = re.compile(r"^```bash\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_a_product_is_taken_out_of_the_shop(tmp_path: Path) -> None:
    ports = {"8000": str(free_port()), "9000": str(free_port())}
    commands = [
        # What the page takes for granted: the commands, and that what runs beside goes with the terminal.
        f'storegraph() {{ PYTHONPATH="{ROOT}" exec "{sys.executable}" -m server.commands.main "$@"; }}',
        f'python3() {{ exec "{sys.executable}" "$@"; }}',
        "trap 'kill $(jobs -p)' EXIT",
        *(re.sub(r"\b(8000|9000)\b", lambda found: ports[found[0]], text) for text in _BLOCK.findall(PAGE)),
    ]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "STOREGRAPH_DATA_FOLDER": str(tmp_path / "data")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert '"userErrors":[{' not in done.stdout.replace(" ", "")
    assert '"errors"' not in done.stdout
    assert '"problem":"' not in done.stdout.replace(" ", "")
    (run,) = json.loads((tmp_path / "runs.json").read_text())["data"]["workflowRuns"]["nodes"]
    assert [one["state"] for one in run["steps"]["nodes"]] == ["COMPLETED"] * 3
    assert json.loads((tmp_path / "status.json").read_text()) == {"data": {"product": {"status": "DRAFT"}}}
    assert "gone=linen-shirt&title=" in (tmp_path / "warehouse.log").read_text()
