"""The peak that a worker tells is its own."""

import subprocess
import sys

import psutil

LARGE = 1_000_000_000
TELL = "from brewslm.worker.train.recorder import peak_memory_bytes; print(peak_memory_bytes())"


def test_a_worker_started_by_a_large_process_does_not_count_that_ones_memory() -> None:
    ballast = b"x" * LARGE
    assert psutil.Process().memory_info().rss > len(ballast)
    told = subprocess.run([sys.executable, "-c", TELL], check=True, capture_output=True, text=True)
    assert 50_000_000 < int(told.stdout) < LARGE
