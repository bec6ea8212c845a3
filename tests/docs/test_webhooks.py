"""docs/webhooks.md: every command on the page, in its order, on a store of its own, with each of the two receivers."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent.parent
PAGE: Final = (ROOT / "docs" / "webhooks.md").read_text()
_BLOCK: Final = re.compile(r"^```(\w+) ?(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILES: Final = {"python": "receiver.py", "javascript": "receiver.mjs"}
# Starting a store takes some of them; reached when something never arrives.
SECONDS: Final = 120


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_partner_comes_from_a_token_to_a_verified_webhook(language: str, tmp_path: Path) -> None:
    if language == "javascript" and shutil.which("node") is None:
        pytest.skip("needs node")
    ports = {"8000": str(free_port()), "9000": str(free_port())}

    def here(text: str) -> str:
        return re.sub(r"\b(8000|9000)\b", lambda found: ports[found[0]], text)

    commands = [
        # What the page takes for granted: the commands, and that what runs beside goes with the terminal. Both stand
        # in shells of their own there, which they take the place of, so that they are what is ended.
        f'storegraph() {{ PYTHONPATH="{ROOT}" exec "{sys.executable}" -m server.commands.main "$@"; }}',
        f'python3() {{ exec "{sys.executable}" "$@"; }}',
        "trap 'kill $(jobs -p)' EXIT",
    ]
    for kind, of, text in _BLOCK.findall(PAGE):
        if kind == "bash" and of in ("", language):
            commands.append(here(text))
        elif kind == language:
            (tmp_path / FILES[language]).write_text(here(text))
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
    received = (tmp_path / "received.txt").read_text().splitlines()
    assert [line.split(": ")[0] for line in received] == ["verified", "verified", "again"]


def test_a_signature_by_another_is_refused(tmp_path: Path) -> None:
    """The page's own verification in JavaScript; that of Python is a library's."""
    if shutil.which("node") is None:
        pytest.skip("needs node")
    (script,) = (text for kind, _, text in _BLOCK.findall(PAGE) if kind == "javascript")
    tried = (
        script.partition("createServer(async")[0]
        + """
const now = String(Math.floor(Date.now() / 1000));
const sign = (id, at, body) => "v1," + createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
const told = (signature, at = now, body = "{}") =>
  verified(body, { "webhook-id": "a", "webhook-timestamp": at, "webhook-signature": signature });
const good = sign("a", now, "{}");
console.log(JSON.stringify([
  told(good), told(`v1,AAAA ${good}`), told("v1,AAAA"), told(sign("b", now, "{}")), told(sign("a", now, "[]")),
  told(sign("a", "1", "{}"), "1"), told(undefined),
]));
"""
    )
    (tmp_path / "tried.mjs").write_text(tried)
    done = subprocess.run(
        ["node", "tried.mjs"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout.strip() == "[true,true,false,false,false,false,false]"
