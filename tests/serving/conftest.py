"""A served model of a few thousand weights, and a way to ask it without HTTP."""

from pathlib import Path

import pytest

from brewslm.core.serving.order import ServeOrder
from brewslm.serving.models import Served, load
from tests.worker.tiny import write_base_model


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base_model(tmp_path_factory.mktemp("served") / "model")


@pytest.fixture(scope="session")
def served(folder: Path) -> Served:
    return load(ServeOrder(engine="transformers", model=str(folder), name="tiny"))
