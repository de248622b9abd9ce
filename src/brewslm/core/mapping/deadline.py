"""Calls into code of others, in limited time."""

import threading
from collections.abc import Callable
from typing import TypeVar

ResultT = TypeVar("ResultT")


class ForeignError(Exception):
    """Wraps what foreign code raised that is no `Exception`, such as the wish to end the process."""


def within(seconds: float, call: Callable[[], ResultT]) -> ResultT:
    """Call in a thread of its own; return or raise what it returns or raises.

    A thread cannot be ended: one that is late is left behind, and ends with the process at the latest.

    Raises:
        TimeoutError: it was not done in time.
    """
    results: list[ResultT] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - foreign code; raised again below
            errors.append(error)

    thread = threading.Thread(target=work, name="foreign", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        error = errors[0]
        raise error if isinstance(error, Exception) else ForeignError(repr(error)) from error
    if not results:
        message = f"not done within {seconds} s"
        raise TimeoutError(message)
    return results[0]
