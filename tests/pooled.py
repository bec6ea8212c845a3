"""A PgBouncer for tests, before the PostgreSQL of a database: a session for each transaction, and few of them."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.databases import over_tcp

SESSIONS: Final = 2
_SECONDS: Final = 60.0
# Between finding a free port and listening on it another process may take it.
_TRIES: Final = 5


@contextmanager
def pooled(program: str, url: str, folder: Path) -> Iterator[str]:
    """The URL of the database through a pooler that has SESSIONS of its sessions."""
    for _ in range(_TRIES):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = _started(program, url, folder, port)
        try:
            if _up(process):
                yield over_tcp(url).set(port=port).render_as_string(hide_password=False)
                return
        finally:
            process.terminate()
            process.communicate(timeout=_SECONDS)
    raise AssertionError("PgBouncer did not start")


def _started(program: str, url: str, folder: Path, port: int) -> "subprocess.Popen[str]":
    behind = over_tcp(url)
    password = f" password={behind.password}" if behind.password else ""
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"""[databases]
{behind.database} = host={behind.host} port={behind.port} user={behind.username}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {SESSIONS}
max_client_conn = 100
log_connections = 0
log_disconnections = 0
log_stats = 0
"""
    )
    root = ("-u", "nobody") if os.geteuid() == 0 else ()
    return subprocess.Popen(
        [program, *root, str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _up(process: "subprocess.Popen[str]") -> bool:
    return any("process up" in line for line in process.stderr or ())
