"""Libraries that come with the extra `documents`."""

from collections.abc import Iterator
from contextlib import contextmanager

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason


@contextmanager
def needing_documents(name: str) -> Iterator[None]:
    """Turn a library that is not installed into the command that installs it.

    Raises:
        SourceError: the library is missing; `ingestion_unsupported_format`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"Reading {name!r} needs {error.name!r}: run `pip install 'brewslm[documents]'`, then import again."
        raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT) from error
