"""The flat files of a split: a disk without room is told as one."""

import errno
from pathlib import Path

import pytest

from brewslm.core.wire.shard import BYTES_FILE, OFFSETS_FILE
from brewslm.stages.prepare.shards import TokenFiles
from brewslm.stages.prepare.tokens.mask import Tokenised


@pytest.mark.parametrize("name", [OFFSETS_FILE, BYTES_FILE])
def test_what_is_written_last_says_that_there_is_no_room(tmp_path: Path, name: str) -> None:
    files = TokenFiles(tmp_path / "split")
    files.add([Tokenised(ids=[5, 6, 7], trained=((1, 3),), num_bytes=9, num_tokens=3)])
    (tmp_path / "split" / name).symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        files.close()
    assert caught.value.errno == errno.ENOSPC
