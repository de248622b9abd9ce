from collections.abc import Callable
from pathlib import Path

import pytest

from brewslm.stages.ingest.parser.order import Order, Parsed
from brewslm.stages.ingest.parser.parse import parse
from tests.unit.stages.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


@pytest.fixture(autouse=True)
def _parse_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse in this process, half a second quicker a time; what is marked `apart` uses the process that is limited."""
    if request.node.get_closest_marker("apart") is None:
        monkeypatch.setattr("brewslm.stages.ingest.stage.parse_apart", parse_here)


def parse_here(order: Order, *, progress: Callable[[float, str], None], is_cancelled: Callable[[], bool]) -> Parsed:
    from brewslm.core.errors import CancelledError

    def say(said: object) -> None:
        if is_cancelled():
            raise CancelledError("cancelled")
        progress(said.fraction, f"{said.num_rows:,} rows")  # type: ignore[attr-defined]

    return parse(order, say)
