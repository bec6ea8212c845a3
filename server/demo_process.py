"""The demo's first start: the store is filled in a process of its own while this one imports what serving takes.

Each takes more than a second, and the two have little in common: one after the other they would make whoever tries
storegraph for the first time wait three seconds. Imports only what starting a process takes.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.settings import Settings


@contextmanager
def filling(settings: "Settings") -> Iterator[None]:
    """Fills a new demo store during the block, and waits for it at the end. Where that is not possible, or goes wrong,
    nothing is said: whoever opens the store finds what is missing, does it, and explains why it cannot."""
    store = settings.data_folder / "demo.db"
    if not settings.demo or "database_url" in settings.model_fields_set or store.exists() or _processors() == 1:
        yield
        return
    try:
        settings.data_folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        yield
        return
    command = [sys.executable, "-m", "server.demo_store", settings.database_url]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 ourselves
        try:
            yield
        except BaseException:
            process.terminate()
            raise


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
