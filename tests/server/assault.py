"""Attacks on a server in a process of its own, and what they do to everybody else: how long the server works until it
answers `/health` meanwhile, and how much memory it holds."""

import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.server.running import GRAPHQL, SECONDS

# What nothing may do to a server: far beyond what it does. Of its processor's time: what else the machine does takes
# none of that. A server that waits without working is noticed by the client's SECONDS.
HELD_SECONDS: Final = 3.0
# What a request may take until it is refused or begins to run, of the loop's thread and of all threads together: twice
# what is promised (docs/security.md), for a busy machine's sake.
LOOP_SECONDS: Final = 0.2
ALL_SECONDS: Final = 0.5
GROWN_BYTES: Final = 300 * 1024 * 1024


@dataclass
class Target:
    url: str
    process: int
    token: str
    before: int = 0
    held: dict[str, float] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        url = httpx2.URL(self.url)
        return url.host, url.port or 80

    @property
    def memory(self) -> int:
        """The most that the process ever held, in bytes."""
        status = Path(f"/proc/{self.process}/status").read_text("ascii")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024

    @property
    def worked(self) -> float:
        """Seconds of a processor that the process, all its threads together, has taken."""
        return _seconds(Path(f"/proc/{self.process}/stat"))

    @property
    def looped(self) -> float:
        """Those of the thread that its loop runs in."""
        return _seconds(Path(f"/proc/{self.process}/task/{self.process}/stat"))

    def report(self, name: str) -> str:
        """For whoever reads the run's output: times on a machine that does other things do not decide a test."""
        held = sorted(self.held.items(), key=lambda item: -item[1])
        grown = (self.memory - self.before) / 2**20
        lines = (f"  {seconds * 1000:6.0f} ms  {name}\n" for name, seconds in held[:15])
        return f"\n{name}: memory grew by {grown:.0f} MB; others waited at most\n{''.join(lines)}"

    def ask(self, query: Any, *, token: bool = True, **more: Any) -> httpx2.Response:
        return self.send(json.dumps({"query": query, **more}).encode(), token=token)

    def send(self, body: bytes, given: Mapping[str, str] | None = None, *, token: bool = True) -> httpx2.Response:
        headers = {"Content-Type": "application/json", "Accept": GRAPHQL, **(given or {})}
        if token:
            headers["Authorization"] = f"Bearer {self.token}"
        with httpx2.Client(timeout=SECONDS) as client:
            return client.post(self.url, content=body, headers=headers)

    @contextmanager
    def cheaply(self, name: str) -> Iterator[None]:
        """What is asked inside is refused, or begun and broken off, for little work."""
        worked, looped = self.worked, self.looped
        yield
        worked, looped = self.worked - worked, self.looped - looped
        self.held[name] = looped
        assert looped <= LOOP_SECONDS
        assert worked <= ALL_SECONDS
        assert self.memory - self.before < GROWN_BYTES

    @contextmanager
    def watched(self, name: str) -> Iterator[None]:
        """Nobody else waits, and memory stays bounded, whatever happens inside."""
        over = threading.Event()
        longest, asked = [0.0], [0]
        failures: list[BaseException] = []

        def watch() -> None:
            try:
                with httpx2.Client(base_url=self.url.removesuffix("/graphql"), timeout=SECONDS) as client:
                    while asked[0] < 3 or not over.is_set():
                        started = self.worked
                        assert client.get("/health").status_code == 200
                        longest[0] = max(longest[0], self.worked - started)
                        asked[0] += 1
                        over.wait(0.005)
            except BaseException as error:  # noqa: BLE001  raised again where the test is
                failures.append(error)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
        if failures:
            raise failures[0]
        self.held[name] = longest[0]
        assert longest[0] < HELD_SECONDS
        assert self.memory - self.before < GROWN_BYTES

    @contextmanager
    def connected(self, timeout: float = SECONDS) -> Iterator[socket.socket]:
        with socket.create_connection(self.address, timeout=timeout) as connection:
            yield connection


def _seconds(stat: Path) -> float:
    fields = stat.read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def refused(answer: httpx2.Response, *codes: str) -> list[dict[str, Any]]:
    """The errors of a request of which nothing ran."""
    assert answer.status_code < 500, answer.text[:500]
    errors: list[dict[str, Any]] = answer.json()["errors"]
    assert {error["extensions"]["code"] for error in errors} <= set(codes), errors
    assert len(answer.content) < 64 * 1024
    return errors
