"""Unforeseen errors, as one line that a person can act on."""

import errno

from brewslm.services.failures import classify


def test_a_copy_that_fills_the_disk_names_where_it_was_written() -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/home/ada/data.jsonl", None, "/disk/projects/1/copy")
    assert str(classify(error, "ingest")) == "the disk is full (/disk/projects/1/copy); free space, then try again"
