from pathlib import Path

import pytest

from tests.worker.tiny import Scene, write_base_model, write_split


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture
def scene(base: Path, tmp_path: Path) -> Scene:
    train = write_split(tmp_path / "train", 40, seed=1)
    return Scene(base=base, train=train, eval=write_split(tmp_path / "eval", 12, seed=2), root=tmp_path)
