"""A connection to a database that a test can cut, or silence, and whose round trips it can count."""

import asyncio
import contextlib
import threading

from tests.databases import over_tcp
from tests.patience import PATIENCE


class Wire:
    """A connection to a database that can be cut, or go silent, between the server and it."""

    def __init__(self, url: str) -> None:
        target = over_tcp(url)
        self._target = target.host, target.port
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []
        self._speaking = asyncio.Event()
        self._speaking.set()
        self.trips = 0  # so often the database was asked something, and answered
        self._answering = 0  # connections that the database has not ended
        self._ended = threading.Condition()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._joined, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._writers += [writer, far_writer]
            self._answering += 1
            asked = asyncio.Event()  # and not answered yet
            await asyncio.gather(
                self._carried(reader, far_writer, asked), self._carried(far_reader, writer, asked, answers=True)
            )

    async def _carried(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event, *, answers: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not answers:
                    asked.set()
                elif asked.is_set():
                    asked.clear()
                    self.trips += 1
                await self._speaking.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        if answers:
            with self._ended:
                self._answering -= 1
                self._ended.notify_all()

    def await_the_end(self) -> None:
        """Until the database has ended all connections, and that has come here. It holds up the loop of whoever waits:
        what came, nobody has noticed yet."""
        with self._ended:
            assert self._ended.wait_for(lambda: not self._answering, PATIENCE)

    def through(self, url: str) -> str:
        """The URL of the same database by way of this."""
        return over_tcp(url).set(port=self.port).render_as_string(hide_password=False)

    def silence(self) -> None:
        self._loop.call_soon_threadsafe(self._speaking.clear)

    def speak(self) -> None:
        self._loop.call_soon_threadsafe(self._speaking.set)

    def cut(self) -> None:
        """Ends all connections and takes no more."""

        async def end() -> None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(PATIENCE)

    def close(self) -> None:
        self.speak()
        self.cut()

        async def rest() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(rest(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
