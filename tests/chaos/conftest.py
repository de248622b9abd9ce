"""A base model and an undisturbed life, once for each process that runs trials."""

from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.chaos.faults import Fault
from tests.chaos.trial import Undisturbed, trial, undisturbed
from tests.worker.tiny import write_base_model


@dataclass(frozen=True)
class Stage:
    """What all trials of a process share."""

    base: Path
    expected: Undisturbed

    def try_out(self, fault: Fault, seed: int, folder: Path, record_property: object) -> None:
        """Lead a life with this fault, keep how it went for the table, and fail where a promise was broken."""
        outcome = trial(fault, seed, folder, self.base, self.expected)
        assert callable(record_property)
        record_property("chaos", asdict(outcome))
        assert not outcome.problems, outcome


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("chaos")
    base = write_base_model(folder / "base", max_position_embeddings=512)
    return Stage(base, undisturbed(folder / "undisturbed", base))
