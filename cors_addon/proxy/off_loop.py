"""Work that may take long, or for ever: in a thread of its own, which keeps neither the loop nor the end waiting."""

import asyncio
import contextlib
import threading
from collections.abc import Callable


def off_loop[T](work: Callable[[], T]) -> "asyncio.Future[T]":
    """Have it done, and its result in a future of the running loop. asyncio's own threads would be waited for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # there is one where there is no error

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except BaseException as error:
            failed = error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, daemon=True).start()
    return future
