"""Archives: recognised by their first bytes, and unpacked so that nothing gets out and nothing explodes."""

from brewslm.stages.ingest.archives.limits import ArchiveLimits
from brewslm.stages.ingest.archives.magic import is_archive
from brewslm.stages.ingest.archives.unpacking import unpack

__all__ = ["ArchiveLimits", "is_archive", "unpack"]
