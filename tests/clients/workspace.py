"""Where the clients' tools work: packages installed once and kept, and copies of this folder beside the SDL."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

CLIENTS: Final = Path(__file__).parent
_ROOT: Final = CLIENTS.parent.parent
# Beyond the slowest installation over a slow line; reached only when something hangs.
_SECONDS: Final = 300
# What a package manager says of a registry that it cannot reach.
_OFFLINE: Final = ("ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "ETIMEDOUT", "ECONNREFUSED", "NewConnectionError")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Standard output. Fails the test with all that was said when the program fails, or complains."""
    done = subprocess.run(
        command,
        cwd=cwd,
        # Tools behave as on a server: no colours, no questions, no looking for newer versions of themselves.
        env=_inherited() | {"CI": "1", "NO_COLOR": "1", "NODE_NO_WARNINGS": "1"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode or done.stderr:
        said = " ".join(Path(part).name for part in command)
        pytest.fail(f"{said}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


def _inherited() -> dict[str, str]:
    """This process's environment without settings of the gateway, and without Python's own."""
    return {n: v for n, v in os.environ.items() if not n.startswith(("STOREGRAPH_", "PYTHON", "PYTEST", "VIRTUAL_ENV"))}


def install(*command: str | Path, cwd: Path) -> None:
    """Skips when the registry cannot be reached."""
    done = subprocess.run(
        command, cwd=cwd, env=_inherited(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS
    )
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}"
        if any(mark in said for mark in _OFFLINE):
            pytest.skip(f"needs {Path(command[0]).name}'s registry")
        pytest.fail(said, pytrace=False)


def kept(folder: Path, name: str, *ingredients: str | bytes, fill: Callable[[Path], None]) -> Path:
    """A directory that whoever asks first fills and others wait for. It is kept until an ingredient changes."""
    digest = sha256(b"\0".join(i.encode() if isinstance(i, str) else i for i in ingredients)).hexdigest()[:12]
    directory, done = folder / f"{name}-{digest}", folder / f"{name}-{digest}.done"
    with _alone(folder / f"{name}.lock"):
        if not done.exists():
            for old in folder.glob(f"{name}-*"):
                old.unlink() if old.is_file() else shutil.rmtree(old)
            directory.mkdir(parents=True)
            fill(directory)
            done.touch()
    return directory


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def copied(root: Path, sdl: str) -> Path:
    """A copy of this folder, beside the SDL as both lie in the repository."""
    folder = root / CLIENTS.relative_to(_ROOT)
    shutil.copytree(CLIENTS, folder, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    shutil.copy(_ROOT / ".graphqlrc.yml", root)
    (root / "schema").mkdir()
    (root / "schema" / "schema.graphql").write_text(sdl, encoding="utf-8")
    return folder


class Workspace:
    """A copy of this folder with the packages of npm."""

    def __init__(self, root: Path, node: str) -> None:
        self.root = root
        self.folder = root / CLIENTS.relative_to(_ROOT)
        self._node = node

    @classmethod
    def made(cls, root: Path, node: str, sdl: str, packages: Path) -> "Workspace":
        folder = copied(root, sdl)
        (folder / "node_modules").symlink_to(packages / "node_modules")
        return cls(root, node)

    def tool(self, name: str, *arguments: str, cwd: Path | None = None, **environment: str) -> str:
        """A command of an installed package, from this folder unless told otherwise."""
        program = self.folder / "node_modules" / ".bin" / name
        return run(self._node, program, *arguments, cwd=cwd or self.folder, **environment)

    def node(self, script: str, **environment: str) -> str:
        """A program in this folder."""
        return run(self._node, self.folder / script, cwd=self.folder, **environment)
