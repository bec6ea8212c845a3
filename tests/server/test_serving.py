"""`storegraph serve` as a process: started, stopped, killed, started again."""

import json
import os
import re
import signal
import socket
import time
from pathlib import Path

import httpx2
import pytest

from tests.databases import sqlite_url
from tests.server.running import SECONDS, Command, serving, storegraph

QUERY = {"query": "{ products(first: 1) { totalCount } }"}


def asked(url: str, **headers: str) -> httpx2.Response:
    return httpx2.post(url, json=QUERY, headers=headers, timeout=SECONDS)


def refusal(command: Command) -> str:
    """The one line of a start that is refused."""
    code, out, err = command.ended()
    assert (code, out) == (2, ""), err
    (line,) = (line for line in err.splitlines() if not line.startswith("{"))
    assert line.startswith("storegraph: ")
    return line


def test_a_request_from_the_start_to_the_end(tmp_path: Path) -> None:
    with serving(data_folder=tmp_path, cold=True, ADMIN_TOKEN="known-admin-token") as command:
        url = command.url()
        answer = asked(url, Authorization="Bearer known-admin-token", **{"X-Request-ID": "r-1"})
        assert answer.json() == {"data": {"products": {"totalCount": 0}}}
        assert "Server" not in answer.headers
        code, out, err = command.stopped()
    assert (code, out) == (0, "")
    lines = [json.loads(line) for line in (*command.lines, *err.splitlines())]
    (access,) = (line for line in lines if line["event"] == "request")  # written at the end, if not before
    assert access["request_id"] == "r-1"
    assert access["path"] == "/graphql"
    assert access["viewer"].startswith("token:")
    assert "known-admin-token" not in json.dumps(lines)
    assert any(line.get("logger", "").startswith("uvicorn") for line in lines)


def test_interrupted_at_the_keyboard_it_ends_in_good_order(tmp_path: Path) -> None:
    with serving(data_folder=tmp_path) as command:
        command.url()
        code, _, err = command.stopped(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in err


def test_requests_under_way_are_finished(tmp_path: Path) -> None:
    with serving(data_folder=tmp_path) as command:
        url = httpx2.URL(command.url())
        body = json.dumps(QUERY).encode()
        with socket.create_connection((url.host, url.port or 80), timeout=SECONDS) as connection:
            head = f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # the server waits for the body
            command.process.send_signal(signal.SIGTERM)
            refuses(url)
            connection.sendall(body)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert command.ended()[0] == 0


def refuses(url: httpx2.URL) -> None:
    """Returns when nobody new is let in."""
    while True:
        try:
            socket.create_connection((url.host, url.port or 80), timeout=SECONDS).close()
        except OSError:
            return
        time.sleep(0.01)


def test_killed_it_starts_again_with_what_was_written(tmp_path: Path) -> None:
    with serving(data_folder=tmp_path, ADMIN_TOKEN="known-admin-token") as command:
        command.url()
        command.stopped(signal.SIGKILL)
    with serving(data_folder=tmp_path) as command:
        assert asked(command.url(), Authorization="Bearer known-admin-token").status_code == 200


def test_a_second_server_on_one_sqlite_file_is_refused(tmp_path: Path) -> None:
    with serving(data_folder=tmp_path) as first:
        url = first.url()
        with serving(data_folder=tmp_path) as second:
            assert f"process {first.process.pid}" in refusal(second)
        # Nor is it another file by another name.
        link = tmp_path / "link.db"
        link.symlink_to(tmp_path / "store.db")
        with serving(data_folder=tmp_path, DATABASE_URL=sqlite_url(link)) as third:
            assert "serves" in refusal(third)
        assert asked(url).status_code == 200


def test_several_processes_on_sqlite_are_refused(tmp_path: Path) -> None:
    with serving("--workers", "2", data_folder=tmp_path) as command:
        assert "SQLite serves from one process" in refusal(command)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_several_processes_on_postgresql(database_url: str, tmp_path: Path) -> None:
    with serving(
        *("--workers", "2"), data_folder=tmp_path, cold=True, DATABASE_URL=database_url, ADMIN_TOKEN="known-admin-token"
    ) as command:
        url = command.url()
        command.said("Started server process", 2)  # which of the two is there first, nobody knows
        for _ in range(5):
            assert asked(url, Authorization="Bearer known-admin-token").status_code == 200
        # One that has no processor for longer than uvicorn waits is not replaced.
        slow = int(re.findall(r"Started server process \[(\d+)\]", "".join(command.lines))[0])
        os.kill(slow, signal.SIGSTOP)
        time.sleep(7)
        os.kill(slow, signal.SIGCONT)
        assert asked(url, Authorization="Bearer known-admin-token").status_code == 200
        code, _, err = command.stopped()
    log = "".join([*command.lines, err])
    assert code == 0
    assert len(set(re.findall(r"Started server process \[(\d+)\]", log))) == 2
    assert "known-admin-token" not in log


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_processes_end_when_their_supervisor_is_killed(database_url: str, tmp_path: Path) -> None:
    with serving("--workers", "2", data_folder=tmp_path, DATABASE_URL=database_url) as command:
        url = command.url()
        assert asked(url).status_code == 200
        command.stopped(signal.SIGKILL)  # waits for the end of their output, which is theirs too
        with pytest.raises(httpx2.ConnectError):
            asked(url)


@pytest.mark.parametrize("unmigrated_database_url", ["postgresql"], indirect=True)
def test_several_processes_are_not_started_on_an_old_schema(unmigrated_database_url: str, tmp_path: Path) -> None:
    with serving("--workers", "2", data_folder=tmp_path, DATABASE_URL=unmigrated_database_url) as command:
        assert refusal(command).endswith("run `storegraph migrate` first")


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = storegraph("serve", "--port", str(port), data_folder=tmp_path)
    assert (code, out) == (2, "")
    assert err == (
        f"storegraph: 127.0.0.1 port {port} is taken: stop what listens there, or choose another port with --port\n"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no..host"])
def test_an_address_of_another_machine_is_one_line(tmp_path: Path, host: str) -> None:
    with serving("--host", host, data_folder=tmp_path) as command:
        assert host in refusal(command)


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux's /proc")
def test_a_body_that_is_too_long_is_not_kept(tmp_path: Path) -> None:
    with serving(data_folder=tmp_path) as command:
        url = httpx2.URL(command.url())
        before = resident(command.process.pid)
        with socket.create_connection((url.host, url.port or 80), timeout=SECONDS) as connection:
            connection.sendall(
                f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\n".encode()
            )
            chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
            for _ in range(100):
                connection.sendall(chunk)
            assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
        assert resident(command.process.pid) - before < 20e6


def resident(process: int) -> int:
    """Bytes of memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
