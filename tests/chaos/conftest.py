"""A front door, a base model and an undisturbed life, once for each process that runs trials."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.chaos.faults import Fault
from tests.chaos.trial import Stage, prepared_stage, trial
from tests.fakes.postgres import Cluster

Trying = Callable[..., None]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with prepared_stage(tmp_path_factory.mktemp("chaos")) as made:
        yield made


@pytest.fixture
def try_out(stage: Stage, tmp_path: Path, record_property: Callable[[str, object], None]) -> Trying:
    """Lead a life with this fault, keep how it went for the table, and fail where a promise was broken."""

    def lead(fault: Fault, seed: int, *, postgres: Cluster | None = None) -> None:
        outcome = trial(fault, seed, tmp_path, stage, postgres=postgres)
        record_property("chaos", asdict(outcome))
        assert not outcome.problems, outcome

    return lead
