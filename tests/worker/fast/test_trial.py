"""`auto` tries both paths on rows of the run, takes the better one, and leaves no trace of the trial."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from brewslm.worker.__main__ import read_order
from brewslm.worker.journal import Journal
from brewslm.worker.operations.eager import EAGER
from brewslm.worker.processes import Processes, join
from brewslm.worker.run import Run
from brewslm.worker.shard import open_shard
from brewslm.worker.train.fast import choice, trial
from brewslm.worker.train.fast.choice import CHOICE_FILE, path_for
from brewslm.worker.train.fast.path import FastPath
from brewslm.worker.train.fast.trial import Trial, trial_batch, try_both
from brewslm.worker.train.general.path import GeneralPath
from brewslm.worker.train.loop import train
from brewslm.worker.train.trainee import new_trainee
from tests.worker.fast.tiny_families import chat, gradients_of, model_of, packed, with_adapter
from tests.worker.ranks import finish_ranks, start_ranks
from tests.worker.tiny import VOCAB_SIZE, Scene, curve, records

CPU = torch.device("cpu")
FULL: dict[str, Any] = {"method": "full"}
Figures = Callable[..., None]


@pytest.fixture(autouse=True)
def trials_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs of a dozen steps pay for a trial."""
    monkeypatch.setattr(trial, "SHARE_OF_RUN", 10.0)


@pytest.fixture
def clocked(monkeypatch: pytest.MonkeyPatch) -> Figures:
    """Let trials be made as ever, and find these rates."""

    def find(*, general: float, fast: float) -> None:
        def found(*args: Any) -> Trial:
            rates = {"general_tokens_per_second": general, "fast_tokens_per_second": fast}
            return try_both(*args).model_copy(update=rates)

        monkeypatch.setattr(choice, "try_both", found)

    return find


