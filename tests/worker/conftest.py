from pathlib import Path

import pytest

from brewslm.worker.operations.build import KernelBuildError
from brewslm.worker.operations.eager import EAGER
from brewslm.worker.operations.interface import Operations
from brewslm.worker.operations.native import native_operations
from tests.worker.tiny import Scene, write_base_model, write_split


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture
def scene(base: Path, tmp_path: Path) -> Scene:
    train = write_split(tmp_path / "train", 40, seed=1)
    return Scene(base=base, train=train, eval=write_split(tmp_path / "eval", 12, seed=2), root=tmp_path)


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Operations:
    """The kernels, built once for all processes of this run of the tests."""
    shared: Path = tmp_path_factory.getbasetemp().parent / "kernels"
    try:
        return native_operations(shared)
    except KernelBuildError as error:
        if "there is no C++ compiler" not in str(error):
            raise  # what is there and cannot build them has found a fault
        pytest.skip(f"the kernels are optional: {error}")


@pytest.fixture(params=["eager", "native"])
def operations(request: pytest.FixtureRequest) -> Operations:
    return EAGER if request.param == "eager" else request.getfixturevalue("native")
