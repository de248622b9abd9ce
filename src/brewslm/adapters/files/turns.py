"""One after another: what two threads or processes must not do at once, however they came to do it twice."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def turn(path: Path, *, should_wait: bool = True) -> Iterator[bool]:
    """Have the lock of a file, which is made; yield whether it is held, which it always is where one waits for it.

    The file is opened for writing, because a network file system locks no other.

    Raises:
        OSError: the file cannot be opened or locked.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if should_wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)