def chosen(scene: Scene, name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((scene.root / name / CHOICE_FILE).read_text())
    return kept


def path_name(scene: Scene, name: str, *, model: Any = None, **recipe: Any) -> str:
    order = scene.order(**recipe)
    split = open_shard(scene.train, vocab_size=VOCAB_SIZE)
    return path_for(order.recipe, model or new_trainee(order).model, split, scene.run(name)).name


@pytest.mark.parametrize(
    ("precision", "general", "fast", "path"),
    [
        ("float32", 100.0, 160.0, "fast"),
        ("float32", 100.0, 95.0, "fast"),
        ("float32", 100.0, 80.0, "general"),
        ("bfloat16", 100.0, 160.0, "fast"),
        ("bfloat16", 100.0, 105.0, "general"),
    ],
)
def test_the_faster_path_is_taken_kept_and_said(
    scene: Scene, clocked: Figures, precision: str, general: float, fast: float, path: str
) -> None:
    clocked(general=general, fast=fast)
    assert path_name(scene, "a", precision=precision) == path
    clocked(general=fast, fast=general)
    assert path_name(scene, "a", precision=precision) == path
    found = chosen(scene, "a")["trial"]
    assert (found["general_tokens_per_second"], found["fast_tokens_per_second"]) == (general, fast)
    (said,) = records(scene.root / "a", "notice")
    assert f"{fast:.0f} tokens/s where the general path makes {general:.0f}" in said["message"]


@pytest.mark.parametrize("recipe", [{}, FULL], ids=["lora", "full"])
@pytest.mark.parametrize("path", ["general", "fast"])
def test_training_is_the_same_to_the_bit_whether_or_not_there_was_a_trial(
    scene: Scene, clocked: Figures, path: str, recipe: dict[str, Any]
) -> None:
    clocked(general=1.0, fast=2.0 if path == "fast" else 0.5)
    results = [
        train(scene.order(**recipe, step_path=step_path), scene.run(name))
        for name, step_path in (("tried", "auto"), ("asked for", path))
    ]
    assert chosen(scene, "tried")["trial"] is not None
    assert chosen(scene, "tried")["path"] == path
    assert curve(scene.root / "tried") == curve(scene.root / "asked for")
    tried, asked_for = (
        next((scene.root / name / result.checkpoint).glob("*/*model.safetensors")).read_bytes()
        for name, result in zip(("tried", "asked for"), results, strict=True)
    )
    assert tried == asked_for


def test_weights_stay_where_they_were_if_the_general_path_is_taken(scene: Scene, clocked: Figures) -> None:
    clocked(general=2.0, fast=1.0)
    model = new_trainee(scene.order(**FULL)).model
    places = [weight.data_ptr() for weight in model.parameters()]
    assert path_name(scene, "a", model=model, **FULL) == "general"
    assert [weight.data_ptr() for weight in model.parameters()] == places
    assert not gradients_of(model)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_model_that_is_not_what_its_configuration_says_is_left_to_the_general_path(
    scene: Scene, clocked: Figures, precision: str
) -> None:
    clocked(general=1.0, fast=2.0)
    order = scene.order(precision=precision)
    model: Any = new_trainee(order).model
    model.get_base_model().model.layers[1].mlp.act_fn = nn.GELU()
    assert path_name(scene, "a", model=model, precision=precision) == "general"
    (said,) = records(scene.root / "a", "notice")
    assert "computes something else" in said["message"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_the_paths_may_differ_by_is_more_than_rounding(dtype: torch.dtype) -> None:
    model = with_adapter(model_of("qwen3", dtype=dtype))
    found = try_both(model, GeneralPath(model), FastPath(model, EAGER, dtype=dtype), packed(chat(40, 25, 61)))
    assert found.agrees(dtype)
    wrong = found.model_copy(update={"gradient_difference": None})
    assert not wrong.agrees(dtype)


@pytest.mark.parametrize(
    ("lengths", "steps", "num_tokens"),
    [
        ([100] * 8, 100, None),
        ([100] * 8, 250, 300),
        ([20] * 8, 1000, 80),
        ([900] * 8, 1000, 1800),
    ],
    ids=["too short a run", "its share", "a small micro-batch", "no more than enough"],
)
def test_a_trial_costs_little_of_the_run(
    monkeypatch: pytest.MonkeyPatch, lengths: list[int], steps: int, num_tokens: int | None
) -> None:
    monkeypatch.undo()
    recipe = Recipe.model_validate({"base_model": "tiny", "data": {"batch_size": 4, "total_steps": steps}})
    batch = trial_batch(chat(*lengths), recipe, Processes(), device=CPU)
    assert (batch.num_tokens if batch else None) == num_tokens


def test_two_processes_take_the_same_path_whatever_each_of_them_finds(scene: Scene) -> None:
    folder = scene.run_directory("ranks", scene.order())
    assert finish_ranks(start_ranks(choose_in_turn, folder, num=2)) == [0, 0]
    first, second = (json.loads((folder / f"{rank}.json").read_text()) for rank in range(2))
    assert first == second == ["fast", "general", "general", "general"]


def choose_in_turn(folder: Path) -> int:
    """Note the path that this process takes as the two find one thing or another."""
    trial.SHARE_OF_RUN = 10.0  # this process is there for nothing else
    processes, order = join(), read_order(folder)
    assert isinstance(order, TrainOrder)
    found: list[dict[str, float]] = [
        # What the first finds of speed counts; what any finds wrong does.
        {"fast_tokens_per_second": 200.0 if processes.is_first else 50.0},
        {"fast_tokens_per_second": 50.0 if processes.is_first else 200.0},
        {"fast_tokens_per_second": 200.0, "loss_difference": 0.0 if processes.is_first else 1.0},
        {"fast_tokens_per_second": 200.0, "loss_difference": 1.0 if processes.is_first else 0.0},
    ]
    names = []
    for number, figures in enumerate(found):
        choice.try_both = lambda *args, figures=figures: try_both(*args).model_copy(  # type: ignore[attr-defined]  # as above
            update={"general_tokens_per_second": 100.0, "loss_difference": 0.0, "gradient_difference": 0.0} | figures
        )
        run = Run(folder / str(number), 1, Journal(Path(os.devnull), attempt=1), processes)
        run.folder.mkdir(exist_ok=True)
        split = open_shard(Path(order.train_folder), vocab_size=VOCAB_SIZE)
        names.append(path_for(order.recipe, new_trainee(order).model, split, run).name)
    (folder / f"{processes.rank}.json").write_text(json.dumps(names))
    return 0
