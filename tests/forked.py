"""Python processes that begin with the imports behind them.

A process that serves spends two seconds of the processor on imports, and most tests of one are about what it does after
them. So a process of this run, the nursery, imports once and forks for each process that a test starts: with arguments,
environment, folder, standard streams and signals of its own, and the exit code for the test. Tests of the start itself
start Python as a user does.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).parent.parent
# What the commands import when they run. The module that is run is not among them: it runs as __main__, for once.
_IMPORTED: Final = ("server.commands.serving", "server.commands.importing", "server.commands.demo_store")
# Pipes and the way to the process's status: standard input, output, error, status.
_STREAMS: Final = 4


class Process:
    """`python -m module …`, forked; it has what tests use of subprocess.Popen, with text in and out of UTF-8."""

    def __init__(self, module: str, *arguments: str, cwd: Path, env: Mapping[str, str]) -> None:
        self._status, theirs = socket.socketpair()
        read_out, write_out = os.pipe()
        read_err, write_err = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        socket.send_fds(_nursery(), [b"!"], [nothing, write_out, write_err, theirs.fileno()])
        for descriptor in (nothing, write_out, write_err):
            os.close(descriptor)
        theirs.close()
        self._status.sendall(json.dumps([module, arguments, str(cwd), dict(env)]).encode())
        self._status.shutdown(socket.SHUT_WR)
        self._told = self._status.makefile("r")
        self.pid = int(self._told.readline())
        self.returncode: int | None = None
        self.stdout: IO[str] = os.fdopen(read_out, encoding="utf-8")
        self.stderr: IO[str] = os.fdopen(read_err, encoding="utf-8")

    def poll(self) -> int | None:
        """The exit code, or minus the signal's number; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Seconds. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._status, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = int(self._told.readline())
            self._told.close()
            self._status.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it still writes, to its end. Raises subprocess.TimeoutExpired."""
        read = {"stdout": "", "stderr": ""}

        def reading(name: str, stream: IO[str]) -> None:
            read[name] = stream.read()

        threads = [threading.Thread(target=reading, args=(name, getattr(self, name)), daemon=True) for name in read]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        self.stdout.close()
        self.stderr.close()
        self.wait(timeout)
        return read["stdout"], read["stderr"]

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


@cache
def _nursery() -> socket.socket:
    """The way to it. It ends when this process does."""
    ours, theirs = socket.socketpair()
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()
        nursery.wait()

    atexit.register(end)
    return ours


# In the nursery


@dataclass(frozen=True)
class _Start:
    module: str
    arguments: list[str]
    cwd: str
    env: dict[str, str]

    def run(self) -> None:
        """Does as Python does that is started with `-m`."""
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.env)
        sys.argv = [self.module, *self.arguments]
        runpy.run_module(self.module, run_name="__main__", alter_sys=True)


def _forking(asked: socket.socket) -> _Start | None:
    """Forks until nobody can ask any more, then returns None; returns in each child too, with its start."""
    running: dict[int, socket.socket] = {}
    woken, waking = socket.socketpair()
    waking.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking.fileno())
    with selectors.DefaultSelector() as selector, asked, woken, waking:
        selector.register(asked, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is woken:
                    woken.recv(4096)
                    _reap(running)
                    continue
                message, descriptors, _, _ = socket.recv_fds(asked, 1, _STREAMS)
                if not message:
                    return None
                status = socket.socket(fileno=descriptors.pop())
                if (child := os.fork()) == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for other in running.values():
                        other.close()
                    return _start(descriptors, status)
                for descriptor in descriptors:
                    os.close(descriptor)
                running[child] = status
                _tell(status, child)


def _start(descriptors: list[int], status: socket.socket) -> _Start:
    for stream, descriptor in enumerate(descriptors):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    with status, status.makefile("rb") as told:
        return _Start(*json.load(told))


def _reap(running: dict[int, socket.socket]) -> None:
    while running:
        child, ended = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        with running.pop(child) as status:
            _tell(status, os.waitstatus_to_exitcode(ended))


def _tell(status: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # a test may have lost interest
        status.sendall(f"{number}\n".encode())


def _main() -> None:
    gc.disable()
    for module in _IMPORTED:
        importlib.import_module(module)
    gc.freeze()  # no child looks through it
    gc.enable()
    if threading.active_count() > 1:
        raise RuntimeError("a module that starts a thread when it is imported cannot be imported before a fork")
    asked = socket.socket(fileno=int(sys.argv[1]))
    start = None
    with contextlib.suppress(KeyboardInterrupt):
        start = _forking(asked)
    if start is not None:
        start.run()


if __name__ == "__main__":
    _main()
