from pathlib import Path

import pytest

from brewslm.worker.train.fast.operations.build import KernelBuildError
from brewslm.worker.train.fast.operations.eager import EAGER
from brewslm.worker.train.fast.operations.interface import Operations
from brewslm.worker.train.fast.operations.native import native_operations


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
