"""`upload:<id>` sources: files that came over HTTP."""

import os
from collections.abc import Callable
from pathlib import Path

from brewslm.adapters.sources.refusals import unreachable
from brewslm.core.errors import NotFoundError
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile
from brewslm.core.ports.uploads import Upload


class UploadedFiles:
    """Opens uploads that are complete."""

    def __init__(self, find: Callable[[str], tuple[Upload, Path]]) -> None:
        """`find` is that of `core.ports.uploads.UploadStore`."""
        self._find = find

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Find the upload, and keep hold of its bytes even when it expires.

        Raises:
            SourceError: there is none, or parts of it are missing.
        """
        try:
            upload, data = self._find(locator.partition(":")[2])
        except NotFoundError as error:
            raise unreachable(str(error)) from error
        if not upload.is_complete:
            missing = upload.size_bytes - upload.offset_bytes
            raise unreachable(f"{missing:,} bytes of the upload {upload.name!r} are missing. Go on with it first.")
        held = fetch.folder / "upload"
        try:
            os.link(data, held)
        except OSError:  # another file system: the upload is read where it is
            held = data
        return OpenedSource(files=(SourceFile(path=held.absolute(), name=upload.name),), name=upload.name)
