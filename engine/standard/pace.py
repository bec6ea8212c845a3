"""When batched loads begin, so that one statement answers all who ask."""

from typing import Any

from aiodataloader import DataLoader, enqueue_post_future_job


class Pace:
    """Of the loaders of one operation: a load begins when no result is being handed out any more, or the pieces of one
    level would ask for the next in as many statements."""

    def __init__(self) -> None:
        self._handing_out = 0
        self._put_off: list[DataLoader[Any, Any]] = []

    def begin(self, loader: DataLoader[Any, Any]) -> None:
        if self._handing_out:
            self._put_off.append(loader)
        else:
            enqueue_post_future_job(loader.loop, loader)

    def handing_out(self) -> None:
        self._handing_out += 1

    def handed_out(self) -> None:
        self._handing_out -= 1
        if not self._handing_out:
            put_off, self._put_off = self._put_off, []
            for loader in put_off:
                self.begin(loader)
