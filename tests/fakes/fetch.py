"""A way to fetch for tests that watch neither progress nor cancellation."""

from pathlib import Path

from brewslm.core.ports.source import Fetch


def fetch_into(folder: Path) -> Fetch:
    folder.mkdir(parents=True, exist_ok=True)
    return Fetch(folder, progress=lambda _done, _total: None, is_cancelled=lambda: False)
