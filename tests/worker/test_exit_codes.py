"""A worker that fails says why: a typed exit code, one clear line, and the traceback in the log."""

import errno
import faulthandler
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from brewslm.core.wire.attempt import FailureFile
from brewslm.core.wire.rundir import FAILURE_FILE, RESULT_FILE, ExitCode
from brewslm.worker.__main__ import main
from brewslm.worker.failure import BadOrderError, classify
from tests.worker.tiny import Scene, write_base_model, write_examples


@pytest.fixture(autouse=True)
def process_state() -> Iterator[None]:
    """What `main` does to its process, undone."""
    umask, threads, was_enabled = os.umask(0o022), torch.get_num_threads(), faulthandler.is_enabled()
    yield
    os.umask(umask)
    torch.set_num_threads(threads)
    if not was_enabled:
        faulthandler.disable()


def ended(folder: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, FailureFile]:
    code = main([str(folder), "3"])
    assert "Traceback" in capfd.readouterr().err
    assert not (folder / RESULT_FILE).exists()
    failure = FailureFile.model_validate_json((folder / FAILURE_FILE).read_bytes())
    assert failure.attempt == 3
    assert "\n" not in failure.message
    return code, failure


def test_no_order(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    code, failure = ended(scene.run_directory("a"), capfd)
    assert code == ExitCode.BAD_ORDER
    assert "order.json" in failure.message


@pytest.mark.parametrize(("field", "value"), [("version", 99), ("kind", "dance"), ("surprise", 1)])
def test_an_order_that_is_not_understood(
    scene: Scene, capfd: pytest.CaptureFixture[str], field: str, value: object
) -> None:
    folder = scene.run_directory("a")
    (folder / "order.json").write_text(json.dumps(scene.order().model_dump(mode="json") | {field: value}))
    code, failure = ended(folder, capfd)
    assert code == ExitCode.BAD_ORDER
    assert field in failure.message or str(value) in failure.message


def test_an_unknown_base_model(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    code, failure = ended(scene.run_directory("a", scene.order(base=scene.root / "no-model")), capfd)
    assert code == ExitCode.BAD_ORDER
    assert "no-model" in failure.message


def test_a_missing_split(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    order = scene.order().model_copy(update={"eval_folder": str(scene.root / "nowhere")})
    code, failure = ended(scene.run_directory("a", order), capfd)
    assert code == ExitCode.BAD_DATA
    assert "nowhere" in failure.message


def test_a_loss_that_is_not_finite(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    poisoned = write_base_model(scene.root / "poisoned", tie_word_embeddings=False)
    weights = load_file(poisoned / "model.safetensors")
    weights["model.embed_tokens.weight"][200] = float("nan")
    save_file(weights, poisoned / "model.safetensors", {"format": "pt"})
    write_examples(scene.train, [[5, 200, 7]], [[0, 1, 1]])
    code, failure = ended(scene.run_directory("a", scene.order(base=poisoned)), capfd)
    assert code == ExitCode.NOT_FINITE
    assert failure.step == 1


def test_success_leaves_no_failure_of_an_earlier_attempt(scene: Scene) -> None:
    folder = scene.run_directory("a", scene.order(data={"total_steps": 2}))
    (folder / FAILURE_FILE).write_text("{}")
    assert main([str(folder), "1"]) == ExitCode.DONE
    assert (folder / RESULT_FILE).is_file()
    assert not (folder / FAILURE_FILE).exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), ExitCode.OUT_OF_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), ExitCode.OUT_OF_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), ExitCode.OUT_OF_MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ExitCode.OUT_OF_MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), ExitCode.DISK_FULL),
        (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"), ExitCode.DISK_FULL),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), ExitCode.DEVICE_FAILED),
        (torch.AcceleratorError("CUDA error: unspecified launch failure"), ExitCode.DEVICE_FAILED),
        (BadOrderError("no"), ExitCode.BAD_ORDER),
        (RuntimeError("something else"), 1),
        (KeyboardInterrupt(), 1),
    ],
)
def test_each_kind_of_error_has_its_code(error: BaseException, code: int) -> None:
    assert classify(error)[0] == code


def test_a_library_that_is_missing_is_told_with_what_brings_it() -> None:
    code, line = classify(ModuleNotFoundError("No module named 'torch'", name="torch"))
    assert code == ExitCode.BAD_ORDER
    assert line == "torch is not installed. Install it with `pip install 'brewslm[train]'`."
    assert classify(ModuleNotFoundError("No module named 'brewslm.gone'", name="brewslm.gone"))[0] == 1
