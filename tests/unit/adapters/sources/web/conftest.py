"""Ways to fetch from a server that a test runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sources.web.files import WebFiles
from brewslm.adapters.sources.web.limits import WebLimits
from brewslm.core.ports.source import OpenedSource
from tests.fakes.fetch import fetch_into

Get = Callable[..., OpenedSource]

PUBLIC = "93.184.215.14"


@pytest.fixture
def get(tmp_path: Path) -> Get:
    """Open an address on loopback, which is allowed here, without waiting between attempts."""

    def run(url: str, **more: Any) -> OpenedSource:
        limits = WebLimits(**more.pop("limits", {}))
        settings: dict[str, Any] = {"is_private_allowed": True, **more}
        if limits.max_pause_seconds > 1:
            limits = limits.model_copy(update={"max_pause_seconds": 0.02})
        return WebFiles(limits=limits, **settings).open(url, fetch_into(tmp_path / "fetched"))

    return run
